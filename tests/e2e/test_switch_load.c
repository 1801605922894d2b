/*
 * Switching under load: nothing fails, and no request that began after the answer of a switch is served by the
 * old slot. R1: kept and new connections; R2: new connections only. CI 200 switches, full 2 000.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/scene.h"

enum { SWITCHES_BRIEF = 200, SWITCHES_FULL = 2000, GAP_US = 20000 };

static const struct stage_options usual = { .body = 4000 };

/* As long as the switch took, which waits for a probe of the busy app server: requests that begin before the answer
 * may go either way, and enough of them must not. */
static void pause_behind(const struct load_switch *done)
{
    uint64_t took_us = done->answered_us - done->submitted_us;

    scene_pause_us(took_us > GAP_US ? took_us : GAP_US);
}

/* Switches back and forth; the entries for the checker, the first being the start. */
static size_t switch_around(struct stage *stage, size_t count, struct load_switch *log)
{
    struct ctl_line line;

    log[0] = (struct load_switch){ .slot = LOAD_SLOT_BLUE };
    cr_assert(ctl_open(&line, stage->daemon));
    for (size_t i = 1; i <= count; i++) {
        if (!stage_switch(&line, i % 2 == 1 ? "green" : "blue", &log[i])) {
            ctl_close(&line);
            cr_assert(ctl_open(&line, stage->daemon));
            cr_assert(stage_switch(&line, i % 2 == 1 ? "green" : "blue", &log[i]),
                      "switch %zu was refused: %s", i, line.in.bytes);
        }
        pause_behind(&log[i]);
    }
    ctl_close(&line);
    return count + 1;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t answer_p99_us(const struct load_switch *log, size_t count)
{
    uint64_t *times = mem_zalloc(count * sizeof *times);
    uint64_t result = 0;

    for (size_t i = 1; i < count; i++)
        times[i] = log[i].answered_us - log[i].submitted_us;
    qsort(times, count, sizeof *times, compare_u64);
    result = times[(count - 1) * 99 / 100];
    free(times);
    return result;
}

static void judge(struct load *load, const struct load_switch *log, size_t count)
{
    struct text summary;
    uint64_t sharp = load_sharp(load, log, count);
    size_t requests = 0;

    text_init(&summary, 65536);
    load_summary(load, &summary);
    load_records(load, &requests);
    fprintf(stderr, "switches %zu, answer p99 %llu us, sharp %llu, %s\n", count - 1,
            (unsigned long long)answer_p99_us(log, count), (unsigned long long)sharp,
            summary.bytes);
    cr_expect_eq(load_failed(load), 0, "%s", summary.bytes);
    cr_expect_eq(load_wrong_slots(load, log, count), 0, "%llu requests went to the old slot",
                 (unsigned long long)load_wrong_slots(load, log, count));
    cr_expect_eq(load_duplicates(load, false), 0);
    cr_expect(requests > count, "too few requests to say anything: %zu", requests);
    cr_expect(sharp * 4 > requests, "too few requests between switches: %llu of %zu",
              (unsigned long long)sharp, requests);
    text_fini(&summary);
}

static void run(const struct load_options *wish)
{
    size_t count = scene_scale(SWITCHES_BRIEF, SWITCHES_FULL);
    struct load_switch *log = mem_zalloc((count + 1) * sizeof *log);
    struct load_options options = *wish;
    struct stage stage;
    struct load *load = NULL;

    stage_open(&stage, &usual);
    options.front = daemon_front(stage.daemon);
    load = load_start(&options);
    cr_assert(load_await_count(load, 100, 20000), "the load did not get going");
    count = switch_around(&stage, count, log);
    load_finish(load);
    judge(load, log, count);
    load_free(load);
    free(log);
    STOP_STAGE(&stage);
}

Test(switch_load, r1_kept_and_new_connections)
{
    run(&(struct load_options){ .keep_alive = 64,
                                .one_shot = 16,
                                .post_percent = 10,
                                .post_bytes = 2000,
                                .rate = 2000,
                                .seed = 11 });
}

Test(switch_load, r2_new_connections_only)
{
    run(&(struct load_options){ .one_shot = 200, .rate = 1500, .seed = 12 });
}

/* As fast as it goes, without any pacing. */
Test(switch_load, saturated)
{
    run(&(struct load_options){
        .keep_alive = 32, .post_percent = 10, .post_bytes = 2000, .seed = 13 });
}

/* The checker itself: it must see a wrong slot when there is one. */
Test(switch_load, checker_sees_a_violation)
{
    struct stage stage;
    struct load *load = NULL;
    static const struct load_switch lie[] = { { 0, 0, LOAD_SLOT_GREEN } };

    stage_open(&stage, &usual);
    load = load_start(&(struct load_options){
        .front = daemon_front(stage.daemon), .keep_alive = 2, .max_requests = 50, .seed = 14 });
    cr_assert(load_await_end(load, 20000));
    load_finish(load);
    cr_expect_eq(load_failed(load), 0);
    cr_expect_eq(load_wrong_slots(load, lie, 1), 50);
    load_free(load);
    STOP_STAGE(&stage);
}
