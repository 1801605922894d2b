/* The databases and their jobs: see backup/backup.h. Control thread; the work is done in backup_job.c and its parts. */
#include "backup/backup.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup_job_priv.h"
#include "backup/claim.h"
#include "backup/survey_priv.h"
#include "backup/sweep_priv.h"
#include "backup/tickets.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/timer.h"

enum { REAP_MS = 50, ENDED_MAX = 16 };

TAILQ_HEAD(jobs, backup_job);

/* A database as configured, with texts of its own. */
struct known {
    struct backup_database is;
    struct backup_counts counts;
};

struct backup {
    struct catalogue *catalogue;
    struct tickets *tickets;
    struct timer *reaper;
    struct known *known;
    size_t count;
    struct jobs running;
    struct jobs ended; /* newest first */
    struct sweeps sweeps;
    struct survey *survey; /* NULL: no database has snapshots yet */
    unsigned ended_count;
    uint64_t last_number;
};

const char *backup_work_name(enum backup_work work)
{
    static const char *const names[] = { [BACKUP_TAKE] = "snapshot",
                                         [BACKUP_VERIFY] = "verify",
                                         [BACKUP_FORGET] = "forget",
                                         [BACKUP_ESTIMATE] = "estimate",
                                         [BACKUP_RESTORE] = "restore" };

    return names[work];
}

const char *backup_phase_name(enum backup_phase phase)
{
    static const char *const names[] = {
        [BACKUP_ASKING] = "asking",       [BACKUP_WRITING] = "writing",
        [BACKUP_CHECKING] = "checking",   [BACKUP_SUMMING] = "summing",
        [BACKUP_RESTORING] = "restoring", [BACKUP_COMPARING] = "comparing",
        [BACKUP_CLEANING] = "cleaning",   [BACKUP_ENDED] = "ended",
    };

    return names[phase];
}

static void free_jobs(struct jobs *jobs)
{
    struct backup_job *job = NULL;

    while ((job = TAILQ_FIRST(jobs)) != NULL) {
        backup_job_join(job);
        TAILQ_REMOVE(jobs, job, link);
        backup_job_free(job);
    }
}

static struct known *find_known(const struct backup *backup, const char *name)
{
    for (size_t i = 0; i < backup->count; i++)
        if (strcmp(backup->known[i].is.name, name) == 0)
            return &backup->known[i];
    return NULL;
}

/* What it did for the counts, the log, and those that are kept from being dropped. */
static void settle(struct backup *backup, struct backup_job *job)
{
    const char *name = job->work == BACKUP_TAKE ? job->database.name : job->record.database;
    struct known *known = find_known(backup, name);
    uint64_t took_ms = (clock_monotonic_us() - job->began_us) / 1000;

    if (job->work == BACKUP_RESTORE || job->work == BACKUP_ESTIMATE || job->work == BACKUP_VERIFY)
        catalogue_release(backup->catalogue, job->record.id);
    if (job->work == BACKUP_FORGET && job->err != 0)
        catalogue_spare(backup->catalogue, job->record.id);
    if (backup->survey != NULL)
        survey_hurry(backup->survey);
    if (known != NULL && job->work == BACKUP_TAKE) {
        known->counts.taken += job->err == 0;
        known->counts.failed += job->err != 0;
    }
    if (known != NULL && job->work == BACKUP_VERIFY)
        known->counts.verify_failed += job->err != 0;
    if (job->err == 0)
        LOG_INFO(backup_work_name(job->work), "database=%s id=%s ms=%" PRIu64 " %s actor=\"%s\"",
                 name, job->record.id, took_ms, job->words, job->actor);
    else
        LOG_WARN(backup_work_name(job->work),
                 "database=%s id=%s ms=%" PRIu64 " failed (%s): %s actor=\"%s\"", name,
                 job->record.id, took_ms, err_name(job->err), job->words, job->actor);
}

