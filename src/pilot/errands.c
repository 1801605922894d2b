/* See errands_priv.h. Two lists under one lock; the thread takes from the one and puts into the other. */
#include "pilot/errands_priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/mailbox.h"

struct errand_row {
    STAILQ_ENTRY(errand_row) link;
    struct errand errand;
    bool was_run;
};
STAILQ_HEAD(errand_rows, errand_row);

struct errands {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct errand_rows waiting; /* under the lock, as all until is_ending */
    struct errand_rows finished;
    bool is_ending;
    _Atomic bool is_cut;
    struct mailbox *mailbox;
};

static struct errand_row *wait_row(struct errands *errands)
{
    struct errand_row *row = NULL;

    pthread_mutex_lock(&errands->lock);
    while (STAILQ_EMPTY(&errands->waiting) && !errands->is_ending)
        pthread_cond_wait(&errands->wake, &errands->lock);
    row = STAILQ_FIRST(&errands->waiting);
    if (row != NULL)
        STAILQ_REMOVE_HEAD(&errands->waiting, link);
    pthread_mutex_unlock(&errands->lock);
    return row;
}

static void *run_thread(void *arg)
{
    struct errands *errands = arg;
    struct errand_row *row = NULL;

    while ((row = wait_row(errands)) != NULL) {
        row->was_run = !atomic_load(&errands->is_cut);
        if (row->was_run)
            row->errand.run(row->errand.arg, &errands->is_cut);
        pthread_mutex_lock(&errands->lock);
        STAILQ_INSERT_TAIL(&errands->finished, row, link);
        pthread_mutex_unlock(&errands->lock);
        mailbox_post(errands->mailbox, &(struct mail){ 0 });
    }
    return NULL;
}

static void finish_one(struct errands *errands)
{
    struct errand_row *row = NULL;

    pthread_mutex_lock(&errands->lock);
    row = STAILQ_FIRST(&errands->finished);
    STAILQ_REMOVE_HEAD(&errands->finished, link);
    pthread_mutex_unlock(&errands->lock);
    row->errand.done(row->errand.arg, row->was_run);
    free(row);
}

static void on_mail(void *arg, const struct mail *mail)
{
    (void)mail; /* one for each errand */
    finish_one(arg);
}

/* Signals belong to the control loop. */
static void start_thread(struct errands *errands, const char *name)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    CHECK(pthread_create(&errands->thread, NULL, run_thread, errands) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    pthread_setname_np(errands->thread, name);
}

struct errands *errands_new(struct loop *loop, const char *name)
{
    struct errands *errands = mem_zalloc(sizeof *errands);

    STAILQ_INIT(&errands->waiting);
    STAILQ_INIT(&errands->finished);
    pthread_mutex_init(&errands->lock, NULL);
    pthread_cond_init(&errands->wake, NULL);
    errands->mailbox = mailbox_new(loop, on_mail, errands);
    start_thread(errands, name);
    return errands;
}

void errands_add(struct errands *errands, const struct errand *errand)
{
    struct errand_row *row = mem_zalloc(sizeof *row);

    row->errand = *errand;
    pthread_mutex_lock(&errands->lock);
    STAILQ_INSERT_TAIL(&errands->waiting, row, link);
    pthread_cond_signal(&errands->wake);
    pthread_mutex_unlock(&errands->lock);
}

void errands_free(struct errands *errands, bool is_cut)
{
    if (errands == NULL)
        return;
    atomic_store(&errands->is_cut, is_cut);
    pthread_mutex_lock(&errands->lock);
    errands->is_ending = true;
    pthread_cond_signal(&errands->wake);
    pthread_mutex_unlock(&errands->lock);
    pthread_join(errands->thread, NULL);
    mailbox_free(errands->mailbox);
    while (!STAILQ_EMPTY(&errands->finished))
        finish_one(errands);
    pthread_cond_destroy(&errands->wake);
    pthread_mutex_destroy(&errands->lock);
    free(errands);
}
