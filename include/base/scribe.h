/*
 * The thread that writes log files, so that no other thread ever waits for a disk. It drains rings
 * (one per worker) through a format function into one file, and the daemon's own log lines into
 * another. A full or vanished disk costs lines, which are counted, never a stall; a vanished folder
 * or file is made again at the next reopen, after a failed write, or when it is found to be gone (tried
 * at most once a second). What goes wrong with a file is said in the daemon's own log, and what goes
 * wrong with that one on standard error, by the scribe itself: it never logs through its own sink.
 */
#ifndef BASE_SCRIBE_H
#define BASE_SCRIBE_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"

struct ring;
struct scribe;

/* Turns one record of a ring into a line (with its line feed) at the end of out. */
typedef void scribe_format_fn(void *arg, const void *record, size_t size, struct text *out);

struct scribe_options {
    const char *access_path;  /* NULL: no access log */
    const char *log_path;     /* NULL: standard error */
    scribe_format_fn *format; /* for access records */
    void *format_arg;
    struct ring **rings; /* one per worker; borrowed until scribe_free */
    size_t ring_count;
};

struct scribe_counts {
    uint64_t lines;        /* whole lines written, of both files */
    uint64_t dropped;      /* ring or queue full, or line not written */
    uint64_t write_errors; /* failed writes or opens */
};

/* Opens the files and starts the thread; ERR_IO with errno when a file cannot be opened. */
MUST_CHECK int scribe_new(const struct scribe_options *options, struct scribe **out);

/* Writes what is there, stops the thread, closes, frees; NULL is allowed. No thread may write into the
 * rings or the sink any more (log_set_sink(NULL, NULL) first). */
void scribe_free(struct scribe *scribe);

/* Any thread, async: opens both files again and closes the old ones (SIGUSR1). Where opening fails the
 * old file is written on, and opening is tried again each second. */
void scribe_reopen(struct scribe *scribe);

/* The same with other paths (a changed configuration): NULL keeps the path, "" means none. */
void scribe_move(struct scribe *scribe, const char *access_path, const char *log_path);

/* Any thread, not in a signal handler: drains now instead of at the next turn (20 ms). */
void scribe_wake(struct scribe *scribe);

/* A log sink for log_set_sink; arg is the scribe. Never blocks: a full queue drops and counts. */
void scribe_sink(void *arg, const char *line, size_t len);
struct scribe_counts scribe_counts(const struct scribe *scribe); /* any thread */

#endif
