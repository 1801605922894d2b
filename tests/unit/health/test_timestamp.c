/* Times of apps: what is one, and which. */
#include <criterion/criterion.h>

#include "base/err.h"
#include "health/timestamp_priv.h"

static const struct {
    const char *text;
    uint64_t us;
} times[] = {
    { "1970-01-01T00:00:00Z", 0 },
    { "1970-01-01T00:00:01.5Z", 1500000 },
    { "2000-02-29T12:00:00Z", 951825600000000 },
    { "2026-03-01T00:00:00Z", 1772323200000000 },
    { "2026-03-01T00:00:00.000001Z", 1772323200000001 },
    { "2026-03-01T02:00:00+02:00", 1772323200000000 },
    { "2026-02-28T19:30:00-04:30", 1772323200000000 },
    { "2026-03-01 00:00:00z", 1772323200000000 },
    { "2026-03-01t00:00:00.123456789Z", 1772323200123456 },
    { "2024-12-31T23:59:60Z", 1735689600000000 },
};

static const char *const none[] = {
    "",
    "now",
    "2026-03-01",
    "2026-03-01T00:00:00",
    "2026-03-01T00:00:00.Z",
    "2026-03-01T00:00:00.1234567890Z",
    "2026-03-01T00:00:00Zx",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-03-00T00:00:00Z",
    "2026-03-01T24:00:00Z",
    "2026-03-01T00:60:00Z",
    "2026-03-01T00:00:61Z",
    "2026-03-01T00:00:00+2:00",
    "2026-03-01T00:00:00+24:00",
    "2026-03-01T00:00:00+02:60",
    "2026-03-01T00:00:00+0200",
    "2026/03/01T00:00:00Z",
    "26-03-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+00:01",
};

Test(timestamp, reads_what_apps_write)
{
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        uint64_t us = 7;

        cr_assert_eq(timestamp_parse(slice_from(times[i].text), &us), 0, "%s", times[i].text);
        cr_assert_eq(us, times[i].us, "%s: %llu", times[i].text, (unsigned long long)us);
    }
}

Test(timestamp, takes_nothing_else_for_a_time)
{
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        uint64_t us = 7;

        cr_assert_eq(timestamp_parse(slice_from(none[i]), &us), ERR_INVALID, "%s", none[i]);
        cr_assert_eq(us, 7);
    }
}

Test(timestamp, numbers_are_seconds_or_milliseconds)
{
    uint64_t us = 0;

    cr_assert_eq(timestamp_from_number(1772323200, &us), 0);
    cr_assert_eq(us, 1772323200000000);
    cr_assert_eq(timestamp_from_number(1772323200.5, &us), 0);
    cr_assert_eq(us, 1772323200500000);
    cr_assert_eq(timestamp_from_number(1772323200123.0, &us), 0);
    cr_assert_eq(us, 1772323200123000);
    cr_assert_eq(timestamp_from_number(-1, &us), ERR_INVALID);
    cr_assert_eq(timestamp_from_number(1e300, &us), ERR_INVALID);
}
