/*
 * The writer's thread; see writer_priv.h. Whatever a job needs is in the job; between jobs the thread remembers
 * only how much of the history it has not synced yet.
 */
#include "deploy/writer_priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/state.h"
#include "net/mailbox.h"

enum { TEXT_LIMIT = 256 * 1024 * 1024 };

STAILQ_HEAD(writer_jobs, writer_job);

struct writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct writer_jobs jobs; /* under the lock, as all until is_ending */
    struct writer_jobs done; /* finished, and not fetched by the control thread */
    bool is_ending;
    struct state_file *file;
    struct mailbox *mailbox;
    writer_fn *on_done;
    void *arg;
    struct history_disk history; /* the thread's */
};

struct writer_job *writer_job_new(enum writer_kind kind)
{
    struct writer_job *job = mem_zalloc(sizeof *job);

    job->kind = kind;
    text_init(&job->bytes, TEXT_LIMIT);
    text_init(&job->pins_files, TEXT_LIMIT);
    STAILQ_INIT(&job->pins);
    return job;
}

void writer_job_free(struct writer_job *job)
{
    if (job == NULL)
        return;
    text_fini(&job->bytes);
    text_fini(&job->pins_files);
    pins_writes_fini(&job->pins);
    free(job);
}

static void write_lines(struct writer *writer, struct writer_job *job)
{
    struct history_lines lines = {
        .bytes = text_slice(&job->bytes),
        .count = job->lines,
        .sequence = job->sequence,
        .bytes_max = job->history_bytes,
    };

    job->err = history_disk_append(&writer->history, &lines, job->words);
    job->synced = writer->history.synced;
}

/* What could not be read again is never written over what can. */
static bool is_readable(struct writer_job *job)
{
    struct state *state = NULL;
    char words[160];

    if (job->kind == WRITER_LINES)
        return true;
    job->err = state_decode(text_slice(&job->bytes), &state, words, sizeof words);
    if (job->err != 0)
        snprintf(job->words, sizeof job->words, "the new state would not be readable: %s", words);
    state_free(state);
    return job->err == 0;
}

int writer_write_state(struct state_file *file, struct writer_job *job)
{
    job->err = pins_disk_write(file, &job->pins, job->words);
    if (job->err == 0)
        job->err = state_file_write(file, job->generation, text_slice(&job->bytes), &job->unsure,
                                    job->words);
    pins_disk_settle(file, &job->pins, text_slice(&job->pins_files), job->err, job->unsure);
    return job->err;
}

static void run_job(struct writer *writer, struct writer_job *job)
{
    if (!is_readable(job))
        return;
    switch (job->kind) {
    case WRITER_STATE: job->err = writer_write_state(writer->file, job); break;
    case WRITER_RESERVE:
        job->err = state_file_write_reserve(writer->file, job->generation, text_slice(&job->bytes),
                                            job->words);
        break;
    case WRITER_LINES: write_lines(writer, job); break;
    }
}

static struct writer_job *wait_job(struct writer *writer)
{
    struct writer_job *job = NULL;

    pthread_mutex_lock(&writer->lock);
    while (STAILQ_EMPTY(&writer->jobs) && !writer->is_ending)
        pthread_cond_wait(&writer->wake, &writer->lock);
    job = STAILQ_FIRST(&writer->jobs);
    if (job != NULL)
        STAILQ_REMOVE_HEAD(&writer->jobs, link);
    pthread_mutex_unlock(&writer->lock);
    return job;
}

static void answer_job(struct writer *writer, struct writer_job *job)
{
    pthread_mutex_lock(&writer->lock);
    STAILQ_INSERT_TAIL(&writer->done, job, link);
    pthread_mutex_unlock(&writer->lock);
    mailbox_post(writer->mailbox, &(struct mail){ 0 });
}

static void *run_writer(void *arg)
{
    struct writer *writer = arg;
    struct writer_job *job = NULL;

    while ((job = wait_job(writer)) != NULL) {
        size_t reserve_bytes = 0;

        run_job(writer, job);
        if (job->kind == WRITER_STATE && job->err == 0)
            reserve_bytes = job->reserve_bytes;
        answer_job(writer, job);
        /* After the answer: nobody waits for it. */
        if (reserve_bytes > 0)
            (void)state_file_ensure_reserve(writer->file, reserve_bytes);
    }
    return NULL;
}

static void on_mail(void *arg, const struct mail *mail)
{
    struct writer *writer = arg;
    struct writer_job *job = NULL;

    (void)mail; /* one for each job */
    pthread_mutex_lock(&writer->lock);
    job = STAILQ_FIRST(&writer->done);
    STAILQ_REMOVE_HEAD(&writer->done, link);
    pthread_mutex_unlock(&writer->lock);
    writer->on_done(writer->arg, job);
}

/* Signals belong to the control loop. */
static void start_thread(struct writer *writer)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    CHECK(pthread_create(&writer->thread, NULL, run_writer, writer) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    pthread_setname_np(writer->thread, "state");
}

struct writer *writer_new(struct loop *loop, struct state_file *file,
                          const struct history_disk *history, writer_fn *on_done, void *arg)
{
    struct writer *writer = mem_zalloc(sizeof *writer);

    STAILQ_INIT(&writer->jobs);
    STAILQ_INIT(&writer->done);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->wake, NULL);
    writer->file = file;
    writer->history = *history;
    writer->mailbox = mailbox_new(loop, on_mail, writer);
    writer->on_done = on_done;
    writer->arg = arg;
    start_thread(writer);
    return writer;
}

void writer_free(struct writer *writer)
{
    struct writer_job *job = NULL;

    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->is_ending = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    mailbox_free(writer->mailbox);
    while ((job = STAILQ_FIRST(&writer->done)) != NULL) {
        STAILQ_REMOVE_HEAD(&writer->done, link);
        writer_job_free(job);
    }
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

void writer_submit(struct writer *writer, struct writer_job *job)
{
    pthread_mutex_lock(&writer->lock);
    STAILQ_INSERT_TAIL(&writer->jobs, job, link);
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
}
