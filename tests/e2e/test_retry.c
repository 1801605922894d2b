/*
 * Retries (rules D1): R14 an app server that resets after N bytes, R15 one that closes or refuses, R16 one that
 * closes idle connections in the moment they are used again. Counting app servers show that no POST is ever
 * carried out twice.
 */
#include <stdio.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { REQUESTS_BRIEF = 8000, REQUESTS_FULL = 100000 };

#define DOWN "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define UP   "POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"
#define KEYED                                                                                      \
    "POST /p HTTP/1.1\r\nHost: a.test\r\nIdempotency-Key: \"k1\"\r\nContent-Length: 2\r\n\r\nhi"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct daemon *start(const char *targets, const char *lines)
{
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop {\n slot blue { targets = { %s } }\n"
                              " slot green { targets = { \"127.0.0.1:1\" } }\n%s}\n",
                              targets, lines);
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });

    free(config);
    return daemon;
}

static const char health_off[] = " health { enabled = false }\n";

/* The accounting of every run: outcomes add up, and nothing was done twice that must not be. */
static void judge(struct load *load, const char *name)
{
    struct text summary;
    uint64_t sum = 0;
    size_t requests = 0;

    text_init(&summary, 65536);
    load_summary(load, &summary);
    load_records(load, &requests);
    fprintf(stderr, "%s: %s\n", name, summary.bytes);
    for (int i = 0; i < LOAD_OUTCOMES; i++)
        sum += load_count(load, (enum load_outcome)i);
    cr_expect_eq(sum, requests);
    cr_expect_eq(load_duplicates(load, true), 0, "%s: POSTs carried out twice: %llu", name,
                 (unsigned long long)load_duplicates(load, true));
    cr_expect_eq(load_count(load, LOAD_REFUSED), 0, "%s", summary.bytes);
    cr_expect_eq(load_count(load, LOAD_MIXED), 0, "%s", summary.bytes);
    cr_expect_eq(load_count(load, LOAD_OTHER), 0, "%s", summary.bytes);
    cr_expect_eq(load_count(load, LOAD_TIMEOUT), 0, "%s", summary.bytes);
    cr_expect_eq(load_count(load, LOAD_RESET_BEFORE), 0, "%s: closed without an answer: %s", name,
                 summary.bytes);
    text_fini(&summary);
}

static struct load *run_load(struct daemon *daemon, uint32_t first_id, unsigned think_us)
{
    struct load *load = load_start(
        &(struct load_options){ .front = daemon_front(daemon),
                                .keep_alive = 16,
                                .one_shot = 4,
                                .post_percent = 30,
                                .post_bytes = 2000,
                                .max_requests = scene_scale(REQUESTS_BRIEF, REQUESTS_FULL),
                                .seed = 41,
                                .first_id = first_id,
                                .think_max_us = think_us });

    cr_expect(load_await_end(load, 240000), "the load did not end");
    load_finish(load);
    return load;
}

Test(retry, r14_reset_after_some_bytes)
{
    struct origin_auto *one = origin_auto_start("127.0.0.1:0", "blue", 4000);
    struct origin_auto *two = origin_auto_start("127.0.0.1:0", "blue", 4000);
    char *targets =
        mem_format("\"%s\", \"%s\"", origin_auto_address(one), origin_auto_address(two));
    struct daemon *daemon = start(targets, health_off);
    struct load *load = NULL;

    origin_auto_set_faults(
        one, &(struct origin_faults){
                 .seed = 5, .reset_before = 30, .reset_within = 100, .close_within = 50 });
    load = run_load(daemon, 1, 0);
    judge(load, "R14");
    cr_expect(load_count(load, LOAD_RESET_WITHIN) > 0, "no fault was dealt");
    load_free(load);
    origin_drop_connections(origin_auto_origin(one));
    origin_drop_connections(origin_auto_origin(two));
    STOP(daemon);
    origin_auto_stop(one);
    origin_auto_stop(two);
    free(targets);
}

