/* See net/clerk.h. Two lists under one lock; the thread takes from the one and puts into the other. */
#include "net/clerk.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/mailbox.h"

struct clerk_row {
    STAILQ_ENTRY(clerk_row) link;
    struct clerk_task task;
    bool was_run;
};
STAILQ_HEAD(clerk_rows, clerk_row);

struct clerk {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct clerk_rows waiting; /* under the lock, as all until is_ending */
    struct clerk_rows finished;
    bool is_ending;
    _Atomic bool is_cut;
    struct mailbox *mailbox;
};

static struct clerk_row *wait_row(struct clerk *clerk)
{
    struct clerk_row *row = NULL;

    pthread_mutex_lock(&clerk->lock);
    while (STAILQ_EMPTY(&clerk->waiting) && !clerk->is_ending)
        pthread_cond_wait(&clerk->wake, &clerk->lock);
    row = STAILQ_FIRST(&clerk->waiting);
    if (row != NULL)
        STAILQ_REMOVE_HEAD(&clerk->waiting, link);
    pthread_mutex_unlock(&clerk->lock);
    return row;
}

static void *run_thread(void *arg)
{
    struct clerk *clerk = arg;
    struct clerk_row *row = NULL;

    while ((row = wait_row(clerk)) != NULL) {
        row->was_run = !atomic_load(&clerk->is_cut);
        if (row->was_run)
            row->task.run(row->task.arg, &clerk->is_cut);
        pthread_mutex_lock(&clerk->lock);
        STAILQ_INSERT_TAIL(&clerk->finished, row, link);
        pthread_mutex_unlock(&clerk->lock);
        mailbox_post(clerk->mailbox, &(struct mail){ 0 });
    }
    return NULL;
}

static void finish_one(struct clerk *clerk)
{
    struct clerk_row *row = NULL;

    pthread_mutex_lock(&clerk->lock);
    row = STAILQ_FIRST(&clerk->finished);
    STAILQ_REMOVE_HEAD(&clerk->finished, link);
    pthread_mutex_unlock(&clerk->lock);
    row->task.done(row->task.arg, row->was_run);
    free(row);
}

static void on_mail(void *arg, const struct mail *mail)
{
    (void)mail; /* one for each task */
    finish_one(arg);
}

/* Signals belong to the control loop. */
static void start_thread(struct clerk *clerk, const char *name)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    CHECK(pthread_create(&clerk->thread, NULL, run_thread, clerk) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    pthread_setname_np(clerk->thread, name);
}

struct clerk *clerk_new(struct loop *loop, const char *name)
{
    struct clerk *clerk = mem_zalloc(sizeof *clerk);

    STAILQ_INIT(&clerk->waiting);
    STAILQ_INIT(&clerk->finished);
    pthread_mutex_init(&clerk->lock, NULL);
    pthread_cond_init(&clerk->wake, NULL);
    clerk->mailbox = mailbox_new(loop, on_mail, clerk);
    start_thread(clerk, name);
    return clerk;
}

void clerk_add(struct clerk *clerk, const struct clerk_task *task)
{
    struct clerk_row *row = mem_zalloc(sizeof *row);

    row->task = *task;
    pthread_mutex_lock(&clerk->lock);
    STAILQ_INSERT_TAIL(&clerk->waiting, row, link);
    pthread_cond_signal(&clerk->wake);
    pthread_mutex_unlock(&clerk->lock);
}

void clerk_free(struct clerk *clerk, bool is_cut)
{
    if (clerk == NULL)
        return;
    atomic_store(&clerk->is_cut, is_cut);
    pthread_mutex_lock(&clerk->lock);
    clerk->is_ending = true;
    pthread_cond_signal(&clerk->wake);
    pthread_mutex_unlock(&clerk->lock);
    pthread_join(clerk->thread, NULL);
    mailbox_free(clerk->mailbox);
    while (!STAILQ_EMPTY(&clerk->finished))
        finish_one(clerk);
    pthread_cond_destroy(&clerk->wake);
    pthread_mutex_destroy(&clerk->lock);
    free(clerk);
}
