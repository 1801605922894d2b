/*
 * Canaries and plans through the real programs: what a command says is compared with where requests go, also
 * after a kill. Shares of 0 % and 100 % only: who is in between is the business of the unit tests.
 */
#include <stdio.h>
#include <string.h>

#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/scene.h"

static const struct stage_options usual = { 0 };

static const char *text_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return text != NULL ? text : "";
}

/* A text of the answer's result into out (64 bytes); the exit code. */
static int ask(const struct stage *stage, const char *words, const char *name, char *out)
{
    int code = -1;
    cJSON *json = ctl_json(stage->daemon, words, &code);

    snprintf(out, 64, "%s", text_of(cJSON_GetObjectItemCaseSensitive(json, "result"), name));
    cJSON_Delete(json);
    return code;
}

static void say(const struct stage *stage, const char *words, int code)
{
    struct ctl_result result = ctl_run(stage->daemon, words);

    cr_assert_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    ctl_free(&result);
}

Test(canary, goes_all_the_way_and_back)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "canary step shop", 3);
    say(&stage, "canary start shop 100%", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    say(&stage, "canary set shop 0%", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    say(&stage, "switch shop --to blue", 3);
    say(&stage, "canary set shop 100%", 0);
    say(&stage, "canary abort shop", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    say(&stage, "canary start shop 100%", 0);
    say(&stage, "rollback shop", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    say(&stage, "canary start shop", 0);
    say(&stage, "canary promote shop", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    say(&stage, "rollback shop", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

Test(canary, survives_a_kill)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "canary start shop 100%", 0);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    say(&stage, "canary abort shop", 0);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

Test(canary, a_plan_is_applied_once_and_only_to_what_it_saw)
{
    struct stage stage;
    char token[64];
    char words[128];

    stage_open(&stage, &usual);
    cr_assert_eq(ask(&stage, "plan switch shop --to green", "token", token), 0);
    cr_assert_eq(strlen(token), 32);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    snprintf(words, sizeof words, "apply %s", token);
    say(&stage, words, 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    say(&stage, words, 5);
    cr_assert_eq(ask(&stage, "plan rollback shop", "token", token), 0);
    say(&stage, "canary start shop 1%", 0);
    snprintf(words, sizeof words, "apply %s", token);
    say(&stage, words, 5);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    say(&stage, "apply 00000000000000000000000000000000", 5);
    STOP_STAGE(&stage);
}
