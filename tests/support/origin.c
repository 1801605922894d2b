/* An app server under the test's control: see support/origin.h. Here its threads, records and names. */
#include "support/origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "support/origin_priv.h"
#include "support/origin_tls_priv.h"
#include "support/scene.h"

static void free_line(struct origin_line *line)
{
    text_fini(&line->in);
    text_fini(&line->received);
    free(line);
}

static void *run_line(void *arg)
{
    struct origin_line *line = arg;
    struct origin *origin = line->origin;

    if (origin_tls_accept(line)) {
        origin->serve(line, origin->arg);
        origin_tls_end(line);
    }
    pthread_mutex_lock(&origin->lock);
    if (line->fd >= 0)
        close(line->fd);
    line->fd = -1;
    origin_tls_drop(line);
    line->is_done = true;
    origin->open_count--;
    pthread_cond_broadcast(&origin->changed);
    pthread_mutex_unlock(&origin->lock);
    return NULL;
}

/* Joins threads that are done, when nobody wants their records. Under the lock. */
static void reap_lines(struct origin *origin)
{
    struct origin_line *next = NULL;

    for (struct origin_line *line = LIST_FIRST(&origin->lines); line != NULL; line = next) {
        next = LIST_NEXT(line, link);
        if (!line->is_done || origin->records)
            continue;
        LIST_REMOVE(line, link);
        pthread_join(line->thread, NULL);
        free_line(line);
    }
}

static void start_line(struct origin *origin, int fd)
{
    struct origin_line *line = mem_zalloc(sizeof *line);
    pthread_attr_t attributes;

    line->origin = origin;
    line->fd = fd;
    text_init(&line->in, (size_t)1 << 30);
    text_init(&line->received, (size_t)1 << 30);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_mutex_lock(&origin->lock);
    reap_lines(origin);
    line->index = origin->connection_count++;
    origin->open_count++;
    LIST_INSERT_HEAD(&origin->lines, line, link);
    if (pthread_create(&line->thread, &attributes, run_line, line) != 0)
        scene_fail("origin: no thread");
    pthread_cond_broadcast(&origin->changed);
    pthread_mutex_unlock(&origin->lock);
    pthread_attr_destroy(&attributes);
}

