/*
 * A snapshot into a new database beside the live one, and what going back to it would cost. The live database is only
 * asked. On the thread of a job.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup_job_priv.h"
#include "backup/disk_file_priv.h"
#include "backup/pg_dsn_priv.h"
#include "backup/row_count_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

enum { ANSWER_MAX = 1 << 20, NAME_MAX_BYTES = 63 };

static const uint64_t restore_us = 24 * 3600 * 1000000ull;

static uint64_t sum_rows(const struct snapshot_record *record)
{
    uint64_t rows = 0;

    for (size_t i = 0; i < record->table_count; i++)
        rows += record->tables[i].rows;
    return rows;
}

/* shop_restore_20260102t030405z; the caller frees. */
static char *make_name(const struct snapshot_record *record)
{
    const char *stamp = record->id;
    size_t base = strlen(record->database);
    char *name = NULL;

    if (strncmp(stamp, record->database, base) == 0 && stamp[base] == '-')
        stamp += base + 1;
    name = mem_format("%.35s_restore_%s", record->name, stamp);
    for (char *at = name + strlen(name) - strlen(stamp); *at != '\0'; at++)
        *at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '_';
    if (strlen(name) > NAME_MAX_BYTES)
        name[NAME_MAX_BYTES] = '\0';
    return name;
}

void restore_say_loss(struct backup_job *job, uint64_t live_rows)
{
    const struct snapshot_record *record = &job->record;
    uint64_t now_us = clock_wall_us();
    uint64_t rows = sum_rows(record);
    char stamp[CLOCK_STAMP_SIZE];
    char age[32];

    clock_stamp(record->taken_us, stamp);
    num_format_duration(
        (now_us > record->taken_us ? now_us - record->taken_us : 0) / 1000000 * 1000000, age);
    text_add_format(&job->report,
                    "what goes back to it loses everything written after %s, %s ago\n"
                    "rows: %" PRIu64 " in the snapshot, about %" PRIu64
                    " in the live database now%s\n",
                    stamp, age, rows, live_rows,
                    live_rows > rows ? " (the difference is lost, besides what was changed)" : "");
}

/* By the server's statistics: counting would read everything. */
int restore_ask_live_rows(struct backup_job *job, uint64_t *live_rows)
{
    struct text answer;
    int err = 0;

    backup_job_enter(job, BACKUP_ASKING);
    text_init(&answer, ANSWER_MAX);
    err = backup_job_query(job, job->database.dsn,
                           "SELECT coalesce(sum(greatest(n_live_tup, 0)), 0)::bigint FROM "
                           "pg_stat_user_tables",
                           &answer);
    if (err == 0 && num_parse_u64(slice_of(answer.bytes, strcspn(answer.bytes, "\n")), UINT64_MAX,
                                  live_rows) != 0)
        err = backup_job_fail(job, ERR_IO, "the server's count of rows is no number");
    text_fini(&answer);
    return err;
}

static int check_dsn(struct backup_job *job)
{
    if (!pg_dsn_has_password(job->database.dsn))
        return 0;
    snprintf(job->remedy, sizeof job->remedy, "put it into a passfile (mode 0600)");
    return backup_job_fail(job, ERR_INVALID, "the dsn of %s holds a password", job->database.name);
}

static int estimate(struct backup_job *job)
{
    uint64_t live_rows = 0;
    char *name = make_name(&job->record);
    int err = 0;

    if (disk_file_size(job->record.path) != job->record.bytes)
        err = backup_job_fail(
            job, ERR_CORRUPT, "%s is not what it was: %" PRIu64 " bytes instead of %" PRIu64,
            job->record.path, disk_file_size(job->record.path), job->record.bytes);
    if (err == 0)
        err = restore_ask_live_rows(job, &live_rows);
    if (err == 0) {
        text_add_format(&job->report,
                        "restore %s (%" PRIu64 " bytes, %zu tables) into a new database %s on the "
                        "server of %s; the live one is not touched\n",
                        job->record.id, job->record.bytes, job->record.table_count, name,
                        job->database.name);
        restore_say_loss(job, live_rows);
        snprintf(job->words, sizeof job->words, "nothing is done yet");
    }
    free(name);
    return err;
}

/* Like the live one: encoding and collation as there. */
static int create(struct backup_job *job, const char *name)
{
    struct text answer;
    char *sql = mem_format(
        "SELECT format('CREATE DATABASE %%I TEMPLATE template0 ENCODING %%L LC_COLLATE %%L "
        "LC_CTYPE %%L', $name$%s$name$, pg_encoding_to_char(encoding), datcollate, datctype) FROM "
        "pg_database WHERE datname = current_database()",
        name);
    int err = 0;

    text_init(&answer, ANSWER_MAX);
    err = backup_job_query(job, job->database.dsn, sql, &answer);
    free(sql);
    if (err == 0) {
        sql = text_take(&answer);
        err = backup_job_query(job, job->database.dsn, sql != NULL ? sql : "", &answer);
        free(sql);
    }
    if (err == ERR_IO && strstr(job->words, "already exists") != NULL)
        snprintf(job->remedy, sizeof job->remedy, "DROP DATABASE %.80s, then once more", name);
    text_fini(&answer);
    return err;
}

