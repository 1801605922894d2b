/*
 * Edges of the rules as raw bytes: bounds of chunk extensions and trailers, Via, TE, Max-Forwards, bodies with
 * unusual methods, long pipelines, and responses that are unusual but right.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"

#define GET_HEAD  "GET /g HTTP/1.1\r\nHost: a.test\r\n"
#define POST_HEAD "POST /p HTTP/1.1\r\nHost: a.test\r\n"
#define OK        "HTTP/1.1 200 OK\r\n"
#define TEN       "0123456789"
#define FIFTY     TEN TEN TEN TEN TEN
#define HUNDRED   FIFTY FIFTY

#define PASS(title, bytes, sight)                                                                  \
    {                                                                                              \
        .name = (title), .request = RAW(bytes), .seen = { (sight) },                               \
        .want = { { 200, .body = "ok" } }, .end = RAW_KEEPS                                        \
    }
#define REFUSE(title, bytes)                                                                       \
    {                                                                                              \
        .name = (title), .request = RAW(bytes), .want = { { 400, .has = "Connection: close\n" } }  \
    }

#define CHUNKED  POST_HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define FIVE_EXT "1;" HUNDRED HUNDRED "\r\nx\r\n"

static const struct raw_case request_cases[] = {
    PASS("edge-coding-upper-case",
         POST_HEAD "Transfer-Encoding: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
         CHUNKED "2\r\nhi\r\n0\r\n\r\n"),
    PASS("edge-length-leading-zeros", POST_HEAD "Content-Length: 0005\r\n\r\nhello",
         POST_HEAD "Content-Length: " RAW_ANY "5\r\n\r\nhello"),
    PASS("edge-get-length-zero", GET_HEAD "Content-Length: 0\r\n\r\n",
         GET_HEAD "Content-Length: 0\r\n\r\n"),
    PASS("edge-delete-with-body",
         "DELETE /d HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi",
         "DELETE /d HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"),
    PASS("edge-options-with-body",
         "OPTIONS /o HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi",
         "OPTIONS /o HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"),
    PASS(
        "edge-put-chunked",
        "PUT /u HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "PUT /u HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: "
        "chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
    PASS("edge-patch", "PATCH /u HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi",
         "PATCH /u HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"),
    PASS("edge-trace", "TRACE /t HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "TRACE /t HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("edge-cookie-odd", GET_HEAD "Cookie: a=\"b,c\"; d=\\; =e\r\n\r\n",
         GET_HEAD "Cookie: a=\"b,c\"; d=\\; =e\r\n\r\n"),
    PASS("edge-name-of-digits", GET_HEAD "123: 4\r\n\r\n", GET_HEAD "123: 4\r\n\r\n"),
    PASS("edge-trailing-spaces", GET_HEAD "X-A: 1 \t \r\n\r\n", GET_HEAD "X-A: 1\r\n\r\n"),
    PASS("edge-extension-200-bytes", CHUNKED "2;" HUNDRED HUNDRED "\r\nhi\r\n0\r\n\r\n",
         CHUNKED "2\r\nhi\r\n0\r\n\r\n"),
    REFUSE("edge-extension-300-bytes", CHUNKED "2;" HUNDRED HUNDRED HUNDRED "\r\nhi\r\n0\r\n\r\n"),
    REFUSE("edge-extensions-of-5-kib",
           CHUNKED FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT
               FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT
                   FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT FIVE_EXT "0\r\n\r\n"),
    { .name = "edge-close-with-chunked",
      .request = RAW(POST_HEAD "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "2\r\nhi\r\n0\r\n\r\n"),
      .seen = { CHUNKED "2\r\nhi\r\n0\r\n\r\n" },
      .want = { { 200, .body = "ok", .has = "Connection: close\n" } } },
    { .name = "edge-post-without-framing",
      .request = RAW(POST_HEAD "\r\n"),
      .want = { { 200, .body = "ok" } },
      .end = RAW_KEEPS,
      .unseen = true },
    { .name = "edge-head-then-get",
      .request = RAW("HEAD /h HTTP/1.1\r\nHost: a.test\r\n\r\n" GET_HEAD "\r\n"),
      .answer = RAW(OK "Content-Length: 5\r\n\r\n"),
      .seen = { "HEAD /h HTTP/1.1\r\nHost: a.test\r\n\r\n", GET_HEAD "\r\n" },
      .want = { { 200, .to_head = true }, { 200, .body = "ok" } },
      .end = RAW_KEEPS },
};

static const struct raw_case response_cases[] = {
    { .name = "edge-206",
      .request = RAW(GET_HEAD "Range: bytes=0-1\r\n\r\n"),
      .answer =
          RAW("HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/5\r\nContent-Length: 2\r\n\r\nhe"),
      .seen = { GET_HEAD "Range: bytes=0-1\r\n\r\n" },
      .want = { { 206, .body = "he", .has = "Content-Range: bytes 0-1/5\n" } },
      .end = RAW_KEEPS },
    { .name = "edge-redirect",
      .request = RAW(GET_HEAD "\r\n"),
      .answer = RAW("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:5000/x\r\n"
                    "Content-Length: 0\r\n\r\n"),
      .seen = { GET_HEAD "\r\n" },
      .want = { { 302, .body = "", .has = "Location: http://127.0.0.1:5000/x\n" } },
      .end = RAW_KEEPS },
    { .name = "edge-401",
      .request = RAW(GET_HEAD "\r\n"),
      .answer = RAW(
          "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"),
      .seen = { GET_HEAD "\r\n" },
      .want = { { 401, .has = "WWW-Authenticate: Basic realm=\"x\"\n" } },
      .end = RAW_KEEPS },
    { .name = "edge-coding-upper-case",
      .request = RAW(GET_HEAD "\r\n"),
      .answer = RAW(OK "Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
      .seen = { GET_HEAD "\r\n" },
      .want = { { 200, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "edge-chunked-and-close",
      .request = RAW(GET_HEAD "\r\n"),
      .answer =
          RAW(OK "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
      .after = ORIGIN_CLOSES,
      .seen = { GET_HEAD "\r\n" },
      .want = { { 200, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "edge-304-keeps-length",
      .request = RAW(GET_HEAD "If-None-Match: \"x\"\r\n\r\n"),
      .answer = RAW("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 12345\r\n\r\n"),
      .seen = { GET_HEAD "If-None-Match: \"x\"\r\n\r\n" },
      .want = { { 304, .has = "Content-Length: 12345\nETag: \"x\"\n" } },
      .end = RAW_KEEPS },
    { .name = "edge-interim-before-head-answer",
      .request = RAW("HEAD /h HTTP/1.1\r\nHost: a.test\r\n\r\n"),
      .answer =
          RAW("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK "Content-Length: 5\r\n\r\n"),
      .seen = { "HEAD /h HTTP/1.1\r\nHost: a.test\r\n\r\n" },
      .want = { { 103 }, { 200, .to_head = true } },
      .end = RAW_KEEPS },
    { .name = "edge-many-fields",
      .request = RAW(GET_HEAD "\r\n"),
      .answer = RAW(OK "A1: 1\r\nA2: 1\r\nA3: 1\r\nA4: 1\r\nA5: 1\r\nA6: 1\r\nA7: 1\r\nA8: 1\r\n"
                       "A9: 1\r\nB1: 1\r\nB2: 1\r\nB3: 1\r\nB4: 1\r\nB5: 1\r\nB6: 1\r\nB7: 1\r\n"
                       "B8: 1\r\nB9: 1\r\nC1: 1\r\nC2: 1\r\nC3: 1\r\nC4: 1\r\nC5: 1\r\nC6: 1\r\n"
                       "Content-Length: 2\r\n\r\nok"),
      .seen = { GET_HEAD "\r\n" },
      .want = { { 200, .body = "ok", .has = "A1: 1\nC6: 1\n" } },
      .end = RAW_KEEPS },
    { .name = "edge-empty-chunked-for-head",
      .request = RAW("HEAD /h HTTP/1.0\r\nHost: a.test\r\n\r\n"),
      .answer = RAW(OK "Transfer-Encoding: chunked\r\n\r\n"),
      .seen = { "HEAD /h HTTP/1.1\r\nHost: a.test\r\n\r\n" },
      .want = { { 200, .to_head = true, .lacks = "Transfer-Encoding\n" } } },
};

Test(raw_edges, requests)
{
    struct raw_bench bench;

    raw_start(&bench, NULL);
    RUN_CASES(&bench, request_cases)
    STOP_RAW(&bench);
}

Test(raw_edges, responses)
{
    struct raw_bench bench;

    raw_start(&bench, NULL);
    RUN_CASES(&bench, response_cases)
    STOP_RAW(&bench);
}

/* What of one request head the app server saw; a copy that the caller frees. */
static char *forwarded(struct raw_bench *bench, const char *request)
{
    struct slice seen;

    origin_clear(bench->origin);
    cr_expect_eq(client_ask(bench->front, request, NULL), 200, "%s", request);
    seen = origin_request(bench->origin, 0);
    return mem_text_of(seen.ptr, seen.len);
}

