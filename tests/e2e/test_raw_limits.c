/*
 * Limits and deadlines of requests as raw bytes: 431, 414, 413, 408, each at its border, one byte below and
 * one beyond, and that the connection is closed with the answer.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"

enum { REPLY_MS = 8000 };

#define HEAD "GET /g HTTP/1.1\r\nHost: a.test\r\n"

/* One request; what came back, and whether the connection ended after it. */
struct outcome {
    int status;
    bool ended;
    unsigned seen; /* requests at the app server */
};

static struct outcome ask(struct raw_bench *bench, struct slice request)
{
    struct outcome outcome = { 0 };
    struct client client;
    struct reply reply = { 0 };

    origin_clear(bench->origin);
    client_open(&client, bench->front);
    client_send(&client, request.ptr, request.len);
    if (client_reply(&client, false, REPLY_MS, &reply) == REPLY_WHOLE)
        outcome.status = reply.status;
    if (outcome.status != 200)
        outcome.ended = client_await_end(&client, REPLY_MS);
    outcome.seen = origin_requests(bench->origin);
    reply_fini(&reply);
    client_close(&client);
    return outcome;
}

static void expect_pass(struct raw_bench *bench, const char *name, struct slice request)
{
    struct outcome outcome = ask(bench, request);

    cr_expect_eq(outcome.status, 200, "%s: status %d", name, outcome.status);
    cr_expect_eq(outcome.seen, 1, "%s: upstream saw %u", name, outcome.seen);
}

static void expect_refusal(struct raw_bench *bench, const char *name, int status,
                           struct slice request)
{
    struct outcome outcome = ask(bench, request);

    cr_expect_eq(outcome.status, status, "%s: status %d, wanted %d", name, outcome.status, status);
    cr_expect(outcome.ended, "%s: the connection stayed open", name);
    cr_expect_eq(outcome.seen, 0, "%s: upstream saw %u", name, outcome.seen);
}

static void add_fill(struct text *text, char byte, size_t count)
{
    char part[256];

    memset(part, byte, sizeof part);
    for (; count > 0; count -= count < sizeof part ? count : sizeof part)
        text_add_slice(text, slice_of(part, count < sizeof part ? count : sizeof part));
}

/* A head of exactly `size` bytes. */
static void build_head(struct text *out, size_t size)
{
    text_clear(out);
    text_add(out, HEAD "X-Fill: ");
    add_fill(out, 'f', size - out->len - 4);
    text_add(out, "\r\n\r\n");
    cr_assert_eq(out->len, size);
}

static void build_target(struct text *out, size_t size)
{
    text_clear(out);
    text_add(out, "GET /");
    add_fill(out, 't', size - 1);
    text_add(out, " HTTP/1.1\r\nHost: a.test\r\n\r\n");
}

/* `count` fields in all, Host included. */
static void build_fields(struct text *out, unsigned count)
{
    text_clear(out);
    text_add(out, HEAD);
    for (unsigned i = 1; i < count; i++)
        text_add_format(out, "X-%u: %u\r\n", i, i);
    text_add(out, "\r\n");
}

Test(raw_limits, head_431)
{
    struct raw_bench bench;
    struct text text;

    raw_start(&bench, NULL);
    text_init(&text, 4 << 20);
    build_head(&text, 32768);
    expect_pass(&bench, "head of 32 KiB", text_slice(&text));
    build_head(&text, 32769);
    expect_refusal(&bench, "head of 32 KiB and a byte", 431, text_slice(&text));
    build_head(&text, 1 << 20);
    expect_refusal(&bench, "head of 1 MiB", 431, text_slice(&text));
    text_clear(&text);
    text_add(&text, HEAD);
    add_fill(&text, 'n', 100000);
    expect_refusal(&bench, "endless field name", 431, text_slice(&text));
    text_fini(&text);
    STOP_RAW(&bench);
}

Test(raw_limits, fields_431)
{
    struct raw_bench bench;
    struct text text;

    raw_start(&bench, NULL);
    text_init(&text, 4 << 20);
    build_fields(&text, 100);
    expect_pass(&bench, "100 fields", text_slice(&text));
    build_fields(&text, 101);
    expect_refusal(&bench, "101 fields", 431, text_slice(&text));
    build_fields(&text, 10000);
    expect_refusal(&bench, "10000 fields", 431, text_slice(&text));
    text_fini(&text);
    STOP_RAW(&bench);
}

