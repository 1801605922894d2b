/* How late a loop is: net/lag.h, and the wheel that measures it. */
#include <criterion/criterion.h>
#include <time.h>

#include "base/clock.h"
#include "drive.h"
#include "net/lag.h"
#include "net/loop.h"
#include "net/wheel.h"

static uint64_t count_all(const struct lag_totals *totals)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < LAG_BUCKETS; i++)
        count += totals->buckets[i];
    return count;
}

Test(lag, edges_belong_to_the_bucket_below)
{
    static struct lag lag;
    struct lag_totals totals;

    lag_note(&lag, 0);
    lag_note(&lag, 1000);
    lag_note(&lag, 1001);
    lag_note(&lag, UINT32_MAX);
    lag_read(&lag, &totals);
    cr_expect_eq(totals.buckets[0], 2);
    cr_expect_eq(totals.buckets[1], 1);
    cr_expect_eq(totals.buckets[LAG_BUCKETS - 1], 1);
    cr_expect_eq(totals.sum_us, 2001 + (uint64_t)UINT32_MAX);
    for (unsigned i = 1; i < LAG_BUCKETS - 1; i++)
        cr_expect_gt(lag_edges_us[i], lag_edges_us[i - 1]);
}

struct watched {
    const struct lag *lag;
    uint64_t wanted;
};

static bool has_ticked(void *arg)
{
    const struct watched *watched = arg;
    struct lag_totals totals;

    lag_read(watched->lag, &totals);
    return count_all(&totals) >= watched->wanted;
}

/* A loop that was kept busy for 300 ms came that late to its next tick; the one behind it is not late for that. */
Test(lag, a_busy_loop_is_late_once)
{
    struct loop *loop = loop_new();
    struct wheel *wheel = wheel_new(loop);
    struct watched watched = { .lag = wheel_lag(wheel), .wanted = 3 };
    struct timespec busy = { .tv_nsec = 300 * 1000 * 1000 };
    struct lag_totals before;
    struct lag_totals after;

    cr_assert(drive_until(loop, has_ticked, &watched));
    lag_read(watched.lag, &before);
    nanosleep(&busy, NULL);
    watched.wanted = count_all(&before) + 3;
    cr_assert(drive_until(loop, has_ticked, &watched));
    lag_read(watched.lag, &after);
    cr_expect_geq(after.sum_us - before.sum_us, 240000);
    cr_expect_geq(after.buckets[7] + after.buckets[8] + after.buckets[9],
                  before.buckets[7] + before.buckets[8] + before.buckets[9] + 1);
    wheel_free(wheel);
    loop_free(loop);
}