/* One of two refuses: nobody notices. */
Test(retry, r15_one_of_two_refuses)
{
    struct origin_auto *one = origin_auto_start("127.0.0.1:0", "blue", 1000);
    struct origin_auto *two = origin_auto_start("127.0.0.1:0", "blue", 1000);
    char *targets =
        mem_format("\"%s\", \"%s\"", origin_auto_address(one), origin_auto_address(two));
    struct daemon *daemon = start(targets, health_off);
    struct load *load = NULL;

    origin_down(origin_auto_origin(one));
    load = run_load(daemon, 200000, 0);
    judge(load, "R15 refused");
    cr_expect_eq(load_failed(load), 0, "a refused connection must be tried elsewhere");
    load_free(load);
    origin_drop_connections(origin_auto_origin(two));
    STOP(daemon);
    origin_auto_stop(one);
    origin_auto_stop(two);
    free(targets);
}

/* One accepts and closes: a GET is tried again, a POST that was written is not. */
Test(retry, r15_accepts_then_closes)
{
    struct origin_auto *one = origin_auto_start("127.0.0.1:0", "blue", 1000);
    struct origin_auto *two = origin_auto_start("127.0.0.1:0", "blue", 1000);
    char *targets =
        mem_format("\"%s\", \"%s\"", origin_auto_address(one), origin_auto_address(two));
    struct daemon *daemon = start(targets, health_off);
    struct load *load = NULL;

    origin_auto_set_faults(one, &(struct origin_faults){ .seed = 6, .close_accepted = 1000 });
    load = run_load(daemon, 400000, 0);
    judge(load, "R15 closed");
    cr_expect_eq(load_count(load, LOAD_RESET_WITHIN), 0);
    load_free(load);
    origin_drop_connections(origin_auto_origin(two));
    STOP(daemon);
    origin_auto_stop(one);
    origin_auto_stop(two);
    free(targets);
}

/* Idle connections end 0..2 ms after an answer, while they are taken again: no GET may fail. */
Test(retry, r16_idle_race)
{
    struct origin_auto *one = origin_auto_start("127.0.0.1:0", "blue", 200);
    char *targets = mem_format("\"%s\"", origin_auto_address(one));
    struct daemon *daemon = start(targets, health_off);
    struct load *load = NULL;
    const struct load_record *records = NULL;
    size_t count = 0;
    unsigned long gets = 0;

    origin_auto_set_faults(one, &(struct origin_faults){ .seed = 7, .close_idle_max_us = 2000 });
    load = run_load(daemon, 600000, 4000);
    judge(load, "R16");
    records = load_records(load, &count);
    for (size_t i = 0; i < count; i++)
        gets += !records[i].is_post && records[i].outcome != LOAD_OK;
    cr_expect_eq(gets, 0, "%lu GETs failed in the idle race", gets);
    load_free(load);
    origin_drop_connections(origin_auto_origin(one));
    STOP(daemon);
    origin_auto_stop(one);
    free(targets);
}

/* What a kept connection that dies under a request means for it, rule by rule. */
struct stale_case {
    const char *name;
    const char *request;
    int status;
    unsigned seen; /* by the app server, the first, lost one included */
};

static const struct stale_case stale_cases[] = {
    { "get", DOWN, 200, 2 },
    { "head", "HEAD /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n", 200, 2 },
    { "put", "PUT /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi", 200, 2 },
    { "delete", "DELETE /p HTTP/1.1\r\nHost: a.test\r\n\r\n", 200, 2 },
    { "post", UP, 502, 1 },
    { "post-with-key", KEYED, 200, 2 },
    { "patch", "PATCH /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi", 502, 1 },
    { "unknown-method", "BREW /p HTTP/1.1\r\nHost: a.test\r\n\r\n", 502, 1 },
};

/* Serves one request, keeps the connection, closes it when the next one has arrived. */
static const struct origin_act dies_at_second[] = { ACT(REQUEST), ACT_SEND(OK_2), ACT(REQUEST),
                                                    ACT(END) };
