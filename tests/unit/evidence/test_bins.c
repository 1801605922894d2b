/* Whether the errors are one key's: each condition at its edge. */
#include <criterion/criterion.h>
#include <string.h>

#include "evidence/bins_priv.h"

static struct settings settings;
static struct bins bins;

/* `top` errors of 20 requests of key 9, `rest` errors of `others` requests of key 30. */
static int culprit(double top, double rest, double others)
{
    settings_default(&settings);
    memset(&bins, 0, sizeof bins);
    bins.n[9] = 20;
    bins.e[9] = top;
    bins.n[30] = others;
    bins.e[30] = rest;
    return bins_find_culprit(&bins, &settings, 0.05);
}

Test(bins, one_key_has_more_than_half_of_the_errors)
{
    cr_assert_eq(culprit(5, 4, 1000), 9);
    cr_assert_eq(culprit(5, 5, 1000), -1, "half is not more");
    cr_assert_eq(culprit(4, 5, 1000), -1, "the top key's others fail as well");
}

Test(bins, there_are_enough_errors_and_enough_of_the_others)
{
    cr_assert_eq(culprit(3, 0, 50), 9);
    cr_assert_eq(culprit(2, 0, 50), -1);
    cr_assert_eq(culprit(3, 0, 49), -1);
    cr_assert_eq(culprit(0, 0, 1000), -1);
}

Test(bins, the_others_stay_within_the_limit)
{
    cr_assert_eq(culprit(20, 5, 100), 9);
    cr_assert_eq(culprit(20, 6, 100), -1);
}

Test(bins, only_so_many_keys_are_left_out_and_it_can_be_switched_off)
{
    cr_assert_eq(culprit(5, 0, 1000), 9);
    settings.concentration = 0;
    cr_assert_eq(bins_find_culprit(&bins, &settings, 0.05), -1);
    settings.concentration = 1;
    for (unsigned key = 40; key < 44; key++) {
        cr_assert_eq(bins_find_culprit(&bins, &settings, 0.05), 9);
        bins_leave_out(&bins, key, 1000);
    }
    cr_assert_eq(bins_find_culprit(&bins, &settings, 0.05), -1);
    bins_add(&bins, &settings, (struct bins_now){ 1000, 100 }, NULL);
    cr_assert_eq(bins.out_count, 0);
    cr_assert_eq(bins_find_culprit(&bins, &settings, 0.05), 9);
}

Test(bins, the_first_of_equal_keys_is_the_top_and_all_fade)
{
    struct counts_bin candidate[COUNTS_BINS] = { [5] = { 10, 4 }, [6] = { 10, 4 } };

    settings_default(&settings);
    memset(&bins, 0, sizeof bins);
    bins_add(&bins, &settings, (struct bins_now){ 100, 100 }, candidate);
    cr_assert_eq(bins_top(&bins), 5);
    bins_add(&bins, &settings, (struct bins_now){ 30100, 30000 }, NULL);
    cr_assert_float_eq(bins.e[5], 2, 1e-12);
    cr_assert_float_eq(bins.n[6], 5, 1e-12);
}

Test(bins, what_is_left_out_counts_in_neither_slot)
{
    struct counts counts = { .n = 100, .e = 30 };
    uint64_t n = 0;
    uint64_t e = 0;

    settings_default(&settings);
    memset(&bins, 0, sizeof bins);
    counts.bins[7] = (struct counts_bin){ 20, 18 };
    bins_subtract(&bins, &counts, &n, &e);
    cr_assert(n == 100 && e == 30);
    bins_leave_out(&bins, 7, 5000);
    bins_subtract(&bins, &counts, &n, &e);
    cr_assert(n == 80 && e == 12);
    counts.bins[7] = (struct counts_bin){ 200, 200 };
    bins_subtract(&bins, &counts, &n, &e);
    cr_assert(n == 0 && e == 0, "a fold in between may tear bins from sums");
}
