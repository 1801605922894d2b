/* Emergency rollbacks as a command: src/control/cmd_change.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "net/loop.h"
#include "pilot/front_check.h"
#include "unit/control/asker.h"

static struct front_report report;
static front_check_fn *on_done;
static void *done_arg;
static unsigned checks;
static char checked[64];

static void answer(void *arg)
{
    (void)arg;
    on_done(done_arg, &report);
}

void front_check_start(struct pilot *pilot, const char *name, const char *what,
                       front_check_fn *done, void *arg)
{
    cr_assert_eq(pilot, &asker_world.pilot);
    cr_assert_not_null(strstr(what, "the emergency rollback of "));
    snprintf(checked, sizeof checked, "%s", name);
    checks++;
    on_done = done;
    done_arg = arg;
    loop_reap(asker_world.loop, answer, NULL); /* at the end of the turn */
}

static void furnish(void)
{
    asker_world.room.pilot = &asker_world.pilot;
}

static void start(void)
{
    checks = 0;
    report = (struct front_report){ .verdict = FRONT_GOOD };
    asker_furnish = furnish;
    asker_start();
    asker_world.deploy.result = (struct change_result){
        .changed = true, .is_durable = true, .epoch = 5, .epoch_before = 4
    };
}

TestSuite(cmd_change, .init = start, .fini = asker_stop);

Test(cmd_change, an_emergency_is_carried_out_then_verified)
{
    const struct change *change = NULL;

    snprintf(asker_world.deploy.result.from, 64, "green");
    snprintf(asker_world.deploy.result.to, 64, "blue");
    snprintf(asker_world.deploy.result.skipped, 64, "lock,previous");
    change = ask_change("rollback shop --emergency --reason \"it burns\"\n");
    cr_expect_eq(change->kind, CHANGE_ROLLBACK);
    cr_expect(change->emergency && !change->force);
    cr_expect_str_eq(change->reason, "it burns");
    cr_expect_eq(checks, 1);
    cr_expect_str_eq(checked, "shop");
    cr_expect(ask_has("rolled back shop green -> blue, epoch 5"), "%s", asker_out.bytes);
    cr_expect(ask_has("carried past the gates: lock,previous\nverified through the front door\n"),
              "%s", asker_out.bytes);
}

Test(cmd_change, a_bad_verification_is_exit_code_7_with_the_state)
{
    cJSON *json = NULL;

    report = (struct front_report){ .verdict = FRONT_BAD,
                                    .fault = FAULT_PROBE_STATUS,
                                    .words = "shop is not served well: status 503; live is blue" };
    json = ask_json("json rollback shop --emergency --reason x\n");
    cr_expect_eq(json_code(json), OUTCOME_REVERTED);
    cr_expect_str_eq(cJSON_GetStringValue(json_result(json, "verified")), "bad");
    cJSON_Delete(json);
    ask("rollback shop --emergency --reason x\n");
    cr_expect(ask_has("the traffic was moved, but shop is not served well: status 503; live is "
                      "blue"),
              "%s", asker_out.bytes);
}

Test(cmd_change, what_cannot_be_verified_is_said)
{
    report = (struct front_report){ .verdict = FRONT_UNKNOWN, .words = "shop is paused" };
    ask("rollback shop --emergency --reason x\n");
    cr_expect(ask_has("not verified: shop is paused\n"), "%s", asker_out.bytes);
}

Test(cmd_change, what_was_refused_is_not_verified)
{
    asker_world.deploy.result =
        (struct change_result){ .outcome = OUTCOME_REFUSED, .fault = FAULT_NO_TARGET };
    ask("rollback shop --emergency --reason x\n");
    cr_expect_eq(checks, 0);
}

Test(cmd_change, a_common_rollback_is_not_verified)
{
    cr_expect(!ask_change("rollback shop\n")->emergency);
    cr_expect_eq(checks, 0);
}

Test(cmd_change, an_emergency_is_not_planned)
{
    ask_refused("plan rollback shop --emergency --reason x\n", OUTCOME_USAGE,
                "unknown option --emergency");
    ask_refused("switch shop --emergency\n", OUTCOME_USAGE, "unknown option --emergency");
}

/* Where to look depends on who refused. */
Test(cmd_change, a_gate_of_the_database_sends_to_db_check)
{
    struct change_result *result = &asker_world.deploy.result;

    *result = (struct change_result){ .outcome = OUTCOME_REFUSED, .fault = FAULT_GATE_REFUSED };
    snprintf(result->gate, sizeof result->gate, "contract");
    ask("switch shop --to green\n");
    cr_expect(ask_has("remedy: \"db check NAME\""), "%s", asker_out.bytes);
    snprintf(result->gate, sizeof result->gate, "target");
    ask("switch shop --to green\n");
    cr_expect(ask_has("remedy: \"show targets\""), "%s", asker_out.bytes);
}
