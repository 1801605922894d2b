/* Threads of jobs and their children: see backup_job_priv.h. */
#include "backup/backup_job_priv.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/disk_file_priv.h"
#include "backup/pg_program_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/timer.h"

enum { TICK_MS = 50, REPORT_MAX = 1 << 20, NICE = 10, QUERY_S = 60 };

/* A child and the last bytes of its errors. */
struct running {
    struct backup_job *job;
    const struct job_run *run;
    struct child *child;
    struct timer *tick;
    struct child_result result;
    char tail[JOB_TAIL + 1];
    size_t tail_len;
};

static char *copy_text(const char *text)
{
    return text != NULL ? mem_text(text) : NULL;
}

struct backup_job *backup_job_new(const struct backup_order *order,
                                  const struct backup_database *database)
{
    struct backup_job *job = mem_zalloc(sizeof *job);

    job->work = order->work;
    job->began_us = clock_monotonic_us();
    snprintf(job->actor, sizeof job->actor, "%s", order->actor);
    atomic_init(&job->percent, -1);
    text_init(&job->report, REPORT_MAX);
    if (database != NULL)
        job->database = (struct job_database){
            .name = copy_text(database->name),
            .dsn = copy_text(database->dsn),
            .passfile = copy_text(database->passfile),
            .folder = copy_text(database->folder),
            .restore_folder = copy_text(database->restore_folder),
            .server_user = copy_text(database->server_user),
            .rule = database->rule,
        };
    return job;
}

void backup_job_free(struct backup_job *job)
{
    for (size_t i = 0; i < job->size_count; i++)
        free(job->sizes[i].name);
    free(job->sizes);
    free(job->part);
    free(job->database.name);
    free(job->database.dsn);
    free(job->database.passfile);
    free(job->database.folder);
    free(job->database.restore_folder);
    free(job->database.server_user);
    snapshot_record_fini(&job->record);
    text_fini(&job->report);
    free(job);
}

static int work(struct backup_job *job)
{
    switch (job->work) {
    case BACKUP_TAKE: return take_run(job);
    case BACKUP_VERIFY: return examine_run(job);
    case BACKUP_FORGET: return take_forget(job);
    case BACKUP_ESTIMATE: return restore_estimate(job);
    case BACKUP_RESTORE: return restore_run(job);
    }
    return ERR_INVALID;
}

static void *run_thread(void *arg)
{
    struct backup_job *job = arg;

    job->loop = loop_new();
    job->err = work(job);
    loop_free(job->loop);
    atomic_store(&job->phase, BACKUP_ENDED);
    atomic_store_explicit(&job->is_ended, true, memory_order_release);
    return NULL;
}

void backup_job_start(struct backup_job *job)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all); /* signals are for the control thread */
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    CHECK(pthread_create(&job->thread, NULL, run_thread, job) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
}

void backup_job_join(struct backup_job *job)
{
    if (!job->is_joined)
        CHECK(pthread_join(job->thread, NULL) == 0);
    job->is_joined = true;
}

void backup_job_enter(struct backup_job *job, enum backup_phase phase)
{
    atomic_store(&job->phase, (int)phase);
}

int backup_job_fail(struct backup_job *job, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(job->words, sizeof job->words, format, args);
    va_end(args);
    return err;
}

/* The last bytes stay. */
static void keep_tail(struct running *running, const char *bytes, size_t len)
{
    if (len > JOB_TAIL) {
        bytes += len - JOB_TAIL;
        len = JOB_TAIL;
    }
    if (running->tail_len + len > JOB_TAIL) {
        size_t gone = running->tail_len + len - JOB_TAIL;

        memmove(running->tail, running->tail + gone, running->tail_len - gone);
        running->tail_len -= gone;
    }
    memcpy(running->tail + running->tail_len, bytes, len);
    running->tail_len += len;
}

static void on_bytes(void *arg, enum child_source source, const char *bytes, size_t len)
{
    struct running *running = arg;

    if (source == CHILD_ERR)
        keep_tail(running, bytes, len);
    if (running->run->on_bytes != NULL)
        running->run->on_bytes(running->run->arg, source, bytes, len);
}

static void on_done(void *arg, const struct child_result *result)
{
    struct running *running = arg;

    running->child = NULL;
    running->result = *result;
    loop_stop(running->job->loop);
}

/* Somebody may want it to end; and how much is written by now? */
static void on_tick(void *arg)
{
    struct running *running = arg;
    struct backup_job *job = running->job;

    if (running->child == NULL)
        return;
    if (atomic_load(&job->is_cancelled))
        child_stop(running->child);
    if (job->part != NULL)
        atomic_store(&job->bytes, disk_file_size(job->part));
    timer_arm(running->tick, TICK_MS);
}

