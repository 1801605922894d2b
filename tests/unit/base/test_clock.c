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

Test(clock, reads_the_stamps_that_it_writes)
{
    static const struct {
        const char *text;
        const char *stamp;
    } cases[] = {
        { "1970-01-01", "1970-01-01T00:00:00.000Z" },
        { "2026-01-02T03:04", "2026-01-02T03:04:00.000Z" },
        { "2026-01-02T03:04Z", "2026-01-02T03:04:00.000Z" },
        { "2024-02-29T23:59:59", "2024-02-29T23:59:59.000Z" },
        { "2026-12-31T23:59:59.999Z", "2026-12-31T23:59:59.999Z" },
    };

    setenv("TZ", "Pacific/Auckland", 1);
    tzset();
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[CLOCK_STAMP_SIZE];
        uint64_t us = 0;

        cr_assert_eq(clock_parse(slice_from(cases[i].text), &us), 0, "%s", cases[i].text);
        clock_stamp(us, out);
        cr_expect_str_eq(out, cases[i].stamp);
    }
}

Test(clock, refuses_what_is_no_stamp)
{
    static const char *const cases[] = {
        "",
        "2026",
        "2026-1-2",
        "2026-13-01",
        "2026-02-29",
        "2026-00-01",
        "2026-01-00",
        "1969-12-31",
        "2026-01-02T",
        "2026-01-02T24:00",
        "2026-01-02Z0",
        "2026-01-02T03",
        "2026-01-02T03:60",
        "2026-01-02 03:04",
        "2026-01-02T03:04:60",
        "2026-01-02T03:04:05.6",
        "2026-01-02T03:04:05+01:00",
        "x2026-01-02",
        "2026-01-02T03:04:05.678ZZ",
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t us = 0;

        cr_expect_lt(clock_parse(slice_from(cases[i]), &us), 0, "%s", cases[i]);
    }
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
