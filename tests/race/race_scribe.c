/* room: base */
/*
 * Two rings, three talkers, reopens, moves and counts all at once on one scribe: nothing is lost
 * without being counted, and ThreadSanitizer stays silent.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/ring.h"
#include "base/scribe.h"

enum { WORKERS = 2, TALKERS = 3, LINES = 20000, REOPENS = 200 };

static struct ring *rings[WORKERS];
static struct scribe *scribe;
static atomic_bool is_over;

static void format_line(void *arg, const void *record, size_t size, struct text *out)
{
    (void)arg;
    text_add_slice(out, slice_of(record, size));
    text_add(out, "\n");
}

static void *run_worker(void *arg)
{
    struct ring *ring = arg;

    for (int i = 0; i < LINES; i++) {
        char *room = ring_reserve(ring, 64);

        if (room == NULL)
            continue;
        memset(room, 'r', 40);
        ring_commit(ring, 40);
    }
    return NULL;
}

static void *run_talker(void *arg)
{
    for (int i = 0; i < LINES; i++)
        scribe_sink(scribe, arg, strlen(arg));
    return NULL;
}

static void *run_watcher(void *arg)
{
    bool *went_back = arg;
    uint64_t last = 0;

    while (!atomic_load(&is_over)) {
        struct scribe_counts counts = scribe_counts(scribe);

        *went_back = *went_back || counts.lines < last;
        last = counts.lines;
        sched_yield();
    }
    return NULL;
}

static struct scribe *start_scribe(const char *access_path, const char *log_path)
{
    struct scribe_options options = { .access_path = access_path,
                                      .log_path = log_path,
                                      .format = format_line,
                                      .rings = rings,
                                      .ring_count = WORKERS };
    struct scribe *started = NULL;

    for (int i = 0; i < WORKERS; i++)
        rings[i] = ring_new(16384);
    return scribe_new(&options, &started) == 0 ? started : NULL;
}

static void run_all(const char *folder, bool *went_back)
{
    pthread_t threads[WORKERS + TALKERS];
    pthread_t watcher;
    char line[] = "a line of the log\n";

    pthread_create(&watcher, NULL, run_watcher, went_back);
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, run_worker, rings[i]);
    for (int i = 0; i < TALKERS; i++)
        pthread_create(&threads[WORKERS + i], NULL, run_talker, line);
    for (int i = 0; i < REOPENS; i++) {
        char *path = mem_format("%s/access%d.log", folder, i % 3);

        scribe_reopen(scribe);
        scribe_move(scribe, path, NULL);
        scribe_wake(scribe);
        free(path);
    }
    for (int i = 0; i < WORKERS + TALKERS; i++)
        pthread_join(threads[i], NULL);
    while (scribe_counts(scribe).lines + scribe_counts(scribe).dropped <
           (WORKERS + TALKERS) * (uint64_t)LINES)
        scribe_wake(scribe);
    atomic_store(&is_over, true);
    pthread_join(watcher, NULL);
}

int main(void)
{
    char folder[] = "/tmp/switchyard-race-XXXXXX";
    bool went_back = false;
    char *access_path = NULL;
    char *log_path = NULL;
    char *command = NULL;
    struct scribe_counts counts;

    if (mkdtemp(folder) == NULL)
        return 1;
    access_path = mem_format("%s/access.log", folder);
    log_path = mem_format("%s/log/switchyard.log", folder);
    command = mem_format("rm -rf '%s'", folder);
    scribe = start_scribe(access_path, log_path);
    if (scribe == NULL)
        return 1;
    run_all(folder, &went_back);
    counts = scribe_counts(scribe);
    scribe_free(scribe);
    for (int i = 0; i < WORKERS; i++)
        ring_free(rings[i]);
    printf("%lu lines, %lu dropped, %lu errors\n", (unsigned long)counts.lines,
           (unsigned long)counts.dropped, (unsigned long)counts.write_errors);
    if (system(command) != 0 || went_back || counts.write_errors > 0 || counts.lines == 0)
        return 1;
    free(access_path);
    free(log_path);
    free(command);
    return counts.lines + counts.dropped == (WORKERS + TALKERS) * (uint64_t)LINES ? 0 : 1;
}
