/* Canary commands: src/control/cmd_canary.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "unit/control/asker.h"

TestSuite(cmd_canary, .init = asker_start, .fini = asker_stop);

Test(cmd_canary, words_become_changes)
{
    static const struct {
        const char *line;
        enum change_kind kind;
        const char *slot;
        uint32_t share;
    } cases[] = {
        { "canary start shop\n", CHANGE_CANARY_START, "", 0 },
        { "canary start shop 5%\n", CHANGE_CANARY_START, "", 500 },
        { "canary start shop --to green 0.01%\n", CHANGE_CANARY_START, "green", 1 },
        { "canary set shop 25\n", CHANGE_CANARY_SET, "", 2500 },
        { "canary set shop 0%\n", CHANGE_CANARY_SET, "", 0 },
        { "canary step shop\n", CHANGE_CANARY_STEP, "", 0 },
        { "canary pause shop\n", CHANGE_CANARY_PAUSE, "", 0 },
        { "canary resume shop\n", CHANGE_CANARY_RESUME, "", 0 },
        { "canary abort shop\n", CHANGE_CANARY_ABORT, "", 0 },
        { "canary promote shop\n", CHANGE_CANARY_PROMOTE, "", 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct change *change = ask_change(cases[i].line);

        cr_expect_eq(change->kind, cases[i].kind, "%s", cases[i].line);
        cr_expect_str_eq(change->name, "shop");
        cr_expect_str_eq(change->slot, cases[i].slot, "%s", cases[i].line);
        cr_expect_eq(change->share, cases[i].share, "%s", cases[i].line);
        cr_expect_not(change->plan_only);
        cr_expect(ask_has("done, epoch 42, durable\n"), "%s", asker_out.bytes);
    }
}

Test(cmd_canary, json_has_the_share_in_force)
{
    cJSON *json = NULL;

    asker_world.deploy.result.share = 1234;
    json = ask_json("json canary step shop\n");
    cr_expect_str_eq(cJSON_GetStringValue(json_result(json, "share")), "12.34%");
    cr_expect_str_eq(cJSON_GetStringValue(json_result(json, "name")), "shop");
    cJSON_Delete(json);
}

Test(cmd_canary, carries_reason_key_epoch_and_force)
{
    const struct change *change =
        ask_change("canary start shop --force --reason \"we must\" --key k7 --if-epoch 41\n");

    cr_expect(change->force);
    cr_expect_str_eq(change->reason, "we must");
    cr_expect_str_eq(change->key, "k7");
    cr_expect_eq(change->if_epoch, 41);
}

Test(cmd_canary, bad_words_change_nothing)
{
    ask_refused("canary start\n", OUTCOME_USAGE, "too few words");
    ask_refused("canary start shop 0%\n", OUTCOME_USAGE, "does not start with nobody");
    ask_refused("canary start shop 5%% \n", OUTCOME_USAGE, "is no share such as 5%");
    ask_refused("canary start shop x\n", OUTCOME_USAGE, "is no share such as 5%");
    ask_refused("canary start shop 100.01%\n", OUTCOME_USAGE, "in steps of 0.01%");
    ask_refused("canary start sh/op\n", OUTCOME_USAGE, "is no name of a service or group");
    ask_refused("canary start shop --to a/b\n", OUTCOME_USAGE, "is no name of a slot");
    ask_refused("canary set shop\n", OUTCOME_USAGE, "too few words");
    ask_refused("canary set shop 0.001%\n", OUTCOME_USAGE, "in steps of 0.01%");
    ask_refused("canary set shop 5% green\n", OUTCOME_USAGE, "too many words");
    ask_refused("canary step -shop\n", OUTCOME_USAGE, "is no name");
    ask_refused("canary set shop 5% --to green\n", OUTCOME_USAGE, "unknown option --to");
    ask_refused("canary begin shop\n", OUTCOME_USAGE, "unknown command canary");
}

Test(cmd_canary, status_says_when_there_is_none)
{
    cr_assert_str_eq(ask("canary status\n"), "no canary is running\n\n");
    cr_assert_str_eq(ask("canary status shop\n"), "no canary is running\n\n");
    ask_refused("canary status nope\n", OUTCOME_REFUSED, "no service or group nope");
    ask_refused("canary status shop/blue\n", OUTCOME_USAGE, "is no name of a service or group");
}

static void count(struct slot *slot, uint16_t code, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        slot_count(slot, i % 2, &(struct slot_sample){ .code = code, .duration_us = 10 });
}

static void run_canary(void)
{
    asker_world.deploy.canary[0] =
        (struct deploy_canary_view){ .is_running = true,
                                     .candidate = "green",
                                     .share = 525,
                                     .step = 2,
                                     .step_count = 5,
                                     .started_wall_us = clock_wall_us() - 65000000,
                                     .next_step_us = 42000000,
                                     .salt = 987654321987654321ull };
    asker_world.slot_rows[0][1].role = ROLE_CANDIDATE;
    world_publish(&asker_world, 41);
}

Test(cmd_canary, status_shows_share_step_and_errors)
{
    cJSON *json = NULL;
    const cJSON *row = NULL;

    run_canary();
    count(asker_world.slots[0][0], 200, 3);
    count(asker_world.slots[0][1], 200, 6);
    count(asker_world.slots[0][1], 404, 1);
    count(asker_world.slots[0][1], 503, 1);
    count(asker_world.slots[0][1], 0, 5); /* nobody got an answer: no evidence */
    ask("canary status\n");
    cr_expect(ask_has("green"));
    cr_expect(ask_has("5.25%"));
    cr_expect(ask_has("2 of 5"));
    cr_expect(ask_has("in 42s"));
    cr_expect(ask_has("12.50%"), "%s", asker_out.bytes);
    cr_expect_not(ask_has("987654321"), "the salt is nobody's business");
    json = ask_json("json canary status shop\n");
    row = cJSON_GetArrayItem(json_result(json, "canary"), 0);
    cr_expect_str_eq(json_text(row, "candidate"), "green");
    cr_expect_str_eq(json_text(row, "live"), "blue");
    cr_expect_eq(json_number(row, "share_hundredths"), 525);
    cr_expect_eq(json_number(row, "step"), 2);
    cr_expect_eq(json_number(row, "next_step_seconds"), 42);
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "slots")), 2);
    row = cJSON_GetArrayItem(json_result(json, "slots"), 0);
    cr_expect_str_eq(json_text(row, "slot"), "blue");
    cr_expect_eq(json_number(row, "requests"), 3);
    cr_expect_eq(json_number(row, "errors"), 0);
    row = cJSON_GetArrayItem(json_result(json, "slots"), 1);
    cr_expect_eq(json_number(row, "requests"), 8);
    cr_expect_eq(json_number(row, "errors"), 1);
    cr_expect_null(strstr(asker_out.bytes, "987654321"));
    cJSON_Delete(json);
}

Test(cmd_canary, status_says_why_no_step_comes)
{
    run_canary();
    asker_world.deploy.canary[0].is_paused = true;
    ask("canary status\n");
    cr_expect(ask_has("paused"));
    asker_world.deploy.canary[0].is_paused = false;
    asker_world.deploy.canary[0].next_step_us = 0;
    asker_world.deploy.canary[0].step = 0;
    ask("canary status\n");
    cr_expect(ask_has("by command"));
    cr_expect(ask_has("none of 5"));
    asker_world.deploy.canary[0].step_count = 0;
    ask("canary status\n");
    cr_expect(ask_has("no steps"));
    ask("status\n");
    cr_expect(ask_has("shop has a canary: green gets 5.25%"), "%s", asker_out.bytes);
}
