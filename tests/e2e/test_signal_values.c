/* Values from outside: two levels, what a critical one does, words, silence, and that nothing is known after a start. */
#include <stdio.h>
#include <string.h>

#include "e2e/e2e.h"
#include "support/scene.h"

static const struct stage_options with_signals = {
    .lines = "health { enabled = false }\n"
             "signal complaints { critical = \"= high\" action = \"rollback\" }\n"
             "signal cpu { warn = \"> 70\" critical = \"> 85\" stale = \"300ms\" }\n",
};

static char state[32];

/* The state of a signal, by show signals. */
static const char *state_of(struct stage *stage, const char *name)
{
    cJSON *json = ctl_json(stage->daemon, "show signals", NULL);
    const cJSON *row = NULL;

    state[0] = '\0';
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(
                                cJSON_GetObjectItemCaseSensitive(json, "result"), "signals"))
    {
        const cJSON *signal = cJSON_GetObjectItemCaseSensitive(row, "signal");

        if (strcmp(signal->valuestring, name) == 0)
            snprintf(state, sizeof state, "%s",
                     cJSON_GetObjectItemCaseSensitive(row, "state")->valuestring);
    }
    cJSON_Delete(json);
    return state;
}

static bool await_state(struct stage *stage, const char *name, const char *wanted)
{
    for (int i = 0; i < 500; i++) {
        if (strcmp(state_of(stage, name), wanted) == 0)
            return true;
        scene_pause_us(10000);
    }
    return false;
}

Test(signal_values, critical_complaints_take_the_new_slot_back)
{
    struct stage stage;
    struct ctl_result result;

    stage_open(&stage, &with_signals);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "signal complaints=some"), 0);
    cr_assert_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    cr_assert_eq(ctl_code(stage.daemon, "signal complaints=high --service shop"), 0);
    for (int i = 0; i < 500 && stage_probe(&stage) != LOAD_SLOT_BLUE; i++)
        scene_pause_us(10000);
    cr_assert_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    result = ctl_run(stage.daemon, "history --trigger signal:*");
    cr_expect(strstr(result.out, "signal complaints of shop is critical: high") != NULL, "%s",
              result.out);
    ctl_free(&result);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_signal_state",
                               "signal=\"complaints\",state=\"critical\""),
                 1);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_str_eq(state_of(&stage, "complaints"), "unknown");
    STOP_STAGE(&stage);
}

Test(signal_values, a_warning_moves_nothing_and_silence_is_unknown)
{
    struct stage stage;
    struct ctl_result result;

    stage_open(&stage, &with_signals);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "signal cpu=75.5"), 0);
    cr_expect(daemon_await_log(stage.daemon, "trigger=signal:cpu", 5000));
    cr_expect(await_state(&stage, "cpu", "unknown"), "the value never grows old");
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_signal_value", "cpu"), -1);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    cr_expect_eq(ctl_code(stage.daemon, "signal cpu=hot"), 2);
    cr_expect_eq(ctl_code(stage.daemon, "signal cpu=5 --rollout 99"), 5);
    result = ctl_run(stage.daemon, "signal cpus=5");
    cr_expect_eq(result.code, 3);
    cr_expect(strstr(result.err, "there are: complaints, cpu") != NULL, "%s", result.err);
    ctl_free(&result);
    STOP_STAGE(&stage);
}
