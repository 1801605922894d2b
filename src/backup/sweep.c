/* See sweep_priv.h. The control thread starts and ends a sweep; its own thread only reads it meanwhile. */
#include "backup/sweep_priv.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "backup/disk_file_priv.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"

struct sweep {
    TAILQ_ENTRY(sweep) link;
    pthread_t thread;
    char *database;
    char *path;
};

static void *run_thread(void *arg)
{
    const struct sweep *sweep = arg;
    int err = disk_file_remove(sweep->path);

    LOG_WARN("snapshot-left-over", "database=%s file=%s %s", sweep->database, sweep->path,
             err == 0 ? "removed" : strerror(errno));
    return NULL;
}

void sweep_start(struct sweeps *sweeps, const char *database, char *path)
{
    struct sweep *sweep = mem_zalloc(sizeof *sweep);
    sigset_t all;
    sigset_t before;

    sweep->database = mem_text(database);
    sweep->path = path;
    TAILQ_INSERT_TAIL(sweeps, sweep, link);
    sigfillset(&all); /* signals are for the control thread */
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    CHECK(pthread_create(&sweep->thread, NULL, run_thread, sweep) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
}

void sweeps_end(struct sweeps *sweeps)
{
    struct sweep *sweep = NULL;

    while ((sweep = TAILQ_FIRST(sweeps)) != NULL) {
        TAILQ_REMOVE(sweeps, sweep, link);
        CHECK(pthread_join(sweep->thread, NULL) == 0);
        free(sweep->database);
        free(sweep->path);
        free(sweep);
    }
}
