/* An origin that answers by itself: see support/origin_auto.h. */
#include "support/origin_auto.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "support/origin_priv.h"
#include "support/scene.h"

struct origin_auto {
    struct origin *origin;
    const char *slot;
    unsigned body;
    pthread_mutex_t lock;
    struct origin_faults faults;
    uint64_t random;
    _Atomic int health;
    _Atomic uint64_t served;
    _Atomic uint64_t probes;
};

/* What a request asks for. */
struct wish {
    struct slice method;
    struct slice path;
    struct slice query;
    struct slice id;
    struct slice body;
    uint64_t started_us;
};

static _Atomic uint8_t executions[ORIGIN_AUTO_IDS];

unsigned origin_auto_executions(uint32_t id)
{
    return id < ORIGIN_AUTO_IDS ? atomic_load(&executions[id]) : 0;
}

static struct slice find_field(struct slice head, const char *name)
{
    size_t length = strlen(name);
    struct slice line;

    while (slice_next(&head, '\n', &line)) {
        if (line.len > length + 1 && line.ptr[length] == ':' &&
            slice_is_equal_nocase(slice_of(line.ptr, length), slice_from(name))) {
            struct slice value = slice_of(line.ptr + length + 1, line.len - length - 1);

            if (value.len > 0 && value.ptr[value.len - 1] == '\r')
                value.len--;
            return slice_trim(value);
        }
    }
    return (struct slice){ "", 0 };
}

/* The number after "key=" in a query, or fallback. */
static uint64_t query_number(struct slice query, const char *key, uint64_t fallback)
{
    size_t length = strlen(key);
    struct slice part;
    uint64_t value = 0;

    while (slice_next(&query, '&', &part)) {
        if (part.len > length && memcmp(part.ptr, key, length) == 0 && part.ptr[length] == '=' &&
            num_parse_u64(slice_of(part.ptr + length + 1, part.len - length - 1), UINT32_MAX,
                          &value) == 0)
            return value;
    }
    return fallback;
}

static struct wish read_wish(struct slice request, size_t body_at)
{
    struct wish wish = { .started_us = clock_monotonic_us() };
    struct slice head = slice_of(request.ptr, body_at);
    struct slice rest = head;
    struct slice target;
    const char *mark = NULL;

    wish.body = slice_of(request.ptr + body_at, request.len - body_at);
    if (!slice_next(&rest, ' ', &wish.method) || !slice_next(&rest, ' ', &target))
        return wish;
    mark = memchr(target.ptr, '?', target.len);
    wish.path = mark != NULL ? slice_of(target.ptr, (size_t)(mark - target.ptr)) : target;
    wish.query =
        mark != NULL ? slice_of(mark + 1, target.len - wish.path.len - 1) : (struct slice){ "", 0 };
    wish.id = find_field(head, "X-Id");
    return wish;
}

static void count_execution(struct slice id)
{
    uint64_t number = 0;

    if (num_parse_u64(id, ORIGIN_AUTO_IDS - 1, &number) == 0)
        atomic_fetch_add(&executions[number], 1);
}

static void add_head(const struct origin_auto *self, const struct wish *wish, int status,
                     uint64_t length, struct text *out)
{
    text_add_format(out,
                    "HTTP/1.1 %d Status\r\nX-Slot: %s\r\nX-Id: %.*s\r\nX-Start-Us: %llu\r\n"
                    "Content-Length: %llu\r\n\r\n",
                    status, self->slot, SLICE_ARG(wish->id), (unsigned long long)wish->started_us,
                    (unsigned long long)length);
}

static void add_json(const struct wish *wish, unsigned size, struct text *out)
{
    size_t start = out->len;

    text_add(out, "{\"method\":\"");
    text_add_json(out, wish->method);
    text_add(out, "\",\"path\":\"");
    text_add_json(out, wish->path);
    text_add_format(out, "\",\"body\":%zu,\"fill\":\"", wish->body.len);
    while (out->len - start + 2 < size)
        text_add(out, "f");
    text_add(out, "\"}");
}

enum ending { KEEP, CLOSE, RESET };

/* Sends as many bytes of the answer as the path or a dealt fault lets through. */
static enum ending send_part(struct origin_line *line, struct slice answer, size_t limit,
                             enum ending ending)
{
    size_t count = limit < answer.len ? limit : answer.len;

    if (!origin_line_send(line, answer.ptr, count))
        return CLOSE;
    return ending;
}

static struct origin_faults read_faults(struct origin_auto *self, uint64_t *random)
{
    struct origin_faults faults;

    pthread_mutex_lock(&self->lock);
    faults = self->faults;
    *random = hash_random(&self->random);
    pthread_mutex_unlock(&self->lock);
    return faults;
}

static void build_plain(const struct origin_auto *self, const struct wish *wish, int status,
                        struct text *out)
{
    struct text body;

    text_init(&body, (size_t)1 << 30);
    if (slice_is_equal(wish->path, SLICE("/echo")))
        text_add_slice(&body, wish->body);
    else
        add_json(wish, self->body, &body);
    if (slice_is_equal(wish->path, SLICE("/big"))) {
        uint64_t want = query_number(wish->query, "n", 1 << 20);
        char fill[4096];

        memset(fill, 'x', sizeof fill);
        text_clear(&body);
        for (; want > 0; want -= want < sizeof fill ? want : sizeof fill)
            text_add_slice(&body, slice_of(fill, want < sizeof fill ? (size_t)want : sizeof fill));
    }
    add_head(self, wish, status, body.len, out);
    if (!slice_is_equal(wish->method, SLICE("HEAD")))
        text_add_slice(out, text_slice(&body));
    text_fini(&body);
}

