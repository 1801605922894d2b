/*
 * What the live slot did in the seconds before somebody moved away from it. At 100 % nothing is left to compare with;
 * a slot that failed as much as its successor does is no place to go back to, whatever its own checks say. Control
 * thread.
 */
#ifndef PILOT_PRIOR_PRIV_H
#define PILOT_PRIOR_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/engine_event.h"
#include "evidence/settings.h"

struct counts;

struct prior {
    double n, e;           /* of the live slot, fading by half in ten seconds */
    double left_n, left_e; /* the same, when the trial began */
    uint64_t left_us;      /* then; 0: no trial has begun */
};

/* What the live slot did in the last dt_ms. */
void prior_observe(struct prior *prior, const struct counts *live, uint64_t dt_ms);

/* A trial begins; what was seen until now is what it is held against. */
void prior_begin(struct prior *prior, uint64_t now_us);

/* Whether the slot that was left failed about as often as the event says of its successor: errors only, of at least
 * guard_veto_min_requests, and for as long as the memory of a baseline takes to fade by half. */
bool prior_is_no_better(const struct prior *prior, const struct settings *settings,
                        const struct engine_event *event, uint64_t now_us);

#endif