/* The last line that is an error, else the last one. */
static struct slice last_words(struct running *running)
{
    struct slice rest = slice_of(running->tail, running->tail_len);
    struct slice line = { 0 };
    struct slice found = { 0 };
    bool is_error = false;

    running->tail[running->tail_len] = '\0';
    while (slice_next(&rest, '\n', &line)) {
        bool has = memmem(line.ptr, line.len, "error", 5) != NULL ||
                   memmem(line.ptr, line.len, "ERROR", 5) != NULL;

        if (line.len > 0 && (has || !is_error))
            found = line;
        is_error = is_error || has;
    }
    return found;
}

/* By the kernel for want of memory, or by somebody: it says nothing about what it was reading. */
static bool is_ended_from_outside(const struct child_result *result)
{
    return result->code == CHILD_NO_START || result->signal == SIGKILL || result->signal == SIGTERM;
}

static int judge(struct running *running, const char *name)
{
    struct backup_job *job = running->job;
    struct slice words = last_words(running);

    if (running->result.code == 0 && !running->result.is_stopped)
        return 0;
    if (running->result.is_stopped)
        return backup_job_fail(job, ERR_AGAIN, "%s was stopped", name);
    if (running->result.is_timed_out)
        return backup_job_fail(job, ERR_TIMEOUT, "%s did not end in time (%s)", name,
                               running->result.words);
    return backup_job_fail(job, is_ended_from_outside(&running->result) ? ERR_AGAIN : ERR_IO,
                           "%s: %s%s%.*s", name, running->result.words, words.len > 0 ? ": " : "",
                           (int)(words.len < 350 ? words.len : 350),
                           words.ptr != NULL ? words.ptr : "");
}

static void fill_environment(const struct backup_job *job, char **passfile, const char **more)
{
    static const char *const fixed[] = { "PGCONNECT_TIMEOUT=10", "PGAPPNAME=switchyard", "PGTZ=UTC",
                                         "LC_MESSAGES=C" };
    unsigned count = 0;

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        more[count++] = fixed[i];
    *passfile =
        job->database.passfile != NULL ? mem_format("PGPASSFILE=%s", job->database.passfile) : NULL;
    more[count++] = *passfile;
    more[count] = NULL;
}

int backup_job_run(struct backup_job *job, const struct job_run *run)
{
    struct running running = { .job = job, .run = run };
    const char *words[JOB_ARGS + 1] = { NULL };
    const char *more[8];
    char *program =
        run->words[0][0] == '/' ? mem_text(run->words[0]) : pg_program_find(run->words[0]);
    char *passfile = NULL;
    struct child_spec spec = { .words = words,
                               .more = more,
                               .timeout_us = run->timeout_us,
                               .nice = NICE,
                               .on_bytes = on_bytes,
                               .bytes_arg = &running };

    if (program == NULL) {
        snprintf(job->remedy, sizeof job->remedy,
                 "install the package postgresql-client (pg_verifybackup: postgresql)");
        return backup_job_fail(job, ERR_NOT_FOUND, "%s is not installed", run->words[0]);
    }
    words[0] = program;
    for (unsigned i = 1; i < JOB_ARGS && run->words[i] != NULL; i++)
        words[i] = run->words[i];
    fill_environment(job, &passfile, more);
    running.tick = timer_new(job->loop, on_tick, &running);
    timer_arm(running.tick, TICK_MS);
    running.child = child_start(job->loop, &spec, on_done, &running);
    loop_run(job->loop);
    timer_free(running.tick);
    free(passfile);
    free(program);
    return judge(&running, run->words[0]);
}

static void on_answer(void *arg, enum child_source source, const char *bytes, size_t len)
{
    if (source == CHILD_OUT)
        text_add_slice(arg, slice_of(bytes, len));
}

int backup_job_query(struct backup_job *job, const char *dsn, const char *sql, struct text *out)
{
    const char *const words[] = {
        "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
        "-w",   "-d", dsn,  "-c", sql,  NULL
    };
    struct job_run run = {
        .words = words, .on_bytes = on_answer, .arg = out, .timeout_us = QUERY_S * 1000000ull
    };
    int err = backup_job_run(job, &run);

    if (err == 0 && text_is_cut(out))
        return backup_job_fail(job, ERR_FULL, "the answer of the server is too long");
    return err;
}