static void *run_acceptor(void *arg)
{
    struct origin *origin = arg;

    for (;;) {
        int fd = accept4(origin->listen_fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            start_line(origin, fd);
        else if (errno != EINTR && errno != ECONNABORTED)
            return NULL;
    }
}

void origin_up(struct origin *origin)
{
    char wish[DIAL_TEXT];

    memcpy(wish, origin->address, sizeof wish);
    origin->listen_fd = dial_listen(wish, 1024, origin->address);
    if (origin->listen_fd < 0)
        scene_fail("origin: cannot listen at %s: %s", wish, strerror(errno));
    pthread_mutex_lock(&origin->lock);
    origin->is_stopping = false;
    pthread_mutex_unlock(&origin->lock);
    if (pthread_create(&origin->acceptor, NULL, run_acceptor, origin) != 0)
        scene_fail("origin: no thread");
    origin->is_listening = true;
}

static void shut_lines(struct origin *origin)
{
    struct origin_line *line = NULL;

    LIST_FOREACH(line, &origin->lines, link)
    {
        if (line->fd >= 0)
            shutdown(line->fd, SHUT_RDWR);
    }
}

void origin_drop_connections(struct origin *origin)
{
    pthread_mutex_lock(&origin->lock);
    shut_lines(origin);
    pthread_mutex_unlock(&origin->lock);
}

void origin_down(struct origin *origin)
{
    if (!origin->is_listening)
        return;
    shutdown(origin->listen_fd, SHUT_RDWR);
    pthread_join(origin->acceptor, NULL);
    close(origin->listen_fd);
    origin->is_listening = false;
    pthread_mutex_lock(&origin->lock);
    origin->is_stopping = true;
    shut_lines(origin);
    pthread_cond_broadcast(&origin->changed);
    while (origin->open_count > 0)
        pthread_cond_wait(&origin->changed, &origin->lock);
    pthread_mutex_unlock(&origin->lock);
}

struct origin *origin_start_with(const char *address, origin_serve_fn *serve, void *arg)
{
    struct origin *origin = mem_zalloc(sizeof *origin);
    pthread_condattr_t attributes;

    origin->serve = serve;
    origin->arg = arg;
    origin->records = serve == origin_serve_scripts;
    pthread_mutex_init(&origin->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&origin->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (strlen(address) >= sizeof origin->address)
        scene_fail("origin: address too long: %s", address);
    memcpy(origin->address, address, strlen(address) + 1);
    origin_up(origin);
    return origin;
}

struct origin *origin_start(const char *address)
{
    return origin_start_with(address, origin_serve_scripts, NULL);
}

static void forget(struct origin *origin)
{
    for (unsigned i = 0; i < origin->request_count; i++) {
        text_fini(&origin->requests[i]->bytes);
        free(origin->requests[i]);
    }
    for (unsigned i = 0; i < origin->answer_count; i++)
        free(origin->answers[i].bytes);
    origin->request_count = origin->answer_count = origin->answer_next = 0;
    origin->script_count = origin->script_next = origin->name_count = 0;
}

void origin_stop(struct origin *origin)
{
    struct origin_line *line = NULL;

    origin_down(origin);
    while ((line = LIST_FIRST(&origin->lines)) != NULL) {
        LIST_REMOVE(line, link);
        pthread_join(line->thread, NULL);
        free_line(line);
    }
    forget(origin);
    origin_tls_fini(origin);
    pthread_mutex_destroy(&origin->lock);
    pthread_cond_destroy(&origin->changed);
    free(origin);
}

const char *origin_address(const struct origin *origin)
{
    return origin->address;
}

void origin_clear(struct origin *origin)
{
    struct origin_line *next = NULL;

    pthread_mutex_lock(&origin->lock);
    forget(origin);
    origin->connection_count = 0;
    for (struct origin_line *line = LIST_FIRST(&origin->lines); line != NULL; line = next) {
        next = LIST_NEXT(line, link);
        line->index = ~0U;
        text_clear(&line->received);
        if (line->is_done) {
            LIST_REMOVE(line, link);
            pthread_join(line->thread, NULL);
            free_line(line);
        }
    }
    pthread_mutex_unlock(&origin->lock);
}

void origin_play(struct origin *origin, const struct origin_act *acts)
{
    pthread_mutex_lock(&origin->lock);
    if (acts == NULL)
        origin->script_count = origin->script_next = 0;
    else if (origin->script_count < ORIGIN_SCRIPTS)
        origin->scripts[origin->script_count++] = acts;
    pthread_mutex_unlock(&origin->lock);
}

void origin_answer(struct origin *origin, const void *bytes, size_t size, enum origin_after after)
{
    struct origin_answer *answer = NULL;

    pthread_mutex_lock(&origin->lock);
    if (origin->answer_count == ORIGIN_ANSWERS)
        scene_fail("origin: too many answers");
    answer = &origin->answers[origin->answer_count++];
    answer->bytes = mem_alloc(size + 1);
    memcpy(answer->bytes, bytes, size);
    answer->size = size;
    answer->after = after;
    pthread_mutex_unlock(&origin->lock);
}

static bool is_raised(const struct origin *origin, const char *name)
{
    for (unsigned i = 0; i < origin->name_count; i++) {
        if (strcmp(origin->names[i], name) == 0)
            return true;
    }
    return false;
}

void origin_raise(struct origin *origin, const char *name)
{
    pthread_mutex_lock(&origin->lock);
    if (!is_raised(origin, name) && origin->name_count < ORIGIN_NAMES)
        origin->names[origin->name_count++] = name;
    pthread_cond_broadcast(&origin->changed);
    pthread_mutex_unlock(&origin->lock);
}

bool origin_line_await(struct origin_line *line, const char *name)
{
    struct origin *origin = line->origin;
    bool raised = false;

    pthread_mutex_lock(&origin->lock);
    while (!is_raised(origin, name) && !origin->is_stopping)
        pthread_cond_wait(&origin->changed, &origin->lock);
    raised = is_raised(origin, name);
    pthread_mutex_unlock(&origin->lock);
    return raised;
}

/* Waits under the lock until check holds or ms are over. */
static bool await_change(struct origin *origin, bool (*check)(const struct origin *, const void *),
                         const void *arg, unsigned ms)
{
    uint64_t end = clock_monotonic_us() + (uint64_t)ms * 1000;
    struct timespec until = { .tv_sec = (time_t)(end / 1000000),
                              .tv_nsec = (long)(end % 1000000) * 1000 };
    bool holds = false;

    pthread_mutex_lock(&origin->lock);
    while (!check(origin, arg)) {
        if (pthread_cond_timedwait(&origin->changed, &origin->lock, &until) == ETIMEDOUT)
            break;
    }
    holds = check(origin, arg);
    pthread_mutex_unlock(&origin->lock);
    return holds;
}

static bool check_name(const struct origin *origin, const void *name)
{
    return is_raised(origin, name);
}

static bool check_requests(const struct origin *origin, const void *count)
{
    return origin->request_count >= *(const unsigned *)count;
}

static bool check_connections(const struct origin *origin, const void *count)
{
    return origin->connection_count >= *(const unsigned *)count;
}

static bool check_open(const struct origin *origin, const void *count)
{
    return origin->open_count == *(const unsigned *)count;
}

bool origin_await(struct origin *origin, const char *name, unsigned ms)
{
    return await_change(origin, check_name, name, ms);
}

bool origin_await_requests(struct origin *origin, unsigned count, unsigned ms)
{
    return await_change(origin, check_requests, &count, ms);
}

bool origin_await_connections(struct origin *origin, unsigned count, unsigned ms)
{
    return await_change(origin, check_connections, &count, ms);
}

bool origin_await_open(struct origin *origin, unsigned count, unsigned ms)
{
    return await_change(origin, check_open, &count, ms);
}

void origin_record(struct origin_line *line, struct slice bytes)
{
    struct origin *origin = line->origin;
    struct origin_record *record = mem_zalloc(sizeof *record);

    record->connection = line->index;
    text_init(&record->bytes, (size_t)1 << 30);
    text_add_slice(&record->bytes, bytes);
    pthread_mutex_lock(&origin->lock);
    if (origin->request_count == ORIGIN_RECORDS)
        scene_fail("origin: too many requests to record");
    origin->requests[origin->request_count++] = record;
    pthread_cond_broadcast(&origin->changed);
    pthread_mutex_unlock(&origin->lock);
}

/* The lock of an origin that is const to the caller: reading takes it all the same. */
static pthread_mutex_t *lock_of(const struct origin *origin)
{
    struct origin *same = NULL;

    memcpy(&same, &origin, sizeof same);
    pthread_mutex_lock(&same->lock);
    return &same->lock;
}

unsigned origin_requests(const struct origin *origin)
{
    pthread_mutex_t *lock = lock_of(origin);
    unsigned count = origin->request_count;

    pthread_mutex_unlock(lock);
    return count;
}

struct slice origin_request(const struct origin *origin, unsigned index)
{
    pthread_mutex_t *lock = lock_of(origin);
    struct slice bytes = { "", 0 };

    if (index < origin->request_count)
        bytes = text_slice(&origin->requests[index]->bytes);
    pthread_mutex_unlock(lock);
    return bytes;
}

unsigned origin_request_connection(const struct origin *origin, unsigned index)
{
    pthread_mutex_t *lock = lock_of(origin);
    unsigned connection = index < origin->request_count ? origin->requests[index]->connection : ~0U;

    pthread_mutex_unlock(lock);
    return connection;
}

unsigned origin_connections(const struct origin *origin)
{
    pthread_mutex_t *lock = lock_of(origin);
    unsigned count = origin->connection_count;

    pthread_mutex_unlock(lock);
    return count;
}

unsigned origin_open_connections(const struct origin *origin)
{
    pthread_mutex_t *lock = lock_of(origin);
    unsigned count = origin->open_count;

    pthread_mutex_unlock(lock);
    return count;
}

uint64_t origin_received_bytes(const struct origin *origin)
{
    return atomic_load(&origin->received_bytes);
}

char *origin_received(const struct origin *origin, unsigned index, size_t *size)
{
    pthread_mutex_t *lock = lock_of(origin);
    struct origin_line *line = NULL;
    char *copy = NULL;

    *size = 0;
    LIST_FOREACH(line, &origin->lines, link)
    {
        if (line->index == index && line->received.len > 0) {
            *size = line->received.len;
            copy = mem_text_of(line->received.bytes, line->received.len);
        }
    }
    pthread_mutex_unlock(lock);
    return copy != NULL ? copy : mem_text("");
}
