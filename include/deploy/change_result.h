/*
 * What became of a change. Values; control thread.
 */
#ifndef DEPLOY_CHANGE_RESULT_H
#define DEPLOY_CHANGE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/* Exit codes of switchctl; the answer carries them. */
enum outcome {
    OUTCOME_DONE = 0,
    OUTCOME_FAILED = 1,
    OUTCOME_USAGE = 2,
    OUTCOME_REFUSED = 3,
    OUTCOME_TIMEOUT = 4,
    OUTCOME_CONFLICT = 5,
    OUTCOME_DENIED = 6,
    OUTCOME_REVERTED = 7,
    OUTCOME_UNREACHABLE = 8,
    OUTCOME_INCONCLUSIVE = 9,
    OUTCOME_VOLATILE =
        10, /* done in memory, but not on disk: a rollback while the disk cannot be written */
};

struct change_result {
    enum outcome outcome;
    enum fault fault;   /* FAULT_NONE when done */
    char gate[32];      /* which gate refused; "" : none */
    char bypassed[160]; /* forced: gates that did not pass, comma between */
    char words[512];    /* for people: what happened or why not, and the remedy */
    uint64_t epoch_before;
    uint64_t epoch;       /* in force when this was answered */
    uint64_t duration_us; /* from submit to effect */
    bool changed;         /* false: it was so already */
    bool is_durable;
    char from[64]; /* slot before, for switch and rollback */
    char to[64];
    uint32_t share;      /* canary: in force now */
    char note[400];      /* what the databases said and it went past all the same; "": nothing */
    char skipped[96];    /* emergency: gates that would have refused it, "lock,previous" */
    char token[40];      /* plan_only: for deploy_apply; "" : refused */
    unsigned gate_count; /* plan_only: what was looked at, in order */
    struct change_gate {
        char name[32];
        bool is_passed;
        char words[160];
    } gates[24];
};

#endif
