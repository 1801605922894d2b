/*
 * The history as an operator asks it: filters, pages that go on where the one before ended, ten thousand entries that a
 * start finds again, and the file that is put aside when it has grown.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/e2e.h"
#include "support/scene.h"

static const struct stage_options small_file = {
    .lines = "health { enabled = false }\n",
    .more = "history_bytes = \"64k\"\n",
};

enum { RING = 10000, OLD_LINES = 10050 };

static cJSON *ask(struct stage *stage, const char *words)
{
    int code = -1;
    cJSON *json = ctl_json(stage->daemon, words, &code);

    cr_assert(json != NULL && code == 0, "%s: exit %d", words, code);
    return json;
}

static const cJSON *rows_of(const cJSON *json)
{
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "result"),
                                            "history");
}

static int count(struct stage *stage, const char *words)
{
    cJSON *json = ask(stage, words);
    int rows = cJSON_GetArraySize(rows_of(json));

    cJSON_Delete(json);
    return rows;
}

/* As a long life before this one would have left it. */
static void write_old_life(const char *path)
{
    FILE *file = fopen(path, "w");

    cr_assert(file != NULL);
    for (int i = 1; i <= OLD_LINES; i++)
        fprintf(file,
                "{\"sequence\":%d,\"time_us\":%d000000,\"epoch_before\":1,\"epoch\":1,"
                "\"duration_us\":1,\"kind\":\"%s\",\"outcome\":\"done\",\"forced\":false,"
                "\"name\":\"shop\",\"actor\":\"uid=0(root) pid=1\"}\n",
                1000 + i, i, i % 100 == 0 ? "rollback" : "switch");
    cr_assert(fclose(file) == 0);
}

static off_t size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? status.st_size : -1;
}

Test(history, is_filtered)
{
    struct stage stage;

    stage_open(&stage, &small_file);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "lock acquire shop --reason release"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "lock release shop"), 0);
    cr_expect_eq(count(&stage, "history"), 4);
    cr_expect_eq(count(&stage, "history --kind rollback"), 1);
    cr_expect_eq(count(&stage, "history --since 1h"), 4);
    cr_expect_eq(count(&stage, "history --until 1h"), 0);
    cr_expect_eq(count(&stage, "history --outcome refused"), 0);
    cr_expect_eq(count(&stage, "history --trigger *"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "history --kind swich"), 2);
    cr_expect_eq(ctl_code(stage.daemon, "history --since tomorrow"), 2);
    STOP_STAGE(&stage);
}

/* Everything in pages of 999: no entry twice, none left out. */
static void walk_pages(struct stage *stage)
{
    char words[80] = "history --limit 999";
    double last = 1e18;
    int seen = 0;

    for (;;) {
        cJSON *json = ask(stage, words);
        const cJSON *next = cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(json, "result"), "next");
        const cJSON *row = NULL;

        cJSON_ArrayForEach(row, rows_of(json))
        {
            double sequence = cJSON_GetObjectItemCaseSensitive(row, "sequence")->valuedouble;

            cr_assert_lt(sequence, last);
            last = sequence;
            seen++;
        }
        if (!cJSON_IsString(next)) {
            cJSON_Delete(json);
            break;
        }
        snprintf(words, sizeof words, "history --limit 999 --from %s", next->valuestring);
        cJSON_Delete(json);
    }
    cr_expect_eq(seen, RING);
}

Test(history, of_ten_thousand_outlives_the_file_that_is_put_aside)
{
    struct stage stage;
    char path[300];
    char aside[304];

    stage_open(&stage, &small_file);
    snprintf(path, sizeof path, "%s/state/history.jsonl", daemon_folder(stage.daemon));
    snprintf(aside, sizeof aside, "%s.1", path);
    daemon_kill(stage.daemon);
    write_old_life(path);
    daemon_restart(stage.daemon);
    walk_pages(&stage);
    cr_assert_eq(size_of(aside), -1);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop"), 0);
    for (int i = 0; i < 500 && size_of(aside) < 0; i++)
        scene_pause_us(10000);
    cr_expect_gt(size_of(aside), 64 * 1024);
    cr_expect_lt(size_of(path), 4096);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    walk_pages(&stage);
    cr_expect_eq(count(&stage, "history --kind switch --limit 2 --since 1h"), 2);
    cr_expect_eq(count(&stage, "history --kind rollback --limit 1000 --until 2000-01-01"), 100);
    STOP_STAGE(&stage);
}
