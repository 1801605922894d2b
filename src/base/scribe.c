/*
 * The scribe's thread: each turn (every 20 ms, or when woken) it takes over what was asked of it, turns
 * the records of all rings into access lines, moves the queued log lines, and writes both files. Log
 * lines come from any thread, so their ring's writing side is behind a lock that is held for one copy.
 * Failures of the access file are said in the log file and those of the log file on standard error,
 * once when they begin and once when they are over. See base/scribe.h.
 */
#include "base/scribe.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log_file_priv.h"
#include "base/mem.h"
#include "base/ring.h"

enum {
    SCRIBE_MAGIC = 0x5c71be01,
    TURN_MS = 20,
    QUEUE_BYTES = 256 * 1024,
    RECORDS_PER_TURN = 4096, /* of one ring, so that a busy one does not hold up the others */
};

/* Owner: app. Ends by scribe_free. `lock` guards the queue's writing side and what is asked. */
struct scribe {
    unsigned magic;
    pthread_t thread;
    int wake_fd;
    atomic_bool is_woken;
    atomic_bool is_stopping;
    pthread_mutex_t lock;
    struct ring *queue;
    bool asks_reopen;
    char *asked_access_path; /* NULL: no change */
    char *asked_log_path;
    /* the scribe's thread only */
    struct log_file access;
    struct log_file log;
    int said_access_error;
    int said_log_error;
    scribe_format_fn *format;
    void *format_arg;
    struct ring **rings;
    size_t ring_count;
};

static struct scribe *scribe_of(void *arg)
{
    struct scribe *scribe = arg;

    CHECK(scribe != NULL && scribe->magic == SCRIBE_MAGIC);
    return scribe;
}

