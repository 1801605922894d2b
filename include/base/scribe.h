/*
 * The thread that writes log files, so that no other thread ever waits for a disk. It drains rings
 * (one per worker) through a format function into one file, and the daemon's own log lines into
 * another. A full or vanished disk costs lines, which are counted, never a stall; a vanished folder
 * or file is made again at the next reopen or after a failed write (tried at most once a second).
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
    uint64_t lines;
    uint64_t dropped;      /* ring full or line not written */
    uint64_t write_errors; /* failed writes or opens */
};

/* Opens the files and starts the thread; ERR_IO with errno when a file cannot be opened. */
MUST_CHECK int scribe_new(const struct scribe_options *options, struct scribe **out);

/* Writes what is there, stops the thread, closes, frees. */
void scribe_free(struct scribe *scribe);

/* Any thread, async: closes and opens both files again (SIGUSR1), with new paths if not NULL. */
void scribe_reopen(struct scribe *scribe);

/* A log sink for log_set_sink; arg is the scribe. Never blocks: a full queue drops and counts. */
void scribe_sink(void *arg, const char *line, size_t len);
struct scribe_counts scribe_counts(const struct scribe *scribe); /* any thread */

#endif