Test(raw_limits, target_414)
{
    struct raw_bench bench;
    struct text text;

    raw_start(&bench, NULL);
    text_init(&text, 4 << 20);
    build_target(&text, 8192);
    expect_pass(&bench, "target of 8 KiB", text_slice(&text));
    build_target(&text, 8193);
    expect_refusal(&bench, "target of 8 KiB and a byte", 414, text_slice(&text));
    build_target(&text, 65536);
    expect_refusal(&bench, "target of 64 KiB", 414, text_slice(&text));
    text_clear(&text);
    text_add(&text, "GET /");
    add_fill(&text, 't', 20000);
    expect_refusal(&bench, "target without an end", 414, text_slice(&text));
    text_fini(&text);
    STOP_RAW(&bench);
}

Test(raw_limits, own_limits_of_a_service)
{
    struct raw_bench bench;
    struct text text;

    raw_start(&bench, "limits { head = 1k  fields = 5  target = 100 }");
    text_init(&text, 4 << 20);
    build_head(&text, 1024);
    expect_pass(&bench, "head of 1 KiB", text_slice(&text));
    build_head(&text, 1025);
    expect_refusal(&bench, "head of 1 KiB and a byte", 431, text_slice(&text));
    build_fields(&text, 5);
    expect_pass(&bench, "5 fields", text_slice(&text));
    build_fields(&text, 6);
    expect_refusal(&bench, "6 fields", 431, text_slice(&text));
    build_target(&text, 100);
    expect_pass(&bench, "target of 100", text_slice(&text));
    build_target(&text, 101);
    expect_refusal(&bench, "target of 101", 414, text_slice(&text));
    text_fini(&text);
    STOP_RAW(&bench);
}

#define UP "POST /p HTTP/1.1\r\nHost: a.test\r\n"

Test(raw_limits, body_413)
{
    struct raw_bench bench;
    struct text text;

    raw_start(&bench, "limits { body = 1k }");
    text_init(&text, 4 << 20);
    text_add(&text, UP "Content-Length: 1024\r\n\r\n");
    add_fill(&text, 'b', 1024);
    expect_pass(&bench, "body of 1 KiB", text_slice(&text));
    expect_refusal(&bench, "length of 1 KiB and a byte", 413,
                   SLICE(UP "Content-Length: 1025\r\n\r\n"));
    expect_refusal(&bench, "length of an exabyte", 413,
                   SLICE(UP "Content-Length: 1152921504606846976\r\n\r\n"));
    text_clear(&text);
    text_add(&text, UP "Transfer-Encoding: chunked\r\n\r\n400\r\n");
    add_fill(&text, 'b', 1024);
    text_add(&text, "\r\n0\r\n\r\n");
    expect_pass(&bench, "chunks of 1 KiB", text_slice(&text));
    text_clear(&text);
    text_add(&text, UP "Transfer-Encoding: chunked\r\n\r\n400\r\n");
    add_fill(&text, 'b', 1024);
    text_add(&text, "\r\n1\r\nb\r\n0\r\n\r\n");
    expect_refusal(&bench, "chunks of 1 KiB and a byte", 413, text_slice(&text));
    text_fini(&text);
    STOP_RAW(&bench);
}

/* Sends what there is, then nothing: the status and how long it took. */
static int stall(struct raw_bench *bench, const char *bytes, unsigned *ms)
{
    struct client client;
    struct reply reply = { 0 };
    uint64_t start = clock_monotonic_us();
    int status = 0;

    client_open(&client, bench->front);
    client_send_text(&client, bytes);
    if (client_reply(&client, false, REPLY_MS, &reply) == REPLY_WHOLE)
        status = reply.status;
    *ms = (unsigned)((clock_monotonic_us() - start) / 1000);
    cr_expect(client_await_end(&client, REPLY_MS), "the connection was not closed");
    reply_fini(&reply);
    client_close(&client);
    return status;
}

/* The deadline of a head cannot depend on the service, which is not known yet. */
static const char short_head[] = "timeouts { head = \"500ms\" }\n"
                                 "listener http { bind = \"127.0.0.1:0\" }\n"
                                 "service shop { slot blue { targets = { \"%s\" } }\n"
                                 "  health { enabled = false } }\n";

Test(raw_limits, slow_head_408)
{
    static const char *const parts[] = { "G", "GET / HTTP/1.1\r\n", HEAD, HEAD "X-A: 1\r\n\r" };
    struct raw_bench bench;
    unsigned ms = 0;

    raw_start_config(&bench, short_head);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        int status = stall(&bench, parts[i], &ms);

        cr_expect_eq(status, 408, "after \"%s\": status %d", parts[i], status);
        cr_expect(ms >= 480 && ms < 3000, "after \"%s\": %u ms", parts[i], ms);
    }
    STOP_RAW(&bench);
}

