/*
 * One log file that survives its disk: lines are gathered in a batch and appended with few writes. A
 * failed write or open costs the lines of that time, is remembered, and is tried again at most once a
 * second. All of it on the scribe's thread; only the counts are read elsewhere. Time is a parameter.
 */
#ifndef BASE_LOG_FILE_PRIV_H
#define BASE_LOG_FILE_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"

enum {
    LOG_FILE_BATCH_BYTES = 64 * 1024, /* written when this much is gathered; a line has this much */
    LOG_FILE_RETRY_US = 1000 * 1000,
    LOG_FILE_PATIENCE_MS = 500, /* for a pipe whose reader is slow */
};

/* Owner: a scribe. Ends by log_file_fini. */
struct log_file {
    char *path;    /* NULL: standard error, which is never opened nor closed; "": no log at all */
    int fd;        /* -1 while there is no file */
    int error;     /* errno of the last failure; 0 while all is well */
    bool is_torn;  /* the last write ended in the middle of a line */
    bool is_stale; /* has to be opened (again) */
    uint64_t open_again_us;  /* no open is tried before */
    uint64_t write_again_us; /* no write is tried before */
    uint64_t look_us;        /* when to look next whether the file still has its name */
    struct text batch;
    _Atomic uint64_t lines;
    _Atomic uint64_t dropped;
    _Atomic uint64_t errors;
};

/* Opens the file, with its folder if only the last part of that is missing. ERR_IO with errno (and
 * nothing to fini) when it cannot. */
MUST_CHECK int log_file_init(struct log_file *file, const char *path);
void log_file_fini(struct log_file *file);
bool log_file_is_off(const struct log_file *file);

/* Ends a line that was added to the batch behind its first `before` bytes; one that was cut is taken
 * back and dropped. A full batch is written. */
void log_file_end_line(struct log_file *file, size_t before, uint64_t now_us);

/* Asks for a new open of the same or of another path (see the field). */
void log_file_reopen(struct log_file *file);
void log_file_move(struct log_file *file, const char *path);

/* Opens what has to be opened and writes the batch, as far as state and time allow; the batch is empty
 * afterwards in any case, and what was not written is counted as dropped. */
void log_file_flush(struct log_file *file, uint64_t now_us);

#endif
