/*
 * The rule against made-up traffic with fixed seeds: no rollback without a regression, and regressions found in about
 * the time that simulations of the rule say. SWITCHYARD_TEST_FULL=1: ten hours and more, more runs.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "unit/evidence/traffic.h"

static bool is_full(void)
{
    return getenv("SWITCHYARD_TEST_FULL") != NULL;
}

static struct engine *begin(struct made_traffic *traffic, bool has_latency)
{
    struct settings settings;
    struct memory memory = { .n = 200000, .e = 200, .spread = 400, .expected = 400 };
    struct engine *engine = NULL;

    settings_default(&settings);
    engine = engine_new(&settings);
    engine_remember(engine, &memory);
    traffic->has_latency = has_latency;
    return engine;
}

/* Runs until a rollback; the tick, or `most`. */
static unsigned run(struct engine *engine, struct made_traffic *traffic, unsigned most)
{
    struct engine_event events[ENGINE_EVENTS_MAX];

    for (unsigned i = 0; i < most; i++) {
        struct engine_tick tick = traffic_tick(traffic, 100);
        unsigned count = engine_tick(engine, &tick, events);

        for (unsigned j = 0; j < count; j++) {
            if (events[j].action == ENGINE_ROLLBACK)
                return i;
        }
    }
    return most;
}

/* Traffic without a difference between the slots. */
struct clean {
    double per_s, weight;
    double rate;
    bool has_latency;
};

static void stays_clean(const struct clean *at, uint64_t seed, unsigned ticks)
{
    struct made_traffic traffic = traffic_new(seed, at->per_s, at->weight);
    struct engine *engine = begin(&traffic, at->has_latency);

    traffic.candidate_rate = traffic.baseline_rate = at->rate;
    cr_assert_eq(run(engine, &traffic, ticks), ticks, "%g/s %g%%, seed %llu", at->per_s, at->weight,
                 (unsigned long long)seed);
    engine_free(engine);
}

Test(simulation, clean_traffic_is_never_rolled_back, .timeout = 1200)
{
    static const struct clean scenes[] = {
        { 1, 50, 0.001, false },     { 10, 5, 0.001, false },    { 100, 1, 0.001, false },
        { 100, 50, 0.01, false },    { 1000, 5, 0.001, false },  { 1000, 100, 0.001, false },
        { 10000, 25, 0.001, false }, { 50000, 1, 0.001, false }, { 30, 50, 0.001, true },
        { 100, 25, 0.001, true },
    };
    unsigned ticks = is_full() ? 36000 : 1800;

    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        for (uint64_t seed = 1; seed <= (is_full() ? 2 : 1); seed++)
            stays_clean(&scenes[i], 100 * i + seed, ticks);
    }
}

/* Both slots fail at once, again and again: no move helps, none is made. */
Test(simulation, blips_of_both_slots_move_nothing, .timeout = 600)
{
    struct made_traffic traffic = traffic_new(7, 1000, 5);
    struct engine *engine = begin(&traffic, false);

    for (unsigned i = 0; i < (is_full() ? 100u : 6u); i++) {
        traffic.candidate_rate = traffic.baseline_rate = 0.001;
        cr_assert_eq(run(engine, &traffic, 300), 300);
        traffic.candidate_rate = traffic.baseline_rate = 0.5;
        cr_assert_eq(run(engine, &traffic, 20), 20);
    }
    engine_free(engine);
}

Test(simulation, a_candidate_that_errs_a_fifth_more_is_let_be, .timeout = 600)
{
    struct made_traffic traffic = traffic_new(8, 1000, 50);
    struct engine *engine = begin(&traffic, false);
    unsigned ticks = is_full() ? 36000 : 6000;

    traffic.candidate_rate = 0.0012;
    cr_assert_eq(run(engine, &traffic, ticks), ticks);
    engine_free(engine);
}

/* A regression and the median of its detection as it was measured, in seconds. */
struct regression {
    double per_s, weight;
    double rate;   /* of errors */
    double slower; /* times */
    double median_s;
};

