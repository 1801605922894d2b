/* show history: filters, pages and what it shows of a change. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "asker.h"

TestSuite(cmd_history, .init = asker_start, .fini = asker_stop);

static void fill_history(void)
{
    for (unsigned i = 0; i < 30; i++) {
        struct history_entry *entry = &asker_world.deploy.history[i];

        entry->sequence = 30 - i;
        entry->kind = CHANGE_SWITCH;
        snprintf(entry->name, sizeof entry->name, "%s", i % 2 == 0 ? "shop" : "api");
        snprintf(entry->actor, sizeof entry->actor, "uid=0(root) pid=1");
        entry->wall_us = 1000000;
    }
    asker_world.deploy.history_count = 30;
    snprintf(asker_world.deploy.history[4].trigger, 32, "err_mod");
    asker_world.deploy.history[4].decision = 17;
    asker_world.deploy.history[4].kind = CHANGE_ROLLBACK;
    snprintf(asker_world.deploy.history[6].trigger, 32, "signal:cpu");
    asker_world.deploy.history[7].outcome = OUTCOME_REFUSED;
    asker_world.deploy.history[8].wall_us = 1767323045000000; /* 2026-01-02T03:04:05Z */
}

Test(cmd_history, is_filtered_and_bounded)
{
    static const struct {
        const char *line;
        int count;
    } cases[] = {
        { "json history\n", 20 },
        { "json history 3\n", 3 },
        { "json history 100 api\n", 15 },
        { "json history api --limit 4\n", 4 },
        { "json history --limit 100 --kind rollback\n", 1 },
        { "json history --outcome refused\n", 1 },
        { "json history --outcome refused --kind rollback\n", 0 },
        { "json history --actor ROOT --limit 30\n", 30 },
        { "json history --actor nobody\n", 0 },
        { "json history --trigger *\n", 2 },
        { "json history --trigger signal:*\n", 1 },
        { "json history --trigger err_mod\n", 1 },
        { "json history --since 2026-01-02T03:04:05Z\n", 1 },
        { "json history --since 2026-01-02T03:04:06\n", 0 },
        { "json history --until 2026-01-01 --limit 40\n", 29 },
        { "json history --until 1h --limit 40\n", 30 },
        { "json history --since 1s\n", 0 },
        { "json history --from 11\n", 10 },
        { "json history --from 1\n", 0 },
    };

    fill_history();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *json = ask_json(cases[i].line);
        const cJSON *rows = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "result"), "history");

        cr_expect_eq(cJSON_GetArraySize(rows), cases[i].count, "%s", cases[i].line);
        cJSON_Delete(json);
    }
}

Test(cmd_history, says_where_the_next_page_begins)
{
    cJSON *json = NULL;
    const cJSON *result = NULL;
    const cJSON *row = NULL;

    fill_history();
    json = ask_json("json history api --limit 4\n");
    result = cJSON_GetObjectItem(json, "result");
    cr_assert_str_eq(json_text(result, "next"), "23");
    cJSON_Delete(json);
    json = ask_json("json history api --limit 11 --from 23\n");
    result = cJSON_GetObjectItem(json, "result");
    cr_assert(cJSON_IsNull(cJSON_GetObjectItem(result, "next")));
    row = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "history"), 0);
    cr_assert_eq(cJSON_GetObjectItem(row, "sequence")->valueint, 21);
    cr_assert_str_eq(json_text(row, "time"), "1970-01-01T00:00:01.000Z");
    cJSON_Delete(json);
    cr_assert_not_null(strstr(ask("history 2\n"), "more: --from 29\n"));
    cr_assert_null(strstr(ask("history 30\n"), "more:"));
}

Test(cmd_history, shows_what_moved_traffic_by_itself)
{
    cJSON *json = NULL;
    const cJSON *row = NULL;

    fill_history();
    json = ask_json("json history --kind rollback\n");
    row =
        cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "result"), "history"), 0);
    cr_assert_str_eq(json_text(row, "trigger"), "err_mod");
    cr_assert_eq(cJSON_GetObjectItem(row, "decision")->valueint, 17);
    cJSON_Delete(json);
    cr_assert_not_null(strstr(ask("history --trigger *\n"), "DECISION"));
}

Test(cmd_history, refuses_bad_filters)
{
    static const struct {
        const char *line;
        const char *words;
    } cases[] = {
        { "history --kind swich\n", "no kind of change" },
        { "history --outcome good\n", "no outcome such as done" },
        { "history --since yesterday\n", "--since takes a time such as" },
        { "history --until 2026-02-30\n", "--until takes a time such as" },
        { "history --since 1h --until 2h\n", "--until lies before --since" },
        { "history --limit 0\n", "--limit takes 1 to 10000" },
        { "history --limit 10001\n", "--limit takes 1 to 10000" },
        { "history --from 0\n", "--from takes the place" },
        { "history --from 1.2\n", "--from takes the place" },
        { "history 0\n", "is no count" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *answer = ask(cases[i].line);

        cr_expect_eq(strncmp(answer, "error 2 ", 8), 0, "%s: %s", cases[i].line, answer);
        cr_expect_not_null(strstr(answer, cases[i].words), "%s: %s", cases[i].line, answer);
    }
}