static void reap(struct backup *backup)
{
    struct backup_job *job = TAILQ_FIRST(&backup->running);

    while (job != NULL) {
        struct backup_job *next = TAILQ_NEXT(job, link);

        if (atomic_load_explicit(&job->is_ended, memory_order_acquire)) {
            backup_job_join(job);
            TAILQ_REMOVE(&backup->running, job, link);
            TAILQ_INSERT_HEAD(&backup->ended, job, link);
            backup->ended_count++;
            settle(backup, job);
        }
        job = next;
    }
    while (backup->ended_count > ENDED_MAX) {
        job = TAILQ_LAST(&backup->ended, jobs);
        TAILQ_REMOVE(&backup->ended, job, link);
        backup_job_free(job);
        backup->ended_count--;
    }
}

static void on_reap(void *arg)
{
    struct backup *backup = arg;

    reap(backup);
    if (!TAILQ_EMPTY(&backup->running))
        timer_arm(backup->reaper, REAP_MS);
}

int backup_new(struct loop *loop, const char *state_dir, struct text *words, struct backup **out)
{
    struct catalogue *catalogue = NULL;
    struct backup *backup = NULL;
    struct slice rest = { 0 };
    struct slice line = { 0 };
    int err = catalogue_new(state_dir, words, &catalogue);

    if (err != 0)
        return err;
    backup = mem_zalloc(sizeof *backup);
    backup->catalogue = catalogue;
    backup->tickets = tickets_new();
    backup->reaper = timer_new(loop, on_reap, backup);
    TAILQ_INIT(&backup->running);
    TAILQ_INIT(&backup->ended);
    TAILQ_INIT(&backup->sweeps);
    for (rest = text_slice(words); slice_next(&rest, '\n', &line);)
        LOG_WARN("snapshot-catalogue", "%.*s", SLICE_ARG(line));
    *out = backup;
    return 0;
}

static void free_known(struct backup *backup)
{
    for (size_t i = 0; i < backup->count; i++) {
        free((void *)(uintptr_t)backup->known[i].is.name);
        free((void *)(uintptr_t)backup->known[i].is.dsn);
        free((void *)(uintptr_t)backup->known[i].is.passfile);
        free((void *)(uintptr_t)backup->known[i].is.folder);
        free((void *)(uintptr_t)backup->known[i].is.restore_folder);
        free((void *)(uintptr_t)backup->known[i].is.server_user);
    }
    free(backup->known);
    backup->known = NULL;
    backup->count = 0;
}

void backup_free(struct backup *backup)
{
    struct backup_job *job = NULL;

    if (backup == NULL)
        return;
    TAILQ_FOREACH(job, &backup->running, link)
    atomic_store(&job->is_cancelled, true);
    free_jobs(&backup->running);
    free_jobs(&backup->ended);
    sweeps_end(&backup->sweeps);
    survey_end(backup->survey);
    timer_free(backup->reaper);
    free_known(backup);
    catalogue_free(backup->catalogue);
    tickets_free(backup->tickets);
    free(backup);
}

/* "NAME-….part": of a process that has ended, unless it is ours. */
static bool is_stale(const struct backup *backup, const struct backup_database *database,
                     const char *file, const char *path)
{
    size_t base = strlen(database->name);
    const struct backup_job *job = NULL;

    if (strncmp(file, database->name, base) != 0 || file[base] != '-' ||
        !slice_ends_with_nocase(slice_from(file), SLICE(".part")))
        return false;
    TAILQ_FOREACH(job, &backup->running, link)
    if (job->part != NULL && strcmp(job->part, path) == 0)
        return false;
    return true;
}

static void sweep(struct backup *backup, const struct backup_database *database)
{
    DIR *dir = database->folder != NULL ? opendir(database->folder) : NULL;
    const struct dirent *entry = NULL;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *path = mem_format("%s/%s", database->folder, entry->d_name);

        if (is_stale(backup, database, entry->d_name, path))
            sweep_start(&backup->sweeps, database->name, path);
        else
            free(path);
    }
    if (dir != NULL)
        closedir(dir);
}

static char *copy_text(const char *text)
{
    return text != NULL ? mem_text(text) : NULL;
}

static bool is_same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

