/* Taking a snapshot, step by step, and dropping old ones. On the thread of a job (backup_job.c). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup_job_priv.h"
#include "backup/disk_file_priv.h"
#include "backup/pg_dsn_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

enum { ANSWER_MAX = 16 << 20, LINE_SIZE = 400 };

static const uint64_t dump_us = 24 * 3600 * 1000000ull;

/* Which server and database it is, and how large its tables are; it waits for nobody longer than the dump does. */
static const char facts_query[] =
    "SET lock_timeout = '5s'; SELECT 'f', (SELECT system_identifier FROM pg_control_system()), "
    "current_database(), "
    "current_setting('server_version') UNION ALL SELECT 't', pg_table_size(c.oid), n.nspname || "
    "'.' || c.relname, '' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
    "c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

static void take_fact(struct backup_job *job, struct slice line)
{
    struct slice part[4] = { { 0 } };
    struct snapshot_record *record = &job->record;
    uint64_t bytes = 0;

    for (unsigned i = 0; i < 4; i++)
        (void)slice_next(&line, '\t', &part[i]);
    if (slice_is_equal(part[0], SLICE("f"))) {
        (void)slice_copy(part[1], record->system_id, sizeof record->system_id);
        (void)slice_copy(part[2], record->name, sizeof record->name);
        (void)slice_copy(slice_of(part[3].ptr, strcspn(part[3].ptr, " \n")), record->version,
                         sizeof record->version);
    } else if (num_parse_u64(part[1], UINT64_MAX / 2, &bytes) == 0) {
        job->sizes = mem_grow(job->sizes, job->size_count + 1, sizeof *job->sizes);
        job->sizes[job->size_count++] =
            (struct job_size){ .name = mem_text_of(part[2].ptr, part[2].len), .bytes = bytes };
        job->size_sum += bytes;
    }
}

static int ask_facts(struct backup_job *job)
{
    struct text answer;
    struct slice rest = { 0 };
    struct slice line = { 0 };
    int err = 0;

    backup_job_enter(job, BACKUP_ASKING);
    text_init(&answer, ANSWER_MAX);
    err = backup_job_query(job, job->database.dsn, facts_query, &answer);
    rest = text_slice(&answer);
    while (err == 0 && slice_next(&rest, '\n', &line))
        take_fact(job, line);
    if (err == 0 && job->record.system_id[0] == '\0')
        err = backup_job_fail(job, ERR_IO, "the server does not tell its system identifier");
    text_fini(&answer);
    return err;
}

/* Room for 1.2 times the last one. */
static int check_space(struct backup_job *job)
{
    uint64_t room = 0;
    uint64_t needed = job->previous_bytes + job->previous_bytes / 5;

    if (disk_file_make_folder(job->database.folder) != 0 ||
        disk_file_free_bytes(job->database.folder, &room) != 0)
        return backup_job_fail(job, ERR_IO, "cannot use the folder %s: %s", job->database.folder,
                               strerror(errno));
    if (room >= needed)
        return 0;
    snprintf(job->remedy, sizeof job->remedy,
             "make room there, or forget old snapshots (db snapshots, db forget ID)");
    return backup_job_fail(job, ERR_NO_SPACE,
                           "%s has %" PRIu64 " bytes left, %" PRIu64
                           " are needed (1.2 times the last snapshot)",
                           job->database.folder, room, needed);
}

/* --- pg_dump and pg_basebackup --- */

struct watching {
    struct backup_job *job;
    char line[LINE_SIZE];
    size_t len;
};

static void set_percent(struct backup_job *job, uint64_t part, uint64_t whole)
{
    uint64_t percent = whole > 0 ? part * 100 / whole : 0;

    atomic_store(&job->percent, (int)(percent > 99 ? 99 : percent));
}

/* pg_dump: dumping contents of table "public.orders" */
static void read_dump_line(struct backup_job *job, struct slice line)
{
    static const char begin[] = "pg_dump: dumping contents of table \"";
    struct slice name = { 0 };

    if (!slice_starts_with(line, SLICE(begin)))
        return;
    name = slice_of(line.ptr + sizeof begin - 1, line.len - (sizeof begin - 1));
    if (name.len > 0)
        name.len--;
    job->size_done += job->size_now;
    job->size_now = 0;
    for (size_t i = 0; i < job->size_count; i++)
        if (slice_is_equal(name, slice_from(job->sizes[i].name)))
            job->size_now = job->sizes[i].bytes;
    set_percent(job, job->size_done, job->size_sum);
}