static int compare(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;

    return (*left > *right) - (*left < *right);
}

static double detect(const struct regression *at, uint64_t seed)
{
    struct made_traffic traffic = traffic_new(seed, at->per_s, at->weight);
    struct engine *engine = begin(&traffic, at->slower > 1);
    unsigned most = (unsigned)(at->median_s * 100);
    unsigned tick = 0;

    cr_assert_eq(run(engine, &traffic, 300), 300);
    traffic.candidate_rate = at->rate;
    traffic.candidate_median_us *= at->slower;
    tick = run(engine, &traffic, most);
    cr_assert_lt(tick, most, "%g/s %g%% to %g, x%g: not found", at->per_s, at->weight, at->rate,
                 at->slower);
    engine_free(engine);
    return (tick + 1) * 0.1;
}

static void is_found_in_time(const struct regression *at)
{
    double times[15];
    unsigned count = is_full() ? 15 : 3;

    for (unsigned i = 0; i < count; i++)
        times[i] = detect(at, 31 * (i + 1));
    qsort(times, count, sizeof *times, compare);
    cr_assert(times[count / 2] < at->median_s * 2 && times[count / 2] > at->median_s / 2.5,
              "%g/s %g%% to %g, x%g: %.1f s, measured %.1f s", at->per_s, at->weight, at->rate,
              at->slower, times[count / 2], at->median_s);
}

Test(simulation, regressions_are_found_in_about_the_time_that_is_promised, .timeout = 1200)
{
    static const struct regression regressions[] = {
        { 1, 50, 1, 1, 12.7 },       { 10, 5, 1, 1, 11.9 },      { 100, 1, 1, 1, 4.5 },
        { 100, 25, 1, 1, 0.9 },      { 1000, 1, 1, 1, 1.0 },     { 1000, 25, 1, 1, 0.6 },
        { 50000, 1, 1, 1, 0.6 },     { 10, 50, 0.05, 1, 55 },    { 100, 25, 0.05, 1, 17 },
        { 1000, 5, 0.05, 1, 4.7 },   { 10000, 5, 0.05, 1, 1.2 }, { 1000, 5, 0.01, 1, 51 },
        { 1000, 50, 0.01, 1, 13 },   { 50000, 1, 0.01, 1, 4.5 }, { 1000, 50, 0.005, 1, 58 },
        { 100, 50, 0.001, 1.5, 92 }, { 100, 5, 0.001, 10, 8.4 },
    };

    for (size_t i = 0; i < sizeof regressions / sizeof *regressions; i++)
        is_found_in_time(&regressions[i]);
}

Test(simulation, a_tail_that_few_requests_are_in_is_found)
{
    struct made_traffic traffic = traffic_new(9, 1000, 50);
    struct engine *engine = begin(&traffic, true);

    cr_assert_eq(run(engine, &traffic, 300), 300);
    traffic.candidate_tail = 0.02;
    cr_assert_lt(run(engine, &traffic, 300), 300);
    engine_free(engine);
}

/* Twice as slow as next to nothing is still next to nothing; twenty times is not. */
Test(simulation, what_is_not_slower_by_the_least_is_let_be, .timeout = 600)
{
    static const struct {
        double least_ms, slower;
        bool is_taken_back;
    } cases[] = { { 0, 2.2, true }, { 5, 2.2, false }, { 5, 30, true } };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made_traffic traffic = traffic_new(40 + i, 1000, 50);
        struct settings settings;
        struct engine *engine = NULL;

        settings_default(&settings);
        settings.latency_least_ms = cases[i].least_ms;
        engine = engine_new(&settings);
        traffic.has_latency = true;
        traffic.sigma = 0.3;
        traffic.candidate_median_us = traffic.baseline_median_us = 500;
        cr_assert_eq(run(engine, &traffic, 300), 300);
        traffic.candidate_median_us *= cases[i].slower;
        cr_expect_eq(run(engine, &traffic, 600) < 600, cases[i].is_taken_back, "case %zu", i);
        engine_free(engine);
    }
}
