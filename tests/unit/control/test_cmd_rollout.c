/* Commands of rollouts: src/control/cmd_rollout.c, cmd_rollout_status.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "unit/control/asker.h"

TestSuite(cmd_rollout, .init = asker_start, .fini = asker_stop);

static struct deploy_rollout_view make_view(enum rollout_phase phase)
{
    return (struct deploy_rollout_view){
        .id = 7,
        .name = "shop",
        .from = "blue",
        .to = "green",
        .version = "v2",
        .profile = "minor",
        .phase = phase,
        .in_phase_us = 61000000,
        .watch_us = 1800000000,
        .approvals = 1,
        .approvals_needed = 2,
        .waits_for = "1 approval",
        .words = "because",
    };
}

Test(cmd_rollout, words_become_changes)
{
    static const struct {
        const char *line;
        enum change_kind kind;
        const char *slot;
        enum rollout_plan plan;
        const char *profile;
        uint64_t confirm_us;
    } cases[] = {
        { "rollout start shop\n", CHANGE_ROLLOUT_START, "", ROLLOUT_CANARY, "", 0 },
        { "rollout start shop --to green --plan switch --profile major --confirm-within 10m\n",
          CHANGE_ROLLOUT_START, "green", ROLLOUT_SWITCH, "major", 600000000 },
        { "rollout start shop --plan=canary\n", CHANGE_ROLLOUT_START, "", ROLLOUT_CANARY, "", 0 },
        { "rollout pause shop\n", CHANGE_ROLLOUT_PAUSE, "", ROLLOUT_CANARY, "", 0 },
        { "rollout resume shop\n", CHANGE_ROLLOUT_RESUME, "", ROLLOUT_CANARY, "", 0 },
        { "rollout advance shop\n", CHANGE_ROLLOUT_ADVANCE, "", ROLLOUT_CANARY, "", 0 },
        { "rollout abort shop\n", CHANGE_ROLLOUT_ABORT, "", ROLLOUT_CANARY, "", 0 },
        { "confirm shop\n", CHANGE_CONFIRM, "", ROLLOUT_CANARY, "", 0 },
        { "approve shop --to green\n", CHANGE_APPROVE, "green", ROLLOUT_CANARY, "", 0 },
        { "reject shop --reason no\n", CHANGE_REJECT, "", ROLLOUT_CANARY, "", 0 },
        { "check shop backup\n", CHANGE_CHECK, "", ROLLOUT_CANARY, "", 0 },
        { "switch shop --confirm-within 90s\n", CHANGE_SWITCH, "", ROLLOUT_CANARY, "", 90000000 },
        { "canary promote shop --confirm-within 1m\n", CHANGE_CANARY_PROMOTE, "", ROLLOUT_CANARY,
          "", 60000000 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct change *change = ask_change(cases[i].line);

        cr_expect_eq(change->kind, cases[i].kind, "%s", cases[i].line);
        cr_expect_str_eq(change->name, "shop");
        cr_expect_str_eq(change->slot, cases[i].slot, "%s", cases[i].line);
        cr_expect_eq(change->plan, cases[i].plan, "%s", cases[i].line);
        cr_expect_str_eq(change->profile, cases[i].profile, "%s", cases[i].line);
        cr_expect_eq(change->confirm_us, cases[i].confirm_us, "%s", cases[i].line);
    }
}

Test(cmd_rollout, a_note_is_the_reason_and_an_item_the_message)
{
    const struct change *change = ask_change("approve shop --note \"looks good\"\n");

    cr_expect_str_eq(change->reason, "looks good");
    change = ask_change("check shop backup --note done\n");
    cr_expect_str_eq(change->message, "backup");
    cr_expect_str_eq(change->reason, "done");
}

Test(cmd_rollout, refuses_words_it_does_not_know)
{
    static const char *const lines[] = {
        "rollout start\n",
        "rollout start shop --plan slow\n",
        "rollout start shop/blue\n",
        "rollout start shop --to a/b\n",
        "rollout start shop --confirm-within soon\n",
        "rollout start shop --confirm-within 0s\n",
        "switch shop --confirm-within 0s\n",
        "switch shop --confirm-within 0\n",
        "reject shop\n",
        "check shop\n",
        "check shop a/b\n",
        "rollout status shop/blue\n",
        "rollout wait shop/blue\n",
        "rollout wait shop\n", /* there was none */
        "approve\n",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cJSON *json = NULL;
        char line[128];

        snprintf(line, sizeof line, "json %s", lines[i]);
        json = ask_json(line);
        cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(json, "fault")), "usage", "%s",
                         lines[i]);
        cJSON_Delete(json);
    }
    cr_expect_eq(asker_world.deploy.submitted_count, 0);
}

