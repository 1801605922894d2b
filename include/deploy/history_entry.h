/*
 * One line of the history: a finished change, carried out or refused by a gate. A value.
 */
#ifndef DEPLOY_HISTORY_ENTRY_H
#define DEPLOY_HISTORY_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/change.h"

struct history_entry {
    uint64_t sequence;
    uint64_t wall_us;
    uint64_t epoch_before;
    uint64_t epoch;
    uint64_t duration_us;
    enum change_kind kind;
    enum outcome outcome;
    bool is_forced;
    bool is_emergency;
    char name[64];
    char from[64];
    char to[64];
    char target[136];
    char actor[96];
    char reason[256];
    char gate[32];
    char skipped[96];  /* of an emergency: gates that it was carried past */
    uint32_t share;    /* canary: in force then, of SPLIT_WHOLE */
    char trigger[32];  /* of a rollback nobody asked for; "" : a person did */
    uint64_t decision; /* that it carries out; 0: none */
};

#endif
