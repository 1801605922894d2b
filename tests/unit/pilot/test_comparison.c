/* The candidate beside its baseline: counted from the beginning of the trial on. */
#include <criterion/criterion.h>

#include "pilot/comparison.h"
#include "unit/pilot/bench_pilot.h"

Test(comparison, counts_from_the_beginning_of_the_trial)
{
    static const struct bench_traffic usual = { .n = 95, .us = 2000 };
    struct bench_pilot bench;
    struct comparison found;
    struct change change = { .kind = CHANGE_CANARY_START };

    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 50, usual, (struct bench_traffic){ .n = 0 });
    cr_assert(comparison_look(bench.pilot, 0, &found));
    cr_expect(!found.is_trial);
    cr_expect_str_eq(found.baseline.slot, "blue");
    cr_expect_str_eq(found.candidate.slot, "green");
    cr_expect_geq(found.baseline.requests, 95 * 49);
    change = bench_desk_change(CHANGE_CANARY_START, "shop", "green");
    change.share = 500;
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    bench_pilot_run(&bench, 1, usual, (struct bench_traffic){ .n = 0 });
    bench_pilot_run(&bench, 100, usual, (struct bench_traffic){ .n = 5, .us = 8000 });
    cr_assert(comparison_look(bench.pilot, 0, &found));
    cr_expect(found.is_trial);
    cr_expect_leq(found.baseline.requests, 95 * 101);
    cr_expect_geq(found.baseline.requests, 95 * 99);
    cr_expect_leq(found.candidate.requests, 500);
    cr_expect_geq(found.candidate.requests, 490);
    cr_expect_eq(found.candidate.errors, 0);
    cr_expect_eq(found.baseline.mean_us, 2000);
    cr_expect_eq(found.candidate.mean_us, 8000);
    cr_expect_geq(found.candidate.p95_us, 8000);
    cr_expect_lt(found.candidate.p95_us, 9000);
    cr_expect_float_eq(found.candidate.per_second, 50, 3);
    bench_pilot_fini(&bench);
}
