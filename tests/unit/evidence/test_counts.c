/* Latency buckets: counts.h. */
#include <criterion/criterion.h>

#include "evidence/counts.h"

Test(counts, every_time_lies_below_the_edge_of_its_bucket_and_not_below_the_one_before)
{
    for (uint64_t us = 0; us < 1u << 20; us++) {
        unsigned bucket = counts_bucket(us);

        cr_assert_lt(us, counts_edge_us(bucket));
        cr_assert(bucket == 0 || us >= counts_edge_us(bucket - 1));
    }
}

Test(counts, the_last_bucket_takes_the_rest)
{
    cr_assert_eq(counts_bucket((1ull << 27) - 1), COUNTS_BUCKETS - 1);
    cr_assert_eq(counts_bucket(1ull << 27), COUNTS_BUCKETS - 1);
    cr_assert_eq(counts_bucket(UINT64_MAX), COUNTS_BUCKETS - 1);
    cr_assert_eq(counts_edge_us(COUNTS_BUCKETS - 1), 1ull << 27);
}
