/*
 * Counts the rows of each table in SQL as pg_restore writes it (--data-only): what stands between "COPY … FROM stdin;"
 * and "\.". Also a mark per table, a sum that does not depend on the order of the rows. Takes the text in pieces of any
 * size. Owner: the caller. One thread.
 */
#ifndef BACKUP_ROW_COUNT_PRIV_H
#define BACKUP_ROW_COUNT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backup/snapshot_record.h"

struct row_count {
    struct snapshot_record *record; /* gets a table at the end of each */
    bool is_inside;                 /* rows follow */
    bool is_plain;                 /* there is nothing but rows of one table: `\.` is one of them */
    char head[SNAPSHOT_COPY_SIZE]; /* of the line that is being read */
    size_t len;                    /* of that line, all of it */
    uint64_t hash;                 /* of that line */
    char source[SNAPSHOT_COPY_SIZE];
    uint64_t rows;
    uint64_t mark;
};

/* record NULL: plain rows of one table; rows and mark are the answer. */
void row_count_init(struct row_count *count, struct snapshot_record *record);
void row_count_add(struct row_count *count, const char *bytes, size_t len);

#endif