/* "   12345/67890 kB (18%), 0/1 tablespace" */
static void read_base_line(struct backup_job *job, struct slice line)
{
    const char *open = memchr(line.ptr, '(', line.len);
    uint64_t percent = 0;
    size_t digits = 0;

    if (open == NULL)
        return;
    open++;
    digits = strspn(open, "0123456789");
    if (open[digits] == '%' && num_parse_u64(slice_of(open, digits), 100, &percent) == 0)
        set_percent(job, percent, 100);
}

static void on_progress(void *arg, enum child_source source, const char *bytes, size_t len)
{
    struct watching *watching = arg;

    for (size_t i = 0; source == CHILD_ERR && i < len; i++) {
        if (bytes[i] != '\n' && bytes[i] != '\r') {
            if (watching->len < LINE_SIZE - 1)
                watching->line[watching->len++] = bytes[i];
            continue;
        }
        watching->line[watching->len] = '\0';
        if (watching->job->record.kind == SNAPSHOT_LOGICAL)
            read_dump_line(watching->job, slice_of(watching->line, watching->len));
        else
            read_base_line(watching->job, slice_of(watching->line, watching->len));
        watching->len = 0;
    }
}

static int write_part(struct backup_job *job)
{
    struct watching watching = { .job = job };
    const char *const dump[] = { "pg_dump", "-Fc",
                                 "-Z1",     "-v",
                                 "-w",      "--lock-wait-timeout=5s",
                                 "-f",      job->part,
                                 "-d",      job->database.dsn,
                                 NULL };
    const char *const base[] = { "pg_basebackup",   "-c", "fast", "-X",      "stream",
                                 "--progress",      "-w", "-D",   job->part, "-d",
                                 job->database.dsn, NULL };
    struct job_run run = { .words = job->record.kind == SNAPSHOT_LOGICAL ? dump : base,
                           .on_bytes = on_progress,
                           .arg = &watching,
                           .timeout_us = dump_us };
    int err = 0;

    backup_job_enter(job, BACKUP_WRITING);
    err = backup_job_run(job, &run);
    if (err == 0 && job->record.kind == SNAPSHOT_LOGICAL && disk_file_sync(job->part) != 0)
        err = backup_job_fail(job, ERR_IO, "cannot sync %s: %s", job->part, strerror(errno));
    return err;
}

/* --- the name, the catalogue, the rule --- */

static int name_it(struct backup_job *job)
{
    struct snapshot_record *record = &job->record;

    record->finished_us = record->checked_us = clock_wall_us();
    record->is_verified = true;
    record->seen_us = clock_monotonic_us();
    record->disk_bytes = record->bytes;
    if (rename(job->part, record->path) != 0 || disk_file_sync(job->database.folder) != 0)
        return backup_job_fail(job, ERR_IO, "cannot name %s: %s", record->path, strerror(errno));
    if (catalogue_put(job->catalogue, record) == 0)
        return 0;
    (void)backup_job_fail(job, ERR_IO, "cannot write the catalogue: %s", strerror(errno));
    if (disk_file_remove(record->path) != 0) /* nobody would ever drop it */
        LOG_WARN("snapshot", "cannot remove %s: %s", record->path, strerror(errno));
    return ERR_IO;
}

static void drop_one(struct backup_job *job, const struct snapshot_record *record)
{
    int err = catalogue_condemn(job->catalogue, record->id, false);

    if (err != 0) /* since the rule was asked somebody reads it, relies on it or removes it */
        return;
    err = disk_file_remove(record->path);
    if (err == 0)
        err = catalogue_remove(job->catalogue, record->id);
    if (err != 0)
        catalogue_spare(job->catalogue, record->id);
    if (err == 0)
        LOG_INFO("snapshot-dropped", "database=%s id=%s bytes=%" PRIu64, record->database,
                 record->id, record->bytes);
    else
        LOG_WARN("snapshot-dropped", "database=%s id=%s failed: %s", record->database, record->id,
                 strerror(errno));
}

