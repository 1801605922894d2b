/*
 * The file of the history, as the writer's thread has it: lines are appended, synced now and then, and when the file has
 * grown it is put aside as history.jsonl.1 and a new one begins. What is put aside always holds as many entries as are
 * kept in memory, so that no start finds fewer of them.
 */
#ifndef DEPLOY_HISTORY_DISK_PRIV_H
#define DEPLOY_HISTORY_DISK_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "deploy/state_file_priv.h"

/* Owner: the writer. All but path and lines are its thread's own. */
struct history_disk {
    const char *path; /* borrowed */
    uint64_t
        lines; /* in the file, at least; before the thread runs: as history_load counted them */
    unsigned unsynced; /* lines since the last sync */
    uint64_t last;     /* sequence of the last line that was written */
    uint64_t synced;   /* up to this sequence all is on disk for certain */
    bool is_new;       /* the folder does not know the file for certain */
};

struct history_lines {
    struct slice bytes; /* whole lines */
    unsigned count;
    uint64_t sequence; /* of the last one */
    uint64_t
        bytes_max; /* the file is put aside once it is larger and has HISTORY_RING lines; 0: never */
};

/* All lines or none; 0 or ERR_* and words. A file that cannot be put aside goes on growing. */
MUST_CHECK int history_disk_append(struct history_disk *disk, const struct history_lines *lines,
                                   char words[STATE_FILE_WORDS]);

#endif
