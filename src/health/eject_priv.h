/*
 * When a target's answers to traffic take it out, and for how long: errors in a row, or too few successes among the
 * requests of the last ten seconds. Pure: times and counts are given.
 */
#ifndef HEALTH_EJECT_PRIV_H
#define HEALTH_EJECT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "health/probe.h"

enum { EJECT_SECONDS = 10, EJECT_REQUESTS_MIN = 100, EJECT_TIMES_MAX = 10 };

/* What a target's counters were at the end of a second. */
struct eject_mark {
    uint64_t requests;
    uint32_t errors;
};

/* Part of a watch. All zero: never ejected. */
struct eject {
    bool is_out;
    unsigned times;     /* the length of the last absence, in times of the spec's */
    uint64_t until_us;  /* when it is over; of the last one, while is_out is false */
    uint64_t length_us; /* of the last one */
    uint64_t count;
    unsigned mark_count;
    unsigned mark_next;
    uint64_t marked_us;
    struct eject_mark marks[EJECT_SECONDS + 1];
};

bool eject_is_on(const struct eject_spec *spec);

/* Notes the counters, once a second. */
void eject_mark(struct eject *eject, uint64_t now_us, uint64_t requests, uint32_t errors);

/* Why it is to go, in words; false: it need not. */
bool eject_is_due(const struct eject *eject, const struct eject_spec *spec, uint32_t in_a_row,
                  char words[PROBE_WORDS_SIZE]);

/* Out from now on: for the spec's time, and longer when the last absence ended less than its own length ago. */
void eject_begin(struct eject *eject, const struct eject_spec *spec, uint64_t now_us);

/* True once, when its time is over: it is back. */
bool eject_end(struct eject *eject, uint64_t now_us);

/* How many of a slot's targets may be out. */
unsigned eject_room(const struct eject_spec *spec, unsigned targets);

/* Back at once, and forgets what was. The count stays. */
void eject_reset(struct eject *eject);

#endif
