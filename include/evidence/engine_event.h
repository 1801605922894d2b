/*
 * What the judgement says: an action and the numbers that a person can check. Values; pure.
 */
#ifndef EVIDENCE_ENGINE_EVENT_H
#define EVIDENCE_ENGINE_EVENT_H

#include <stdint.h>

enum engine_action {
    ENGINE_ROLLBACK,
    ENGINE_HOLD,         /* no further step, and an alert */
    ENGINE_ALERT,        /* a rollback that is switched off or too late */
    ENGINE_BLOCKED,      /* a rollback that waits until the other side is fit */
    ENGINE_SHARED,       /* both sides suffer: no move helps */
    ENGINE_CONCENTRATED, /* the errors are one key's */
    ENGINE_WARNING,      /* a level for people was exceeded; moves nothing */
    ENGINE_CRITICAL,
    ENGINE_CLEARED, /* it is below that level again */
    ENGINE_UNHELPED, /* after a rollback the baseline errs as the candidate did: the cause is shared */
};

enum { ENGINE_TRIGGER_SIZE = 32 };

/* What happened and the numbers that a person can check. Fields that do not apply are 0. */
struct engine_event {
    enum engine_action action;
    char trigger[ENGINE_TRIGGER_SIZE]; /* "err_mod", "guard_error", "health_fail", "alert_mean" … */
    uint64_t at_ms;                    /* since engine_begin */
    uint64_t since_ms;                 /* where the run of evidence began */
    double weight;
    uint64_t candidate_n, candidate_x; /* of the run; x: errors, or slower than the edge */
    uint64_t baseline_n, baseline_x;
    double baseline_rate; /* estimated before the run's last block */
    double limit;         /* allowed rate, or the guard's bound */
    double value;         /* a guard's: what was compared with the limit */
    double evidence;      /* LE */
    double threshold;
    double phi;
    double confirm;           /* testimony of the baseline; NaN: none was needed */
    double candidate_edge_us; /* latency rows */
    double baseline_edge_us;  /* latency rows */
    double budget_per_hour;   /* false alarms this row may cost */
    int top_bin;              /* with the most errors; -1: none */
    uint64_t top_bin_n, top_bin_e;
};

const char *engine_action_name(enum engine_action action); /* "rollback", "hold" … */

#endif
