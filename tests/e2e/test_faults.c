/*
 * Every fault that a client or a target can bring about has its name in the access log: one case for each that the
 * tables of raw bytes judge by status alone.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { WAIT_MS = 8000 };

#define HOST "Host: a.test\r\n"

/* What a client sends, what (if anything) the target answers, and the name in the log. */
struct named {
    const char *fault;
    int status; /* 0: no response head is asked for */
    const char *request;
    const char *answer; /* NULL: the request gets to no target */
};

static const struct named cases[] = {
    { "bad_request_line", 400, "GET /\r\n" HOST "\r\n", NULL },
    { "bad_method", 400, "G(T / HTTP/1.1\r\n" HOST "\r\n", NULL },
    { "bad_version", 505, "GET / HTTP/2.0\r\n" HOST "\r\n", NULL },
    { "bad_length", 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\nx", NULL },
    { "bad_framing", 400,
      "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      NULL },
    { "bad_coding", 400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", NULL },
    { "bad_expect", 417, "POST / HTTP/1.1\r\n" HOST "Expect: more\r\nContent-Length: 1\r\n\r\nx",
      NULL },
    { "bad_chunk", 400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "" },
    { "response_upgrade", 502, "GET / HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" },
    { "target_stalled", 200, "GET / HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" },
    { "client_slow_body", 408, "POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhalf", "" },
};

static void run(const struct raw_bench *bench, const struct named *one)
{
    char *name = mem_format("\"fault\":\"%s\"", one->fault);
    struct client client;
    struct reply reply = { 0 };

    origin_clear(bench->origin);
    if (one->answer != NULL && one->answer[0] != '\0')
        origin_answer(bench->origin, one->answer, strlen(one->answer), ORIGIN_KEEPS);
    client_open(&client, bench->front);
    cr_expect(client_send_text(&client, one->request));
    cr_expect(daemon_await_access(bench->daemon, name, WAIT_MS), "%s is not in the access log",
              one->fault);
    client_reply(&client, false, WAIT_MS, &reply);
    cr_expect_eq(reply.status, one->status, "%s: status %d, wanted %d", one->fault, reply.status,
                 one->status);
    reply_fini(&reply);
    client_close(&client);
    free(name);
}

Test(faults, are_named_in_the_access_log)
{
    struct raw_bench bench;

    raw_start(&bench, "timeouts { body = \"300ms\"  idle = \"300ms\" }\n");
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        run(&bench, &cases[i]);
    STOP_RAW(&bench);
}

/* A client that stops reading: the response is larger than what the kernel keeps for it. */
Test(faults, a_client_that_does_not_read)
{
    static const struct origin_act acts[] = { ACT(REQUEST),
                                              ACT_SEND("HTTP/1.1 200 OK\r\n"
                                                       "Content-Length: 67108864\r\n\r\n"),
                                              ACT_FILL(64 << 20), ACT(AGAIN) };
    struct raw_bench bench;
    struct client client;

    raw_start(&bench, "timeouts { idle = \"300ms\" }\n");
    origin_play(bench.origin, acts);
    client_open(&client, bench.front);
    cr_expect(client_send_text(&client, "GET / HTTP/1.1\r\n" HOST "\r\n"));
    cr_expect(daemon_await_access(bench.daemon, "\"fault\":\"client_slow_read\"", WAIT_MS));
    client_close(&client);
    STOP_RAW(&bench);
}
