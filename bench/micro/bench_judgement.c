/* room: evidence */
/*
 * What judging costs: one tick of an engine, in microseconds, for error rows alone, with latency, and while nothing
 * comes; a tenant's look; and a tick that is recorded. One line per result.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "evidence/cohort.h"
#include "evidence/record.h"

enum { TICKS = 20000, VARIANTS = 64 };

struct scene {
    const char *name;
    unsigned candidate_n, baseline_n; /* in a tick */
    bool has_latency;
    bool is_recorded;
};

static const struct scene scenes[] = {
    { "nothing comes", 0, 0, false, false },
    { "errors, 1000/s at 5%", 5, 95, false, false },
    { "errors, 50000/s at 50%", 2500, 2500, false, false },
    { "latency, 1000/s at 5%", 5, 95, true, false },
    { "latency, 50000/s at 50%", 2500, 2500, true, false },
    { "latency, recorded", 2500, 2500, true, true },
};

static struct counts candidates[VARIANTS];
static struct counts baselines[VARIANTS];

static void fill(struct counts *out, unsigned n, bool has_latency, uint64_t *random)
{
    memset(out, 0, sizeof *out);
    out->n = n;
    for (unsigned i = 0; i < n; i++) {
        uint64_t bits = hash_random(random);
        uint64_t us = 20000 + (bits >> 40) % 60000;

        out->bins[bits % COUNTS_BINS].n++;
        if ((bits >> 8) % 1000 == 0) {
            out->bins[bits % COUNTS_BINS].e++;
            out->e++;
        } else if (has_latency) {
            out->buckets[counts_bucket(us)]++;
            out->sum_us += us;
        }
    }
}

static void measure_ticks(const struct scene *scene)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct record *record = record_new(10000, 1024 * 1024);
    struct settings settings;
    struct engine *engine = NULL;
    uint64_t random = 1;
    uint64_t start = 0;
    unsigned event_count = 0;

    settings_default(&settings);
    settings.auto_rollback = 0;
    engine = engine_new(&settings);
    for (unsigned i = 0; i < VARIANTS; i++) {
        fill(&candidates[i], scene->candidate_n, scene->has_latency, &random);
        fill(&baselines[i], scene->baseline_n, scene->has_latency, &random);
    }
    start = clock_monotonic_us();
    for (unsigned i = 0; i < TICKS; i++) {
        struct engine_tick tick = { .dt_ms = 100,
                                    .weight = 50,
                                    .candidate = &candidates[i % VARIANTS],
                                    .baseline = &baselines[i % VARIANTS] };

        event_count += scene->is_recorded ? record_tick(record, engine, &tick, events)
                                          : engine_tick(engine, &tick, events);
    }
    printf("evidence %-28s %6.2f us/tick (%u events)\n", scene->name,
           (double)(clock_monotonic_us() - start) / TICKS, event_count);
    engine_free(engine);
    record_free(record);
}

static void measure_cohort(void)
{
    struct cohort_look look = { .baseline_rate = 0.001, .phi = 1 };
    struct engine_event event;
    struct settings settings;
    struct cohort cohort;
    uint64_t start = 0;
    unsigned event_count = 0;

    settings_default(&settings);
    cohort_init(&cohort, &settings, 1e-6, &look);
    start = clock_monotonic_us();
    for (unsigned i = 0; i < TICKS; i++) {
        look.now_ms += 100;
        look.candidate.n += 1;
        look.baseline.n += 100;
        look.baseline.e += i % 10 == 0;
        event_count += cohort_judge(&cohort, &settings, &look, &event);
    }
    printf("evidence %-28s %6.2f us/look (%u events, %zu bytes)\n", "one tenant",
           (double)(clock_monotonic_us() - start) / TICKS, event_count, sizeof cohort);
}

int main(void)
{
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        measure_ticks(&scenes[i]);
    measure_cohort();
    return 0;
}
