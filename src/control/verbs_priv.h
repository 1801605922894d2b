/* Inside of the room: counting, and reading what was counted. See control/verbs.h. Thread: control. */
#ifndef CONTROL_VERBS_PRIV_H
#define CONTROL_VERBS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "control/peer_priv.h"
#include "control/verbs.h"
#include "deploy/change.h"

struct command;

struct verbs_row {
    const char *verb; /* the name of a command; "unknown" */
    enum level level;
    enum outcome outcome;
    uint64_t count;
};

/* One command has its answer; NULL: its words were no command. */
void verbs_count(struct verbs *verbs, const struct command *command, enum level level,
                 enum outcome outcome);

/* The rows that are not 0, one after the other; false behind the last one. *at is 0 before. */
bool verbs_next(const struct verbs *verbs, unsigned *at, struct verbs_row *out);

#endif
