/*
 * The judgement of one candidate slot against its baseline: fed with what both did in each tick, it says when to roll
 * back, when to hold and when the next step may be taken. It may be looked at after every tick for ever: each row is
 * a sequential test whose false alarms are bounded by a budget per hour. Rows, blocks, baseline, dispersion,
 * concentration, confirmation, guards, probes and schedule are in the sources of this room.
 *
 * Pure: no clock, no input but the ticks, no allocation after engine_new. The same settings and the same ticks give
 * the same bits, which is what a replay rests on. One thread at a time.
 */
#ifndef EVIDENCE_ENGINE_H
#define EVIDENCE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/counts.h"
#include "evidence/settings.h"

enum engine_probe { ENGINE_PROBE_NONE, ENGINE_PROBE_OK, ENGINE_PROBE_FAIL, ENGINE_PROBE_DB };

struct engine_tick {
    uint64_t dt_ms; /* measured, monotonic */
    double weight;  /* percent of the requests that the candidate gets; 100: there is no baseline */
    const struct counts *candidate; /* of this tick; NULL: nothing */
    const struct counts *baseline;
    enum engine_probe candidate_probe; /* that came in this tick */
    enum engine_probe baseline_probe;
};

enum engine_action {
    ENGINE_ROLLBACK,
    ENGINE_HOLD,         /* no further step, and an alert */
    ENGINE_ALERT,        /* a rollback that is switched off or too late */
    ENGINE_BLOCKED,      /* a rollback that waits until the other side is fit */
    ENGINE_SHARED,       /* both sides suffer: no move helps */
    ENGINE_CONCENTRATED, /* the errors are one key's */
};

enum { ENGINE_EVENTS_MAX = 32, ENGINE_ROWS_MAX = 12, ENGINE_TRIGGER_SIZE = 32 };

/* What happened and the numbers that a person can check. Fields that do not apply are 0. */
struct engine_event {
    enum engine_action action;
    char trigger[ENGINE_TRIGGER_SIZE]; /* "err_mod", "guard_error", "health_fail" … */
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

struct engine;

struct engine *engine_new(const struct settings *settings);
void engine_free(struct engine *engine);

/* Without a candidate: only the memory of the baseline grows. */
void engine_observe(struct engine *engine, uint64_t dt_ms, const struct counts *baseline);

/* A candidate appears: rows, guards, probes and schedule start anew, time is 0; the memory of the baseline stays. */
void engine_begin(struct engine *engine);

/* One tick; what happened, in order; the count. */
unsigned engine_tick(struct engine *engine, const struct engine_tick *tick,
                     struct engine_event events[ENGINE_EVENTS_MAX]);

enum engine_advice { ENGINE_STAY, ENGINE_ADVANCE, ENGINE_HOLD_STEP };

/* The next weight of the schedule, in percent; what to do about it now. reason: words that live as long as the
 * engine's next call, e.g. "errors 1.2 of 3.0". */
enum engine_advice engine_advise(const struct engine *engine, double next_weight,
                                 const char **reason);

/* All rows and guards as they are now, for people and metrics. */
struct engine_row_view {
    const char *name;
    bool is_active;  /* judged in the last closed block */
    double evidence; /* LE; -INFINITY: none yet */
    double threshold;
    uint64_t muted_ms; /* for so long; 0: it is not */
};
struct engine_view {
    uint64_t now_ms;
    uint64_t candidate_n, candidate_e; /* since engine_begin */
    uint64_t baseline_n, baseline_e;
    double baseline_rate;
    double phi;
    double safety[3]; /* errors, p50, p95 */
    double safety_needed;
    bool is_candidate_unhealthy, is_baseline_unhealthy;
    bool is_shared; /* a shared failure lasts */
    unsigned row_count;
    struct engine_row_view rows[ENGINE_ROWS_MAX];
};
void engine_look(const struct engine *engine, struct engine_view *out);

/* A copy with the same future; for a checkpoint. */
struct engine *engine_clone(const struct engine *engine);

#endif
