/* What the cells of a slot add up to, and that every reader is given each request once. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "route/slot.h"
#include "route/slot_evidence_priv.h"

static struct slot_evidence_mark mark;
static struct counts counts;

static uint64_t sum_buckets(const struct counts *of)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        sum += of->buckets[i];
    return sum;
}

Test(slot_evidence, is_given_once_and_summed_over_workers)
{
    struct slot *slot = slot_new(NULL, "blue", 2);

    slot_evidence_success(slot, 0, 5, 100);
    slot_evidence_success(slot, 1, 5, 100);
    slot_evidence_success(slot, 1, 6, 20);
    slot_evidence_error(slot, 0, 5);
    slot_evidence_stall(slot, 1, 63);
    cr_assert(slot_evidence_fold(slot, &mark, &counts));
    cr_assert_eq(counts.n, 5);
    cr_assert_eq(counts.e, 2);
    cr_assert_eq(counts.sum_us, 220);
    cr_assert_eq(counts.buckets[counts_bucket(100)], 2);
    cr_assert_eq(counts.buckets[counts_bucket(20)], 1);
    cr_assert_eq(sum_buckets(&counts), 3);
    cr_assert(counts.bins[5].n == 3 && counts.bins[5].e == 1);
    cr_assert(counts.bins[6].n == 1 && counts.bins[6].e == 0);
    cr_assert(counts.bins[63].n == 1 && counts.bins[63].e == 1);
    cr_assert_not(slot_evidence_fold(slot, &mark, &counts));
    cr_assert(counts.n == 0 && counts.e == 0 && sum_buckets(&counts) == 0);
    cr_assert_eq(slot_evidence_totals(slot)->stalled, 1);
    slot_free(slot);
}

Test(slot_evidence, a_key_beyond_the_bins_is_folded_into_them)
{
    struct slot *slot = slot_new(NULL, "blue", 1);

    slot_evidence_error(slot, 0, 64 + 3);
    cr_assert(slot_evidence_fold(slot, &mark, &counts));
    cr_assert(counts.bins[3].n == 1 && counts.bins[3].e == 1);
    slot_free(slot);
}

/* Each reader has its own mark: what one was given, or that it came late, is nothing to the other. */
Test(slot_evidence, readers_do_not_disturb_each_other)
{
    struct slot *slot = slot_new(NULL, "blue", 2);
    struct slot_evidence_mark *late = mem_zalloc(sizeof *late);

    for (unsigned round = 0; round < 7; round++) {
        slot_evidence_success(slot, round % 2, round, round * 1000);
        slot_evidence_error(slot, 1, 9);
        cr_assert(slot_evidence_fold(slot, &mark, &counts));
        cr_assert(counts.n == 2 && counts.e == 1 && sum_buckets(&counts) == 1, "%u", round);
    }
    cr_assert(slot_evidence_fold(slot, late, &counts));
    cr_assert(counts.n == 14 && counts.e == 7 && counts.sum_us == 21000);
    cr_assert_eq(sum_buckets(&counts), 7);
    cr_assert_eq(counts.bins[9].e, 7);
    cr_assert_not(slot_evidence_fold(slot, late, &counts));
    cr_assert_not(slot_evidence_fold(slot, &mark, &counts));
    free(late);
    slot_free(slot);
}

Test(slot_evidence, goes_on_over_the_wrap_of_a_counter)
{
    struct slot *slot = slot_new(NULL, "blue", 2);
    struct evidence_cell *cell = &slot->evidence->cells[1];
    unsigned bucket = counts_bucket(70);

    /* as after four billion requests that were all folded */
    atomic_store(&cell->buckets[bucket], UINT32_MAX - 1);
    atomic_store(&cell->bins[2].n, UINT32_MAX);
    slot->evidence->totals.buckets[bucket] = UINT32_MAX - 1;
    slot->evidence->totals.bins[2].n = UINT32_MAX;
    mark.given = slot->evidence->totals;
    for (unsigned i = 0; i < 5; i++)
        slot_evidence_success(slot, 1, 2, 70);
    slot_evidence_success(slot, 0, 2, 70);
    cr_assert(slot_evidence_fold(slot, &mark, &counts));
    cr_assert(counts.n == 6 && counts.buckets[bucket] == 6 && counts.bins[2].n == 6);
    cr_assert_eq(slot_evidence_totals(slot)->buckets[bucket], UINT64_C(0x100000004));
    cr_assert_eq(slot_evidence_totals(slot)->bins[2].n, UINT64_C(0x100000005));
    slot_free(slot);
}

