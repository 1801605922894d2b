/*
 * Slow and greedy peers: R21 slow heads, slow bodies and slow readers by the hundred while good load runs; R23
 * oversized heads, targets and endless one-byte chunks; R26 bounded memory for clients that do not read.
 */
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { ATTACKERS_BRIEF = 200, ATTACKERS_FULL = 1000 };

#define HEAD "GET /g HTTP/1.1\r\nHost: a.test\r\n"
#define UP   "POST /p HTTP/1.1\r\nHost: a.test\r\n"

static const char short_times[] =
    "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 2\n"
    "log { access = \"%s/access.log\" }\napi { bind = \"127.0.0.1:0\" }\n"
    "timeouts { head = \"1s\"  body = \"1s\"  idle = \"1s\" }\n";

static const struct stage_options hurried = { .globals = short_times,
                                              .lines = "health { enabled = false }\n" };

struct crowd {
    struct client *clients;
    unsigned count;
};

static void open_crowd(struct crowd *crowd, const char *front, const char *bytes)
{
    crowd->count = (unsigned)scene_scale(ATTACKERS_BRIEF, ATTACKERS_FULL);
    crowd->clients = mem_zalloc(crowd->count * sizeof *crowd->clients);
    for (unsigned i = 0; i < crowd->count; i++) {
        client_open(&crowd->clients[i], front);
        client_send_text(&crowd->clients[i], bytes);
    }
}

/* A byte each, again and again, until all are closed; the seconds it took, 999 when they stay. */
static double trickle(struct crowd *crowd, char byte)
{
    uint64_t began = clock_monotonic_us();
    unsigned left = crowd->count;

    while (left > 0 && clock_monotonic_us() - began < 15000000) {
        left = 0;
        for (unsigned i = 0; i < crowd->count; i++) {
            struct client *client = &crowd->clients[i];

            if (client->ended)
                continue;
            if (byte != '\0')
                client_send(client, &byte, 1);
            while (client_pull(client, 0))
                continue;
            left += !client->ended;
        }
        scene_pause_us(100000);
    }
    return left == 0 ? (double)(clock_monotonic_us() - began) / 1e6 : 999;
}

static void close_crowd(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++)
        client_close(&crowd->clients[i]);
    free(crowd->clients);
}

static struct load *good_load(const struct stage *stage)
{
    struct load *load = load_start(&(struct load_options){ .front = daemon_front(stage->daemon),
                                                           .keep_alive = 16,
                                                           .one_shot = 4,
                                                           .rate = 400,
                                                           .seed = 211 });

    cr_expect(load_await_count(load, 100, 20000));
    return load;
}

static void judge_good(struct load *load, const char *name, double took)
{
    struct text summary;

    load_finish(load);
    text_init(&summary, 65536);
    load_summary(load, &summary);
    fprintf(stderr, "%s: attackers gone after %.1f s; %s\n", name, took, summary.bytes);
    cr_expect_eq(load_failed(load), 0, "%s: good load suffered: %s", name, summary.bytes);
    cr_expect(took < 8, "%s: attackers stayed %.1f s", name, took);
    text_fini(&summary);
    load_free(load);
}

Test(slow, r21_heads)
{
    struct stage stage;
    struct crowd crowd;
    struct load *load = NULL;
    double took = 0;

    stage_open(&stage, &hurried);
    load = good_load(&stage);
    open_crowd(&crowd, daemon_front(stage.daemon), HEAD "X-A: ");
    took = trickle(&crowd, 'x');
    judge_good(load, "R21 -H", took);
    close_crowd(&crowd);
    STOP_STAGE(&stage);
}

/* Silent in the middle of the body. */
Test(slow, r21_bodies)
{
    struct stage stage;
    struct crowd crowd;
    struct load *load = NULL;
    double took = 0;

    stage_open(&stage, &hurried);
    load = good_load(&stage);
    open_crowd(&crowd, daemon_front(stage.daemon), UP "Content-Length: 100000\r\n\r\nx");
    took = trickle(&crowd, '\0');
    judge_good(load, "R21 -B", took);
    close_crowd(&crowd);
    STOP_STAGE(&stage);
}

/* They ask for much and read nothing: bounded memory, cut off at the idle deadline. */
Test(slow, r21_r26_readers)
{
    static const struct origin_act endless[] = {
        ACT(HEAD), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"),
        ACT_FILL(1 << 30), ACT(END)
    };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config =
        mem_format("timeouts { idle = \"3s\" }\nlistener http { bind = \"127.0.0.1:0\" }\n"
                   "service shop { slot blue { targets = { \"%s\" } }\n"
                   "  health { enabled = false } }\n",
                   origin_address(origin));
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });
    struct crowd crowd;
    long before = scene_rss_kib(daemon_pid(daemon));
    long during = 0;
    uint64_t began = 0;
    bool gone = false;

    origin_play(origin, endless);
    open_crowd(&crowd, daemon_front(daemon), HEAD "\r\n");
    cr_expect(origin_await_connections(origin, crowd.count, 20000), "not all were asked for");
    for (int i = 0; i < 10; i++) { /* the highest of a second */
        long now = scene_rss_kib(daemon_pid(daemon));

        during = now > during ? now : during;
        scene_pause_us(100000);
    }
    fprintf(stderr, "R26: %u readers that do not read: %ld KiB -> %ld KiB\n", crowd.count, before,
            during);
    if (!scene_is_sanitized())
        cr_expect(during - before < (long)crowd.count * 160, "%ld KiB more for %u clients",
                  during - before, crowd.count);
    began = clock_monotonic_us();
    gone = origin_await_open(origin, 0, 15000);
    cr_expect(gone, "%u clients that do not read were kept", origin_open_connections(origin));
    fprintf(stderr, "R21 -X: gone after %.1f s\n", (double)(clock_monotonic_us() - began) / 1e6);
    close_crowd(&crowd);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}

