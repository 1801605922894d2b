/*
 * Finished changes: the newest ones in memory, more of them in history.jsonl and history.jsonl.1. The state carries
 * those that may not be in the file yet, so that after a crash what was acknowledged is there. Control thread; the files
 * are read at the start, and appended to and put aside by the writer.
 */
#ifndef DEPLOY_HISTORY_PRIV_H
#define DEPLOY_HISTORY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/deploy.h"

struct state;

enum { HISTORY_RING = 10000 };
#define HISTORY_OLD ".1" /* behind the name of the file that was put aside */

/* What is remembered of the drills of a service or group, also when their entries are gone from the ring. */
struct history_drill {
    char name[64];
    uint64_t last_wall_us;
    uint64_t good_wall_us;
    bool is_open;
};

struct history {
    struct history_entry *ring; /* HISTORY_RING of them, in order of their sequence */
    uint64_t count;             /* ever added; the newest is at (count - 1) % HISTORY_RING */
    uint64_t written;           /* sequence up to which lines were given to the file */
    uint64_t file_lines;        /* whole lines of the file at the start, at least so many */
    struct history_drill *drills;
    size_t drill_count;
    bool is_failing; /* the last append failed: it is tried again with the next */
};

void history_init(struct history *history);
void history_fini(struct history *history);
void history_add(struct history *history, const struct history_entry *entry);
const struct history_entry *history_at(const struct history *history, unsigned index);

/* The index of the newest entry whose sequence is below `before` (0: the newest of all). */
unsigned history_find(const struct history *history, uint64_t before);

/* NULL: there was none. */
const struct history_drill *history_drill(const struct history *history, const char *name);

/*
 * Reads the ends of path.1 (what was put aside when the file had grown) and of the file, and adds what only the state
 * has; a torn last line of the file is cut off. Raises the state's sequence to the file's. A file that cannot be read is
 * a warning (in words), no more.
 */
void history_load(struct history *history, const char *path, struct state *state, char *words,
                  unsigned words_size);

#endif