/* Via lists every hop, in one field or in several (RFC 9110 7.6.3). */
Test(raw_edges, via_is_appended)
{
    struct raw_bench bench;
    char *seen = NULL;
    const char *ours = NULL;
    const char *theirs = NULL;

    raw_start(&bench, NULL);
    seen = forwarded(&bench, GET_HEAD "Via: 1.0 fred, 1.1 p.test\r\nConnection: close\r\n\r\n");
    theirs = strstr(seen, "1.0 fred, 1.1 p.test");
    ours = strstr(seen, "1.1 switchyard");
    cr_expect(theirs != NULL && ours != NULL && theirs < ours, "%s", seen);
    free(seen);
    STOP_RAW(&bench);
}

/* Via, X-Forwarded-* can be switched off; then nothing is added, and the client's word is no better believed. */
Test(raw_edges, forward_switched_off)
{
    struct raw_bench bench;
    char *seen = NULL;

    raw_start(&bench, "forward { via = false  x_forwarded = false }");
    seen = forwarded(&bench, GET_HEAD "Connection: close\r\n\r\n");
    cr_expect(strstr(seen, "Via") == NULL, "%s", seen);
    cr_expect(strstr(seen, "X-Forwarded") == NULL, "%s", seen);
    cr_expect(strstr(seen, "X-Request-Id: ") != NULL, "%s", seen);
    free(seen);
    STOP_RAW(&bench);
}

