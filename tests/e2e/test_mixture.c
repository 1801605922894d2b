/*
 * Random but right traffic: many connections at once send pipelines of requests with bodies of random sizes, in random
 * framings, cut into random writes; the app server echoes each body in a framing of its own choice, sometimes with an
 * interim response before it, sometimes closing behind it. Every answer must be the answer to its request, byte for
 * byte and in order. Seeds are printed; SWITCHYARD_SEED repeats a run.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/origin_priv.h"
#include "support/scene.h"

enum { THREADS = 8, WAIT_MS = 30000, BODY_MAX = 300000 };

static struct slice find_field(struct slice head, const char *name)
{
    size_t length = strlen(name);
    struct slice line;

    while (slice_next(&head, '\n', &line)) {
        if (line.len > length + 1 && line.ptr[length] == ':' &&
            slice_is_equal_nocase(slice_of(line.ptr, length), slice_from(name)))
            return slice_trim(slice_of(line.ptr + length + 1, line.len - length - 2));
    }
    return (struct slice){ "", 0 };
}

static void add_chunk(struct text *out, struct slice part)
{
    text_add_format(out, "%zx\r\n", part.len);
    text_add_slice(out, part);
    text_add(out, "\r\n");
}

static void add_chunked(struct text *out, struct slice body, uint64_t *random)
{
    while (body.len > 0) {
        size_t most = hash_random(random) % 3 == 0 ? 10 : 40000;
        size_t size = 1 + hash_random(random) % most;

        size = size < body.len ? size : body.len;
        add_chunk(out, slice_of(body.ptr, size));
        body = slice_of(body.ptr + size, body.len - size);
    }
    text_add(out, "0\r\n\r\n");
}

/* The body of a request without its chunk framing. */
static void decode(struct slice request, size_t body_at, struct text *out)
{
    struct slice head = slice_of(request.ptr, body_at);
    struct slice rest = slice_of(request.ptr + body_at, request.len - body_at);
    uint64_t size = 1;

    if (find_field(head, "Transfer-Encoding").len == 0) {
        text_add_slice(out, rest);
        return;
    }
    while (size > 0) {
        const char *end = memmem(rest.ptr, rest.len, "\r\n", 2);

        if (end == NULL ||
            num_parse_hex(slice_of(rest.ptr, (size_t)(end - rest.ptr)), 1 << 30, &size) < 0)
            return;
        rest = slice_of(end + 2, rest.len - (size_t)(end - rest.ptr) - 2);
        text_add_slice(out, slice_of(rest.ptr, (size_t)size));
        rest = slice_of(rest.ptr + size + 2, rest.len - (size_t)size - 2);
    }
}

static bool send_pieces(struct origin_line *line, struct slice bytes, uint64_t *random)
{
    while (bytes.len > 0) {
        size_t size = hash_random(random) % 4 == 0 ? 1 + hash_random(random) % 50 : bytes.len;

        size = size < bytes.len ? size : bytes.len;
        if (!origin_line_send(line, bytes.ptr, size))
            return false;
        bytes = slice_of(bytes.ptr + size, bytes.len - size);
    }
    return true;
}

