/*
 * The thread that writes: states and history lines, one job after the other, so that the control thread never
 * waits for a disk. Jobs are lent to the thread and come back by mail in their order. Control thread, but for
 * the thread itself.
 */
#ifndef DEPLOY_WRITER_PRIV_H
#define DEPLOY_WRITER_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/text.h"
#include "deploy/history_disk_priv.h"
#include "deploy/pins_disk_priv.h"
#include "deploy/state_file_priv.h"

struct loop;
struct writer;

enum writer_kind {
    WRITER_STATE,   /* a new file */
    WRITER_RESERVE, /* in place, when the first did not go */
    WRITER_LINES,   /* append to history.jsonl, which may be put aside before */
};

struct writer_job {
    STAILQ_ENTRY(writer_job) link;
    enum writer_kind kind;
    uint64_t generation;
    struct text bytes;
    size_t reserve_bytes;    /* STATE: what the reserve files should take; 0: leave them */
    uint64_t sequence;       /* LINES: of the last line */
    unsigned lines;          /* LINES: how many */
    uint64_t history_bytes;  /* LINES: beyond it the file is put aside */
    struct pins_writes pins; /* STATE: come before it */
    struct text pins_files;  /* STATE: names of the files that it needs */

    int err; /* the answer */
    bool unsure;
    uint64_t synced; /* LINES: sequence up to which the history is on disk for certain */
    char words[STATE_FILE_WORDS];
};

typedef void writer_fn(void *arg, struct writer_job *job); /* the callee owns the job again */

/* file and the path of history (copied else) are borrowed until writer_free. */
struct writer *writer_new(struct loop *loop, struct state_file *file,
                          const struct history_disk *history, writer_fn *on_done, void *arg);

/* Does what is queued, ends the thread, frees it and the jobs; nothing is answered any more. */
void writer_free(struct writer *writer);

struct writer_job *writer_job_new(enum writer_kind kind);
void writer_job_free(struct writer_job *job);

/* What the thread does with a job of the kind STATE; at the start and at the end without it. 0 or ERR_*. */
int writer_write_state(struct state_file *file, struct writer_job *job);
void writer_submit(struct writer *writer, struct writer_job *job); /* takes job */

#endif
