/* decisions, explain-decision: the list, its pages, and numbers that can be checked. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "asker.h"
#include "pilot/casebook.h"

static void furnish(void)
{
    char words[200];
    struct casebook_options options = { 0 };

    options.loop = asker_world.loop;
    options.state_dir = asker_world.folder;
    cr_assert_eq(casebook_new(&options, words, sizeof words, &asker_world.room.casebook), 0, "%s",
                 words);
}

static void begin(void)
{
    asker_furnish = furnish;
    asker_start();
}

static void end(void)
{
    char path[200];

    casebook_free(asker_world.room.casebook);
    for (unsigned i = 1; i <= 50; i++) {
        snprintf(path, sizeof path, "%s/decisions/%06u.decision", asker_world.folder, i);
        remove(path);
    }
    snprintf(path, sizeof path, "%s/decisions", asker_world.folder);
    remove(path);
    asker_stop();
}

TestSuite(cmd_decision, .init = begin, .fini = end);

static void add(const char *service, enum decision_action action)
{
    struct decision decision = {
        .wall_us = 1767323045000000,
        .candidate = "green",
        .baseline = "blue",
        .version = "v3.1",
        .trigger = "err_mod",
        .action = action,
        .words = "rollback by err_mod",
        .config_hash = 0xabc,
        .epoch = 42,
        .has_event = true,
        .event = { .trigger = "err_mod",
                   .at_ms = 61000,
                   .since_ms = 57400,
                   .weight = 5,
                   .candidate_n = 179,
                   .candidate_x = 11,
                   .baseline_n = 3419,
                   .baseline_x = 4,
                   .limit = 0.00198,
                   .evidence = 8.32,
                   .threshold = 8.29,
                   .phi = 1,
                   .budget_per_hour = 0.00025,
                   .top_bin = 7,
                   .top_bin_n = 20,
                   .top_bin_e = 3 },
        .row_count = 3,
        .rows = { { .name = "err_mod", .is_active = true, .evidence = 8.32, .threshold = 8.29 },
                  { .name = "err_gross", .is_active = true, .evidence = 2, .threshold = 9 },
                  { .name = "lat50", .evidence = -1.0 / 0.0, .threshold = 9 } },
    };

    snprintf(decision.service, sizeof decision.service, "%s", service);
    casebook_add(asker_world.room.casebook, &decision, NULL, 0);
}

Test(cmd_decision, lists_pages_newest_first)
{
    cJSON *json = NULL;

    for (unsigned i = 0; i < 30; i++)
        add(i % 3 == 0 ? "api" : "shop", DECISION_ROLLBACK);
    json = ask_json("json decisions\n");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "decisions")), 20);
    cr_expect_eq(json_number(cJSON_GetObjectItem(json, "result"), "next"), 10);
    cr_expect_eq(json_number(cJSON_GetArrayItem(json_result(json, "decisions"), 0), "id"), 30);
    cJSON_Delete(json);
    json = ask_json("json decisions --from 10\n");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "decisions")), 10);
    cr_expect(cJSON_IsNull(json_result(json, "next")));
    cJSON_Delete(json);
    json = ask_json("json decisions api --limit 4\n");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "decisions")), 4);
    cr_expect_eq(json_number(cJSON_GetObjectItem(json, "result"), "next"), 16);
    cJSON_Delete(json);
    ask("decisions --limit 2\n");
    cr_expect(ask_has("more: --from 28\n"));
    cr_expect(ask_has("2026-01-02T03:04:05.000Z"));
    ask_refused("decisions --limit 0\n", OUTCOME_USAGE, "--limit takes 1 to 1000");
    ask_refused("decisions --from x\n", OUTCOME_USAGE, "--from takes the number");
}

Test(cmd_decision, explains_with_numbers_that_can_be_checked)
{
    add("shop", DECISION_ROLLBACK);
    ask("explain-decision 1\n");
    cr_expect(ask_has("decision 1, 2026-01-02T03:04:05.000Z: rollback of shop by err_mod\n"));
    cr_expect(ask_has("what was done: a rollback was asked for; the history has the change that "
                      "came of it\n"));
    cr_expect(ask_has("candidate: 11 errors of 179 (6.145%; 99% interval 2.909% to 12.516%)\n"));
    cr_expect(ask_has("baseline: 4 errors of 3419 (0.117%"));
    cr_expect(ask_has("allowed: 0.198%, that is 0.4 of 179 requests\n"));
    cr_expect(ask_has("evidence: 8.32 >= threshold 8.29"));
    cr_expect(ask_has("counted: from 57.4s to 61.0s of the trial, at a weight of 5%\n"));
    cr_expect(ask_has("key bin with the most errors: 7, 3 errors of 20 requests\n"));
    cr_expect(ask_has("fired"));
    cr_expect(ask_has("did not fire"));
    cr_expect(ask_has("was not judged"));
    cr_expect(ask_has("epoch 42, configuration 0000000000000abc\n"));
    cr_expect(ask_has("nothing that could be worked out again"));
}

Test(cmd_decision, explains_to_programs_with_all_digits)
{
    cJSON *json = NULL;
    const cJSON *decision = NULL;

    add("shop", DECISION_HOLD);
    json = ask_json("json explain-decision 1\n");
    decision = json_result(json, "decision");
    cr_expect_str_eq(json_text(decision, "action"), "hold");
    cr_expect_eq(json_number(cJSON_GetObjectItem(decision, "event"), "limit"), 0.00198);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(decision, "rows")), 3);
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(
        cJSON_GetArrayItem(cJSON_GetObjectItem(decision, "rows"), 2), "evidence")));
    cJSON_Delete(json);
}

Test(cmd_decision, explains_latency_and_guards_in_their_own_words)
{
    struct decision decision = {
        .service = "shop",
        .trigger = "lat50",
        .has_event = true,
        .event = { .candidate_n = 10, .candidate_x = 5, .candidate_edge_us = 63500, .top_bin = -1 }
    };

    casebook_add(asker_world.room.casebook, &decision, NULL, 0);
    ask("explain-decision 1\n");
    cr_expect(ask_has("candidate: 5 slow responses of 10 (50.000%"));
    cr_expect(ask_has(", slower than 63.5 ms\n"));
    cr_expect(!ask_has("key bin"));
    decision.event = (struct engine_event){ .value = 0.0625, .limit = 0.05, .top_bin = -1 };
    casebook_add(asker_world.room.casebook, &decision, NULL, 0);
    ask("explain-decision 2\n");
    cr_expect(ask_has("measured: 0.0625, the limit is 0.05\n"));
    cr_expect(!ask_has("evidence:"));
}

Test(cmd_decision, says_what_it_does_not_know)
{
    ask_refused("explain-decision 5\n", OUTCOME_REFUSED, "no decision 5");
    ask_refused("explain-decision five\n", OUTCOME_USAGE, "no number of a decision");
    ask_refused("explain-decision\n", OUTCOME_USAGE, "too few words");
}