/* One echo; false when the connection is over. */
static bool echo(struct origin_line *line, struct slice request, size_t body_at, uint64_t *random)
{
    struct slice number = find_field(slice_of(request.ptr, body_at), "X-Number");
    uint64_t dice = hash_random(random);
    bool closes = dice % 20 == 0;
    bool good = false;
    struct text body;
    struct text out;

    text_init(&body, (size_t)1 << 30);
    text_init(&out, (size_t)1 << 30);
    decode(request, body_at, &body);
    if (dice % 7 == 0)
        text_add(&out, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    text_add_format(&out, "HTTP/1.1 200 OK\r\nX-Number: %.*s\r\n", SLICE_ARG(number));
    if (closes)
        text_add(&out, "Connection: close\r\n");
    if (closes && dice % 3 == 0) {
        text_add(&out, "\r\n");
        text_add_slice(&out, text_slice(&body));
    } else if (dice % 2 == 0) {
        text_add(&out, "Transfer-Encoding: chunked\r\n\r\n");
        add_chunked(&out, text_slice(&body), random);
    } else {
        text_add_format(&out, "Content-Length: %zu\r\n\r\n", body.len);
        text_add_slice(&out, text_slice(&body));
    }
    good = send_pieces(line, text_slice(&out), random);
    text_fini(&body);
    text_fini(&out);
    return good && !closes;
}

static void serve_echo(struct origin_line *line, void *arg)
{
    uint64_t random = *(uint64_t *)arg ^ ((uint64_t)line->index << 32) ^ 0x9e3779b97f4a7c15ULL;
    size_t body_at = 0;
    size_t size = 0;

    while ((size = origin_line_request(line, &body_at)) > 0) {
        if (!echo(line, slice_of(line->in.bytes, size), body_at, &random))
            return;
        origin_line_take(line, size);
    }
}

struct walker {
    const char *front;
    uint64_t seed;
    uint64_t end_us;
    unsigned index;
    unsigned requests;
    char why[512];
};

struct sent {
    size_t size;
    uint64_t number;
    char fill;
};

static size_t choose_size(uint64_t *random)
{
    switch (hash_random(random) % 6) {
    case 0: return 0;
    case 1: return hash_random(random) % 10;
    case 2: return hash_random(random) % BODY_MAX;
    case 3: return 4090 + hash_random(random) % 12;
    case 4: return 65530 + hash_random(random) % 12;
    default: return hash_random(random) % 3000;
    }
}

static void add_request(struct text *out, struct sent *sent, uint64_t number, uint64_t *random)
{
    char *body = NULL;

    sent->size = choose_size(random);
    sent->number = number;
    sent->fill = (char)('a' + number % 26);
    body = mem_alloc(sent->size + 1);
    memset(body, sent->fill, sent->size);
    if (hash_random(random) % 5 == 0)
        text_add(out, "\r\n");
    text_add_format(out, "%s /m/%llu HTTP/1.1\r\nHost: a.test\r\nX-Number: %llu\r\n",
                    sent->size == 0 ? "GET" : "PUT", (unsigned long long)number,
                    (unsigned long long)number);
    if (sent->size > 0 && hash_random(random) % 2 == 0) {
        text_add(out, "Transfer-Encoding: chunked\r\n\r\n");
        add_chunked(out, slice_of(body, sent->size), random);
    } else if (sent->size > 0) {
        text_add_format(out, "Content-Length: %zu\r\n\r\n", sent->size);
        text_add_slice(out, slice_of(body, sent->size));
    } else {
        text_add(out, "\r\n");
    }
    free(body);
}

/* Sends in random pieces while reading what comes, so that nobody waits for the other. */
static bool send_all(struct client *client, struct slice bytes, uint64_t *random)
{
    while (bytes.len > 0) {
        size_t size = 1 + hash_random(random) % (hash_random(random) % 3 == 0 ? 20 : 60000);

        size = size < bytes.len ? size : bytes.len;
        if (!client_send(client, bytes.ptr, size))
            return false;
        bytes = slice_of(bytes.ptr + size, bytes.len - size);
        while (client_pull(client, 0))
            continue;
    }
    return true;
}

static bool is_filled(struct slice body, const struct sent *sent)
{
    if (body.len != sent->size)
        return false;
    for (size_t i = 0; i < body.len; i++) {
        if (body.ptr[i] != sent->fill)
            return false;
    }
    return true;
}

static bool check_answer(struct walker *walker, struct client *client, const struct sent *sent)
{
    struct reply reply = { 0 };
    uint64_t number = 0;
    bool good = false;

    do {
        if (client_reply(client, false, WAIT_MS, &reply) != REPLY_WHOLE) {
            snprintf(walker->why, sizeof walker->why, "request %llu (%zu bytes): no answer (%s%s)",
                     (unsigned long long)sent->number, sent->size, client->ended ? "ended " : "",
                     reply.why != NULL ? reply.why : "");
            reply_fini(&reply);
            return false;
        }
    } while (reply.status == 103);
    good = reply.status == 200 && !reply.truncated &&
           num_parse_u64(reply_value(&reply, "X-Number"), UINT64_MAX, &number) == 0 &&
           number == sent->number && is_filled(text_slice(&reply.body), sent);
    if (!good)
        snprintf(walker->why, sizeof walker->why,
                 "request %llu (%zu bytes): status %d, number %llu, %zu bytes%s",
                 (unsigned long long)sent->number, sent->size, reply.status,
                 (unsigned long long)number, reply.body.len, reply.truncated ? ", cut" : "");
    reply_fini(&reply);
    return good;
}

/* One connection with a few pipelines; false: something was wrong. */
static bool walk_once(struct walker *walker, uint64_t *random)
{
    struct client client;
    bool good = client_try(&client, walker->front);

    for (unsigned round = 0; good && round < 4; round++) {
        unsigned depth = 1 + (unsigned)(hash_random(random) % 4);
        struct sent sent[4];
        struct text out;

        text_init(&out, (size_t)1 << 30);
        for (unsigned i = 0; i < depth; i++)
            add_request(&out, &sent[i], ((uint64_t)walker->index << 32) + walker->requests++,
                        random);
        good = send_all(&client, text_slice(&out), random);
        if (!good)
            snprintf(walker->why, sizeof walker->why, "the connection broke while sending");
        for (unsigned i = 0; good && i < depth; i++)
            good = check_answer(walker, &client, &sent[i]);
        text_fini(&out);
    }
    client_close(&client);
    return good;
}

static void *walk(void *arg)
{
    struct walker *walker = arg;
    uint64_t random = walker->seed;

    while (clock_monotonic_us() < walker->end_us && walk_once(walker, &random))
        continue;
    return NULL;
}

Test(mixture, random_pipelines)
{
    const char *wish = getenv("SWITCHYARD_SEED");
    uint64_t seed = wish != NULL ? strtoull(wish, NULL, 10) : 20261121;
    uint64_t seconds = scene_scale(8, 600);
    struct origin *origin = origin_start_with("127.0.0.1:0", serve_echo, &seed);
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\" } }\n"
                              "  health { enabled = false } }\n",
                              origin_address(origin));
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });
    struct walker walkers[THREADS] = { { 0 } };
    pthread_t threads[THREADS];
    unsigned requests = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        walkers[i] = (struct walker){ .front = daemon_front(daemon),
                                      .seed = hash_mix(seed + i + 1) | 1,
                                      .end_us = clock_monotonic_us() + seconds * 1000000,
                                      .index = i + 1 };
        cr_assert_eq(pthread_create(&threads[i], NULL, walk, &walkers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect(walkers[i].why[0] == '\0', "seed %llu, walker %u: %s", (unsigned long long)seed,
                  i, walkers[i].why);
        requests += walkers[i].requests;
    }
    fprintf(stderr, "mixture: seed %llu, %u requests\n", (unsigned long long)seed, requests);
    cr_expect(requests > 100, "only %u requests", requests);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}