Test(cmd_rollout, a_start_can_be_planned)
{
    const struct change *change = ask_change("plan rollout start shop --plan switch\n");

    cr_expect_eq(change->kind, CHANGE_ROLLOUT_START);
    cr_expect_eq(change->plan, ROLLOUT_SWITCH);
    cr_expect(change->plan_only);
}

Test(cmd_rollout, status_has_everything_for_people_and_programs)
{
    const cJSON *row = NULL;
    cJSON *json = NULL;

    ask("rollout status\n");
    cr_expect(ask_has("there was no rollout\n"));
    asker_world.deploy.rollout[0] = make_view(ROLLOUT_STAGED);
    asker_world.deploy.confirm[0] =
        (struct deploy_confirm_view){ .is_waiting = true, .left_us = 300000000 };
    asker_world.deploy.consent[0] = (struct deploy_consent_view){
        .is_approval = true, .counts = true, .who = "uid=7", .slot = "green", .note = "fine"
    };
    ask("rollout status shop\n");
    cr_expect(ask_has("staged") && ask_has("deployment") && ask_has("1 approval") &&
                  ask_has("uid=7") && ask_has("fine"),
              "%s", asker_out.bytes);
    json = ask_json("json rollout status shop\n");
    row = cJSON_GetArrayItem(json_result(json, "rollouts"), 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(row, "phase")), "staged");
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(row, "part")), "deployment");
    cr_expect_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(row, "approvals_needed")), 2);
    cr_expect_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(row, "confirm_seconds")), 300);
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "consents")), 1);
    cJSON_Delete(json);
    ask("rollout status api\n");
    cr_expect(ask_has("there was no rollout\n"));
}

Test(cmd_rollout, the_big_status_tells_of_it)
{
    cJSON *json = NULL;
    const cJSON *row = NULL;

    asker_world.deploy.rollout[0] = make_view(ROLLOUT_RAMPING);
    asker_world.deploy.confirm[0] =
        (struct deploy_confirm_view){ .is_waiting = true, .left_us = 300000000 };
    ask("status\n");
    cr_expect(ask_has("shop has rollout 7 from blue to green: ramping"), "%s", asker_out.bytes);
    cr_expect(ask_has("unless its switch is confirmed"), "%s", asker_out.bytes);
    json = ask_json("json status\n");
    row = cJSON_GetArrayItem(json_result(json, "services"), 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(row, "part")), "testing");
    row = cJSON_GetArrayItem(json_result(json, "services"), 1);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(row, "part")), "normal");
    row = cJSON_GetArrayItem(json_result(json, "slots"), 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(row, "state")), "LIVE");
    cJSON_Delete(json);
}

/* The exit codes that scripts rely on. */
Test(cmd_rollout, wait_answers_by_the_end)
{
    static const struct {
        enum rollout_phase phase;
        bool is_held;
        int code;
        const char *fault;
    } cases[] = {
        { ROLLOUT_SETTLED, false, 0, "none" },
        { ROLLOUT_ROLLED_BACK, false, 7, "rolled_back" },
        { ROLLOUT_ABORTED, false, 7, "rolled_back" },
        { ROLLOUT_REFUSED, false, 3, "gate_refused" },
        { ROLLOUT_RAMPING, true, 9, "inconclusive" },
        { ROLLOUT_RAMPING, false, 4, "wait_timeout" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *json = NULL;

        asker_world.deploy.rollout[0] = make_view(cases[i].phase);
        asker_world.deploy.rollout[0].is_held = cases[i].is_held;
        json = ask_json("json rollout wait shop --timeout 1ms\n");
        cr_expect_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "code")), cases[i].code, "%zu",
                     i);
        cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(json, "fault")), cases[i].fault);
        cJSON_Delete(json);
    }
}
