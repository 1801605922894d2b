/*
 * Is a snapshot whole? Logical: pg_restore decodes every block of it and its rows are counted as they come by (its list
 * alone says nothing: an archive that was cut off lists without a complaint). Physical: pg_verifybackup. On the thread
 * of a job.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup_job_priv.h"
#include "backup/disk_file_priv.h"
#include "backup/row_count_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

static const uint64_t decode_us = 24 * 3600 * 1000000ull;

static void on_rows(void *arg, enum child_source source, const char *bytes, size_t len)
{
    if (source == CHILD_OUT)
        row_count_add(arg, bytes, len);
}

static int decode(struct backup_job *job, const char *path, struct snapshot_record *record)
{
    const char *const logical[] = { "pg_restore", "--data-only", "-f", "-", path, NULL };
    const char *const physical[] = { "pg_verifybackup", "-q", path, NULL };
    struct row_count *count = mem_zalloc(sizeof *count);
    bool is_logical = record->kind == SNAPSHOT_LOGICAL;
    struct job_run run = { .words = is_logical ? logical : physical,
                           .on_bytes = is_logical ? on_rows : NULL,
                           .arg = count,
                           .timeout_us = decode_us };
    int err = 0;

    row_count_init(count, record);
    err = backup_job_run(job, &run);
    if (err == 0 && is_logical && count->is_inside)
        err = backup_job_fail(job, ERR_CORRUPT, "the rows of %s do not end", count->source);
    free(count);
    return err == ERR_IO ? ERR_CORRUPT : err;
}

int examine_decode(struct backup_job *job, const char *path, struct snapshot_record *record)
{
    char *summed =
        record->kind == SNAPSHOT_LOGICAL ? mem_text(path) : mem_format("%s/backup_manifest", path);
    int err = 0;

    backup_job_enter(job, BACKUP_CHECKING);
    record->bytes = disk_file_size(path);
    err = record->bytes > 0 ? decode(job, path, record)
                            : backup_job_fail(job, ERR_CORRUPT, "%s is missing or empty", path);
    if (err == 0) {
        backup_job_enter(job, BACKUP_SUMMING);
        err = disk_file_sum(summed, &job->is_cancelled, record->sha256);
        if (err == ERR_AGAIN)
            (void)backup_job_fail(job, err, "the sum of %s was stopped", summed);
        else if (err != 0)
            (void)backup_job_fail(job, err, "cannot read %s: %s", summed, strerror(errno));
    }
    free(summed);
    return err;
}

/* The tables that were seen now and then; NULL: they are the same. */
static const char *find_difference(const struct snapshot_record *then,
                                   const struct snapshot_record *now)
{
    if (then->table_count != now->table_count)
        return "other tables than when it was taken";
    for (size_t i = 0; i < then->table_count; i++)
        if (strcmp(then->tables[i].source, now->tables[i].source) != 0 ||
            then->tables[i].rows != now->tables[i].rows ||
            then->tables[i].mark != now->tables[i].mark)
            return "other rows than when it was taken";
    return NULL;
}

static int compare(struct backup_job *job, const struct snapshot_record *now)
{
    const struct snapshot_record *then = &job->record;
    const char *difference = find_difference(then, now);

    if (now->bytes != then->bytes)
        return backup_job_fail(job, ERR_CORRUPT, "it has %" PRIu64 " bytes instead of %" PRIu64,
                               now->bytes, then->bytes);
    if (strcmp(now->sha256, then->sha256) != 0)
        return backup_job_fail(job, ERR_CORRUPT, "its sum is %.16s... instead of %.16s...",
                               now->sha256, then->sha256);
    if (difference != NULL)
        return backup_job_fail(job, ERR_CORRUPT, "it holds %s", difference);
    return 0;
}

/* A snapshot that could not be looked at stays what it was; one that is found damaged is not. */
int examine_run(struct backup_job *job)
{
    struct snapshot_record *record = &job->record;
    struct snapshot_record now = { .kind = record->kind };
    int err = examine_decode(job, record->path, &now);

    if (err == 0)
        err = compare(job, &now);
    snapshot_record_fini(&now);
    if (err != 0 && err != ERR_CORRUPT)
        return err;
    record->is_verified = err == 0;
    record->checked_us = clock_wall_us();
    record->seen_us = clock_monotonic_us();
    record->disk_bytes = now.bytes;
    snprintf(record->problem, sizeof record->problem, "%.199s", err != 0 ? job->words : "");
    if (catalogue_put(job->catalogue, record) != 0)
        return backup_job_fail(job, ERR_IO, "cannot write the catalogue: %s", strerror(errno));
    if (err == 0)
        snprintf(job->words, sizeof job->words,
                 "%s is whole: %" PRIu64 " bytes decoded, %zu tables, sum %.16s...", record->id,
                 record->bytes, record->table_count, record->sha256);
    else
        snprintf(job->remedy, sizeof job->remedy, "db forget %s, and db snapshot %s for a new one",
                 record->id, record->database);
    return err;
}
