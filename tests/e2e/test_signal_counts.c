/* Signals that the switch counts: a burst of failed logins is told, and moves traffic only where that was asked for. */
#include <stdio.h>
#include <string.h>

#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

static const char quiet[] = "health { enabled = false }\n"
                            "guard { error_rate = 0% mean_latency = 0s }\n"
                            "evidence { latency_warmup = \"1h\" }\n";

/* The app answers /status?n=401 with 401. */
static void fail_logins(struct stage *stage, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(client_ask(daemon_front(stage->daemon),
                                "GET /status?n=401 HTTP/1.1\r\nHost: a.test\r\n"
                                "Connection: close\r\n\r\n",
                                NULL),
                     401);
}

static double value_of(struct stage *stage, const char *name)
{
    char label[64];

    snprintf(label, sizeof label, "signal=\"%s\"", name);
    return daemon_metric(stage->daemon, "switchyard_signal_value", label);
}

static bool await_value(struct stage *stage, const char *name, double wanted)
{
    for (int i = 0; i < 500 && value_of(stage, name) != wanted; i++)
        scene_pause_us(10000);
    return value_of(stage, name) == wanted;
}

static bool await_level(struct stage *stage, const char *name, const char *level)
{
    char label[96];

    snprintf(label, sizeof label, "signal=\"%s\",state=\"%s\"", name, level);
    for (int i = 0; i < 500; i++) {
        if (daemon_metric(stage->daemon, "switchyard_signal_state", label) == 1)
            return true;
        scene_pause_us(10000);
    }
    return false;
}

static void open_with(struct stage *stage, const char *signal)
{
    static char lines[1000];
    struct stage_options options = { .lines = lines };

    snprintf(lines, sizeof lines, "%s%s\n", quiet, signal);
    stage_open(stage, &options);
}

static void expect_said(struct stage *stage, const char *command, const char *part)
{
    struct ctl_result result = ctl_run(stage->daemon, command);

    cr_expect(strstr(result.out, part) != NULL, "%s: %s", command, result.out);
    ctl_free(&result);
}

Test(signal_counts, a_burst_of_failed_logins_is_told_and_moves_nothing)
{
    struct stage stage;
    struct ctl_result result;

    open_with(&stage, "signal logins { status = 401 path = \"/status\" warn = \"> 3\" "
                      "critical = \"> 10\" per = 1h }");
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    fail_logins(&stage, 4);
    cr_expect(await_level(&stage, "logins", "warn"));
    cr_expect(await_value(&stage, "logins", 4));
    fail_logins(&stage, 8);
    cr_expect(await_level(&stage, "logins", "critical"));
    cr_expect(await_value(&stage, "logins", 12));
    expect_said(&stage, "show alerts", "signal logins of shop is critical");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    expect_said(&stage, "show signals", "401 on /status in 3600s");
    result = ctl_run(stage.daemon, "history --trigger signal:*");
    cr_expect(strstr(result.out, "logins") == NULL, "it moved something: %s", result.out);
    ctl_free(&result);
    result = ctl_run(stage.daemon, "signal logins=3");
    cr_expect_eq(result.code, 2);
    cr_expect(strstr(result.err, "is counted by the switch itself") != NULL, "%s", result.err);
    ctl_free(&result);
    STOP_STAGE(&stage);
}

Test(signal_counts, with_the_action_rollback_it_takes_the_new_slot_back)
{
    struct stage stage;

    open_with(&stage, "signal logins { status = { 401, 403 } path = \"/status\" "
                      "critical = \"> 10\" per = 1h action = rollback }");
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    fail_logins(&stage, 11);
    for (int i = 0; i < 500 && stage_probe(&stage) != LOAD_SLOT_BLUE; i++)
        scene_pause_us(10000);
    cr_assert_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    expect_said(&stage, "history --trigger signal:*", "signal logins of shop is critical: 11");
    STOP_STAGE(&stage);
}

Test(signal_counts, of_the_candidate_counts_nothing_that_another_slot_answered)
{
    struct stage stage;

    open_with(&stage, "signal all { status = 401 per = 1h }\n"
                      "signal new { status = 401 critical = \"> 10\" per = 1h of = candidate "
                      "action = rollback }");
    fail_logins(&stage, 20);
    cr_expect(await_value(&stage, "all", 20));
    cr_expect_eq(value_of(&stage, "new"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    fail_logins(&stage, 10);
    cr_expect(await_value(&stage, "new", 10));
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    cr_assert_eq(ctl_code(stage.daemon, "reload"), 0); /* what was counted stays */
    fail_logins(&stage, 1);
    for (int i = 0; i < 500 && stage_probe(&stage) != LOAD_SLOT_BLUE; i++)
        scene_pause_us(10000);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    cr_expect(await_value(&stage, "all", 31));
    STOP_STAGE(&stage);
}