/* The deadline of the head is absolute: a byte now and then does not move it. */
Test(raw_limits, trickled_head_408)
{
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };
    uint64_t start = clock_monotonic_us();

    raw_start_config(&bench, short_head);
    client_open(&client, bench.front);
    client_send_text(&client, HEAD "X-A: ");
    while (clock_monotonic_us() - start < 5000000 && !client_pull(&client, 50) && !client.ended)
        client_send(&client, "x", 1);
    cr_expect_eq(client_reply(&client, false, REPLY_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 408, "status %d", reply.status);
    cr_expect(clock_monotonic_us() - start < 4000000, "the deadline moved");
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}

Test(raw_limits, slow_body_408)
{
    struct raw_bench bench;
    unsigned ms = 0;
    int status = 0;

    raw_start(&bench, "timeouts { body = \"500ms\" }");
    status = stall(&bench, UP "Content-Length: 10\r\n\r\nhello", &ms);
    cr_expect_eq(status, 408, "length: status %d", status);
    cr_expect(ms >= 480 && ms < 3000, "length: %u ms", ms);
    status = stall(&bench, UP "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", &ms);
    cr_expect_eq(status, 408, "chunked: status %d", status);
    STOP_RAW(&bench);
}

/* An idle connection ends without an answer: there was no request. */
Test(raw_limits, idle_closes_silently)
{
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };
    uint64_t start = 0;

    raw_start(&bench, "timeouts { keepalive = \"500ms\"  head = \"10s\" }");
    client_open(&client, bench.front);
    client_send_text(&client, HEAD "\r\n");
    cr_assert_eq(client_reply(&client, false, REPLY_MS, &reply), REPLY_WHOLE);
    start = clock_monotonic_us();
    cr_expect(client_await_end(&client, 5000), "an idle connection must end silently");
    cr_expect(clock_monotonic_us() - start >= 400000, "it ended too early");
    cr_expect(!client.was_reset, "it was reset");
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}

Test(raw_limits, slow_response_504)
{
    static const struct origin_act silent[] = { ACT(REQUEST), ACT(EVERYTHING), ACT(END) };
    struct raw_bench bench;
    unsigned ms = 0;
    struct client client;
    struct reply reply = { 0 };
    uint64_t start = 0;

    raw_start(&bench, "timeouts { response = \"500ms\" }");
    origin_play(bench.origin, silent);
    start = clock_monotonic_us();
    client_open(&client, bench.front);
    client_send_text(&client, HEAD "\r\n");
    cr_expect_eq(client_reply(&client, false, REPLY_MS, &reply), REPLY_WHOLE);
    ms = (unsigned)((clock_monotonic_us() - start) / 1000);
    cr_expect_eq(reply.status, 504, "status %d", reply.status);
    cr_expect(ms >= 480 && ms < 3000, "%u ms", ms);
    cr_expect_eq(origin_requests(bench.origin), 1, "a slow answer must not be asked for twice");
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}

/* A target that stops in the middle of its body: the client must see the cut. */
Test(raw_limits, stalled_response_is_cut)
{
    static const struct origin_act stalled[] = {
        ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
        ACT(EVERYTHING), ACT(END)
    };
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };

    raw_start(&bench, "timeouts { idle = \"500ms\" }");
    origin_play(bench.origin, stalled);
    client_open(&client, bench.front);
    client_send_text(&client, HEAD "\r\n");
    cr_expect_eq(client_reply(&client, false, REPLY_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 200);
    cr_expect(reply.truncated, "the response must be cut short");
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}

/* A response head beyond every bound is a 502, however it goes on. */
Test(raw_limits, huge_response_head_502)
{
    struct raw_bench bench;
    struct text text;

    raw_start(&bench, NULL);
    text_init(&text, 4 << 20);
    text_add(&text, "HTTP/1.1 200 OK\r\nX-Fill: ");
    add_fill(&text, 'f', 200000);
    text_add(&text, "\r\nContent-Length: 2\r\n\r\nok");
    {
        struct raw_case one = { .name = "huge-response-head",
                                .request = RAW(HEAD "\r\n"),
                                .answer = text_slice(&text),
                                .after = ORIGIN_CLOSES,
                                .want = { { 502 } },
                                .end = RAW_EITHER,
                                .unseen = true };
        char *why = raw_run(&bench, &one);

        cr_expect(why == NULL, "%s", why);
        free(why);
    }
    text_fini(&text);
    STOP_RAW(&bench);
}
