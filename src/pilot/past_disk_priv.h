/*
 * The file of the baselines' memories: a line with format, length and hash, then for each service a line of JSON and
 * the bytes of its memory. It is worth something for an hour and can be lost: it is written whole, renamed, and a
 * damaged one is none. Blocking: the pilot's clerk, and the start.
 */
#ifndef PILOT_PAST_DISK_PRIV_H
#define PILOT_PAST_DISK_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "evidence/memory.h"

struct text;

enum {
    PAST_ROWS_MAX = 512,
    PAST_BYTES_MAX = PAST_ROWS_MAX * (MEMORY_BYTES_MAX + 512),
    PAST_WORDS = 320
};

struct past_row {
    char service[64];
    char slot[64]; /* what was remembered, and which version it held; "" : none is configured */
    char version[64];
    uint64_t wall_us; /* until then */
    struct memory memory;
};

/* Appends a row to the body of a file; the text's limit is PAST_BYTES_MAX. */
void past_disk_add(const struct past_row *row, struct text *body);

/* The whole file. ERR_* and words. */
MUST_CHECK int past_disk_write(const char *path, struct slice body, char words[PAST_WORDS]);

/* All rows, malloc'ed. ERR_NOT_FOUND: there is no file; ERR_CORRUPT, ERR_VERSION, ERR_IO … and words. */
MUST_CHECK int past_disk_read(const char *path, struct past_row **out, size_t *count,
                              char words[PAST_WORDS]);

#endif