/* Slow uploads to an app server that does not read. */
Test(slow, r26_uploads_are_pushed_back)
{
    static const struct origin_act deaf[] = { ACT(HEAD), ACT_AWAIT("go"), ACT(END) };
    enum { COUNT = 50, SIZE = 1 << 20 };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\" } }\n"
                              "  health { enabled = false } }\n",
                              origin_address(origin));
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });
    struct client clients[COUNT];
    long before = scene_rss_kib(daemon_pid(daemon));
    long after = 0;
    char *body = mem_zalloc(SIZE);
    size_t taken = 0;

    origin_play(origin, deaf);
    for (int i = 0; i < COUNT; i++) {
        client_open(&clients[i], daemon_front(daemon));
        client_send_text(&clients[i], UP "Content-Length: 1073741824\r\n\r\n");
    }
    cr_expect(origin_await_requests(origin, COUNT, 20000));
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < COUNT; i++) {
            ssize_t count = send(clients[i].fd, body, SIZE, MSG_NOSIGNAL | MSG_DONTWAIT);

            taken += count > 0 ? (size_t)count : 0;
        }
    }
    after = scene_rss_kib(daemon_pid(daemon));
    fprintf(stderr, "R26 uploads: %zu MiB taken by kernel and daemon, RSS %ld -> %ld KiB\n",
            taken >> 20, before, after);
    if (!scene_is_sanitized())
        cr_expect(after - before < COUNT * 160L, "%ld KiB more", after - before);
    for (int i = 0; i < COUNT; i++)
        client_reset(&clients[i]);
    origin_raise(origin, "go");
    free(body);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}

/* R23: endless one-byte chunks: forwarded, memory flat. */
Test(slow, r23_one_byte_chunks)
{
    struct stage stage;
    struct client client;
    struct reply reply = { 0 };
    size_t count = scene_scale(1 << 20, 20 << 20);
    struct text part;
    long before = 0;
    long after = 0;

    stage_open(&stage, &hurried);
    before = scene_rss_kib(daemon_pid(stage.daemon));
    text_init(&part, 1 << 20);
    for (int i = 0; i < 1024; i++)
        text_add(&part, "1\r\nx\r\n");
    client_open(&client, daemon_front(stage.daemon));
    client_send_text(&client, UP "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < count; i += 1024)
        cr_assert(client_send(&client, part.bytes, part.len), "refused after %zu chunks", i);
    after = scene_rss_kib(daemon_pid(stage.daemon));
    client_send_text(&client, "0\r\n\r\n");
    cr_expect_eq(client_reply(&client, false, 60000, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 200);
    fprintf(stderr, "R23: %zu one-byte chunks, RSS %ld -> %ld KiB\n", count, before, after);
    if (!scene_is_sanitized())
        cr_expect(after - before < 4096, "%ld KiB more", after - before);
    reply_fini(&reply);
    client_close(&client);
    text_fini(&part);
    STOP_STAGE(&stage);
}

/* R23: many oversized requests at once: answered and closed, memory flat. */
Test(slow, r23_oversized)
{
    struct stage stage;
    struct text head;
    long before = 0;
    long after = 0;

    stage_open(&stage, &hurried);
    text_init(&head, 4 << 20);
    text_add(&head, HEAD "X-Fill: ");
    while (head.len < 1 << 20)
        text_add(&head, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    before = scene_rss_kib(daemon_pid(stage.daemon));
    for (int i = 0; i < 100; i++) {
        struct client client;
        struct reply reply = { 0 };

        client_open(&client, daemon_front(stage.daemon));
        client_send(&client, head.bytes, head.len);
        cr_expect_eq(client_reply(&client, false, 10000, &reply), REPLY_WHOLE, "number %d", i);
        cr_expect_eq(reply.status, 431, "number %d: status %d", i, reply.status);
        reply_fini(&reply);
        client_close(&client);
    }
    after = scene_rss_kib(daemon_pid(stage.daemon));
    fprintf(stderr, "R23: 100 heads of 1 MiB, RSS %ld -> %ld KiB\n", before, after);
    if (!scene_is_sanitized())
        cr_expect(after - before < 4096, "%ld KiB more", after - before);
    text_fini(&head);
    STOP_STAGE(&stage);
}
