/*
 * How requests are spread over the targets of a slot: weights, least requests, random, hashes that stay; and how
 * connections to targets are kept: bounds of the pool.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { TARGETS = 3, WAIT_MS = 8000 };

struct trio {
    struct origin_auto *origins[TARGETS];
    struct daemon *daemon;
};

static void open_trio(struct trio *trio, const char *weights[TARGETS], const char *lines)
{
    char *config = NULL;

    for (int i = 0; i < TARGETS; i++)
        trio->origins[i] = origin_auto_start("127.0.0.1:0", "blue", 0);
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                        "service shop { slot blue { targets = { \"%s%s\", \"%s%s\", \"%s%s\" } }\n"
                        "  health { enabled = false }\n%s }\n",
                        origin_auto_address(trio->origins[0]), weights[0],
                        origin_auto_address(trio->origins[1]), weights[1],
                        origin_auto_address(trio->origins[2]), weights[2], lines);
    trio->daemon = daemon_start(
        &(struct daemon_options){ .config = config,
                                  .globals = "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\n"
                                             "workers = 1\nlog { access = \"%s/access.log\" }\n"
                                             "api { bind = \"127.0.0.1:0\" }\n" });
    free(config);
}

static void close_trio(struct trio *trio)
{
    for (int i = 0; i < TARGETS; i++)
        origin_drop_connections(origin_auto_origin(trio->origins[i]));
    STOP(trio->daemon);
    for (int i = 0; i < TARGETS; i++)
        origin_auto_stop(trio->origins[i]);
}

/* Sends count requests with a header line each; which targets served how many. */
static void ask_many(struct trio *trio, unsigned count, const char *header,
                     uint64_t served[TARGETS])
{
    char *request =
        mem_format("GET / HTTP/1.1\r\nHost: a.test\r\n%sConnection: close\r\n\r\n", header);

    for (int i = 0; i < TARGETS; i++)
        served[i] = origin_auto_served(trio->origins[i]);
    for (unsigned i = 0; i < count; i++)
        cr_expect_eq(client_ask(daemon_front(trio->daemon), request, NULL), 200);
    for (int i = 0; i < TARGETS; i++)
        served[i] = origin_auto_served(trio->origins[i]) - served[i];
    free(request);
}

static const char *no_weights[TARGETS] = { "", "", "" };

Test(balance, round_robin_is_even)
{
    struct trio trio;
    uint64_t served[TARGETS];

    open_trio(&trio, no_weights, "");
    ask_many(&trio, 90, "", served);
    for (int i = 0; i < TARGETS; i++)
        cr_expect_eq(served[i], 30, "target %d served %llu", i, (unsigned long long)served[i]);
    close_trio(&trio);
}

Test(balance, round_robin_by_weight)
{
    const char *weights[TARGETS] = { " weight=1", " weight=2", " weight=6" };
    struct trio trio;
    uint64_t served[TARGETS];

    open_trio(&trio, weights, "balance = \"round-robin\"");
    ask_many(&trio, 90, "", served);
    cr_expect_eq(served[0], 10, "%llu", (unsigned long long)served[0]);
    cr_expect_eq(served[1], 20, "%llu", (unsigned long long)served[1]);
    cr_expect_eq(served[2], 60, "%llu", (unsigned long long)served[2]);
    close_trio(&trio);
}

Test(balance, random_reaches_all)
{
    struct trio trio;
    uint64_t served[TARGETS];

    open_trio(&trio, no_weights, "balance = \"random\"");
    ask_many(&trio, 150, "", served);
    for (int i = 0; i < TARGETS; i++)
        cr_expect(served[i] > 15, "target %d served %llu of 150", i, (unsigned long long)served[i]);
    close_trio(&trio);
}