static void drop(struct backup_job *job, const char *name)
{
    char kept[BACKUP_WORDS];
    struct text answer;
    char *quoted = pg_dsn_quote_name(name);
    char *sql = mem_format("DROP DATABASE IF EXISTS %s WITH (FORCE)", quoted);
    bool is_cancelled = atomic_exchange(&job->is_cancelled, false); /* for this one step */

    memcpy(kept, job->words, sizeof kept);
    text_init(&answer, ANSWER_MAX);
    if (backup_job_query(job, job->database.dsn, sql, &answer) != 0)
        snprintf(job->remedy, sizeof job->remedy, "the new database is left over: DROP DATABASE %s",
                 quoted);
    memcpy(job->words, kept, sizeof kept);
    atomic_store(&job->is_cancelled, is_cancelled);
    text_fini(&answer);
    free(sql);
    free(quoted);
}

static void on_rows(void *arg, enum child_source source, const char *bytes, size_t len)
{
    if (source == CHILD_OUT)
        row_count_add(arg, bytes, len);
}

/* The rows of one table as they would be dumped, against those of the snapshot. */
static int compare_table(struct backup_job *job, const char *dsn,
                         const struct snapshot_table *table)
{
    struct row_count *count = mem_zalloc(sizeof *count);
    char *sql = mem_format("COPY %s TO STDOUT", table->source);
    const char *const words[] = {
        "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-w",
        "-d",
        dsn,
        "-c",
        "SET extra_float_digits = 3; SET datestyle = ISO; SET intervalstyle = postgres",
        "-c",
        sql,
        NULL
    };
    struct job_run run = {
        .words = words, .on_bytes = on_rows, .arg = count, .timeout_us = restore_us
    };
    int err = 0;

    row_count_init(count, NULL);
    err = backup_job_run(job, &run);
    if (err == 0 && (count->rows != table->rows || count->mark != table->mark))
        err = backup_job_fail(
            job, ERR_CORRUPT,
            "%.200s: %" PRIu64 " rows were restored, the snapshot has %" PRIu64 "%s", table->source,
            count->rows, table->rows, count->rows == table->rows ? ", with other contents" : "");
    free(sql);
    free(count);
    return err;
}

static int compare_all(struct backup_job *job, const char *dsn)
{
    const struct snapshot_record *record = &job->record;
    int err = 0;

    backup_job_enter(job, BACKUP_COMPARING);
    for (size_t i = 0; err == 0 && i < record->table_count; i++) {
        err = compare_table(job, dsn, &record->tables[i]);
        atomic_store(&job->percent, (int)((i + 1) * 100 / record->table_count));
    }
    return err;
}

static int fill(struct backup_job *job, const char *dsn)
{
    const char *const words[] = { "pg_restore", "--exit-on-error", "-w", "-j", "2", "-d",
                                  dsn,          job->record.path,  NULL };
    struct job_run run = { .words = words, .timeout_us = restore_us };
    int err = 0;

    backup_job_enter(job, BACKUP_RESTORING);
    err = backup_job_run(job, &run);
    return err == 0 ? compare_all(job, dsn) : err;
}

static int restore(struct backup_job *job)
{
    char *name = make_name(&job->record);
    char *dsn = pg_dsn_with_database(job->database.dsn, name);
    uint64_t live_rows = 0;
    int err = restore_ask_live_rows(job, &live_rows);

    if (err == 0)
        err = create(job, name);
    if (err == 0) {
        err = fill(job, dsn);
        if (err != 0)
            drop(job, name);
    }
    if (err == 0) {
        snprintf(job->words, sizeof job->words,
                 "%s is restored into database %s: %zu tables, %" PRIu64
                 " rows, each table compared",
                 job->record.id, name, job->record.table_count, sum_rows(&job->record));
        restore_say_loss(job, live_rows);
    }
    free(dsn);
    free(name);
    return err;
}

int restore_estimate(struct backup_job *job)
{
    int err = check_dsn(job);

    if (err != 0)
        return err;
    return job->record.kind == SNAPSHOT_PHYSICAL ? restore_cluster_estimate(job) : estimate(job);
}

int restore_run(struct backup_job *job)
{
    int err = check_dsn(job);

    if (err != 0)
        return err;
    return job->record.kind == SNAPSHOT_PHYSICAL ? restore_cluster_run(job) : restore(job);
}
