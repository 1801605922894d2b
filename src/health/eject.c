/* See eject_priv.h. Called by passive.c on the control thread. */
#include "health/eject_priv.h"

#include <inttypes.h>
#include <stdio.h>

enum { SECOND_US = 1000000, MARKS = EJECT_SECONDS + 1 };

bool eject_is_on(const struct eject_spec *spec)
{
    return spec->errors > 0 || spec->rate > 0;
}

void eject_mark(struct eject *eject, uint64_t now_us, uint64_t requests, uint32_t errors)
{
    if (eject->mark_count > 0 && now_us - eject->marked_us < SECOND_US)
        return;
    eject->marked_us = now_us;
    eject->marks[eject->mark_next] = (struct eject_mark){ .requests = requests, .errors = errors };
    eject->mark_next = (eject->mark_next + 1) % MARKS;
    if (eject->mark_count < MARKS)
        eject->mark_count++;
}

/* Between the oldest mark and the newest. */
static bool is_below_rate(const struct eject *eject, const struct eject_spec *spec,
                          uint64_t *requests, uint64_t *good)
{
    const struct eject_mark *newest = &eject->marks[(eject->mark_next + MARKS - 1) % MARKS];
    const struct eject_mark *oldest =
        &eject->marks[(eject->mark_next + MARKS - eject->mark_count) % MARKS];
    uint32_t errors = 0;

    if (spec->rate == 0 || eject->mark_count < 2)
        return false;
    errors = newest->errors - oldest->errors;
    *requests = newest->requests - oldest->requests;
    if (*requests < errors) /* they were read a moment later */
        *requests = errors;
    *good = *requests - errors;
    return *requests >= EJECT_REQUESTS_MIN && *good * 100 < *requests * spec->rate;
}

bool eject_is_due(const struct eject *eject, const struct eject_spec *spec, uint32_t in_a_row,
                  char words[PROBE_WORDS_SIZE])
{
    uint64_t requests = 0;
    uint64_t good = 0;

    if (spec->errors > 0 && in_a_row >= spec->errors) {
        snprintf(words, PROBE_WORDS_SIZE, "%" PRIu32 " requests in a row failed", in_a_row);
        return true;
    }
    if (!is_below_rate(eject, spec, &requests, &good))
        return false;
    snprintf(words, PROBE_WORDS_SIZE,
             "%" PRIu64 " of its last %" PRIu64 " requests succeeded, wanted are %u%%", good,
             requests, spec->rate);
    return true;
}

/* 1, 2, 4, 8, 10, 10 … */
static unsigned find_times(const struct eject *eject, uint64_t now_us)
{
    if (eject->times == 0 || now_us - eject->until_us >= eject->length_us)
        return 1;
    return eject->times * 2 < EJECT_TIMES_MAX ? eject->times * 2 : EJECT_TIMES_MAX;
}

void eject_begin(struct eject *eject, const struct eject_spec *spec, uint64_t now_us)
{
    eject->times = find_times(eject, now_us);
    eject->length_us = spec->time_us * eject->times;
    eject->until_us = now_us + eject->length_us;
    eject->is_out = true;
    eject->count++;
    eject->mark_count = 0; /* what was before does not count against it afterwards */
}

bool eject_end(struct eject *eject, uint64_t now_us)
{
    if (!eject->is_out || now_us < eject->until_us)
        return false;
    eject->is_out = false;
    return true;
}

unsigned eject_room(const struct eject_spec *spec, unsigned targets)
{
    unsigned room = (unsigned)((uint64_t)targets * spec->most / 100);

    return room > 0 ? room : 1;
}

void eject_reset(struct eject *eject)
{
    uint64_t count = eject->count;

    *eject = (struct eject){ .count = count };
}
