/*
 * Files of pins on disk. New lines are written behind what counts and synced before the state that counts them
 * is written; a new file (the first, after a load, or when most lines are dead) is written whole and its folder
 * entry synced. A file goes when neither state.json nor state.json.prev names it. Blocking: the writer's
 * thread, or the start before anything is served.
 */
#ifndef DEPLOY_PINS_DISK_PRIV_H
#define DEPLOY_PINS_DISK_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/check.h"
#include "base/text.h"
#include "deploy/decisions_priv.h"
#include "deploy/state_file_priv.h"

struct tenant_scope;
struct tenant_table;

/* What a batch does to one file. Owner: the scope, then the writer's job. */
struct pins_write {
    STAILQ_ENTRY(pins_write) link;
    struct tenant_scope *scope; /* the writer does not look at it */
    char file[96];
    bool is_new;
    const struct tenant_table
        *table;  /* new: what the first part holds; nobody changes it meanwhile */
    uint64_t at; /* else: where the lines go */
    struct text lines;
    struct pins_stretch first; /* new, the answer: the first part */
    bool is_spoilt;            /* the answer: nothing may be added to the file any more */
};
STAILQ_HEAD(pins_writes, pins_write);

struct pins_write *pins_write_new(struct tenant_scope *scope, const char *file);
void pins_write_free(struct pins_write *write);
void pins_writes_fini(struct pins_writes *writes);

/* All are durable when it returns 0. Otherwise nothing counts that was not there before. */
MUST_CHECK int pins_disk_write(struct state_file *file, struct pins_writes *writes,
                               char words[STATE_FILE_WORDS]);

/* After the state was written, or not: files that nothing names any more go. names: pins_disk_names. */
void pins_disk_settle(struct state_file *file, struct pins_writes *writes, struct slice names,
                      int err, bool unsure);

/* Reads what counts into a table without a base and cuts off the rest. ERR_NOT_FOUND, ERR_CORRUPT, ERR_VERSION
 * or ERR_*, and words. */
MUST_CHECK int pins_disk_read(struct state_file *file, const struct state_pins *pins,
                              struct tenant_table *table, struct pins_stretch *first,
                              char words[STATE_FILE_WORDS]);

/* The highest number of a file in the folder. is_sweeping: files that no state names will go, too. */
uint64_t pins_disk_scan(struct state_file *file, bool is_sweeping);

/* The names of all files that these decisions need, one a line. */
void pins_disk_names(const struct decisions *decisions, struct text *out);

#endif
