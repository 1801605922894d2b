/*
 * The requests of a warm-up are probes with a specification of their own. Results go into a ring of the last
 * ones; when it is full of good and fast ones the target is warm. A warm-up belongs to the watch of its target and
 * dies with it. Control thread; see health/warmup.h.
 */
#include "health/warmup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "health/probe_spec_priv.h"
#include "health/watch_priv.h"
#include "net/loop.h"
#include "net/timer.h"

enum {
    WARMUP_MAGIC = 0x7761726d,
    PAUSE_MS = 50, /* after a failure, so that a refusing target is not asked in a tight loop */
    P95_RANK = 95,
};

struct warmup;

/* One of the requests that run at the same time. */
struct lane {
    struct warmup *warmup;
    struct probe *probe; /* NULL: none under way */
    struct timer *pause;
};

/* Owner: its watch. Ends by its result, health_warm_cancel or health_forget. */
struct warmup {
    uint32_t magic;
    TAILQ_ENTRY(warmup) link;
    struct watch *watch;
    struct probe_spec *spec;
    struct timer *limit;
    warmup_done_fn *done;
    void *arg;
    uint64_t p95_us;
    uint64_t timeout_us;
    unsigned lane_count;
    struct lane *lanes;
    unsigned ring_size;
    unsigned ring_next;
    unsigned ring_used;
    uint64_t *ring; /* microseconds; UINT64_MAX: it failed */
    struct probe_result last_failure;
    struct warmup_result result;
};

static void start_lane(struct lane *lane);

static void reap(void *arg)
{
    struct warmup *warmup = arg;

    probe_spec_free(warmup->spec);
    free(warmup->lanes);
    free(warmup->ring);
    free(warmup);
}

/* Nothing calls back any more; the memory lives to the end of the turn. */
static void close_warmup(struct warmup *warmup)
{
    CHECK(warmup->magic == WARMUP_MAGIC);
    warmup->magic = 0;
    for (unsigned i = 0; i < warmup->lane_count; i++) {
        probe_cancel(warmup->lanes[i].probe);
        timer_free(warmup->lanes[i].pause);
    }
    timer_free(warmup->limit);
    TAILQ_REMOVE(&warmup->watch->warmups, warmup, link);
    loop_reap(warmup->watch->health->loop, reap, warmup);
}

static void finish(struct warmup *warmup, bool is_warm)
{
    warmup->result.is_warm = is_warm;
    close_warmup(warmup);
    warmup->done(warmup->arg, &warmup->result);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;

    return (*left > *right) - (*left < *right);
}

/* The 95th percentile of what the ring holds; UINT64_MAX when more than 5 % of it failed. */
static uint64_t find_p95(const struct warmup *warmup)
{
    size_t size = warmup->ring_used * sizeof *warmup->ring;
    uint64_t *sorted = NULL;
    uint64_t found = 0;

    if (warmup->ring_used == 0)
        return 0;
    sorted = mem_alloc(size);
    memcpy(sorted, warmup->ring, size);
    qsort(sorted, warmup->ring_used, sizeof *sorted, compare);
    found = sorted[(warmup->ring_used * (size_t)P95_RANK + 99) / 100 - 1];
    free(sorted);
    return found;
}

static bool has_failure(const struct warmup *warmup)
{
    for (unsigned i = 0; i < warmup->ring_used; i++)
        if (warmup->ring[i] == UINT64_MAX)
            return true;
    return false;
}

static bool is_warm(struct warmup *warmup)
{
    if (warmup->ring_used < warmup->ring_size || has_failure(warmup))
        return false;
    warmup->result.p95_us = find_p95(warmup);
    return warmup->p95_us == 0 || warmup->result.p95_us <= warmup->p95_us;
}

static void describe_warm(struct warmup *warmup)
{
    char p95[32];

    num_format_duration(warmup->result.p95_us, p95);
    snprintf(warmup->result.words, sizeof warmup->result.words, "%u requests, p95 %s",
             warmup->result.sent, p95);
}

static void describe_cold(struct warmup *warmup)
{
    struct warmup_result *result = &warmup->result;
    char timeout[32];
    char limit[32];
    char p95[32];

    num_format_duration(warmup->timeout_us, timeout);
    if (warmup->ring_used < warmup->ring_size || has_failure(warmup)) {
        snprintf(result->words, sizeof result->words,
                 "after %s: %u requests, %u failed%s%.100s; %u good ones in a row are wanted",
                 timeout, result->sent, result->failed, result->failed > 0 ? ", last: " : "",
                 warmup->last_failure.words, warmup->ring_size);
        return;
    }
    result->p95_us = find_p95(warmup);
    num_format_duration(result->p95_us, p95);
    num_format_duration(warmup->p95_us, limit);
    snprintf(result->words, sizeof result->words,
             "after %s and %u requests: p95 is %s, wanted are %s", timeout, result->sent, p95,
             limit);
}

