/*
 * Exchanges whose order matters, step by step with barriers instead of sleeps: 100-continue, early
 * responses, half-close, a client that goes away, an app server that goes away, streaming in both directions.
 */
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { WAIT_MS = 8000 };

#define UP       "POST /p HTTP/1.1\r\nHost: a.test\r\n"
#define DOWN     "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define OK_2     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define GONE_413 "HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nmuch"

static void expect_reply(struct client *client, int status, const char *body)
{
    struct reply reply = { 0 };
    enum reply_state state = client_reply(client, false, WAIT_MS, &reply);

    cr_expect_eq(state, REPLY_WHOLE, "no response of status %d came (%s)", status,
                 client->ended ? "ended" : "open");
    cr_expect_eq(reply.status, status, "status %d, wanted %d", reply.status, status);
    cr_expect(!reply.truncated, "the response was cut short");
    if (body != NULL)
        cr_expect(slice_is_equal(text_slice(&reply.body), slice_from(body)), "body \"%s\"",
                  reply.body.bytes != NULL ? reply.body.bytes : "");
    reply_fini(&reply);
}

/* The interim answer comes from us, before the body; Expect does not reach the app server. */
Test(raw_flow, continue_then_body)
{
    static const struct origin_act acts[] = { ACT(HEAD), ACT_RAISE("head"), ACT_BYTES(5),
                                              ACT_SEND(OK_2), ACT(AGAIN) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, UP "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
    expect_reply(&client, 100, NULL);
    client_send_text(&client, "hello");
    expect_reply(&client, 200, "ok");
    cr_expect(origin_await_requests(bench.origin, 1, WAIT_MS));
    cr_expect(memmem(origin_request(bench.origin, 0).ptr, origin_request(bench.origin, 0).len,
                     "xpect", 5) == NULL,
              "Expect went on to the app server");
    client_close(&client);
    STOP_RAW(&bench);
}

/* A refusal while the client still waits for the 100: no body is asked for. */
Test(raw_flow, continue_refused_by_a_limit)
{
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, "limits { body = 4 }");
    client_open(&client, bench.front);
    client_send_text(&client, UP "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    expect_reply(&client, 413, NULL);
    cr_expect(client_await_end(&client, WAIT_MS), "the connection stayed open");
    cr_expect_eq(origin_requests(bench.origin), 0);
    client_close(&client);
    STOP_RAW(&bench);
}

/* The app server says no in the middle of the body: the client gets that, then the end. */
Test(raw_flow, early_response_with_length)
{
    static const struct origin_act acts[] = { ACT(HEAD), ACT_SEND(GONE_413), ACT_AWAIT("done"),
                                              ACT(END) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    origin_play(bench.origin, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, UP "Content-Length: 1000000\r\n\r\nfirst bytes");
    expect_reply(&client, 413, "much");
    origin_raise(bench.origin, "done");
    cr_expect(client_await_end(&client, WAIT_MS), "an unread body must end the connection");
    client_close(&client);
    origin_clear(bench.origin);
    cr_expect_eq(client_ask(bench.front, DOWN, NULL), 200);
    STOP_RAW(&bench);
}

/* After an early response the client finishes its body as if nothing were: it still gets the answer. */
Test(raw_flow, early_response_then_rest_of_body)
{
    static const struct origin_act acts[] = { ACT(HEAD), ACT_SEND(OK_2), ACT(EVERYTHING),
                                              ACT(END) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, UP "Content-Length: 10\r\n\r\nhello");
    expect_reply(&client, 200, "ok");
    client_send_text(&client, "world");
    client_send_text(&client, DOWN);
    origin_clear(bench.origin);
    /* either the next request is answered, or the connection ends: nothing else may come */
    {
        struct reply reply = { 0 };
        enum reply_state state = client_reply(&client, false, WAIT_MS, &reply);

        cr_expect(state == REPLY_WHOLE ? reply.status == 200 : client.ended,
                  "state %d status %d: the body was taken for a request", (int)state, reply.status);
        reply_fini(&reply);
    }
    client_close(&client);
    STOP_RAW(&bench);
}

/* Bytes flow before either side is complete. */
Test(raw_flow, streams_both_ways)
{
    static const struct origin_act acts[] = {
        ACT(HEAD),
        ACT_BYTES(5),
        ACT_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ACT_SEND("3\r\none\r\n"),
        ACT_AWAIT("rest"),
        ACT_BYTES(5),
        ACT_SEND("3\r\ntwo\r\n0\r\n\r\n"),
        ACT(END)
    };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, UP "Content-Length: 10\r\n\r\nhello");
    while (client.in.len == 0 || strstr(client.in.bytes, "one") == NULL)
        cr_assert(client_pull(&client, WAIT_MS), "the first half of the response did not come");
    client_send_text(&client, "world");
    origin_raise(bench.origin, "rest");
    expect_reply(&client, 200, "onetwo");
    client_close(&client);
    STOP_RAW(&bench);
}

/* A client that ends its sending side while it waits still gets its answer (DESIGN 4). */
Test(raw_flow, half_close_while_waiting)
{
    static const struct origin_act acts[] = { ACT(REQUEST), ACT_RAISE("asked"), ACT_AWAIT("go"),
                                              ACT_SEND(OK_2), ACT(AGAIN) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    cr_assert(origin_await(bench.origin, "asked", WAIT_MS));
    client_half_close(&client);
    origin_raise(bench.origin, "go");
    expect_reply(&client, 200, "ok");
    cr_expect(client_await_end(&client, WAIT_MS), "the connection must end then");
    client_close(&client);
    STOP_RAW(&bench);
}

/* A client that is gone cancels its request at the app server. */
Test(raw_flow, client_reset_cancels)
{
    static const struct origin_act acts[] = { ACT(REQUEST), ACT_RAISE("asked"), ACT(EVERYTHING),
                                              ACT_RAISE("cancelled"), ACT(END) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    cr_assert(origin_await(bench.origin, "asked", WAIT_MS));
    client_reset(&client);
    cr_expect(origin_await(bench.origin, "cancelled", WAIT_MS), "the request was not cancelled");
    STOP_RAW(&bench);
}

Test(raw_flow, client_gone_in_its_body)
{
    static const struct origin_act acts[] = { ACT(HEAD), ACT_RAISE("asked"), ACT(EVERYTHING),
                                              ACT_RAISE("cancelled"), ACT(END) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, UP "Content-Length: 10\r\n\r\nhello");
    cr_assert(origin_await(bench.origin, "asked", WAIT_MS));
    client_close(&client);
    cr_expect(origin_await(bench.origin, "cancelled", WAIT_MS), "the request was not cancelled");
    cr_expect(daemon_await_access(bench.daemon, "client_gone", WAIT_MS),
              "the access log does not say client_gone");
    STOP_RAW(&bench);
}

/* A half-closed client in the middle of its body can never finish it. */
Test(raw_flow, half_close_in_the_body)
{
    static const struct origin_act acts[] = { ACT(HEAD), ACT_RAISE("asked"), ACT(EVERYTHING),
                                              ACT_RAISE("cancelled"), ACT(END) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, UP "Transfer-Encoding: chunked\r\n\r\n5\r\nhel");
    cr_assert(origin_await(bench.origin, "asked", WAIT_MS));
    client_half_close(&client);
    cr_expect(origin_await(bench.origin, "cancelled", WAIT_MS), "the request was not cancelled");
    cr_expect(client_drain(&client, WAIT_MS), "the connection was not closed");
    client_close(&client);
    STOP_RAW(&bench);
}

Test(raw_flow, client_gone_in_the_response)
{
    static const struct origin_act acts[] = {
        ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"),
        ACT_FILL(100000000), ACT_RAISE("all sent"), ACT(END)
    };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    cr_assert(client_pull(&client, WAIT_MS));
    client_reset(&client);
    cr_expect(origin_await_open(bench.origin, 0, WAIT_MS), "the app server was not told");
    cr_expect(!origin_await(bench.origin, "all sent", 1), "everything was taken all the same");
    STOP_RAW(&bench);
}

/* Interim responses reach the client at once, not with the final one. */
Test(raw_flow, interim_is_not_held_back)
{
    static const struct origin_act acts[] = {
        ACT(REQUEST), ACT_SEND("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), ACT_AWAIT("go"),
        ACT_SEND(OK_2), ACT(END)
    };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    expect_reply(&client, 103, NULL);
    origin_raise(bench.origin, "go");
    expect_reply(&client, 200, "ok");
    client_close(&client);
    STOP_RAW(&bench);
}

Test(raw_flow, nine_interims_are_too_many)
{
#define HINT "HTTP/1.1 103 Early Hints\r\n\r\n"
    static const struct origin_act eight[] = {
        ACT(REQUEST), ACT_SEND(HINT HINT HINT HINT HINT HINT HINT HINT OK_2), ACT(END)
    };
    static const struct origin_act nine[] = {
        ACT(REQUEST), ACT_SEND(HINT HINT HINT HINT HINT HINT HINT HINT HINT OK_2), ACT(END)
    };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, eight);
    origin_play(bench.origin, nine);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    for (int i = 0; i < 8; i++)
        expect_reply(&client, 103, NULL);
    expect_reply(&client, 200, "ok");
    client_close(&client);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    for (int i = 0; i < 8; i++)
        expect_reply(&client, 103, NULL);
    expect_reply(&client, 502, NULL);
    client_close(&client);
    STOP_RAW(&bench);
}

/* A head and a body that arrive byte by byte from the app server. */
Test(raw_flow, response_bytewise)
{
    static const struct origin_act acts[] = {
        ACT(REQUEST),
        ACT_SLOWLY("HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3;a=b\r\none\r\n3\r\ntwo\r\n0\r\nX-T: 1\r\n\r\n"),
        ACT(AGAIN)
    };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    for (int i = 0; i < 3; i++) {
        client_send_text(&client, DOWN);
        expect_reply(&client, 200, "onetwo");
    }
    cr_expect_eq(origin_connections(bench.origin), 1, "the connection was not kept");
    client_close(&client);
    STOP_RAW(&bench);
}

/* Kept connections to the app server are used again, also by other clients. */
Test(raw_flow, upstream_is_kept)
{
    struct raw_bench bench;

    raw_start(&bench, NULL);
    for (int i = 0; i < 20; i++)
        cr_expect_eq(client_ask(bench.front, DOWN, NULL), 200);
    cr_expect(origin_connections(bench.origin) <= 2, "%u connections for 20 requests and 2 workers",
              origin_connections(bench.origin));
    STOP_RAW(&bench);
}

/* Pipelined requests are answered in order, whatever the app server's speed. */
Test(raw_flow, pipeline_waits_its_turn)
{
    static const struct origin_act acts[] = { ACT(REQUEST),
                                              ACT_RAISE("first"),
                                              ACT_AWAIT("go"),
                                              ACT_SEND(OK_2),
                                              ACT(REQUEST),
                                              ACT_SEND(
                                                  "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
                                                  "second"),
                                              ACT(END) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN DOWN);
    cr_assert(origin_await(bench.origin, "first", WAIT_MS));
    cr_expect(!client_pull(&client, 100), "something came before the first answer");
    origin_raise(bench.origin, "go");
    expect_reply(&client, 200, "ok");
    expect_reply(&client, 200, "second");
    client_close(&client);
    STOP_RAW(&bench);
}

/* Large bodies in both framings, both ways, byte for byte. */
Test(raw_flow, large_bodies_round_trip)
{
    enum { SIZE = 8 << 20 };
    static const struct origin_act acts[] = {
        ACT(HEAD), ACT_BYTES(SIZE), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n"),
        ACT_FILL(SIZE), ACT(AGAIN)
    };
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };
    char *body = mem_alloc(SIZE);

    memset(body, 'u', SIZE);
    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, UP "Content-Length: 8388608\r\n\r\n");
    cr_expect(client_send(&client, body, SIZE), "the body was not taken");
    cr_expect_eq(client_reply(&client, false, 30000, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.body.len, SIZE);
    memset(body, 'x', SIZE);
    cr_expect(reply.body.len == SIZE && memcmp(reply.body.bytes, body, SIZE) == 0, "body differs");
    reply_fini(&reply);
    client_close(&client);
    free(body);
    STOP_RAW(&bench);
}

/* A refusal while a client is still sending must reach it: the rest is read away, not answered with a reset. */
Test(raw_flow, refusal_reaches_a_sending_client)
{
    enum { SIZE = 60000 };
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };
    char *body = mem_zalloc(SIZE);

    raw_start(&bench, "limits { body = 4 }");
    for (int i = 0; i < 20; i++) {
        client_open(&client, bench.front);
        client_send_text(&client, UP "Content-Length: 60000\r\n\r\n");
        cr_expect(client_send(&client, body, SIZE), "round %d: reset while sending", i);
        cr_expect_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE,
                     "round %d: the answer was lost", i);
        cr_expect_eq(reply.status, 413, "round %d: status %d", i, reply.status);
        cr_expect(client_await_end(&client, WAIT_MS));
        cr_expect(!client.was_reset, "round %d: the connection was reset", i);
        client_close(&client);
    }
    reply_fini(&reply);
    free(body);
    STOP_RAW(&bench);
}

/* A slow reader gets everything, in its own time. */
Test(raw_flow, slow_reader_gets_everything)
{
    enum { SIZE = 3 << 20 };
    static const struct origin_act acts[] = {
        ACT(HEAD), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n"), ACT_FILL(SIZE),
        ACT(END)
    };
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };

    raw_start(&bench, NULL);
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    while (client.in.len < SIZE / 2 && client_pull(&client, WAIT_MS))
        scene_pause_us(5000);
    cr_expect_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect(!reply.truncated);
    cr_expect_eq(reply.body.len, SIZE);
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}

/* A client that does not wait for the 100: one answer, whether the interim came or not. */
Test(raw_flow, continue_not_waited_for)
{
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };

    raw_start(&bench, NULL);
    client_open(&client, bench.front);
    for (int i = 0; i < 3; i++) {
        client_send_text(&client, UP "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
        do
            cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
        while (reply.status == 100);
        cr_expect_eq(reply.status, 200);
    }
    cr_expect_eq(origin_requests(bench.origin), 3);
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}