/* A worker in the middle of a request: its error is there, the request not yet. */
Test(slot_evidence, an_error_before_its_request_waits_for_it)
{
    struct slot *slot = slot_new(NULL, "blue", 1);
    struct evidence_cell *cell = &slot->evidence->cells[0];

    slot_evidence_error(slot, 0, 1);
    atomic_fetch_add(&cell->e, 1);
    atomic_fetch_add(&cell->bins[1].e, 1);
    cr_assert(slot_evidence_fold(slot, &mark, &counts));
    cr_assert(counts.n == 1 && counts.e == 1);
    cr_assert(counts.bins[1].n == 1 && counts.bins[1].e == 1);
    atomic_fetch_add(&cell->bins[1].n, 1);
    atomic_fetch_add(&cell->n, 1);
    cr_assert(slot_evidence_fold(slot, &mark, &counts));
    cr_assert(counts.n == 1 && counts.e == 1);
    cr_assert(counts.bins[1].n == 1 && counts.bins[1].e == 1);
    slot_free(slot);
}

/* A reader that was away for more than a counter of the answer holds is told the most. */
Test(slot_evidence, more_than_fits_is_cut)
{
    struct slot *slot = slot_new(NULL, "blue", 1);

    slot_evidence_success(slot, 0, 0, 1);
    slot_evidence_totals(slot);
    slot->evidence->totals.buckets[1] = UINT64_C(1) << 40;
    cr_assert(slot_evidence_fold(slot, &mark, &counts));
    cr_assert_eq(counts.buckets[1], UINT32_MAX);
    slot_free(slot);
}

/* Against a plain sum, at random, with folds in between by two readers and everything in every line. */
Test(slot_evidence, agrees_with_a_plain_sum)
{
    struct slot *slot = slot_new(NULL, "blue", 3);
    struct counts *plain = mem_zalloc(sizeof *plain);
    struct counts *summed = mem_zalloc(sizeof *summed);
    uint64_t random = 7;

    for (unsigned i = 0; i < 20000; i++) {
        uint64_t drawn = hash_random(&random) >> 8;
        uint64_t us = (drawn >> 20) >> (drawn % 40);
        unsigned bin = drawn >> 8 & 63;
        bool is_error = drawn % 5 == 0;

        plain->n++;
        plain->bins[bin].n++;
        plain->bins[bin].e += is_error;
        plain->e += is_error;
        plain->sum_us += is_error ? 0 : us;
        plain->buckets[counts_bucket(us)] += !is_error;
        if (is_error)
            slot_evidence_error(slot, i % 3, bin);
        else
            slot_evidence_success(slot, i % 3, bin, us);
        if (drawn % 7 != 0)
            continue;
        slot_evidence_totals(slot);
        slot_evidence_fold(slot, &mark, &counts);
        summed->n += counts.n;
        summed->e += counts.e;
        summed->sum_us += counts.sum_us;
        for (unsigned k = 0; k < COUNTS_BUCKETS; k++)
            summed->buckets[k] += counts.buckets[k];
        for (unsigned k = 0; k < COUNTS_BINS; k++) {
            summed->bins[k].n += counts.bins[k].n;
            summed->bins[k].e += counts.bins[k].e;
        }
        cr_assert_eq(memcmp(plain, summed, sizeof *plain), 0, "after %u", i);
    }
    free(plain);
    free(summed);
    slot_free(slot);
}
