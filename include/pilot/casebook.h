/*
 * Where decisions are kept: the newest ones in memory, each in a file of its own in state_dir/decisions (0700, files
 * 0600), with what the flight recorder held. A thread of its own writes, another one reads and repeats, so that
 * neither a disk nor a long record holds the control thread up. Bounded in number and bytes, the oldest go first.
 * A disk that takes nothing costs the file, not the decision. Control thread.
 */
#ifndef PILOT_CASEBOOK_H
#define PILOT_CASEBOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "pilot/decision.h"

struct casebook;
struct loop;

enum { CASEBOOK_FILES_MAX = 1000 };
#define CASEBOOK_BYTES_MAX (256ull << 20)

struct casebook_options {
    struct loop *loop;
    const char *state_dir;
    uint64_t above;     /* ids begin above this one and above all in the folder */
    unsigned files_max; /* 0: CASEBOOK_FILES_MAX */
    uint64_t bytes_max; /* 0: CASEBOOK_BYTES_MAX */

    /* A decision could not be written: once, until one could be again. May be NULL. */
    void (*trouble)(void *arg, const char *words);
    void *arg;
};

/* Makes the folder and reads what is there; a file that is torn or no decision is left alone with a warning in the log.
 * ERR_*: words say what is wrong with the folder. */
MUST_CHECK int casebook_new(const struct casebook_options *options, char *words,
                            unsigned words_size, struct casebook **out);

/* Writes what is queued; what is studied is cut short, and every done is called. */
void casebook_free(struct casebook *casebook);

/* Keeps a decision and answers its id; id and record_bytes of it are not read. record: malloc'ed bytes of that many,
 * taken; NULL: none. */
uint64_t casebook_add(struct casebook *casebook, const struct decision *decision, void *record,
                      uint64_t record_bytes);

/* Newest first; NULL behind the end. Valid until the next turn. */
const struct decision *casebook_at(const struct casebook *casebook, unsigned index);
const struct decision *casebook_find(const struct casebook *casebook,
                                     uint64_t id); /* NULL: gone, or never was */

/* What the reading thread shall do with a record. is_cut: it shall end soon. */
struct casebook_study {
    void (*run)(void *arg, struct slice record, const _Atomic bool *is_cut); /* on that thread */
    /* Afterwards, on the control thread. failure NULL: it was run; else why the record could not be read. */
    void (*done)(void *arg, const char *failure);
    void *arg;
};
void casebook_study(struct casebook *casebook, uint64_t id, const struct casebook_study *study);

struct casebook_stats {
    uint64_t added[DECISION_ACTION_COUNT]; /* since the start */
    uint64_t write_errors;
    uint64_t files;
    uint64_t bytes;
};
void casebook_stats(const struct casebook *casebook, struct casebook_stats *out);

#endif
