/*
 * What people read of a trail that is being written: pages from its end, and all of it in pieces. Blocks: a thread that
 * may wait for a disk.
 */
#ifndef AUDIT_AUDIT_READER_H
#define AUDIT_AUDIT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit_files.h"
#include "audit/audit_filter.h"
#include "audit/audit_trail.h"
#include "base/check.h"
#include "base/text.h"

/* Up to limit records that fit, newest first; the caller frees. *next: what filter.before must be for the page behind
 * it, 0: there is none. Lines that are no records are left out (verify names them). */
MUST_CHECK int audit_reader_page(struct audit_trail *trail, const struct audit_filter *filter,
                                 size_t limit, struct audit_record **out, size_t *count,
                                 uint64_t *next, char words[AUDIT_FILES_WORDS]);

/* A walk over all lines that were there when it began. */
struct audit_walk {
    struct audit_files list;
    size_t at;
    int last_fd; /* of the file that is being written, -1: not open */
    uint64_t limit;
    uint64_t offset; /* in the file at `at` */
    uint64_t count;  /* of lines given */
};
MUST_CHECK int audit_walk_begin(struct audit_walk *walk, struct audit_trail *trail,
                                char words[AUDIT_FILES_WORDS]);

/* Appends the next lines that fit, about a MiB of the files. *is_end: there are no more. With commas: a comma in front
 * of each line but the very first, for an array. */
MUST_CHECK int audit_walk_next(struct audit_walk *walk, const struct audit_filter *filter,
                               bool has_commas, struct text *out, bool *is_end,
                               char words[AUDIT_FILES_WORDS]);
void audit_walk_end(struct audit_walk *walk);

#endif
