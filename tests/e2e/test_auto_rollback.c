/*
 * What fails after a switch or as a canary is taken back by itself, once, and stays away; what no move helps moves
 * nothing. R17 to R19, over real sockets. The deadlines are those of a test that hangs, not of the product.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "e2e/e2e.h"
#include "support/load.h"
#include "support/scene.h"

enum { WAIT_MS = 60000, RATE = 400, PEACE_REQUESTS = 200 };

/* Keys of the requests as those of many clients; no rules about times, on a machine that others use. */
#define LINES(guard, more)                                                                         \
    "    health { interval = \"100ms\"  timeout = \"1s\"  rise = 1 }\n"                            \
    "    evidence { key = \"header:X-Id\"  latency_warmup = \"1h\" }\n"                            \
    "    guard { latency_increase = \"off\"  mean_latency = \"0s\" " guard " }\n" more

static const struct stage_options usual = { .lines = LINES("", "") };
static const struct stage_options split = { .lines = LINES(
                                                "", "    canary { key = { \"header:X-Id\" } }\n") };
static const struct stage_options short_window = { .lines = LINES("window = \"1s\"", "") };
static const char *const state_errors[] = { "state", NULL };

static const struct origin_faults failing = { .seed = 7, .status_500 = 1000 };
static const struct origin_faults half = { .seed = 7, .status_500 = 500 };
static const struct origin_faults fine = { .seed = 7 };

struct scene {
    struct stage stage;
    struct load *load;
};

static void open_scene(struct scene *scene, const struct stage_options *options)
{
    struct load_options load = { .keep_alive = 4, .rate = RATE, .seed = 1 };

    stage_open(&scene->stage, options);
    load.front = daemon_front(scene->stage.daemon);
    scene->load = load_start(&load);
    cr_assert(load_await_count(scene->load, PEACE_REQUESTS, WAIT_MS));
}

static void close_scene(struct scene *scene)
{
    load_finish(scene->load);
    load_free(scene->load);
    STOP_STAGE(&scene->stage);
}

static void say(const struct scene *scene, const char *words, int code)
{
    struct ctl_result result = ctl_run(scene->stage.daemon, words);

    cr_assert_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    ctl_free(&result);
}

/* An answer that must be there, and a part of it. */
static bool has(const struct scene *scene, const char *words, const char *part)
{
    struct ctl_result result = ctl_run(scene->stage.daemon, words);
    bool is_there = strstr(result.out, part) != NULL || strstr(result.err, part) != NULL;

    ctl_free(&result);
    return is_there;
}

/* That were carried out, on disk or in memory. */
static unsigned count_rollbacks(const struct scene *scene)
{
    cJSON *json = ctl_json(scene->stage.daemon, "show history 100 --kind rollback", NULL);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    const cJSON *row = NULL;
    unsigned count = 0;

    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(result, "history"))
    {
        const char *outcome =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "outcome"));

        count +=
            outcome != NULL && (strcmp(outcome, "done") == 0 || strcmp(outcome, "volatile") == 0);
    }
    cJSON_Delete(json);
    return count;
}

static void expect_no_rollback(const struct scene *scene)
{
    struct ctl_result alerts = ctl_run(scene->stage.daemon, "show alerts");

    cr_expect_eq(count_rollbacks(scene), 0, "%s", alerts.out);
    ctl_free(&alerts);
}

static bool was_taken_back(void *arg)
{
    return count_rollbacks(arg) > 0;
}

struct question {
    const struct scene *scene;
    const char *words;
    const char *part;
};

static bool is_so(void *arg)
{
    const struct question *question = arg;

    return has(question->scene, question->words, question->part);
}

static bool await(const struct scene *scene, const char *words, const char *part)
{
    struct question question = { scene, words, part };

    return scene_await(is_so, &question, WAIT_MS);
}

static void await_more(const struct scene *scene, unsigned count)
{
    struct load *load = scene->load;
    uint64_t so_far = 0;

    for (int i = 0; i < LOAD_OUTCOMES; i++)
        so_far += load_count(load, (enum load_outcome)i);
    cr_assert(load_await_count(load, so_far + count, WAIT_MS));
}

