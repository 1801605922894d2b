/* See timestamp_priv.h. */
#include "health/timestamp_priv.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

enum { SECOND_US = 1000000, STAMP_SECONDS_AT = 19, FRACTION_DIGITS_MAX = 9 };

#define MILLISECONDS_FROM 1e11
#define NUMBER_MAX        1e15

/* Days since 1970 of a date in the Gregorian calendar; years are counted from March, so that leap days end them. */
static int64_t count_days(int64_t year, unsigned month, unsigned day)
{
    int64_t from_march = month > 2 ? year : year - 1;
    int64_t era = from_march / 400;
    int64_t year_of_era = from_march - era * 400;
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool read_digits(struct slice text, size_t at, size_t count, uint64_t most, uint64_t *out)
{
    return at + count <= text.len && num_parse_u64(slice_of(text.ptr + at, count), most, out) == 0;
}

static bool is_at(struct slice text, size_t at, const char *any)
{
    return at < text.len && text.ptr[at] != '\0' && strchr(any, text.ptr[at]) != NULL;
}

/* "2026-03-01T12:00:00" in seconds; false: it is none. */
static bool read_seconds(struct slice text, int64_t *out)
{
    static const uint8_t days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    uint64_t year = 0;
    uint64_t month = 0;
    uint64_t day = 0;
    uint64_t hour = 0;
    uint64_t minute = 0;
    uint64_t second = 0;

    if (!read_digits(text, 0, 4, 9999, &year) || !is_at(text, 4, "-") ||
        !read_digits(text, 5, 2, 12, &month) || !is_at(text, 7, "-") ||
        !read_digits(text, 8, 2, 31, &day) || !is_at(text, 10, "Tt "))
        return false;
    if (!read_digits(text, 11, 2, 23, &hour) || !is_at(text, 13, ":") ||
        !read_digits(text, 14, 2, 59, &minute) || !is_at(text, 16, ":") ||
        !read_digits(text, 17, 2, 60, &second))
        return false;
    if (month == 0 || day == 0 || day > days[month - 1])
        return false;
    *out = count_days((int64_t)year, (unsigned)month, (unsigned)day) * 86400 +
           (int64_t)(hour * 3600 + minute * 60 + second);
    return true;
}

/* ".25" as microseconds; moves *at behind it. */
static bool read_fraction(struct slice text, size_t *at, uint64_t *us)
{
    uint64_t scale = SECOND_US / 10;
    size_t count = 0;

    *us = 0;
    if (!is_at(text, *at, "."))
        return true;
    for (++*at; is_at(text, *at, "0123456789"); ++*at, count++) {
        *us += (uint64_t)(text.ptr[*at] - '0') * scale;
        scale /= 10;
    }
    return count > 0 && count <= FRACTION_DIGITS_MAX;
}

/* "Z" or "+02:00" at the end, in seconds east of Greenwich. */
static bool read_offset(struct slice text, size_t at, int64_t *out)
{
    uint64_t hours = 0;
    uint64_t minutes = 0;

    *out = 0;
    if (is_at(text, at, "Zz"))
        return at + 1 == text.len;
    if (!is_at(text, at, "+-") || at + 6 != text.len || !read_digits(text, at + 1, 2, 23, &hours) ||
        !is_at(text, at + 3, ":") || !read_digits(text, at + 4, 2, 59, &minutes))
        return false;
    *out = (int64_t)(hours * 3600 + minutes * 60) * (text.ptr[at] == '-' ? -1 : 1);
    return true;
}

int timestamp_parse(struct slice text, uint64_t *wall_us)
{
    size_t at = STAMP_SECONDS_AT;
    int64_t seconds = 0;
    int64_t offset = 0;
    uint64_t fraction_us = 0;

    if (!read_seconds(text, &seconds) || !read_fraction(text, &at, &fraction_us) ||
        !read_offset(text, at, &offset) || seconds < offset)
        return ERR_INVALID;
    *wall_us = (uint64_t)(seconds - offset) * SECOND_US + fraction_us;
    return 0;
}

int timestamp_from_number(double number, uint64_t *wall_us)
{
    if (!(number >= 0) || number > NUMBER_MAX)
        return ERR_INVALID;
    *wall_us = (uint64_t)(number * (number >= MILLISECONDS_FROM ? 1e3 : 1e6));
    return 0;
}