static const struct origin_act serves[] = { ACT(REQUEST), ACT_SEND(OK_2), ACT(AGAIN) };

Test(retry, a_kept_connection_that_dies)
{
    for (size_t i = 0; i < COUNT_OF(stale_cases); i++) {
        const struct stale_case *one = &stale_cases[i];
        struct origin *origin = origin_start("127.0.0.1:0");
        char *targets = mem_format("\"%s\"", origin_address(origin));
        struct daemon *daemon = NULL;
        struct client client;
        struct reply reply = { 0 };

        origin_play(origin, dies_at_second);
        origin_play(origin, serves);
        daemon = start(targets, health_off);
        client_open(&client, daemon_front(daemon));
        client_send_text(&client, DOWN);
        cr_assert_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE);
        client_send_text(&client, one->request);
        cr_expect_eq(client_reply(&client, one->request[0] == 'H', 8000, &reply), REPLY_WHOLE,
                     "%s: no answer", one->name);
        cr_expect_eq(reply.status, one->status, "%s: status %d", one->name, reply.status);
        cr_expect_eq(origin_requests(origin), one->seen + 1, "%s: the app server saw %u requests",
                     one->name, origin_requests(origin) - 1);
        reply_fini(&reply);
        client_close(&client);
        origin_drop_connections(origin);
        STOP(daemon);
        origin_stop(origin);
        free(targets);
    }
}

/* A fresh connection that closes without an answer: the request may have been carried out; POST is not sent
 * again, whatever `attempts` says. */
Test(retry, a_fresh_connection_that_closes)
{
    static const struct origin_act closes[] = { ACT(REQUEST), ACT(END) };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *targets = mem_format("\"%s\"", origin_address(origin));
    struct daemon *daemon =
        start(targets, " health { enabled = false }\n retry { attempts = 3 }\n");

    origin_play(origin, closes);
    cr_expect_eq(client_ask(daemon_front(daemon), UP, NULL), 502);
    cr_expect_eq(origin_requests(origin), 1, "a POST was sent %u times", origin_requests(origin));
    STOP(daemon);
    origin_stop(origin);
    free(targets);
}

/* A request whose body was streamed away cannot be sent again, even if it is idempotent. */
Test(retry, a_streamed_body_is_not_sent_again)
{
    static const struct origin_act dies[] = { ACT(REQUEST), ACT_SEND(OK_2), ACT(HEAD),
                                              ACT_BYTES(1 << 20), ACT(END) };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *targets = mem_format("\"%s\"", origin_address(origin));
    struct daemon *daemon = start(targets, health_off);
    struct client client;
    struct reply reply = { 0 };
    char *body = mem_zalloc(4 << 20);

    origin_play(origin, dies);
    origin_play(origin, serves);
    client_open(&client, daemon_front(daemon));
    client_send_text(&client, DOWN);
    cr_assert_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE);
    client_send_text(&client, "PUT /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4194304\r\n\r\n");
    client_send(&client, body, 4 << 20);
    if (client_reply(&client, false, 8000, &reply) == REPLY_WHOLE)
        cr_expect_eq(reply.status, 502, "status %d", reply.status);
    cr_expect_eq(origin_requests(origin), 2, "%u requests", origin_requests(origin));
    reply_fini(&reply);
    client_close(&client);
    free(body);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(targets);
}

/* attempts = 0: a refused connection is a 502 at once. */
Test(retry, no_attempts)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    char *targets = mem_format("\"127.0.0.1:1\", \"%s\"", origin_address(origin));
    struct daemon *daemon =
        start(targets, " health { enabled = false }\n retry { attempts = 0 }\n");
    int good = 0;
    int bad = 0;

    for (int i = 0; i < 10; i++) {
        int status = client_ask(daemon_front(daemon), DOWN, NULL);

        good += status == 200;
        bad += status == 502;
    }
    cr_expect_eq(good + bad, 10);
    cr_expect(good > 0 && bad > 0, "%d good, %d bad", good, bad);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(targets);
}
