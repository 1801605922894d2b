/*
 * Snapshots of databases: taken, decoded to their end, kept for a time, restored beside the live database. Each piece of
 * work is a job on a thread of its own that runs the programs of PostgreSQL as children; one at a time per database. The
 * control thread only starts jobs and looks at them. Owner: app. Thread: control.
 */
#ifndef BACKUP_BACKUP_H
#define BACKUP_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backup/freshness.h"
#include "backup/retention.h"
#include "backup/snapshot_record.h"
#include "base/check.h"

struct backup;
struct loop;
struct text;
struct tickets;

enum { BACKUP_WORDS = 512, BACKUP_REMEDY = 200 };

/* One database as configured; texts are copied. */
struct backup_database {
    const char *name;
    const char *dsn;
    const char *passfile;       /* NULL: libpq's own */
    const char *folder;         /* of its snapshots; NULL: none are taken */
    const char *restore_folder; /* where clusters are restored to; NULL: below folder */
    const char *server_user;    /* as whom their servers run when we are root; NULL: nobody */
    struct retention_rule rule;
    uint64_t max_age_us; /* of the newest one; 0: any */
    enum snapshot_kind kind;
};

enum backup_work { BACKUP_TAKE, BACKUP_VERIFY, BACKUP_FORGET, BACKUP_ESTIMATE, BACKUP_RESTORE };

struct backup_order {
    enum backup_work work;
    const char *database; /* taken from, or restored to; the others: NULL */
    const char *id;       /* of a snapshot; take: NULL */
    enum snapshot_kind kind;
    bool is_forced; /* forget: although a deployment relies on it */
    const char *actor;
};

enum backup_phase {
    BACKUP_ASKING,
    BACKUP_WRITING,
    BACKUP_CHECKING,
    BACKUP_SUMMING,
    BACKUP_RESTORING,
    BACKUP_COMPARING,
    BACKUP_CLEANING,
    BACKUP_ENDED
};

/* A job as it is now. Texts are valid until control returns to the loop. */
struct backup_job_view {
    uint64_t number;
    enum backup_work work;
    enum backup_phase phase;
    const char *database;
    const char *id;    /* of the snapshot that is made or used */
    uint64_t began_us; /* monotonic */
    uint64_t bytes;    /* written or read so far */
    int percent;       /* -1: nobody knows */

    int err;            /* with BACKUP_ENDED; 0: it succeeded */
    const char *words;  /* what became of it */
    const char *remedy; /* of a failure; "" */
    const char *report; /* lines; "" */
};

struct backup_counts {
    uint64_t taken;
    uint64_t failed; /* snapshots that were begun and did not succeed */
    uint64_t verify_failed;
};

const char *backup_work_name(enum backup_work work);
const char *backup_phase_name(enum backup_phase phase);

/* Reads the catalogue of state_dir. ERR_IO with words; damaged lines are logged. */
MUST_CHECK int backup_new(struct loop *loop, const char *state_dir, struct text *words,
                          struct backup **out);

/* Stops what is under way, waits for it, and frees. */
void backup_free(struct backup *backup);

/* The databases from now on. What an ended process left half done in a folder that is new here is removed. */
void backup_configure(struct backup *backup, const struct backup_database *databases, size_t count);
const struct backup_database *backup_database_at(const struct backup *backup, size_t index);
const struct backup_database *backup_database_find(const struct backup *backup, const char *name);

/* Starts a job; *number names it. ERR_NOT_FOUND, ERR_CONFLICT (one is under way there), ERR_INVALID, with words. */
MUST_CHECK int backup_start(struct backup *backup, const struct backup_order *order,
                            uint64_t *number, char words[BACKUP_WORDS]);

/* Jobs are known while they run, and the last ones afterwards. */
bool backup_job(struct backup *backup, uint64_t number, struct backup_job_view *out);
bool backup_job_at(struct backup *backup, size_t index, struct backup_job_view *out);
bool backup_stop(struct backup *backup, uint64_t number); /* asks it to end */

size_t backup_list(struct backup *backup, const char *database, struct snapshot_record **out);
bool backup_find(struct backup *backup, const char *id, struct snapshot_record *out);
size_t backup_damaged(struct backup *backup);

/* The gate's question: is there a verified snapshot that is not older than max_age_us (0: any)? False: no such database, or
 * it has no snapshots configured. */
bool backup_freshness(struct backup *backup, const char *database, uint64_t max_age_us,
                      struct freshness *out);

/* Confirmations of what is done with these databases. */
struct tickets *backup_tickets(const struct backup *backup);
struct backup_counts backup_counts(const struct backup *backup, const char *database);

#endif
