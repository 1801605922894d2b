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

#include "base/check.h"
#include "evidence/counts.h"
#include "evidence/engine_event.h"
#include "evidence/memory.h"
#include "evidence/settings.h"

enum engine_probe { ENGINE_PROBE_NONE, ENGINE_PROBE_OK, ENGINE_PROBE_FAIL, ENGINE_PROBE_DB };

struct engine_tick {
    uint64_t dt_ms; /* measured, monotonic */
    double weight;  /* percent of the requests that the candidate gets; 100: there is no baseline */
    const struct counts *candidate; /* of this tick; NULL: nothing */
    const struct counts *baseline;
    enum engine_probe candidate_probe; /* that came in this tick */
    enum engine_probe baseline_probe;
    double next_weight; /* that this one shall lead to; 0: the next of the settings' steps */
};

struct engine;
enum { ENGINE_EVENTS_MAX = 32, ENGINE_ROWS_MAX = 12, ENGINE_GUARDS_MAX = 4 };

struct engine *engine_new(const struct settings *settings);
void engine_free(struct engine *engine);

/* From now on these settings, and only rows of these names; what is known stays. An unknown name: ERR_NOT_FOUND. */
void engine_configure(struct engine *engine, const struct settings *settings);
MUST_CHECK int engine_restrict(struct engine *engine, const char *const *rows, size_t count);

/* What is remembered of the baseline: to keep it over a restart. */
void engine_memory(const struct engine *engine, struct memory *out);
void engine_remember(struct engine *engine, const struct memory *memory);

/* Without a candidate: only the memory of the baseline grows. */
void engine_observe(struct engine *engine, uint64_t dt_ms, const struct counts *baseline);

/* A candidate appears: rows, guards, probes and schedule start anew, time is 0; the memory of the baseline stays. */
void engine_begin(struct engine *engine);

/* After engine_begin, when a roll-out goes on over a restart: its full weight had lasted for so long already. */
void engine_resume(struct engine *engine, uint64_t full_ms);

/* One tick; what happened, in order; the count. After a rollback only the baseline is watched. */
unsigned engine_tick(struct engine *engine, const struct engine_tick *tick,
                     struct engine_event events[ENGINE_EVENTS_MAX]);

enum engine_advice {
    ENGINE_STAY,
    ENGINE_ADVANCE,
    ENGINE_HOLD_STEP,
    ENGINE_INCONCLUSIVE, /* max_dwell_ms is over and nothing is proven */
    ENGINE_ABORT_STEP,   /* only from engine_resolve */
};

/* What to do now about the next weight (percent; 0: the one of the last tick). reason: words that live as long as
 * the engine, until the next call, e.g. "errors 1.2 of 3.0". */
enum engine_advice engine_advise(const struct engine *engine, double next_weight,
                                 const char **reason);

/* What the policy on_inconclusive makes of an advice: never ENGINE_INCONCLUSIVE. */
enum engine_advice engine_resolve(const struct settings *settings, enum engine_advice advice);

/* All rows and guards as they are now, for people and metrics. */
struct engine_row_view {
    const char *name;
    bool is_active;  /* judged in the last closed block */
    double evidence; /* LE; -INFINITY: none yet */
    double threshold;
    uint64_t muted_ms; /* for so long; 0: it is not */
};
struct engine_guard_view {
    const char *name;
    bool is_on;      /* configured, and there is what it needs */
    double value;    /* of the last full window */
    double limit;    /* that it may have */
    unsigned run;    /* windows above it in a row */
    unsigned needed; /* to fire */
    uint64_t muted_ms;
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
    bool is_rolled_back;
    uint64_t full_ms; /* that the full weight has lasted */
    uint64_t
        window_left_ms; /* of automatic rollbacks; UINT64_MAX: it does not run out at this weight */
    uint64_t dwell_ms;  /* at this step */
    double next_weight; /* percent; 0: there is no further step */
    unsigned row_count;
    struct engine_row_view rows[ENGINE_ROWS_MAX];
    struct engine_guard_view guards[ENGINE_GUARDS_MAX];
};
void engine_look(const struct engine *engine, struct engine_view *out);

/* A copy with the same future; for a checkpoint. */
struct engine *engine_clone(const struct engine *engine);

#endif
