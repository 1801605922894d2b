/* Clocks: see base/clock.h. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

/* 0, but in tests. */
static _Atomic uint64_t shift_us;

static uint64_t read_clock_us(clockid_t id)
{
    struct timespec now = { 0, 0 };

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u +
           atomic_load_explicit(&shift_us, memory_order_relaxed);
}

void clock_shift(uint64_t us)
{
    atomic_fetch_add_explicit(&shift_us, us, memory_order_relaxed);
}

uint64_t clock_monotonic_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

uint64_t clock_wall_us(void)
{
    return read_clock_us(CLOCK_REALTIME);
}

void clock_stamp(uint64_t wall_us, char *out)
{
    time_t seconds = (time_t)(wall_us / 1000000u);
    struct tm tm = { 0 };

    gmtime_r(&seconds, &tm);
    snprintf(out, CLOCK_STAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)(tm.tm_mon + 1) % 100u,
             (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
             (unsigned)tm.tm_sec % 100u, (unsigned)(wall_us / 1000u % 1000u));
}

/* Exactly as many digits as there are 'd' in the pattern, and its other bytes as they are; false: something else. */
static bool take_pattern(struct slice *rest, const char *pattern, int *number)
{
    size_t len = strlen(pattern);

    if (rest->len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = rest->ptr[i];

        if (pattern[i] == 'd' ? c < '0' || c > '9' : c != pattern[i])
            return false;
        if (pattern[i] == 'd')
            *number = *number * 10 + (c - '0');
    }
    *rest = slice_of(rest->ptr + len, rest->len - len);
    return true;
}

/* The time of day, as far as it is there; milliseconds apart. */
static bool take_time(struct slice *rest, struct tm *tm, int *ms)
{
    if (rest->len == 0 || rest->ptr[0] != 'T')
        return true;
    if (!take_pattern(rest, "Tdd", &tm->tm_hour) || !take_pattern(rest, ":dd", &tm->tm_min))
        return false;
    if (rest->len > 0 && rest->ptr[0] == ':' && !take_pattern(rest, ":dd", &tm->tm_sec))
        return false;
    return rest->len == 0 || rest->ptr[0] != '.' || take_pattern(rest, ".ddd", ms);
}

int clock_parse(struct slice stamp, uint64_t *wall_us)
{
    struct tm tm = { 0 };
    struct tm same;
    struct slice rest = stamp;
    int year = 0;
    int month = 0;
    int ms = 0;
    time_t seconds = 0;

    if (!take_pattern(&rest, "dddd", &year) || !take_pattern(&rest, "-dd", &month) ||
        !take_pattern(&rest, "-dd", &tm.tm_mday) || !take_time(&rest, &tm, &ms))
        return ERR_INVALID;
    if (rest.len > 0 && (rest.len > 1 || rest.ptr[0] != 'Z'))
        return ERR_INVALID;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    same = tm;
    seconds = timegm(&same);
    /* timegm turns the 31st of a short month into the 1st of the next one */
    if (year < 1970 || same.tm_mday != tm.tm_mday || same.tm_mon != tm.tm_mon ||
        same.tm_hour != tm.tm_hour || same.tm_min != tm.tm_min || same.tm_sec != tm.tm_sec)
        return ERR_INVALID;
    *wall_us = (uint64_t)seconds * 1000000u + (uint64_t)ms * 1000u;
    return 0;
}