void backup_configure(struct backup *backup, const struct backup_database *databases, size_t count)
{
    struct known *fresh = mem_zalloc((count + 1) * sizeof *fresh);

    for (size_t i = 0; i < count; i++) {
        const struct known *old = find_known(backup, databases[i].name);

        fresh[i].is = databases[i];
        fresh[i].is.name = copy_text(databases[i].name);
        fresh[i].is.dsn = copy_text(databases[i].dsn);
        fresh[i].is.passfile = copy_text(databases[i].passfile);
        fresh[i].is.folder = copy_text(databases[i].folder);
        fresh[i].is.restore_folder = copy_text(databases[i].restore_folder);
        fresh[i].is.server_user = copy_text(databases[i].server_user);
        if (old != NULL)
            fresh[i].counts = old->counts;
        if (old == NULL || !is_same_text(old->is.folder, databases[i].folder))
            sweep(backup, &fresh[i].is);
        if (fresh[i].is.folder != NULL && backup->survey == NULL)
            backup->survey = survey_start(backup->catalogue);
    }
    free_known(backup);
    backup->known = fresh;
    backup->count = count;
}

const struct backup_database *backup_database_at(const struct backup *backup, size_t index)
{
    return index < backup->count ? &backup->known[index].is : NULL;
}

const struct backup_database *backup_database_find(const struct backup *backup, const char *name)
{
    const struct known *known = find_known(backup, name);

    return known != NULL ? &known->is : NULL;
}

/* --- starting --- */

__attribute__((format(printf, 3, 4))) static int refuse(char words[BACKUP_WORDS], int err,
                                                        const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(words, BACKUP_WORDS, format, args);
    va_end(args);
    return err;
}

static bool is_busy(const struct backup *backup, const char *database, const char *id)
{
    const struct backup_job *job = NULL;

    TAILQ_FOREACH(job, &backup->running, link)
    if ((database != NULL && job->database.name != NULL &&
         strcmp(job->database.name, database) == 0) ||
        (id != NULL && strcmp(job->record.id, id) == 0))
        return true;
    return false;
}

static uint64_t last_bytes(struct backup *backup, const char *database, enum snapshot_kind kind)
{
    struct snapshot_record *records = NULL;
    size_t count = catalogue_list(backup->catalogue, database, &records);
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        if (records[i].kind == kind)
            bytes = records[i].bytes;
    catalogue_free_list(records, count);
    return bytes;
}

static int prepare_take(struct backup *backup, const struct backup_order *order,
                        struct backup_job *job, char words[BACKUP_WORDS])
{
    if (job->database.folder == NULL)
        return refuse(words, ERR_INVALID,
                      "database %s has no folder for snapshots (snapshots { folder })",
                      order->database);
    job->record.kind = order->kind;
    (void)slice_copy(slice_from(order->database), job->record.database,
                     sizeof job->record.database);
    (void)slice_copy(slice_from(order->actor), job->record.actor, sizeof job->record.actor);
    job->previous_bytes = last_bytes(backup, order->database, order->kind);
    take_name(job);
    return 0;
}

static int prepare_use(struct backup *backup, const struct backup_order *order,
                       struct backup_job *job, char words[BACKUP_WORDS])
{
    int err = 0;

    if (!catalogue_find(backup->catalogue, order->id, &job->record))
        return refuse(words, ERR_NOT_FOUND, "there is no snapshot %s", order->id);
    if (order->work == BACKUP_FORGET)
        err = catalogue_condemn(backup->catalogue, order->id, order->is_forced);
    else
        err = catalogue_hold(backup->catalogue, order->id);
    if (err == ERR_NOT_FOUND) /* a rule has dropped it in this moment */
        return refuse(words, err, "there is no snapshot %s", order->id);
    if (err != 0 && job->record.held_by[0] != '\0')
        return refuse(words, err, "snapshot %s is held by %s", order->id, job->record.held_by);
    if (err != 0)
        return refuse(words, err, "snapshot %s is in use, or is being removed", order->id);
    return 0;
}

int backup_start(struct backup *backup, const struct backup_order *order, uint64_t *number,
                 char words[BACKUP_WORDS])
{
    const struct backup_database *database = NULL;
    struct backup_job *job = NULL;
    int err = 0;

    reap(backup);
    if (order->database != NULL) {
        database = backup_database_find(backup, order->database);
        if (database == NULL)
            return refuse(words, ERR_NOT_FOUND, "there is no database %s", order->database);
    }
    if (is_busy(backup, order->database, order->id))
        return refuse(words, ERR_CONFLICT, "something is under way with %s (db snapshots)",
                      order->database != NULL ? order->database : order->id);
    job = backup_job_new(order, database);
    job->catalogue = backup->catalogue;
    err = order->work == BACKUP_TAKE ? prepare_take(backup, order, job, words)
                                     : prepare_use(backup, order, job, words);
    if (err != 0) {
        backup_job_free(job);
        return err;
    }
    job->number = *number = ++backup->last_number;
    TAILQ_INSERT_TAIL(&backup->running, job, link);
    backup_job_start(job);
    timer_arm(backup->reaper, REAP_MS);
    return 0;
}