/* TRACE and OPTIONS with Max-Forwards (RFC 9110 7.6.2): counted down, and 0 goes no further. */
Test(raw_edges, max_forwards)
{
    struct raw_bench bench;
    char *seen = NULL;
    int status = 0;

    raw_start(&bench, NULL);
    seen = forwarded(&bench, "OPTIONS /o HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 3\r\n"
                             "Connection: close\r\n\r\n");
    cr_expect(strstr(seen, "Max-Forwards: 2\r\n") != NULL, "%s", seen);
    free(seen);
    origin_clear(bench.origin);
    status = client_ask(bench.front,
                        "OPTIONS /o HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n"
                        "Connection: close\r\n\r\n",
                        NULL);
    cr_expect(status >= 200 && status < 500, "status %d", status);
    cr_expect_eq(origin_requests(bench.origin), 0, "Max-Forwards: 0 was forwarded");
    STOP_RAW(&bench);
}

/* A response without Date gets one, a response with one keeps it (RFC 9110 6.6.1). */
Test(raw_edges, date)
{
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };

    raw_start(&bench, NULL);
    client_open(&client, bench.front);
    client_send_text(&client, GET_HEAD "\r\n");
    cr_assert_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE);
    cr_expect_eq(reply_count(&reply, "Date"), 1);
    cr_expect_eq(reply_value(&reply, "Date").len, strlen("Sat, 21 Nov 2026 09:00:00 GMT"));
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}

/* Twenty requests in one write: twenty answers in order. */
Test(raw_edges, long_pipeline)
{
    enum { COUNT = 20 };
    struct raw_bench bench;
    struct client client;
    struct text all;

    raw_start(&bench, NULL);
    text_init(&all, 65536);
    for (int i = 0; i < COUNT; i++) {
        char *answer = mem_format(OK "Content-Length: 2\r\n\r\n%02d", i);

        text_add_format(&all, "GET /%02d HTTP/1.1\r\nHost: a.test\r\n\r\n", i);
        origin_answer(bench.origin, answer, strlen(answer), ORIGIN_KEEPS);
        free(answer);
    }
    client_open(&client, bench.front);
    client_send(&client, all.bytes, all.len);
    for (int i = 0; i < COUNT; i++) {
        struct reply reply = { 0 };
        char want[8];

        snprintf(want, sizeof want, "%02d", i);
        cr_assert_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE, "answer %d", i);
        cr_expect(slice_is_equal(text_slice(&reply.body), slice_from(want)), "answer %d", i);
        reply_fini(&reply);
    }
    client_close(&client);
    text_fini(&all);
    STOP_RAW(&bench);
}
