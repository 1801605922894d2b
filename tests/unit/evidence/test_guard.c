/* The windowed guards: each condition at its edge. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/guard_priv.h"

static struct settings settings;
static struct guard_windows windows;

/* What a guard says of one full second, the third in a row. */
static struct guard_verdict judge(enum guard guard, struct guard_sums second, double phi)
{
    memset(&windows, 0, sizeof windows);
    windows.guards[guard].violated_count = 2;
    cr_assert(guard_add(&windows, &settings, &second, 1000));
    return guard_judge(&windows, &settings, guard, phi, true);
}

static bool fires(enum guard guard, struct guard_side candidate, struct guard_side baseline)
{
    return judge(guard, (struct guard_sums){ candidate, baseline }, 1).fires;
}

static void begin(void)
{
    settings_default(&settings);
    settings.guard_sigma = 0;
}

Test(guard, errors_need_their_numbers_and_no_veto)
{
    struct guard_side none = { 0 };

    begin();
    cr_assert(fires(GUARD_ERROR, (struct guard_side){ 190, 10, 0 }, none));
    cr_assert_not(fires(GUARD_ERROR, (struct guard_side){ 200, 10, 0 }, none), "the rate itself");
    cr_assert_not(fires(GUARD_ERROR, (struct guard_side){ 100, 9, 0 }, none));
    cr_assert_not(fires(GUARD_ERROR, (struct guard_side){ 99, 99, 0 }, none));
    cr_assert_not(
        fires(GUARD_ERROR, (struct guard_side){ 190, 10, 0 }, (struct guard_side){ 1000, 26, 0 }));
    cr_assert(
        fires(GUARD_ERROR, (struct guard_side){ 190, 10, 0 }, (struct guard_side){ 1000, 25, 0 }));
    cr_assert(
        fires(GUARD_ERROR, (struct guard_side){ 190, 10, 0 }, (struct guard_side){ 19, 19, 0 }));
    settings.guard_shared_veto = 0;
    cr_assert(
        fires(GUARD_ERROR, (struct guard_side){ 190, 10, 0 }, (struct guard_side){ 1000, 900, 0 }));
}

Test(guard, the_mean_needs_twenty_requests)
{
    struct guard_side none = { 0 };

    begin();
    cr_assert(fires(GUARD_MEAN, (struct guard_side){ 20, 0, 20 * 5000001ull }, none));
    cr_assert_not(fires(GUARD_MEAN, (struct guard_side){ 20, 0, 20 * 5000000ull }, none));
    cr_assert_not(fires(GUARD_MEAN, (struct guard_side){ 19, 0, 19 * 9000000ull }, none));
    cr_assert_not(fires(GUARD_MEAN, (struct guard_side){ 20, 0, 20 * 9000000ull },
                        (struct guard_side){ 20, 0, 20 * 2500001ull }));
}

Test(guard, the_spike_is_widened_by_the_clustering_of_errors)
{
    struct guard_sums sums = { { 1000, 30, 0 }, { 1000, 2, 0 } };
    double spread = 0.03 * 0.97 / 1000 + 0.002 * 0.998 / 1000;

    settings_default(&settings);
    cr_assert_float_eq(judge(GUARD_SPIKE, sums, 1).limit, 0.01 + 3 * sqrt(spread), 1e-15);
    cr_assert_float_eq(judge(GUARD_SPIKE, sums, 4).limit, 0.01 + 6 * sqrt(spread), 1e-15);
    cr_assert(judge(GUARD_SPIKE, sums, 1).fires);
    cr_assert_not(judge(GUARD_SPIKE, sums, 4).fires);
    sums.baseline.n = 499;
    cr_assert_not(judge(GUARD_SPIKE, sums, 1).fires);
    sums = (struct guard_sums){ { 500, 9, 0 }, { 500, 0, 0 } };
    settings.guard_sigma = 0;
    cr_assert_not(judge(GUARD_SPIKE, sums, 1).fires, "fewer than ten errors");
}

Test(guard, errors_are_widened_too)
{
    struct guard_sums sums = { { 400, 30, 0 }, { 0, 0, 0 } };

    settings_default(&settings);
    cr_assert_float_eq(judge(GUARD_ERROR, sums, 2).limit, 0.05 + 3 * sqrt(2 * 0.05 * 0.95 / 400),
                       1e-15);
}

Test(guard, the_ratio_is_off_until_it_is_asked_for_and_needs_a_baseline)
{
    struct guard_side slow = { 500, 0, 500 * 160ull };
    struct guard_side other = { 500, 0, 500 * 100ull };

    begin();
    cr_assert_not(fires(GUARD_SLOW, slow, other));
    settings.guard_slow_ratio = 1.5;
    cr_assert(fires(GUARD_SLOW, slow, other));
    cr_assert_not(fires(GUARD_SLOW, slow, (struct guard_side){ 0 }));
    cr_assert_not(guard_judge(&windows, &settings, GUARD_SLOW, 1, false).fires);
}

/* Errors take no time: a baseline that fails wholly for a while would make the candidate look slow. */
Test(guard, the_ratio_may_be_that_of_the_successes)
{
    struct guard_side candidate = { 600, 0, 600 * 100ull };
    struct guard_side failing = { 2000, 1400, 600 * 100ull };
    struct guard_side few = { 2000, 1501, 499 * 10ull };

    begin();
    settings.guard_slow_ratio = 1.5;
    cr_assert(fires(GUARD_SLOW, candidate, failing));
    settings.guard_slow_errors = 0;
    cr_assert_not(fires(GUARD_SLOW, candidate, failing));
    cr_assert_not(fires(GUARD_SLOW, candidate, few));
    few = (struct guard_side){ 2000, 1500, 500 * 10ull };
    cr_assert(fires(GUARD_SLOW, candidate, few));
}

/* A late tick is a longer piece: windows are of time, not of ticks. */
Test(guard, a_piece_leaves_the_window_when_its_time_is_over)
{
    struct guard_sums second = { { 100, 0, 0 }, { 0, 0, 0 } };
    struct guard_sums sum;

    begin();
    memset(&windows, 0, sizeof windows);
    cr_assert_not(guard_add(&windows, &settings, &second, 900));
    cr_assert(guard_add(&windows, &settings, &second, 100));
    guard_sum(&windows, &settings, 10000, &sum);
    cr_assert_eq(sum.candidate.n, 200);
    cr_assert(guard_add(&windows, &settings, &second, 9000));
    guard_sum(&windows, &settings, 10000, &sum);
    cr_assert_eq(sum.candidate.n, 300);
    cr_assert(guard_add(&windows, &settings, &second, 1000));
    guard_sum(&windows, &settings, 10000, &sum);
    cr_assert_eq(sum.candidate.n, 200);
    guard_restart(&windows);
    guard_sum(&windows, &settings, 10000, &sum);
    cr_assert_eq(sum.candidate.n, 0);
}
