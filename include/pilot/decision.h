/*
 * One automatic decision with everything that it rested on, so that a person can check it and a program can repeat it.
 * A value but for the record; any thread.
 */
#ifndef PILOT_DECISION_H
#define PILOT_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "evidence/engine.h"

struct text;

/* ACTION(name, word, what was done about it) */
#define DECISION_ACTIONS(ACTION)                                                                   \
    ACTION(ROLLBACK, "rollback",                                                                   \
           "a rollback was asked for; the history has the change that came of it")                 \
    ACTION(HOLD, "hold", "no further step is taken")                                               \
    ACTION(ALERT, "alert", "people were told; nothing moved")                                      \
    ACTION(BLOCKED, "blocked", "a rollback is wanted, but the other side is worse")                \
    ACTION(SHARED, "shared", "both sides suffer; no move would help")                              \
    ACTION(CONCENTRATED, "concentrated", "the errors are those of a few keys; nothing moved")      \
    ACTION(ADVANCE, "advance", "the rollout took its next step")                                   \
    ACTION(CUTOVER, "cutover", "the rollout moved all traffic")                                    \
    ACTION(SIGNAL, "signal", "a value from outside crossed a level")                               \
    ACTION(DRILL, "drill", "the way back was tried out")

enum decision_action {
#define ACTION(name, word, words) DECISION_##name,
    DECISION_ACTIONS(ACTION)
#undef ACTION
        DECISION_ACTION_COUNT
};

/* One row of the judgement at that moment, also when it did not fire. */
struct decision_row {
    char name[32];
    bool is_active;
    double evidence; /* -INFINITY: none yet */
    double threshold;
    uint64_t muted_ms;
};

enum { DECISION_WORDS = 1024, DECISION_HEAD_MAX = 32 * 1024 };

struct decision {
    uint64_t id; /* given by the casebook */
    uint64_t wall_us;
    uint64_t monotonic_us;
    char service[64];
    char candidate[64]; /* slot; "" : there was none, as in the next two */
    char baseline[64];
    char version[64];
    char trigger[ENGINE_TRIGGER_SIZE];
    enum decision_action action;
    char words[DECISION_WORDS]; /* the explanation, one line */
    uint64_t config_hash;
    uint64_t epoch;
    bool has_event; /* the numbers of the judgement */
    struct engine_event event;
    unsigned row_count;
    struct decision_row rows[ENGINE_ROWS_MAX];
    uint64_t record_bytes; /* of the flight recorder; 0: none, and nothing to repeat */
};

const char *decision_action_name(enum decision_action action);  /* "rollback" */
const char *decision_action_words(enum decision_action action); /* "the traffic was moved back" */

/* As one JSON object and back. Numbers come back with the same bits. Anything that is missing, of another type or out
 * of range is ERR_INVALID. */
void decision_encode(const struct decision *decision, struct text *out);
MUST_CHECK int decision_decode(struct slice json, struct decision *out);

#endif
