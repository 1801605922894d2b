/* See backup/retention.h. */
#include "backup/retention.h"

static const uint64_t day_us = 86400 * 1000000ull;

enum { MONDAY_OFFSET_DAYS = 3 }; /* 1970-01-01 was a Thursday */

static uint64_t day_of(uint64_t us)
{
    return us / day_us;
}

static uint64_t week_of(uint64_t us)
{
    return (day_of(us) + MONDAY_OFFSET_DAYS) / 7;
}

/* Walks from the newest to the oldest and keeps the first verified one of each period. */
static void keep_periods(struct retention_item *items, size_t count, unsigned periods,
                         uint64_t (*period_of)(uint64_t us))
{
    uint64_t last = UINT64_MAX;

    for (size_t i = count; i-- > 0 && periods > 0;) {
        if (!items[i].is_verified || period_of(items[i].taken_us) == last)
            continue;
        last = period_of(items[i].taken_us);
        items[i].is_dropped = false;
        periods--;
    }
}

size_t retention_choose(const struct retention_rule *rule, struct retention_item *items,
                        size_t count)
{
    unsigned keep = rule->keep > 0 ? rule->keep : 1;
    size_t dropped = 0;
    unsigned seen = 0;

    for (size_t i = count; i-- > 0;) {
        items[i].is_dropped = seen >= keep;
        seen += items[i].is_verified;
    }
    keep_periods(items, count, rule->daily, day_of);
    keep_periods(items, count, rule->weekly, week_of);
    for (size_t i = 0; i < count; i++) {
        items[i].is_dropped = items[i].is_dropped && !items[i].is_in_use;
        dropped += items[i].is_dropped;
    }
    return dropped;
}