/* Deals the faults: how the answer ends, and after how many of its bytes. */
static enum ending deal(const struct origin_faults *faults, uint64_t random, size_t head,
                        size_t size, size_t *limit)
{
    unsigned dice = (unsigned)(random % 1000);
    size_t within = head + (size_t)((random >> 32) % (size - head + 1));

    *limit = size;
    if (dice < faults->reset_before + faults->close_before) {
        *limit = 0;
        return dice < faults->reset_before ? RESET : CLOSE;
    }
    dice -= faults->reset_before + faults->close_before;
    if (dice < faults->reset_within + faults->close_within) {
        *limit = within;
        return dice < faults->reset_within ? RESET : CLOSE;
    }
    return KEEP;
}

static int choose_status(const struct wish *wish, const struct origin_faults *faults,
                         uint64_t random)
{
    if (slice_is_equal(wish->path, SLICE("/status")))
        return (int)query_number(wish->query, "n", 200);
    return (unsigned)((random >> 12) % 1000) < faults->status_500 ? 500 : 200;
}

static enum ending give(struct origin_auto *self, struct origin_line *line, const struct wish *wish)
{
    uint64_t random = 0;
    struct origin_faults faults = read_faults(self, &random);
    struct text answer;
    enum ending ending = KEEP;
    size_t head = 0;
    size_t limit = 0;

    text_init(&answer, (size_t)1 << 30);
    build_plain(self, wish, choose_status(wish, &faults, random), &answer);
    head = (size_t)((char *)memmem(answer.bytes, answer.len, "\r\n\r\n", 4) - answer.bytes) + 4;
    ending = deal(&faults, random, head, answer.len, &limit);
    if (slice_is_equal(wish->path, SLICE("/reset")) ||
        slice_is_equal(wish->path, SLICE("/close"))) {
        limit = head + query_number(wish->query, "after", 0);
        ending = wish->path.ptr[1] == 'r' ? RESET : CLOSE;
    }
    if (slice_is_equal(wish->path, SLICE("/drop"))) {
        limit = 0;
        ending = CLOSE;
    }
    if (slice_is_equal(wish->path, SLICE("/slow")))
        scene_pause_us(query_number(wish->query, "us", 1000));
    if (faults.delay_us > 0)
        scene_pause_us(faults.delay_us);
    ending = send_part(line, text_slice(&answer), limit, ending);
    text_fini(&answer);
    return ending;
}

static void give_health(struct origin_auto *self, struct origin_line *line)
{
    int status = atomic_load(&self->health);
    char *body = mem_format("{\"status\":\"%s\",\"environment\":\"%s\"}",
                            status == 200 ? "healthy" : "sick", self->slot);
    char *answer = mem_format("HTTP/1.1 %d Health\r\nContent-Length: %zu\r\n\r\n%s", status,
                              strlen(body), body);

    atomic_fetch_add(&self->probes, 1);
    if (!origin_line_send(line, answer, strlen(answer)))
        line->ended = true;
    free(body);
    free(answer);
}

/* false: the connection was idle as long as the knob says. */
static bool await_next(struct origin_auto *self, struct origin_line *line)
{
    uint64_t random = 0;
    struct origin_faults faults = read_faults(self, &random);
    struct pollfd wait = { .fd = line->fd, .events = POLLIN };
    struct timespec limit = { 0 };

    if (faults.close_idle_max_us == 0 || line->in.len > 0)
        return true;
    limit.tv_nsec = (long)(random % faults.close_idle_max_us) * 1000;
    return ppoll(&wait, 1, &limit, NULL) > 0;
}

static void serve(struct origin_line *line, void *arg)
{
    struct origin_auto *self = arg;
    uint64_t random = 0;
    struct origin_faults faults = read_faults(self, &random);
    size_t body_at = 0;
    size_t size = 0;

    if ((unsigned)(random % 1000) < faults.close_accepted)
        return;
    while ((size = origin_line_request(line, &body_at)) > 0) {
        struct wish wish = read_wish(slice_of(line->in.bytes, size), body_at);
        enum ending ending = KEEP;

        if (slice_is_equal(wish.path, SLICE("/health"))) {
            give_health(self, line);
        } else {
            count_execution(wish.id);
            atomic_fetch_add(&self->served, 1); /* before a client can know */
            ending = give(self, line, &wish);
        }
        if (ending == RESET)
            origin_line_reset(line);
        if (ending != KEEP)
            return;
        origin_line_take(line, size);
        if (!await_next(self, line))
            return;
    }
}

struct origin_auto *origin_auto_start(const char *address, const char *slot, unsigned body)
{
    struct origin_auto *self = mem_zalloc(sizeof *self);

    self->slot = slot;
    self->body = body;
    self->random = 88172645463325252ULL;
    atomic_store(&self->health, 200);
    pthread_mutex_init(&self->lock, NULL);
    self->origin = origin_start_with(address, serve, self);
    return self;
}

void origin_auto_stop(struct origin_auto *self)
{
    origin_stop(self->origin);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

struct origin *origin_auto_origin(struct origin_auto *self)
{
    return self->origin;
}

const char *origin_auto_address(const struct origin_auto *self)
{
    return origin_address(self->origin);
}

void origin_auto_set_faults(struct origin_auto *self, const struct origin_faults *faults)
{
    pthread_mutex_lock(&self->lock);
    self->faults = *faults;
    if (faults->seed != 0)
        self->random = faults->seed;
    pthread_mutex_unlock(&self->lock);
}

void origin_auto_set_health(struct origin_auto *self, int status)
{
    atomic_store(&self->health, status);
}

uint64_t origin_auto_served(const struct origin_auto *self)
{
    return atomic_load(&self->served);
}

uint64_t origin_auto_probes(const struct origin_auto *self)
{
    return atomic_load(&self->probes);
}
