/*
 * One job: its thread, what it may touch, and the children it runs one after the other on a loop of its own. Owner: the
 * backup; its thread ends before it. The atomics are written by the thread and read by control; err, words, remedy and
 * report belong to the thread until is_ended.
 */
#ifndef BACKUP_BACKUP_JOB_PRIV_H
#define BACKUP_BACKUP_JOB_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "backup/backup.h"
#include "backup/catalogue.h"
#include "base/text.h"
#include "net/child.h"

enum { JOB_TAIL = 4096, JOB_ARGS = 24 };

/* A database, with texts of its own. */
struct job_database {
    char *name;
    char *dsn;
    char *passfile;
    char *folder;
    char *restore_folder;
    char *server_user;
    struct retention_rule rule;
};

/* A table that is being dumped, for the percentage. */
struct job_size {
    char *name;
    uint64_t bytes;
};

struct backup_job {
    TAILQ_ENTRY(backup_job) link;
    uint64_t number;
    enum backup_work work;
    struct job_database database;
    struct snapshot_record record;
    char actor[96];
    uint64_t began_us;
    uint64_t previous_bytes; /* of the last snapshot of this kind */
    struct catalogue *catalogue;
    pthread_t thread;
    bool is_joined; /* control's */
    atomic_bool is_ended;
    atomic_bool is_cancelled;
    atomic_int phase;
    atomic_int percent;
    _Atomic uint64_t bytes;
    int err;
    char words[BACKUP_WORDS];
    char remedy[BACKUP_REMEDY];
    struct text report;

    /* The thread's own. */
    struct loop *loop;
    char *part; /* what is being written; NULL: nothing */
    struct job_size *sizes;
    size_t size_count;
    uint64_t size_sum;
    uint64_t size_done;
    uint64_t size_now; /* of the table that is under way */
};

struct backup_job *backup_job_new(const struct backup_order *order,
                                  const struct backup_database *database);
void backup_job_start(struct backup_job *job);
void backup_job_join(struct backup_job *job); /* waits for its thread */
void backup_job_free(struct backup_job *job);

/* For the parts of a job, on its thread. */

/* What a child's bytes go to; the tail of its errors is kept by the job. */
struct job_run {
    const char *const
        *words; /* the program's name (looked up) and its arguments, NULL at the end */
    child_bytes_fn *on_bytes; /* NULL: output is thrown away */
    void *arg;
    uint64_t timeout_us;
};

/* Runs it to its end. ERR_NOT_FOUND: not installed; ERR_AGAIN: cancelled; ERR_TIMEOUT; ERR_IO: it failed; job->words
 * then say so. */
MUST_CHECK int backup_job_run(struct backup_job *job, const struct job_run *run);

/* Output of psql, unaligned, tab between columns, into out. */
MUST_CHECK int backup_job_query(struct backup_job *job, const char *dsn, const char *sql,
                                struct text *out);
int backup_job_fail(struct backup_job *job, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void backup_job_enter(struct backup_job *job, enum backup_phase phase);

/* take.c, examine.c, restore.c */

/* On the control thread, before the job begins: NAME-20260102T030405Z, and a number behind it when that second has one
 * already; the record has its database and kind. */
void take_name(struct backup_job *job);
MUST_CHECK int take_run(struct backup_job *job);
MUST_CHECK int take_forget(struct backup_job *job);
MUST_CHECK int examine_run(struct backup_job *job); /* a verify job */

/* Decodes path to its end and fills tables, sha256 and bytes of the record. */
MUST_CHECK int examine_decode(struct backup_job *job, const char *path,
                              struct snapshot_record *record);
MUST_CHECK int restore_run(struct backup_job *job);
MUST_CHECK int restore_estimate(struct backup_job *job);

/* What goes back to the snapshot loses, into the report; live_rows: of the live database, by its statistics. */
MUST_CHECK int restore_ask_live_rows(struct backup_job *job, uint64_t *live_rows);
void restore_say_loss(struct backup_job *job, uint64_t live_rows);

/* restore_cluster.c: of a physical snapshot */
MUST_CHECK int restore_cluster_run(struct backup_job *job);
MUST_CHECK int restore_cluster_estimate(struct backup_job *job);

#endif
