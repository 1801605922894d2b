/*
 * The state of an engine: one flat value, so that a copy has the same future and a record can be recomputed bit for
 * bit; and the parts of its tick. Owner: engine_new; ends by engine_free. One thread at a time.
 */
#ifndef EVIDENCE_ENGINE_PRIV_H
#define EVIDENCE_ENGINE_PRIV_H

#include "evidence/alert_priv.h"
#include "evidence/baseline_priv.h"
#include "evidence/bins_priv.h"
#include "evidence/engine.h"
#include "evidence/guard_priv.h"
#include "evidence/probes_priv.h"
#include "evidence/row_table_priv.h"
#include "evidence/schedule_priv.h"

enum { ENGINE_WORDS = 160, ENGINE_PROBE_RULES = 4 };

struct engine_row {
    struct row row;
    struct silence silence;
    bool is_active;            /* judged in the last closed block */
    bool is_off;               /* not in use */
    unsigned candidate_bucket; /* beyond which a success is bad */
    unsigned baseline_bucket;
};

struct engine_block {
    uint64_t start_ms;
    struct baseline_block candidate, baseline;
};

/* After a rollback: whether it helped. */
struct engine_aftermath {
    uint64_t elapsed_ms;
    bool is_asked;
    double candidate_rate, baseline_rate; /* errors before */
    uint64_t n, e;                        /* of the baseline since */
};

struct engine_state {
    struct settings settings;
    struct memory memory;
    struct baseline_window window;
    uint64_t now_ms;
    bool has_mode, is_alone; /* is_alone: the candidate has all, there is no baseline */
    bool is_rolled_back;
    bool is_full; /* the clock of the automatic window runs */
    uint64_t full_since_ms;
    uint64_t full_before_ms; /* that it had run before the engine began */
    bool has_first;          /* request of the candidate */
    uint64_t first_ms;
    double weight;
    uint64_t candidate_n, candidate_e, baseline_n, baseline_e; /* since engine_begin */
    struct engine_row rows[ROW_COUNT];
    struct bins bins;
    struct guard_windows guards;
    struct alert_state alerts[ALERT_COUNT];
    struct probes candidate_probes, baseline_probes;
    struct probes_quiet quiet;
    struct silence probe_silence[ENGINE_PROBE_RULES];
    bool is_shared; /* a shared failure was seen; it lasts until shared_until_ms */
    uint64_t shared_until_ms;
    struct engine_block block;
    struct schedule schedule;
    struct engine_aftermath aftermath;
};

struct engine {
    struct engine_state state;
    char *words; /* of the last advice */
};

/* Where the events of a tick go. */
struct engine_output {
    struct engine_event *events;
    unsigned count;
};

/* What a slot did in a tick, without the keys that are left out. */
struct engine_side {
    const struct counts *counts; /* for latency; NULL: nothing */
    uint64_t n, e;
};

bool engine_is_shared(const struct engine_state *state);
uint64_t engine_full_ms(const struct engine_state *state); /* that the full weight has lasted */
struct row_rule engine_rule(const struct engine_state *state, enum row_name name, double rate);
void engine_restart_row(struct engine_state *state, enum row_name name);

/* judging.c: the block and the rows */
void judging_tick(struct engine_state *state, const struct engine_side sides[2],
                  struct engine_output *out);

/* acting.c: what follows when something wants a rollback */
enum acting { ACTING_ALERTED, ACTING_BLOCKED, ACTING_ROLLED_BACK };
enum acting acting_fire(struct engine_state *state, struct silence *silence,
                        struct engine_event *event, struct engine_output *out);
void acting_emit(struct engine_state *state, enum engine_action action, struct engine_event *event,
                 struct engine_output *out);
void acting_row(struct engine_state *state, enum row_name name, struct engine_output *out);
void acting_guards(struct engine_state *state, struct engine_output *out);
void acting_probes(struct engine_state *state, struct engine_output *out);

#endif
