/* A thousand tenants, each judged by itself: the one that fails is found, nobody else is touched. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "evidence/cohort.h"
#include "unit/evidence/traffic.h"

enum { TENANTS = 1000, BAD = 417, TICKS = 1200 };

static struct cohort cohorts[TENANTS];
static struct cohort_totals totals[TENANTS];

/* One tick of every tenant at 5 requests a second; the index of the one that fires, or -1. */
static int run_tick(struct made_traffic *traffic, const struct settings *settings,
                    struct cohort_look *look, double bad_rate)
{
    struct engine_event event;
    int fired = -1;

    for (unsigned i = 0; i < TENANTS; i++) {
        uint64_t n = traffic_poisson(traffic, 0.5);
        double rate = i == BAD ? bad_rate : 0.001;

        if (n == 0)
            continue;
        totals[i].n += n;
        for (uint64_t j = 0; j < n; j++)
            totals[i].e += traffic_random(traffic) < rate;
        look->candidate = totals[i];
        if (!cohort_judge(&cohorts[i], settings, look, &event))
            continue;
        cr_assert_eq(i, BAD, "%s: %llu of %llu", event.trigger,
                     (unsigned long long)event.candidate_x, (unsigned long long)event.candidate_n);
        cr_assert_geq(event.evidence, event.threshold);
        fired = (int)i;
    }
    return fired;
}

Test(cohort, of_a_thousand_tenants_only_the_one_that_fails_is_found)
{
    struct made_traffic traffic = traffic_new(12, 1, 1);
    struct cohort_look look = { .baseline_rate = 0.001, .phi = 1 };
    struct settings settings;
    unsigned found = TICKS;

    settings_default(&settings);
    for (unsigned i = 0; i < TENANTS; i++)
        cohort_init(&cohorts[i], &settings, settings.false_rollback_per_hour / TENANTS, &look);
    for (unsigned i = 0; i < TICKS && found == TICKS; i++) {
        look.now_ms += 100;
        look.baseline.n += 100;
        look.baseline.e += i % 10 == 0;
        if (run_tick(&traffic, &settings, &look, i < 600 ? 0.001 : 0.3) == BAD)
            found = i;
    }
    cr_assert_geq(found, 600);
    cr_assert_lt(found, 600 + 300, "not within 30 s");
}

Test(cohort, it_is_small)
{
    struct cohort cohort;

    cr_assert_leq(sizeof cohort, 1300);
}

/* The same block gives the same evidence as the row of an engine with that budget. */
Test(cohort, it_is_the_same_row)
{
    struct cohort_look look = { .baseline_rate = 0.001, .phi = 2 };
    struct engine_event event;
    struct settings settings;
    struct cohort cohort;
    struct row_rule rule = { .ratio = 1.5, .margin = 0.0005, .sustain_ms = 3000 };
    struct row_block block = {
        .counts = { 50, 2, 500, 1 }, .dt_ms = 700, .baseline_rate = 0.001, .phi = 2
    };
    struct row row = { 0 };

    settings_default(&settings);
    rule.budget = 0.001 * 0.25 / (0.25 + 0.20);
    cohort_init(&cohort, &settings, 0.001, &look);
    look.now_ms = 700;
    look.candidate = (struct cohort_totals){ 50, 2 };
    look.baseline = (struct cohort_totals){ 500, 1 };
    cr_assert_not(cohort_judge(&cohort, &settings, &look, &event));
    row_reset(&row, &rule, &settings);
    row_add(&row, &rule, &settings, &block);
    cr_assert_float_eq(cohort.rows[0].evidence, row.evidence, 1e-12);
    cr_assert_gt(cohort.rows[0].evidence, -20);
}

/* Without requests of its own nothing is judged; a silent baseline is waited for. */
Test(cohort, it_waits_for_both_sides)
{
    struct cohort_look look = { .baseline_rate = 0.001, .phi = 1 };
    struct engine_event event;
    struct settings settings;
    struct cohort cohort;

    settings_default(&settings);
    cohort_init(&cohort, &settings, 0.001, &look);
    look.now_ms = 1000;
    look.baseline.n = 10;
    cr_assert_not(cohort_judge(&cohort, &settings, &look, &event));
    cr_assert_eq(cohort.block_ms, 0);
    look.baseline.n = 0;
    look.candidate.n = 1;
    cr_assert_not(cohort_judge(&cohort, &settings, &look, &event));
    cr_assert_eq(cohort.block_ms, 0);
    look.now_ms = 5000;
    cr_assert_not(cohort_judge(&cohort, &settings, &look, &event));
    cr_assert_eq(cohort.block_ms, 5000);
}

Test(cohort, two_errors_are_not_enough)
{
    struct cohort_look look = { .baseline_rate = 1e-5, .phi = 1 };
    struct engine_event event;
    struct settings settings;
    struct cohort cohort;
    unsigned errors = 0;

    settings_default(&settings);
    cohort_init(&cohort, &settings, 0.3, &look);
    do {
        look.now_ms += 100000;
        look.candidate.n++;
        look.candidate.e++;
        look.baseline.n += 5000;
        errors++;
    } while (errors < 20 && !cohort_judge(&cohort, &settings, &look, &event));
    cr_assert_eq(errors, 3);
    cr_assert_eq(event.candidate_x, 3);
    cr_assert_gt(event.evidence, event.threshold + 1, "the evidence was there before");
}
