/* Switches that go back by themselves, through the real programs and over kills. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
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
    say(&stage, "confirm shop", 7); /* too late */
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
    say(&stage, "confirm shop", 0); /* asked twice, as after a lost answer */
    say(&stage, "switch shop --to blue --confirm-within 0s", 2);
    say(&stage, "switch shop --to blue", 0);
    say(&stage, "confirm shop", 3); /* this one did not have to be */
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

/* Kills at random moments, each followed by a start. */
struct killing {
    struct stage stage;
    uint64_t random;
    int live; /* LOAD_SLOT_* */
};

static const char *name_of(int slot)
{
    return slot == LOAD_SLOT_BLUE ? "blue" : "green";
}

static int other_of(int slot)
{
    return slot == LOAD_SLOT_BLUE ? LOAD_SLOT_GREEN : LOAD_SLOT_BLUE;
}

static void switch_within(struct killing *killing, const char *within)
{
    char words[80];

    snprintf(words, sizeof words, "switch shop --to %s --confirm-within %s",
             name_of(other_of(killing->live)), within);
    say(&killing->stage, words, 0);
}

/* Within so many milliseconds from now. */
static void kill_and_start(struct killing *killing, unsigned ms)
{
    scene_pause_us(hash_random(&killing->random) % (ms * 1000));
    daemon_kill(killing->stage.daemon);
    daemon_restart(killing->stage.daemon);
    say(&killing->stage, "wait healthy shop --timeout 10s", 0);
}

static double remaining(const struct killing *killing)
{
    return daemon_metric(killing->stage.daemon, "switchyard_rollout_confirm_remaining_seconds", "");
}

static bool is_as_before(void *arg)
{
    const struct killing *killing = arg;

    return stage_probe(&killing->stage) == killing->live;
}

/* Nobody confirms: whatever happens in between, it goes back. */
static void expect_way_back(struct killing *killing)
{
    switch_within(killing, "300ms");
    kill_and_start(killing, 600);
    cr_assert(scene_await(is_as_before, killing, 15000), "it did not go back");
    cr_assert_leq(remaining(killing), 0);
}

/* Somebody did, and has the answer: it stays. */
static void expect_to_stay(struct killing *killing)
{
    switch_within(killing, "20s");
    say(&killing->stage, "confirm shop", 0);
    kill_and_start(killing, 200);
    killing->live = other_of(killing->live);
    cr_assert(is_as_before(killing), "what was confirmed did not stay");
    cr_assert_leq(remaining(killing), 0);
}

/* The deadline is neither lost nor longer than it was. */
static void expect_deadline(struct killing *killing)
{
    double before = 0;

    switch_within(killing, "300s");
    before = remaining(killing);
    cr_assert_gt(before, 0);
    kill_and_start(killing, 200);
    cr_assert_eq(stage_probe(&killing->stage), other_of(killing->live));
    cr_assert_gt(remaining(killing), 0);
    cr_assert_leq(remaining(killing), before);
    say(&killing->stage, "rollback shop", 0);
}

/* Killed with the word under way: it was taken or it was not, and the traffic is where it was either way. */
static void expect_one_of_two(struct killing *killing)
{
    struct ctl_line line;
    bool is_open = false;

    switch_within(killing, "300s");
    cr_assert(ctl_open(&line, killing->stage.daemon));
    cr_assert(ctl_post(&line, "confirm shop"));
    kill_and_start(killing, 5);
    ctl_close(&line);
    is_open = remaining(killing) > 0;
    cr_assert_eq(stage_probe(&killing->stage), other_of(killing->live));
    if (is_open)
        say(&killing->stage, "rollback shop", 0);
    else
        killing->live = other_of(killing->live);
}

Test(confirm, stands_over_random_kills)
{
    static void (*const kinds[])(struct killing * killing) = {
        expect_way_back,
        expect_to_stay,
        expect_deadline,
        expect_one_of_two,
    };
    const char *seed = getenv("SWITCHYARD_SEED");
    struct killing killing = { .random = seed != NULL ? strtoull(seed, NULL, 10) : 1,
                               .live = LOAD_SLOT_BLUE };
    unsigned long kills = scene_scale(20, 1000);
    struct stage_options quick = {
        .lines = "    health { interval = \"400ms\"  timeout = \"390ms\"  rise = 1 }\n"
    };

    stage_open(&killing.stage, &quick);
    for (unsigned long i = 0; i < kills; i++) {
        kinds[i < 4 ? i : hash_random(&killing.random) % 4](&killing);
        cr_assert(is_as_before(&killing), "kill %lu", i);
    }
    STOP_STAGE(&killing.stage);
}
