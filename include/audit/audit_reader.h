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

/* Records that fit, newest first; the caller frees them. next: what filter.before must be for the page behind this one,
 * 0: there is none. */
struct audit_page {
    struct audit_record *records;
    size_t count;
    uint64_t next;
};

/* Up to limit of them. Lines that are no records are left out (verify names them). */
MUST_CHECK int audit_reader_page(struct audit_trail *trail, const struct audit_filter *filter,
                                 size_t limit, struct audit_page *out,
                                 char words[AUDIT_FILES_WORDS]);

/* A walk over all lines that were there when it began. */
struct audit_walk {
    struct audit_files list;
    size_t at;
    int last_fd; /* of the file that is being written, -1: not open */
    uint64_t limit;
    uint64_t offset; /* in the file at `at` */
    uint64_t count;  /* of lines given */
    bool is_end;     /* there are no more */
};
MUST_CHECK int audit_walk_begin(struct audit_walk *walk, struct audit_trail *trail,
                                char words[AUDIT_FILES_WORDS]);

/* Appends the next lines that fit, about a MiB of the files. With commas: a comma in front of each line but the very
 * first, for an array. */
MUST_CHECK int audit_walk_next(struct audit_walk *walk, const struct audit_filter *filter,
                               bool has_commas, struct text *out, char words[AUDIT_FILES_WORDS]);
void audit_walk_end(struct audit_walk *walk);

#endif