/* One target is busy: the others get what comes. */
Test(balance, least_requests_avoids_the_busy_one)
{
    struct trio trio;
    struct client busy[4];
    uint64_t served[TARGETS];
    int most = 0;

    open_trio(&trio, no_weights, "balance = \"least-requests\"");
    origin_auto_set_faults(trio.origins[0], &(struct origin_faults){ .delay_us = 1500000 });
    for (int i = 0; i < 4; i++) {
        client_open(&busy[i], daemon_front(trio.daemon));
        client_send_text(&busy[i], "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    }
    for (int i = 0; i < 300 && origin_auto_served(trio.origins[0]) == 0; i++)
        scene_pause_us(10000);
    cr_assert(origin_auto_served(trio.origins[0]) > 0, "the slow target got nothing at all");
    ask_many(&trio, 30, "", served);
    cr_expect_eq(served[0], 0, "the busy target got %llu more", (unsigned long long)served[0]);
    most = served[1] > served[2] ? 1 : 2;
    cr_expect(served[most] < 30, "the two others do not share");
    for (int i = 0; i < 4; i++)
        client_close(&busy[i]);
    close_trio(&trio);
}

static void check_hash(const char *option, const char *format)
{
    char *lines = mem_format("balance = \"hash\"\n hash = \"%s\"", option);
    unsigned used[TARGETS] = { 0 };
    struct trio trio;
    uint64_t served[TARGETS];

    open_trio(&trio, no_weights, lines);
    for (int key = 0; key < 24; key++) {
        char header[128];
        unsigned reached = 0;

        snprintf(header, sizeof header, "%s%d\r\n", format, key);
        ask_many(&trio, 3, header, served);
        for (int i = 0; i < TARGETS; i++) {
            reached += served[i] > 0;
            used[i] += served[i] > 0;
        }
        cr_expect_eq(reached, 1, "%s: key %d moved between targets", option, key);
    }
    for (int i = 0; i < TARGETS; i++)
        cr_expect(used[i] > 0, "%s: target %d gets no key at all", option, i);
    close_trio(&trio);
    free(lines);
}

Test(balance, hash_of_a_header)
{
    check_hash("header:X-Key", "X-Key: user-");
}

Test(balance, hash_of_a_cookie)
{
    check_hash("cookie:uid", "Cookie: a=b; uid=user-");
}

Test(balance, hash_of_the_client)
{
    struct trio trio;
    uint64_t served[TARGETS];
    unsigned reached = 0;

    open_trio(&trio, no_weights, "balance = \"hash\"\n hash = \"client-ip\"");
    ask_many(&trio, 20, "", served);
    for (int i = 0; i < TARGETS; i++)
        reached += served[i] > 0;
    cr_expect_eq(reached, 1, "one client reached %u targets", reached);
    close_trio(&trio);
}

#define ONE "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"

/* Requests over one client connection, one after the other. */
static void ask_in_turn(const char *front, unsigned count)
{
    struct client client;
    struct reply reply = { 0 };

    client_open(&client, front);
    for (unsigned i = 0; i < count; i++) {
        client_send_text(&client, ONE);
        cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE, "request %u", i);
        cr_expect_eq(reply.status, 200);
    }
    reply_fini(&reply);
    client_close(&client);
}

struct pool_case {
    const char *lines;
    unsigned connections; /* for nine requests in turn */
};

static const struct pool_case pool_cases[] = {
    { "", 1 },
    { "pool { requests = 3 }", 3 },
    { "pool { idle = 0 }", 9 },
};

Test(balance, pool_bounds)
{
    for (size_t i = 0; i < COUNT_OF(pool_cases); i++) {
        struct raw_bench bench;

        raw_start(&bench, pool_cases[i].lines);
        ask_in_turn(bench.front, 9);
        cr_expect_eq(origin_connections(bench.origin), pool_cases[i].connections,
                     "\"%s\": %u connections, wanted %u", pool_cases[i].lines,
                     origin_connections(bench.origin), pool_cases[i].connections);
        STOP_RAW(&bench);
    }
}

Test(balance, pool_idle_timeout)
{
    struct raw_bench bench;

    raw_start(&bench, "pool { idle_timeout = \"300ms\" }");
    ask_in_turn(bench.front, 2);
    cr_expect_eq(origin_open_connections(bench.origin), 1);
    cr_expect(origin_await_open(bench.origin, 0, 3000), "an idle connection was kept for ever");
    ask_in_turn(bench.front, 1);
    STOP_RAW(&bench);
}

/* Connections beyond max_connections are turned away, those within live on. */
Test(balance, max_connections)
{
    enum { MOST = 10, MORE = 5 };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = mem_format("max_connections = 10\nlistener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\" } }\n"
                              "  health { enabled = false } }\n",
                              origin_address(origin));
    struct daemon *daemon = daemon_start(&(struct daemon_options){
        .config = config,
        .globals = "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
                   "api { bind = \"127.0.0.1:0\" }\n" });
    struct client clients[MOST + MORE];
    unsigned served = 0;

    for (int i = 0; i < MOST + MORE; i++) {
        struct reply reply = { 0 };

        client_open(&clients[i], daemon_front(daemon));
        client_send_text(&clients[i], ONE);
        if (client_reply(&clients[i], false, 1000, &reply) == REPLY_WHOLE)
            served += reply.status == 200;
        reply_fini(&reply);
    }
    cr_expect_eq(served, MOST, "%u of %d were served", served, MOST + MORE);
    for (int i = 0; i < MOST; i++) {
        struct reply reply = { 0 };

        client_send_text(&clients[i], ONE);
        cr_expect_eq(client_reply(&clients[i], false, WAIT_MS, &reply), REPLY_WHOLE, "client %d",
                     i);
        reply_fini(&reply);
    }
    for (int i = 0; i < MOST + MORE; i++)
        client_close(&clients[i]);
    for (int i = 0; i < 200 && client_ask(daemon_front(daemon), ONE, NULL) != 200; i++)
        scene_pause_us(10000);
    cr_expect_eq(client_ask(daemon_front(daemon), ONE, NULL), 200, "it does not recover");
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}
