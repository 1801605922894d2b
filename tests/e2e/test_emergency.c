/* The emergency rollback through the real programs: first the traffic, then the proof, in one answer. */
#include <stdio.h>
#include <string.h>

#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/scene.h"

#define HEALTH "    health { interval = \"100ms\"  timeout = \"1s\"  rise = 1 }\n"

static const struct stage_options usual = { .lines = HEALTH };

static void say(const struct stage *stage, const char *words, int code, const char *part)
{
    struct ctl_result result = ctl_run(stage->daemon, words);

    cr_assert_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    cr_assert(part == NULL || strstr(result.out, part) != NULL || strstr(result.err, part) != NULL,
              "%s: %s%s", words, result.out, result.err);
    ctl_free(&result);
}

Test(emergency, goes_past_a_lock_and_is_verified)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green", 0, NULL);
    say(&stage, "lock acquire --as somebody --reason mine", 0, NULL);
    say(&stage, "rollback shop --emergency", 2, "--reason");
    say(&stage, "rollback shop --emergency --reason fire", 0, "verified through the front door");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    say(&stage, "history --kind rollback --json", 0, "\"skipped\":\"lock\"");
    say(&stage, "rollback shop --emergency --reason again", 0, "verified through the front door");
    STOP_STAGE(&stage);
}

static bool is_blue_down(void *arg)
{
    const struct stage *stage = arg;
    struct ctl_result result = ctl_run(stage->daemon, "targets shop/blue");
    bool is_down = strstr(result.out, "down") != NULL;

    ctl_free(&result);
    return is_down;
}

/* Who answers, though badly, is reached; the proof then fails, and everybody is told in what state it is. */
Test(emergency, a_failed_proof_is_exit_code_7_and_a_critical_alert)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green", 0, NULL);
    origin_auto_set_health(stage.blue, 503);
    cr_assert(scene_await(is_blue_down, &stage, 10000));
    say(&stage, "rollback shop", 3, "no fit target");
    say(&stage, "rollback shop --emergency --reason fire", 7, "live is blue, 0 of 1 targets up");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    say(&stage, "show alerts", 0, "the emergency rollback of shop to blue is in force, but");
    STOP_STAGE(&stage);
}

Test(emergency, nobody_there_is_no_way_out)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green", 0, NULL);
    origin_down(origin_auto_origin(stage.blue));
    cr_assert(scene_await(is_blue_down, &stage, 10000));
    say(&stage, "rollback shop --emergency --reason fire", 3, "no fit target");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    STOP_STAGE(&stage);
}

Test(emergency, a_closed_service_cannot_be_verified)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green", 0, NULL);
    say(&stage, "maint on shop", 0, NULL);
    say(&stage, "rollback shop --emergency --reason fire", 0, "not verified: shop was not asked");
    say(&stage, "maint off shop", 0, NULL);
    STOP_STAGE(&stage);
}
