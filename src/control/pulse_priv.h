/*
 * What a slot did between two moments: requests a second, the part of them that failed, how long they took. Taken as the
 * difference of what was counted for the judgement; whoever asks keeps the mark. A value. Thread: control.
 */
#ifndef CONTROL_PULSE_PRIV_H
#define CONTROL_PULSE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/counts.h"

struct slot;

enum { PULSE_STALE_US = 5 * 1000000, PULSE_PERCENTS = 3 };

/* p50, p95, p99 */
extern const unsigned pulse_percents[PULSE_PERCENTS];

/* How far it was counted the last time; starts zeroed. Of one slot only: another one begins anew. */
struct pulse_mark {
    const struct slot *slot; /* to know it again; never followed */
    uint64_t at_us;
    uint64_t n;
    uint64_t e;
    uint64_t buckets[COUNTS_BUCKETS];
};

struct pulse {
    uint64_t requests; /* since the mark */
    double rate;       /* of them, a second */
    double error_rate; /* 0 to 1; 0 without requests */
    bool has_latency;
    uint64_t us[PULSE_PERCENTS]; /* upper edges */
};

/* What happened since the mark, which moves to now. False, and out is left alone: the slot was not seen before, or too
 * long ago to speak of one moment. */
bool pulse_take(struct pulse_mark *mark, struct slot *slot, uint64_t now_us, struct pulse *out);

#endif