/* The flag spares a system call per line; the exchange orders it behind what was queued before. */
void scribe_wake(struct scribe *scribe)
{
    uint64_t one = 1;

    if (atomic_exchange(&scribe->is_woken, true))
        return;
    while (write(scribe->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static void wait_turn(struct scribe *scribe, bool has_more)
{
    struct pollfd fds = { .fd = scribe->wake_fd, .events = POLLIN };
    uint64_t count = 0;

    if (poll(&fds, 1, has_more ? 0 : TURN_MS) == 1 &&
        read(scribe->wake_fd, &count, sizeof count) > 0)
        atomic_exchange(&scribe->is_woken, false);
}

static void take_requests(struct scribe *scribe)
{
    char *access_path = NULL;
    char *log_path = NULL;
    bool reopen = false;

    pthread_mutex_lock(&scribe->lock);
    reopen = scribe->asks_reopen;
    access_path = scribe->asked_access_path;
    log_path = scribe->asked_log_path;
    scribe->asks_reopen = false;
    scribe->asked_access_path = scribe->asked_log_path = NULL;
    pthread_mutex_unlock(&scribe->lock);
    if (access_path != NULL)
        log_file_move(&scribe->access, access_path);
    if (log_path != NULL)
        log_file_move(&scribe->log, log_path[0] != '\0' ? log_path : NULL);
    if (reopen) {
        log_file_reopen(&scribe->access);
        log_file_reopen(&scribe->log);
    }
    free(access_path);
    free(log_path);
}

/* True when there may be more. */
static bool drain_ring(struct scribe *scribe, struct ring *ring, uint64_t now_us)
{
    struct text *batch = &scribe->access.batch;
    const void *record = NULL;
    size_t size = 0;

    for (int i = 0; i < RECORDS_PER_TURN; i++) {
        size_t before = batch->len;

        record = ring_peek(ring, &size);
        if (record == NULL)
            return false;
        if (!log_file_is_off(&scribe->access)) {
            scribe->format(scribe->format_arg, record, size, batch);
            log_file_end_line(&scribe->access, before, now_us);
        }
        ring_pop(ring);
    }
    return true;
}

static bool drain_queue(struct scribe *scribe, uint64_t now_us)
{
    struct text *batch = &scribe->log.batch;

    for (int i = 0; i < RECORDS_PER_TURN; i++) {
        size_t before = batch->len;
        size_t size = 0;
        const char *line = ring_peek(scribe->queue, &size);

        if (line == NULL)
            return false;
        text_add_slice(batch, slice_of(line, size));
        log_file_end_line(&scribe->log, before, now_us);
        ring_pop(scribe->queue);
    }
    return true;
}

/* A line of our own about a file, when its state has changed since the last one. */
static void say_state(const struct log_file *file, const char *what, int *said, struct text *out)
{
    char stamp[CLOCK_STAMP_SIZE];
    char reason[128];
    uint64_t dropped = atomic_load_explicit(&file->dropped, memory_order_relaxed);

    if ((file->error == 0) == (*said == 0))
        return;
    clock_stamp(clock_wall_us(), stamp);
    if (file->error != 0)
        text_add_format(out, "%s error log_file_failed log=%s path=\"%s\" reason=\"%s\"\n", stamp,
                        what, file->path != NULL ? file->path : "stderr",
                        strerror_r(file->error, reason, sizeof reason));
    else
        text_add_format(out, "%s warn log_file_restored log=%s path=\"%s\" dropped=%" PRIu64 "\n",
                        stamp, what, file->path != NULL ? file->path : "stderr", dropped);
    *said = file->error;
}

/* Standard error may itself be what fails, or a pipe that nobody reads: then nobody is left to tell. */
static void say_log_state(struct scribe *scribe)
{
    struct pollfd fds = { .fd = STDERR_FILENO, .events = POLLOUT };
    struct text words;

    text_init(&words, LOG_FILE_BATCH_BYTES);
    say_state(&scribe->log, "log", &scribe->said_log_error, &words);
    if (words.len > 0 && scribe->log.path != NULL && poll(&fds, 1, 0) == 1 &&
        write(STDERR_FILENO, words.bytes, words.len) < 0)
        scribe->said_log_error = scribe->log.error;
    text_fini(&words);
}

/* True when there may be more to do at once. */
static bool do_turn(struct scribe *scribe)
{
    uint64_t now_us = clock_monotonic_us();
    bool has_more = false;

    take_requests(scribe);
    for (size_t i = 0; i < scribe->ring_count; i++)
        has_more = drain_ring(scribe, scribe->rings[i], now_us) || has_more;
    log_file_flush(&scribe->access, now_us);
    has_more = drain_queue(scribe, now_us) || has_more;
    say_state(&scribe->access, "access", &scribe->said_access_error, &scribe->log.batch);
    log_file_flush(&scribe->log, now_us);
    say_log_state(scribe);
    return has_more;
}

static void *run_scribe(void *arg)
{
    struct scribe *scribe = scribe_of(arg);
    bool has_more = false;

    while (!atomic_load(&scribe->is_stopping)) {
        wait_turn(scribe, has_more);
        has_more = do_turn(scribe);
    }
    while (do_turn(scribe))
        continue;
    return NULL;
}

/* Signals belong to the control thread. */
static int start_thread(struct scribe *scribe)
{
    sigset_t all;
    sigset_t before;
    int error = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&scribe->thread, NULL, run_scribe, scribe);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return error == 0 ? ERR_OK : ERR_IO;
}

static void free_parts(struct scribe *scribe)
{
    int error = errno;

    if (scribe->wake_fd >= 0)
        close(scribe->wake_fd);
    pthread_mutex_destroy(&scribe->lock);
    ring_free(scribe->queue);
    free(scribe->asked_access_path);
    free(scribe->asked_log_path);
    scribe->magic = 0;
    free(scribe);
    errno = error;
}

static int open_files(struct scribe *scribe, const struct scribe_options *options)
{
    int err =
        log_file_init(&scribe->access, options->access_path != NULL ? options->access_path : "");

    if (err != ERR_OK)
        return err;
    err = log_file_init(&scribe->log, options->log_path);
    if (err != ERR_OK)
        log_file_fini(&scribe->access);
    return err;
}

int scribe_new(const struct scribe_options *options, struct scribe **out)
{
    struct scribe *scribe = mem_zalloc(sizeof *scribe);
    int err = ERR_IO;

    CHECK(options->ring_count == 0 || options->format != NULL);
    scribe->magic = SCRIBE_MAGIC;
    scribe->format = options->format;
    scribe->format_arg = options->format_arg;
    scribe->rings = options->rings;
    scribe->ring_count = options->ring_count;
    pthread_mutex_init(&scribe->lock, NULL);
    scribe->queue = ring_new(QUEUE_BYTES);
    scribe->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (scribe->wake_fd >= 0)
        err = open_files(scribe, options);
    if (err != ERR_OK) {
        free_parts(scribe);
        return err;
    }
    err = start_thread(scribe);
    if (err != ERR_OK) {
        log_file_fini(&scribe->access);
        log_file_fini(&scribe->log);
        free_parts(scribe);
        return err;
    }
    *out = scribe;
    return ERR_OK;
}

void scribe_free(struct scribe *scribe)
{
    if (scribe == NULL)
        return;
    atomic_store(&scribe->is_stopping, true);
    scribe_wake(scribe);
    pthread_join(scribe->thread, NULL);
    log_file_fini(&scribe->access);
    log_file_fini(&scribe->log);
    free_parts(scribe);
}

void scribe_reopen(struct scribe *scribe)
{
    pthread_mutex_lock(&scribe->lock);
    scribe->asks_reopen = true;
    pthread_mutex_unlock(&scribe->lock);
    scribe_wake(scribe);
}

static void ask_path(char **asked, const char *path)
{
    if (path == NULL)
        return;
    free(*asked);
    *asked = mem_text(path);
}

void scribe_move(struct scribe *scribe, const char *access_path, const char *log_path)
{
    pthread_mutex_lock(&scribe->lock);
    ask_path(&scribe->asked_access_path, access_path);
    ask_path(&scribe->asked_log_path, log_path);
    pthread_mutex_unlock(&scribe->lock);
    scribe_wake(scribe);
}

void scribe_sink(void *arg, const char *line, size_t len)
{
    struct scribe *scribe = scribe_of(arg);
    void *room = NULL;

    pthread_mutex_lock(&scribe->lock);
    room = ring_reserve(scribe->queue, len);
    if (room != NULL) {
        memcpy(room, line, len);
        ring_commit(scribe->queue, len);
    }
    pthread_mutex_unlock(&scribe->lock);
    scribe_wake(scribe);
}

struct scribe_counts scribe_counts(const struct scribe *scribe)
{
    struct scribe_counts counts = {
        .lines = atomic_load(&scribe->access.lines) + atomic_load(&scribe->log.lines),
        .dropped = atomic_load(&scribe->access.dropped) + atomic_load(&scribe->log.dropped) +
                   ring_dropped(scribe->queue),
        .write_errors = atomic_load(&scribe->access.errors) + atomic_load(&scribe->log.errors),
    };

    for (size_t i = 0; i < scribe->ring_count; i++)
        counts.dropped += ring_dropped(scribe->rings[i]);
    return counts;
}