/* --- looking --- */

static void view(const struct backup_job *job, struct backup_job_view *out)
{
    bool is_ended = job->is_joined;

    *out = (struct backup_job_view){
        .number = job->number,
        .work = job->work,
        .phase = is_ended ? BACKUP_ENDED : (enum backup_phase)atomic_load(&job->phase),
        .database = job->database.name != NULL ? job->database.name : job->record.database,
        .id = job->record.id,
        .began_us = job->began_us,
        .bytes = atomic_load(&job->bytes),
        .percent = atomic_load(&job->percent),
        .words = is_ended ? job->words : "",
        .remedy = is_ended ? job->remedy : "",
        .report = is_ended && job->report.bytes != NULL ? job->report.bytes : "",
        .err = is_ended ? job->err : ERR_AGAIN,
    };
    if (out->phase == BACKUP_ENDED && !is_ended)
        out->phase = BACKUP_CLEANING; /* in a moment */
}

static const struct backup_job *find_job(struct backup *backup, uint64_t number)
{
    const struct backup_job *job = NULL;

    reap(backup);
    TAILQ_FOREACH(job, &backup->running, link)
    if (job->number == number)
        return job;
    TAILQ_FOREACH(job, &backup->ended, link)
    if (job->number == number)
        return job;
    return NULL;
}

bool backup_job(struct backup *backup, uint64_t number, struct backup_job_view *out)
{
    const struct backup_job *job = find_job(backup, number);

    if (job != NULL)
        view(job, out);
    return job != NULL;
}

bool backup_job_at(struct backup *backup, size_t index, struct backup_job_view *out)
{
    const struct backup_job *job = NULL;

    if (index == 0)
        reap(backup);
    TAILQ_FOREACH(job, &backup->running, link)
    if (index-- == 0) {
        view(job, out);
        return true;
    }
    TAILQ_FOREACH(job, &backup->ended, link)
    if (index-- == 0) {
        view(job, out);
        return true;
    }
    return false;
}

bool backup_stop(struct backup *backup, uint64_t number)
{
    struct backup_job *job = NULL;

    TAILQ_FOREACH(job, &backup->running, link)
    if (job->number == number) {
        atomic_store(&job->is_cancelled, true);
        return true;
    }
    return false;
}

size_t backup_list(struct backup *backup, const char *database, struct snapshot_record **out)
{
    return catalogue_list(backup->catalogue, database, out);
}

bool backup_find(struct backup *backup, const char *id, struct snapshot_record *out)
{
    return catalogue_find(backup->catalogue, id, out);
}

size_t backup_damaged(struct backup *backup)
{
    return catalogue_damaged(backup->catalogue);
}

void backup_claim(struct backup *backup, const struct snapshot_claim *claims, size_t count)
{
    catalogue_claim(backup->catalogue, claims, count);
}

struct tickets *backup_tickets(const struct backup *backup)
{
    return backup->tickets;
}

bool backup_freshness(struct backup *backup, const char *database, uint64_t max_age_us,
                      struct freshness *out)
{
    const struct known *known = find_known(backup, database);
    struct snapshot_record *records = NULL;
    size_t count = 0;

    if (known == NULL || known->is.folder == NULL)
        return false;
    count = catalogue_list(backup->catalogue, database, &records);
    freshness_judge(&(struct freshness_ask){ .database = database,
                                             .max_age_us = max_age_us,
                                             .now_us = clock_wall_us(),
                                             .mono_us = clock_monotonic_us() },
                    records, count, out);
    catalogue_free_list(records, count);
    return true;
}

struct backup_counts backup_counts(const struct backup *backup, const char *database)
{
    const struct known *known = find_known(backup, database);

    return known != NULL ? known->counts : (struct backup_counts){ 0 };
}
