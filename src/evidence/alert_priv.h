/*
 * The levels at which people are told: error rate and average response of the candidate, warning and critical. They
 * never move traffic. Part of an engine; pure.
 */
#ifndef EVIDENCE_ALERT_PRIV_H
#define EVIDENCE_ALERT_PRIV_H

#include <stdint.h>

#include "evidence/engine.h"
#include "evidence/guard_priv.h"

enum alert { ALERT_ERRORS, ALERT_MEAN, ALERT_COUNT };

struct alert_state {
    unsigned level;    /* 0 none, 1 warning, 2 critical */
    uint64_t below_ms; /* for so long under the hysteresis */
};

/* One full window: whether something is to be told, and what. */
bool alert_judge(struct alert_state *state, enum alert alert, const struct settings *settings,
                 const struct guard_sums *sums, struct engine_event *out);

#endif
