/*
 * The plain rules over windows of time: error rate, average response, both compared with the baseline. A backstop
 * that a person can check by hand, and the alert levels. Sums are kept in pieces of guard_eval_ms. Part of an
 * engine; pure.
 */
#ifndef EVIDENCE_GUARD_PRIV_H
#define EVIDENCE_GUARD_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/settings.h"
#include "evidence/silence_priv.h"

enum guard { GUARD_ERROR, GUARD_MEAN, GUARD_SPIKE, GUARD_SLOW, GUARD_COUNT };
enum { GUARD_PIECES = 600 }; /* in the longest window; settings_check keeps to it */

struct guard_side {
    uint64_t n, e, sum_us;
};
struct guard_sums {
    struct guard_side candidate, baseline;
};

struct guard_state {
    unsigned violated_count; /* windows in a row */
    struct silence silence;
};

struct guard_windows {
    uint64_t elapsed_ms; /* of the open piece */
    uint64_t next;       /* number of the open piece */
    struct guard_sums open;
    struct guard_sums pieces[GUARD_PIECES];
    uint64_t numbers[GUARD_PIECES]; /* which piece is there */
    struct guard_state guards[GUARD_COUNT];
};

/* What the last full window says. */
struct guard_verdict {
    bool fires;
    struct guard_sums sums;
    double value, limit;
};

const char *guard_name(enum guard guard);

/* One tick; whether a piece became full, and the guards are to be asked. */
bool guard_add(struct guard_windows *windows, const struct settings *settings,
               const struct guard_sums *tick, uint64_t dt_ms);

/* Counts the full window. `is_paired` false: there is no baseline. */
struct guard_verdict guard_judge(struct guard_windows *windows, const struct settings *settings,
                                 enum guard guard, double phi, bool is_paired);

/* The same without counting; false: it is not on. */
struct guard_ask {
    enum guard guard;
    double phi;
    bool is_paired;
};
bool guard_look(const struct guard_windows *windows, const struct settings *settings,
                const struct guard_ask *ask, struct guard_verdict *out);

void guard_sum(const struct guard_windows *windows, const struct settings *settings,
               double window_ms, struct guard_sums *out);

/* Everything counted is forgotten; silence is not. */
void guard_restart(struct guard_windows *windows);

#endif
