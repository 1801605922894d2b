/* Switches that go back by themselves, through the real programs and over kills. */
#include <stdio.h>
#include <string.h>

#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/scene.h"

static const struct stage_options usual = { 0 };

static void say(const struct stage *stage, const char *words, int code)
{
    struct ctl_result result = ctl_run(stage->daemon, words);

    cr_assert_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    ctl_free(&result);
}

static bool is_back(void *arg)
{
    return stage_probe(arg) == LOAD_SLOT_BLUE;
}

static void await_back(struct stage *stage)
{
    cr_assert(scene_await(is_back, stage, 15000), "it did not go back");
}

Test(confirm, goes_back_by_itself)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green --confirm-within 300ms", 0);
    await_back(&stage);
    say(&stage, "confirm shop", 0); /* too late: nothing waits */
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

Test(confirm, stays_when_it_is_confirmed)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green --confirm-within 60s", 0);
    say(&stage, "switch shop --to blue", 3);
    say(&stage, "rollout start shop", 3);
    say(&stage, "confirm shop", 0);
    say(&stage, "switch shop --to blue", 0);
    STOP_STAGE(&stage);
}

/* The deadline passes while nothing runs: the first start goes back. */
Test(confirm, goes_back_at_the_first_start_after_the_deadline)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green --confirm-within 1s", 0);
    daemon_kill(stage.daemon);
    scene_pause_us(1000000); /* the deadline itself */
    daemon_restart(stage.daemon);
    await_back(&stage);
    STOP_STAGE(&stage);
}

Test(confirm, is_kept_over_a_kill_before_the_deadline)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green --confirm-within 60s", 0);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    say(&stage, "wait healthy shop --timeout 10s", 0);
    say(&stage, "switch shop --to blue", 3);
    say(&stage, "confirm shop", 0);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    STOP_STAGE(&stage);
}

Test(confirm, a_lock_of_somebody_does_not_stop_the_way_back)
{
    struct stage stage;

    stage_open(&stage, &usual);
    say(&stage, "switch shop --to green --confirm-within 300ms", 0);
    say(&stage, "lock acquire --reason mine", 0);
    await_back(&stage);
    STOP_STAGE(&stage);
}