/* R18, and what is left behind: latched, named, over a restart, until somebody lets it go. */
Test(auto_rollback, r18_total_failure_after_a_switch_is_taken_back_and_stays_away)
{
    struct scene scene;

    open_scene(&scene, &usual);
    origin_auto_set_faults(scene.stage.green, &failing);
    say(&scene, "switch shop --to green", 0);
    cr_assert(scene_await(was_taken_back, &scene, WAIT_MS));
    cr_expect_eq(stage_probe(&scene.stage), LOAD_SLOT_BLUE);
    cr_expect(has(&scene, "show history 1", "switchyard"));
    cr_expect(has(&scene, "show history 1 --trigger *", "rollback"));
    cr_expect(has(&scene, "show alerts", "critical"));
    say(&scene, "switch shop --to green", 3);
    cr_expect(has(&scene, "switch shop --to green", "quarantine"));
    cr_expect(has(&scene, "status", "in quarantine"));
    daemon_kill(scene.stage.daemon);
    daemon_restart(scene.stage.daemon);
    say(&scene, "canary start shop --to green 5%", 3);
    origin_auto_set_faults(scene.stage.green, &fine);
    say(&scene, "release shop", 0);
    say(&scene, "switch shop --to green", 0);
    cr_expect_eq(stage_probe(&scene.stage), LOAD_SLOT_GREEN);
    cr_expect_eq(count_rollbacks(&scene), 1);
    close_scene(&scene);
}

/* R17: a slot that is well and ill by turns costs one move at most. */
Test(auto_rollback, r17_flapping_slot_moves_once_at_most)
{
    struct scene scene;
    unsigned turns = getenv("SWITCHYARD_TEST_FULL") != NULL ? 120 : 4;

    open_scene(&scene, &usual);
    say(&scene, "switch shop --to green", 0);
    for (unsigned i = 0; i < turns; i++) {
        origin_auto_set_faults(scene.stage.green, i % 2 == 0 ? &failing : &fine);
        origin_auto_set_health(scene.stage.green, i % 2 == 0 ? 500 : 200);
        await_more(&scene, RATE);
    }
    cr_expect_leq(count_rollbacks(&scene), 1);
    origin_auto_set_health(scene.stage.green, 200);
    close_scene(&scene);
}

static bool are_down(void *arg)
{
    struct scene *scene = arg;

    return has(scene, "show slots", "blue   standby  STANDBY  -        0/1") &&
           has(scene, "show slots", "green  live     LIVE     -        0/1");
}

/* R19: nothing is gained by a move, so nothing moves, and it recovers alone. */
Test(auto_rollback, r19_nothing_moves_while_both_are_unfit)
{
    struct scene scene;

    open_scene(&scene, &usual);
    say(&scene, "switch shop --to green", 0);
    origin_auto_set_health(scene.stage.blue, 500);
    origin_auto_set_health(scene.stage.green, 500);
    cr_expect(scene_await(are_down, &scene, WAIT_MS));
    origin_auto_set_faults(scene.stage.blue, &failing);
    origin_auto_set_faults(scene.stage.green, &failing);
    await_more(&scene, 4 * RATE);
    expect_no_rollback(&scene);
    cr_expect(await(&scene, "show alerts", "critical"));
    cr_expect(has(&scene, "status", "DEGRADED shop: no slot has a fit target"));
    cr_expect(has(&scene, "status --json", "\"degraded\":true"));
    origin_auto_set_faults(scene.stage.blue, &fine);
    origin_auto_set_faults(scene.stage.green, &fine);
    origin_auto_set_health(scene.stage.blue, 200);
    origin_auto_set_health(scene.stage.green, 200);
    cr_expect_eq(ctl_code(scene.stage.daemon, "wait healthy shop --timeout 30s"), 0);
    cr_expect(await(&scene, "status --json", "\"degraded\":false"));
    await_more(&scene, RATE);
    expect_no_rollback(&scene);
    cr_expect_eq(stage_probe(&scene.stage), LOAD_SLOT_GREEN);
    close_scene(&scene);
}

