/* See survey_priv.h. */
#include "backup/survey_priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "backup/catalogue.h"
#include "backup/disk_file_priv.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

enum { INTERVAL_S = 1 };

struct survey {
    struct catalogue *catalogue;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows; held for memory only */
    pthread_cond_t change;
    bool is_wanted;
    bool is_ending;
};

/* Of a whole cluster only the manifest is looked at: it may have very many files. */
static uint64_t find_size(const struct snapshot_record *record)
{
    char *manifest = NULL;
    uint64_t bytes = 0;

    if (record->kind == SNAPSHOT_LOGICAL)
        return disk_file_size(record->path);
    manifest = mem_format("%s/backup_manifest", record->path);
    bytes = disk_file_size(manifest) > 0 ? record->bytes : 0;
    free(manifest);
    return bytes;
}

static void look(struct survey *survey)
{
    struct snapshot_record *records = NULL;
    size_t count = catalogue_list(survey->catalogue, NULL, &records);

    for (size_t i = 0; i < count; i++) {
        uint64_t began_us = clock_monotonic_us();

        if (records[i].is_verified && !records[i].is_going)
            catalogue_see(survey->catalogue, records[i].id, find_size(&records[i]), began_us);
    }
    catalogue_free_list(records, count);
}

/* False: it is over. */
static bool rest(struct survey *survey)
{
    struct timespec until;
    bool is_ending = false;
    int err = 0;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += INTERVAL_S;
    pthread_mutex_lock(&survey->lock);
    while (err == 0 && !survey->is_wanted && !survey->is_ending)
        err = pthread_cond_timedwait(&survey->change, &survey->lock, &until);
    survey->is_wanted = false;
    is_ending = survey->is_ending;
    pthread_mutex_unlock(&survey->lock);
    return !is_ending;
}

static void *run_thread(void *arg)
{
    struct survey *survey = arg;

    do
        look(survey);
    while (rest(survey));
    return NULL;
}

struct survey *survey_start(struct catalogue *catalogue)
{
    struct survey *survey = mem_zalloc(sizeof *survey);
    pthread_condattr_t attributes;
    sigset_t all;
    sigset_t before;

    survey->catalogue = catalogue;
    (void)pthread_mutex_init(&survey->lock, NULL);
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&survey->change, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all); /* signals are for the control thread */
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    CHECK(pthread_create(&survey->thread, NULL, run_thread, survey) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return survey;
}

static void tell(struct survey *survey, bool is_ending)
{
    pthread_mutex_lock(&survey->lock);
    survey->is_wanted = true;
    survey->is_ending = survey->is_ending || is_ending;
    pthread_cond_signal(&survey->change);
    pthread_mutex_unlock(&survey->lock);
}

void survey_hurry(struct survey *survey)
{
    tell(survey, false);
}

void survey_end(struct survey *survey)
{
    if (survey == NULL)
        return;
    tell(survey, true);
    CHECK(pthread_join(survey->thread, NULL) == 0);
    pthread_cond_destroy(&survey->change);
    pthread_mutex_destroy(&survey->lock);
    free(survey);
}
