/*
 * A cold slot: its first fifty requests take two seconds. With a warm-up these are ours, and no user meets one; an app that
 * does not get fast enough is not switched to.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "e2e/e2e.h"
#include "support/load.h"
#include "support/scene.h"

enum { COLD = 50, COLD_US = 2000000, WAIT_MS = 30000 };

static const struct stage_options warming = {
    .lines =
        "health { enabled = false }\n"
        "warmup { path = \"/\"  requests = 50  concurrency = 50  connections = 8  p95 = \"900ms\"  "
        "timeout = \"20s\" }\n",
};

static void set_delay(struct origin_auto *origin, unsigned delay_us)
{
    const struct origin_faults faults = { .seed = 1, .delay_us = delay_us };

    origin_auto_set_faults(origin, &faults);
}

static bool has_served_the_cold_ones(void *arg)
{
    return origin_auto_served(arg) >= COLD;
}

static uint64_t find_slowest(const struct load *load, uint64_t from_us)
{
    size_t count = 0;
    const struct load_record *records = load_records(load, &count);
    uint64_t slowest = 0;

    for (size_t i = 0; i < count; i++)
        if (records[i].start_us >= from_us && records[i].end_us - records[i].start_us > slowest)
            slowest = records[i].end_us - records[i].start_us;
    return slowest;
}

Test(warmup, users_do_not_meet_a_cold_app)
{
    struct stage stage;
    struct ctl_line line;
    struct load *load = NULL;
    const char *answer = NULL;
    uint64_t began_us = 0;

    stage_open(&stage, &warming);
    set_delay(stage.green, COLD_US);
    cr_assert(ctl_open(&line, stage.daemon));
    load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                              .keep_alive = 8,
                                              .one_shot = 2,
                                              .rate = 200,
                                              .seed = 311 });
    cr_assert(load_await_count(load, 50, WAIT_MS));
    began_us = clock_monotonic_us();
    cr_assert(ctl_post(&line, "json switch shop --to green"));
    cr_assert(scene_await(has_served_the_cold_ones, stage.green, WAIT_MS));
    set_delay(stage.green, 0);
    answer = ctl_hear(&line, WAIT_MS);
    cr_assert(answer != NULL && strstr(answer, "\"ok\":true") != NULL, "%s",
              answer != NULL ? answer : "no answer");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    cr_assert(load_await_count(load, load_count(load, LOAD_OK) + 200, WAIT_MS));
    load_finish(load);
    cr_expect_eq(load_failed(load), 0);
    cr_expect_lt(find_slowest(load, began_us), COLD_US, "a user waited for the cold app: %llu us",
                 (unsigned long long)find_slowest(load, began_us));
    load_free(load);
    ctl_close(&line);
    STOP_STAGE(&stage);
}

Test(warmup, without_it_they_do)
{
    struct stage stage;
    struct load *load = NULL;

    stage_open(&stage, &(struct stage_options){ .lines = "health { enabled = false }\n" });
    set_delay(stage.green, COLD_US);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    load = load_start(&(struct load_options){
        .front = daemon_front(stage.daemon), .keep_alive = 2, .max_requests = 2, .seed = 312 });
    cr_assert(load_await_end(load, WAIT_MS));
    load_finish(load);
    cr_expect_geq(find_slowest(load, 0), COLD_US);
    load_free(load);
    STOP_STAGE(&stage);
}

Test(warmup, an_app_that_stays_slow_is_refused)
{
    struct stage stage;
    struct ctl_line line;
    const char *answer = NULL;

    stage_open(&stage, &(struct stage_options){
                           .lines = "health { enabled = false }\n"
                                    "warmup { path = \"/\"  requests = 4  concurrency = 4  "
                                    "p95 = \"20ms\"  timeout = \"1s\" }\n" });
    set_delay(stage.green, 200000);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 3);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    cr_assert(ctl_open(&line, stage.daemon));
    answer = ctl_say(&line, "json switch shop --to green", WAIT_MS);
    cr_expect(answer != NULL && strstr(answer, "\"warmup\"") != NULL, "the gate is not named: %s",
              answer != NULL ? answer : "no answer");
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green --force --reason now"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    ctl_close(&line);
    STOP_STAGE(&stage);
}

static bool is_being_warmed(void *arg)
{
    return origin_auto_served(arg) > 0;
}

/* Who takes back what is still being prepared gets that, and nothing goes live behind it. */
Test(warmup, a_rollback_calls_off_what_is_being_prepared)
{
    struct stage stage;
    struct ctl_line line;
    const char *answer = NULL;

    stage_open(&stage, &warming);
    set_delay(stage.green, COLD_US);
    cr_assert(ctl_open(&line, stage.daemon));
    cr_assert(ctl_post(&line, "json switch shop --to green"));
    cr_assert(scene_await(is_being_warmed, stage.green, WAIT_MS));
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    answer = ctl_hear(&line, WAIT_MS);
    cr_expect(answer != NULL && strstr(answer, "\"overtaken\"") != NULL, "%s",
              answer != NULL ? answer : "no answer");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    cr_expect_eq(stage_epoch(&stage), 1);
    set_delay(stage.green, 0);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    ctl_close(&line);
    STOP_STAGE(&stage);
}

static double count_idle(struct stage *stage)
{
    return daemon_metric(stage->daemon, "switchyard_upstream_connections_idle", "");
}

static bool has_idle(void *arg)
{
    return count_idle(arg) >= 8;
}

/* Connections wait in the pools of the workers before the first request comes. */
Test(warmup, connections_are_there_before_the_switch)
{
    struct stage stage;

    stage_open(&stage, &(struct stage_options){ .lines = "health { enabled = false }\n"
                                                         "warmup { connections = 8 }\n" });
    cr_expect_lt(count_idle(&stage), 1);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_expect(scene_await(has_idle, &stage, 5000), "%g idle", count_idle(&stage));
    STOP_STAGE(&stage);
}