static void drop_old(struct backup_job *job)
{
    struct snapshot_record *records = NULL;
    size_t count = catalogue_list(job->catalogue, job->record.database, &records);
    struct retention_item *items = mem_zalloc((count + 1) * sizeof *items);

    backup_job_enter(job, BACKUP_CLEANING);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct retention_item){ .taken_us = records[i].taken_us,
                                            .is_verified = records[i].is_verified,
                                            .is_in_use = records[i].holds > 0 ||
                                                         records[i].held_by[0] != '\0' };
    (void)retention_choose(&job->database.rule, items, count);
    for (size_t i = 0; i < count; i++)
        if (items[i].is_dropped)
            drop_one(job, &records[i]);
    free(items);
    catalogue_free_list(records, count);
}

void take_name(struct backup_job *job)
{
    struct snapshot_record *record = &job->record;
    const char *ending = record->kind == SNAPSHOT_LOGICAL ? ".dump" : "";
    char stamp[CLOCK_STAMP_SIZE];
    struct snapshot_record other;
    char digits[20] = "";
    unsigned count = 0;

    record->taken_us = clock_wall_us();
    clock_stamp(record->taken_us, stamp);
    for (unsigned i = 0; i < 19; i++)
        if (stamp[i] != '-' && stamp[i] != ':')
            digits[count++] = stamp[i];
    for (unsigned number = 1; number < 100; number++) {
        if (number == 1)
            snprintf(record->id, sizeof record->id, "%s-%sZ", record->database, digits);
        else
            snprintf(record->id, sizeof record->id, "%s-%sZ-%u", record->database, digits, number);
        snprintf(record->path, sizeof record->path, "%s/%s%s", job->database.folder, record->id,
                 ending);
        if (!catalogue_find(job->catalogue, record->id, &other))
            break;
        snapshot_record_fini(&other);
    }
    job->part = mem_format("%s.part", record->path);
}

/* Of somebody else, or of a time when the clock was ahead: the catalogue does not know it. */
static int check_name(struct backup_job *job)
{
    const char *path = job->record.path;

    if (!disk_file_is_there(path))
        return 0;
    snprintf(job->remedy, sizeof job->remedy, "move it away; the next snapshot has another name");
    return backup_job_fail(job, ERR_EXISTS, "%.300s lies there already", path);
}

static int make(struct backup_job *job)
{
    int err = check_name(job);

    if (err == 0)
        err = check_space(job);
    if (err == 0)
        err = ask_facts(job);
    if (err == 0)
        err = write_part(job);
    if (err == 0)
        err = examine_decode(job, job->part, &job->record);
    if (err == 0)
        err = name_it(job);
    if (err != 0 && strstr(job->words, "lock timeout") != NULL)
        snprintf(job->remedy, sizeof job->remedy,
                 "somebody holds an ACCESS EXCLUSIVE lock; end that transaction and try again");
    return err;
}

int take_run(struct backup_job *job)
{
    const struct snapshot_record *record = &job->record;
    int err = 0;

    if (pg_dsn_has_password(job->database.dsn)) {
        snprintf(job->remedy, sizeof job->remedy, "put it into a passfile (mode 0600)");
        return backup_job_fail(job, ERR_INVALID,
                               "the dsn of %s holds a password, which everybody who lists "
                               "processes would see",
                               job->database.name);
    }
    err = make(job);
    if (err != 0) {
        if (disk_file_remove(job->part) != 0)
            LOG_WARN("snapshot", "cannot remove %s: %s", job->part, strerror(errno));
        return err;
    }
    atomic_store(&job->percent, 100);
    atomic_store(&job->bytes, record->bytes);
    snprintf(job->words, sizeof job->words, "snapshot %s: %" PRIu64 " bytes, verified, %zu tables",
             record->id, record->bytes, record->table_count);
    drop_old(job);
    return 0;
}

int take_forget(struct backup_job *job)
{
    backup_job_enter(job, BACKUP_CLEANING);
    if (disk_file_remove(job->record.path) != 0)
        return backup_job_fail(job, ERR_IO, "cannot remove %s: %s", job->record.path,
                               strerror(errno));
    if (catalogue_remove(job->catalogue, job->record.id) != 0)
        return backup_job_fail(job, ERR_IO, "cannot write the catalogue: %s", strerror(errno));
    snprintf(job->words, sizeof job->words, "snapshot %s is gone, with its %" PRIu64 " bytes",
             job->record.id, job->record.bytes);
    return 0;
}
