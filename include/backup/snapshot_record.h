/*
 * What the catalogue knows of one snapshot of a database: where it lies, what it holds, and whether it was decoded to
 * its end. A value with one piece of heap (the tables). Any thread.
 */
#ifndef BACKUP_SNAPSHOT_RECORD_H
#define BACKUP_SNAPSHOT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

struct text;

enum snapshot_kind { SNAPSHOT_LOGICAL, SNAPSHOT_PHYSICAL };

enum {
    SNAPSHOT_ID_SIZE = 96,
    SNAPSHOT_PATH_SIZE = 512,
    SNAPSHOT_COPY_SIZE = 1024,
    SNAPSHOT_HELD_SIZE = 256,
};

/* The rows of one table as the decode check saw them. */
struct snapshot_table {
    char *source; /* "public.orders (id, note)": what COPY takes */
    uint64_t rows;
    uint64_t mark; /* a sum over the rows that does not depend on their order */
};

/* Ends by snapshot_record_fini. */
struct snapshot_record {
    char id[SNAPSHOT_ID_SIZE];
    char database[64]; /* as configured */
    char name[64];     /* the server's own for it */
    char path[SNAPSHOT_PATH_SIZE];
    enum snapshot_kind kind;
    bool is_verified;
    uint64_t taken_us; /* wall clock, before the first byte was read: what is newer is not in it */
    uint64_t finished_us; /* likewise, when it got its name */
    uint64_t checked_us;  /* the last time that it was decoded */
    uint64_t bytes;
    char sha256[65]; /* of the file; physical: of its manifest */
    char system_id[24];
    char version[32]; /* of the server */
    char actor[96];
    char problem[200]; /* why it is not verified; "" */
    struct snapshot_table *tables;
    size_t table_count;

    /* Not kept on the disk. */
    unsigned holds;                   /* jobs that read it now */
    bool is_going;                    /* it is being removed: nobody may begin to rely on it */
    char held_by[SNAPSHOT_HELD_SIZE]; /* deployments that rely on it; "" */
    uint64_t disk_bytes;              /* that it had when it was looked at; 0: it was not there */
    uint64_t seen_us;                 /* when that was, monotonic; 0: never */
};

const char *snapshot_kind_name(enum snapshot_kind kind);
bool snapshot_kind_find(struct slice name, enum snapshot_kind *out);

void snapshot_record_copy(const struct snapshot_record *record, struct snapshot_record *out);
void snapshot_record_fini(struct snapshot_record *record);
void snapshot_record_add_table(struct snapshot_record *record, struct slice source, uint64_t rows,
                               uint64_t mark);

/* One line of JSON with its line feed. */
void snapshot_record_encode(const struct snapshot_record *record, struct text *out);

/* ERR_INVALID: *why is a constant text then. */
MUST_CHECK int snapshot_record_decode(struct slice line, struct snapshot_record *out,
                                      const char **why);

#endif
