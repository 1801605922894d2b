/*
 * Finished changes: the newest ones in memory, all of them in history.jsonl. The state carries those that may not
 * be in the file yet, so that after a crash what was acknowledged is there. Control thread; the file is read at the
 * start and appended to by the writer.
 */
#ifndef DEPLOY_HISTORY_PRIV_H
#define DEPLOY_HISTORY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/deploy.h"

struct state;

enum { HISTORY_RING = 10000 };

struct history {
    struct history_entry *ring; /* HISTORY_RING of them */
    uint64_t count;             /* ever added; the newest is at (count - 1) % HISTORY_RING */
    uint64_t written;           /* sequence up to which lines were given to the file */
    bool is_failing;            /* the last append failed: it is tried again with the next */
};

void history_init(struct history *history);
void history_fini(struct history *history);
void history_add(struct history *history, const struct history_entry *entry);
const struct history_entry *history_at(const struct history *history, unsigned index);

/* Reads the end of the file and adds what only the state has; a torn last line is cut off. Raises the state's
 * sequence to the file's. A file that cannot be read is a warning (in words), no more. */
void history_load(struct history *history, const char *path, struct state *state, char *words,
                  unsigned words_size);

#endif
