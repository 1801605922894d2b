/* Stamps of known times, and that the clocks are those they say. */
#include "base/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct row {
    uint64_t us;
    const char *stamp;
};

static const struct row rows[] = {
    { 0, "1970-01-01T00:00:00.000Z" },
    { 999, "1970-01-01T00:00:00.000Z" },
    { 1000, "1970-01-01T00:00:00.001Z" },
    { 999999, "1970-01-01T00:00:00.999Z" },
    { 951782399999999, "2000-02-28T23:59:59.999Z" },
    { 951782400000000, "2000-02-29T00:00:00.000Z" },
    { 1767323045678000, "2026-01-02T03:04:05.678Z" },
    { 4102444799000000, "2099-12-31T23:59:59.000Z" },
    { 253402300799999000, "9999-12-31T23:59:59.999Z" },
};

Test(clock, stamps)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[CLOCK_STAMP_SIZE];

        memset(out, '#', sizeof out);
        clock_stamp(rows[i].us, out);
        cr_expect_str_eq(out, rows[i].stamp);
    }
}

Test(clock, stamps_in_utc_whatever_the_zone)
{
    char out[CLOCK_STAMP_SIZE];

    setenv("TZ", "Pacific/Auckland", 1);
    tzset();
    clock_stamp(0, out);
    cr_expect_str_eq(out, "1970-01-01T00:00:00.000Z");
}

Test(clock, the_monotonic_one_does_not_go_back)
{
    uint64_t last = clock_monotonic_us();

    for (int i = 0; i < 100000; i++) {
        uint64_t now = clock_monotonic_us();

        cr_assert_geq(now, last);
        last = now;
    }
}

Test(clock, the_wall_clock_counts_microseconds_since_1970)
{
    uint64_t before = (uint64_t)time(NULL);
    uint64_t now = clock_wall_us() / 1000000u;

    cr_assert_geq(now + 1, before); /* time() may lag by a tick */
    cr_assert_leq(now, (uint64_t)time(NULL) + 1);
}

Test(clock, a_shift_moves_both)
{
    const uint64_t day_us = 24ULL * 3600 * 1000 * 1000;
    uint64_t monotonic_us = clock_monotonic_us();
    uint64_t wall_us = clock_wall_us();

    clock_shift(day_us);
    cr_assert_geq(clock_monotonic_us(), monotonic_us + day_us);
    cr_assert_geq(clock_wall_us(), wall_us + day_us);
    cr_assert_lt(clock_wall_us(), wall_us + 2 * day_us);
}
