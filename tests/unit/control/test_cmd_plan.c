/* Changes in two steps: src/control/cmd_plan.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "unit/control/asker.h"

TestSuite(cmd_plan, .init = asker_start, .fini = asker_stop);

static void forecast(void)
{
    struct change_result *result = &asker_world.deploy.result;

    result->epoch = 41;
    snprintf(result->words, sizeof result->words, "it would go to green");
    snprintf(result->token, sizeof result->token, "t0k3n");
    result->gate_count = 2;
    result->gates[0] = (struct change_gate){ .name = "lock", .is_passed = true };
    result->gates[1] =
        (struct change_gate){ .name = "target", .is_passed = false, .words = "2 down" };
}

Test(cmd_plan, submits_the_very_change_to_be_judged)
{
    const struct change *change = NULL;

    forecast();
    change = ask_change("plan switch shop --to green --reason \"v 7\"\n");
    cr_expect(change->plan_only);
    cr_expect_eq(change->kind, CHANGE_SWITCH);
    cr_expect_str_eq(change->slot, "green");
    cr_expect_str_eq(change->reason, "v 7");
    cr_expect(ask_has("plan switch shop, at epoch 41: it would go to green\n"), "%s",
              asker_out.bytes);
    cr_expect(ask_has("token: t0k3n\n"));
    cr_expect(ask_has("2 down"));
    change = ask_change("plan canary start shop 5%\n");
    cr_expect(change->plan_only);
    cr_expect_eq(change->kind, CHANGE_CANARY_START);
    cr_expect_eq(change->share, 500);
    cr_expect(ask_change("plan promote shop\n")->plan_only);
    cr_expect_eq(ask_change("plan maint on shop --message x\n")->kind, CHANGE_MAINT_ON);
    cr_expect_eq(ask_change("plan pause shop --max 3s\n")->max_us, 3000000);
    cr_expect_eq(ask_change("plan rollback shop\n")->kind, CHANGE_ROLLBACK);
    cr_expect_eq(ask_change("plan target remove shop/blue/10.0.0.1:80 --wait\n")->kind,
                 CHANGE_TARGET_REMOVE);
}

Test(cmd_plan, json_has_gates_and_token)
{
    cJSON *json = NULL;
    const cJSON *gate = NULL;

    forecast();
    json = ask_json("json plan switch shop\n");
    cr_expect_eq(json_code(json), 0);
    cr_expect_str_eq(cJSON_GetStringValue(json_result(json, "token")), "t0k3n");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "gates")), 2);
    gate = cJSON_GetArrayItem(json_result(json, "gates"), 1);
    cr_expect_str_eq(json_text(gate, "gate"), "target");
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(gate, "passed")));
    cr_expect_str_eq(json_text(gate, "words"), "2 down");
    cJSON_Delete(json);
}

Test(cmd_plan, refusal_shows_its_gates_and_gives_no_token)
{
    forecast();
    asker_world.deploy.result.outcome = OUTCOME_REFUSED;
    asker_world.deploy.result.fault = FAULT_GATE_REFUSED;
    asker_world.deploy.result.token[0] = '\0';
    snprintf(asker_world.deploy.result.gate, 32, "target");
    ask("plan switch shop\n");
    cr_expect_eq(strncmp(asker_out.bytes, "error 3 refused (gate_refused): ", 32), 0);
    cr_expect(ask_has("2 down"));
    cr_expect_not(ask_has("token"));
    cr_expect_not(ask_has("plan switch shop"));
}

Test(cmd_plan, only_single_changes_can_be_planned)
{
    ask_refused("plan\n", OUTCOME_USAGE, "too few words");
    ask_refused("plan status\n", OUTCOME_USAGE, "is no change that can be planned");
    ask_refused("plan drain shop/green\n", OUTCOME_USAGE, "is no change that can be planned");
    ask_refused("plan reload\n", OUTCOME_USAGE, "is no change that can be planned");
    ask_refused("plan apply x\n", OUTCOME_USAGE, "is no change that can be planned");
    ask_refused("plan plan switch shop\n", OUTCOME_USAGE, "is no change that can be planned");
    ask_refused("plan tenant load\n", OUTCOME_USAGE, "is no change that can be planned");
    ask_refused("plan swich shop\n", OUTCOME_USAGE, "did you mean switch?");
    ask_refused("plan switch\n", OUTCOME_USAGE, "too few words");
    ask_refused("plan switch shop --max 3s\n", OUTCOME_USAGE, "unknown option --max");
    ask_refused("plan canary set shop 200%\n", OUTCOME_USAGE, "in steps of 0.01%");
    ask_refused("plan switch shop --force\n", OUTCOME_USAGE, "--force needs --reason TEXT");
}

Test(cmd_plan, token_is_applied)
{
    const struct change *change = ask_change("apply t0k3n --reason now --as ann\n");

    cr_expect_str_eq(asker_world.deploy.token, "t0k3n");
    cr_expect_str_eq(change->reason, "now");
    cr_expect_not_null(strstr(asker_world.deploy.token_actor, " as=ann"));
    cr_expect(ask_has("applied: done, epoch 42, durable\n"));
    cr_expect_not_null(strstr(asker_logged.bytes, "apply (secret)"));
}

Test(cmd_plan, stale_token_is_a_conflict)
{
    cJSON *json = NULL;

    asker_world.deploy.result = (struct change_result){ .outcome = OUTCOME_CONFLICT,
                                                        .fault = FAULT_CONFLICT,
                                                        .words = "another change came first",
                                                        .epoch = 43 };
    json = ask_json("json apply t0k3n\n");
    cr_expect_eq(json_code(json), OUTCOME_CONFLICT);
    cr_expect_str_eq(json_text(json, "fault"), "conflict");
    cJSON_Delete(json);
    ask_refused("apply\n", OUTCOME_USAGE, "too few words");
    ask_refused("apply a/b\n", OUTCOME_USAGE, "is no token");
    ask_refused("apply 0123456789012345678901234567890123456789\n", OUTCOME_USAGE, "is no token");
}