static void on_limit(void *arg)
{
    struct warmup *warmup = arg;

    CHECK(warmup->magic == WARMUP_MAGIC);
    describe_cold(warmup);
    finish(warmup, false);
}

static void on_pause(void *arg)
{
    start_lane(arg);
}

static void on_answer(void *arg, const struct probe_result *result)
{
    struct lane *lane = arg;
    struct warmup *warmup = lane->warmup;
    bool is_good = result->fault == FAULT_NONE;

    CHECK(warmup->magic == WARMUP_MAGIC);
    lane->probe = NULL;
    warmup->result.sent++;
    warmup->ring[warmup->ring_next] = is_good ? result->duration_us : UINT64_MAX;
    warmup->ring_next = (warmup->ring_next + 1) % warmup->ring_size;
    if (warmup->ring_used < warmup->ring_size)
        warmup->ring_used++;
    if (!is_good) {
        warmup->result.failed++;
        warmup->last_failure = *result;
        timer_arm(lane->pause, PAUSE_MS);
        return;
    }
    if (is_warm(warmup)) {
        describe_warm(warmup);
        finish(warmup, true);
        return;
    }
    start_lane(lane);
}

static void start_lane(struct lane *lane)
{
    struct warmup *warmup = lane->warmup;
    struct probe_order order = {
        .target = warmup->watch->target, .spec = warmup->spec, .done = on_answer, .arg = lane
    };

    lane->probe = probe_start(warmup->watch->health->loop, &order);
}

static struct probe_spec *make_spec(const struct warmup_spec *spec)
{
    static const struct probe_range statuses[] = { { 200, 399 } };
    struct probe_spec wanted = {
        .enabled = true,
        .kind = PROBE_HTTP,
        .timeout_us = spec->timeout_us,
        .path = spec->path,
        .host = spec->host,
        .status_count = 1,
        .statuses = statuses,
    };

    return probe_spec_copy(&wanted);
}

int health_warm(struct health *health, struct target *target, const struct warmup_spec *spec,
                warmup_done_fn *done, void *arg)
{
    struct watch *watch = watch_find(target);
    struct warmup *warmup = NULL;

    if (watch == NULL || watch->health != health)
        return ERR_NOT_FOUND;
    if (spec->requests == 0 || spec->requests > WARMUP_REQUESTS_MAX || spec->concurrency == 0 ||
        spec->concurrency > WARMUP_CONCURRENCY_MAX || spec->timeout_us == 0)
        return ERR_RANGE;
    warmup = mem_zalloc(sizeof *warmup);
    warmup->magic = WARMUP_MAGIC;
    warmup->watch = watch;
    warmup->spec = make_spec(spec);
    warmup->done = done;
    warmup->arg = arg;
    warmup->p95_us = spec->p95_us;
    warmup->timeout_us = spec->timeout_us;
    warmup->ring_size = spec->requests;
    warmup->ring = mem_zalloc(spec->requests * sizeof *warmup->ring);
    warmup->lane_count = spec->concurrency;
    warmup->lanes = mem_zalloc(spec->concurrency * sizeof *warmup->lanes);
    warmup->limit = timer_new(health->loop, on_limit, warmup);
    timer_arm(warmup->limit, (spec->timeout_us + 999) / 1000);
    TAILQ_INSERT_TAIL(&watch->warmups, warmup, link);
    for (unsigned i = 0; i < warmup->lane_count; i++) {
        warmup->lanes[i].warmup = warmup;
        warmup->lanes[i].pause = timer_new(health->loop, on_pause, &warmup->lanes[i]);
        start_lane(&warmup->lanes[i]);
    }
    return 0;
}

void health_warm_cancel(struct health *health, const void *arg)
{
    struct watch *watch = NULL;

    TAILQ_FOREACH(watch, &health->watches, link)
    {
        struct warmup *warmup = TAILQ_FIRST(&watch->warmups);

        while (warmup != NULL) {
            struct warmup *next = TAILQ_NEXT(warmup, link);

            if (warmup->arg == arg)
                close_warmup(warmup);
            warmup = next;
        }
    }
}

void warmup_refuse_all(struct watch *watch)
{
    struct warmup *warmup = NULL;

    while ((warmup = TAILQ_FIRST(&watch->warmups)) != NULL) {
        snprintf(warmup->result.words, sizeof warmup->result.words,
                 "the target was taken away while it was warmed up");
        finish(warmup, false);
    }
}