/* Next to nothing is known of the slot before: what compares with the past only speaks, and what needs none moves. */
Test(auto_rollback, total_failure_without_a_past_is_taken_back)
{
    struct scene scene;
    struct load_options load = { .keep_alive = 4, .rate = RATE, .seed = 1 };

    stage_open(&scene.stage, &usual);
    origin_auto_set_faults(scene.stage.green, &failing);
    say(&scene, "switch shop --to green", 0);
    load.front = daemon_front(scene.stage.daemon);
    scene.load = load_start(&load);
    cr_assert(scene_await(was_taken_back, &scene, WAIT_MS));
    cr_expect_eq(stage_probe(&scene.stage), LOAD_SLOT_BLUE);
    close_scene(&scene);
}

/* T13 at 100 %: the slot before failed as much when it was left, whatever its checks say. */
Test(auto_rollback, what_failed_before_is_no_way_back)
{
    struct scene scene;

    open_scene(&scene, &usual);
    origin_auto_set_faults(scene.stage.blue, &failing);
    origin_auto_set_faults(scene.stage.green, &failing);
    await_more(&scene, 2 * RATE);
    say(&scene, "switch shop --to green", 0);
    cr_expect(await(&scene, "show alerts", "blue failed as often when it was left"));
    await_more(&scene, 2 * RATE);
    expect_no_rollback(&scene);
    cr_expect(has(&scene, "decisions shop", "shared"));
    origin_auto_set_faults(scene.stage.green, &fine);
    cr_expect_eq(stage_probe(&scene.stage), LOAD_SLOT_GREEN);
    close_scene(&scene);
}

Test(auto_rollback, failing_canary_is_taken_back)
{
    struct scene scene;

    open_scene(&scene, &split);
    origin_auto_set_faults(scene.stage.green, &failing);
    say(&scene, "canary start shop --to green 20%", 0);
    cr_assert(scene_await(was_taken_back, &scene, WAIT_MS));
    cr_expect(has(&scene, "canary status", "no canary is running"));
    cr_expect_eq(stage_probe(&scene.stage), LOAD_SLOT_BLUE);
    say(&scene, "canary start shop --to green 20%", 3);
    close_scene(&scene);
}

Test(auto_rollback, shared_failure_moves_nothing)
{
    struct scene scene;

    open_scene(&scene, &split);
    say(&scene, "canary start shop --to green 50%", 0);
    await_more(&scene, RATE);
    origin_auto_set_faults(scene.stage.blue, &half);
    origin_auto_set_faults(scene.stage.green, &half);
    await_more(&scene, 4 * RATE);
    expect_no_rollback(&scene);
    cr_expect(has(&scene, "canary status", "50.00%"));
    close_scene(&scene);
}

static void set_file_limit(pid_t pid, rlim_t bytes)
{
    struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

    cr_assert_eq(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0, "prlimit: %s", strerror(errno));
}

/* No file may grow by a byte: a person's switch is refused, the way back is found all the same. */
Test(auto_rollback, disk_that_takes_nothing_does_not_hold_it_up)
{
    struct scene scene;

    open_scene(&scene, &usual);
    daemon_expect_errors(scene.stage.daemon, state_errors);
    say(&scene, "switch shop --to green", 0);
    set_file_limit(daemon_pid(scene.stage.daemon), 0);
    origin_auto_set_faults(scene.stage.green, &failing);
    cr_assert(scene_await(was_taken_back, &scene, WAIT_MS));
    cr_expect_eq(stage_probe(&scene.stage), LOAD_SLOT_BLUE);
    set_file_limit(daemon_pid(scene.stage.daemon), RLIM_INFINITY);
    cr_expect(await(&scene, "status", "quarantine"));
    close_scene(&scene);
}

Test(auto_rollback, behind_the_window_it_only_speaks)
{
    struct scene scene;

    open_scene(&scene, &short_window);
    say(&scene, "switch shop --to green", 0);
    cr_expect(await(&scene, "show rules shop", "only alerts"));
    origin_auto_set_faults(scene.stage.green, &failing);
    cr_expect(await(&scene, "show alerts", "err_abs"));
    expect_no_rollback(&scene);
    cr_expect(has(&scene, "status", "only alerts"));
    close_scene(&scene);
}
