/*
 * Responses as raw bytes: what of an app server's answer reaches the client, and what is refused as 502 or
 * stays truncated. The canary after every case shows that no byte of it is left for the next request.
 */
#include "e2e/e2e.h"

#define ASK      "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define ASK_HEAD "HEAD /g HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define ASK_OLD  "GET /g HTTP/1.0\r\nHost: a.test\r\n\r\n"
#define SIGHT    "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n"

/* An answer that must become 502; the app server closes behind it. */
#define BAD(title, bytes)                                                                          \
    {                                                                                              \
        .name = (title), .request = RAW(ASK), .answer = RAW(bytes), .after = ORIGIN_CLOSES,        \
        .want = { { 502 } }, .end = RAW_EITHER, .unseen = true                                     \
    }

/* An answer that passes: tidied head and body for the client. */
#define GOOD(title, bytes, tidied, content)                                                        \
    {                                                                                              \
        .name = (title), .request = RAW(ASK), .answer = RAW(bytes), .seen = { SIGHT },             \
        .want = { { 200, .head = (tidied), .body = (content) } }, .end = RAW_KEEPS                 \
    }

/* An answer that breaks off: the client must see that it did. */
#define CUT(title, bytes, how)                                                                     \
    {                                                                                              \
        .name = (title), .request = RAW(ASK), .answer = RAW(bytes), .after = (how),                \
        .seen = { SIGHT }, .want = {                                                               \
            { 200, .truncated = true }                                                             \
        }                                                                                          \
    }

#define OK "HTTP/1.1 200 OK\r\n"

static const struct raw_case pass_cases[] = {
    GOOD("pass-length", OK "Content-Length: 5\r\n\r\nhello", OK "Content-Length: 5\r\n\r\n",
         "hello"),
    GOOD("pass-length-zero", OK "Content-Length: 0\r\n\r\n", OK "Content-Length: 0\r\n\r\n", ""),
    GOOD("pass-length-twice-same", OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
         OK "Content-Length: 5\r\n\r\n", "hello"),
    GOOD("pass-chunked", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
         OK "Transfer-Encoding: chunked\r\n\r\n", "hello"),
    GOOD("pass-chunked-none", OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         OK "Transfer-Encoding: chunked\r\n\r\n", ""),
    GOOD("pass-chunk-extension",
         OK "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0;c\r\n\r\n",
         OK "Transfer-Encoding: chunked\r\n\r\n", "hello"),
    GOOD("pass-order-and-case",
         OK "x-b: 1\r\nServer: x\r\nSet-Cookie: a=1\r\nX-A:2\r\nSet-Cookie: b=2\r\n"
            "Content-Length: 2\r\n\r\nok",
         OK "x-b: 1\r\nServer: x\r\nSet-Cookie: a=1\r\nX-A: 2\r\nSet-Cookie: b=2\r\n"
            "Content-Length: 2\r\n\r\n",
         "ok"),
    GOOD("pass-date-kept", OK "Date: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok",
         OK "Date: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Length: 2\r\n\r\n", "ok"),
    GOOD("pass-reason", "HTTP/1.1 200 Fine, thanks\r\nContent-Length: 2\r\n\r\nok",
         "HTTP/1.1 200 Fine, thanks\r\nContent-Length: 2\r\n\r\n", "ok"),
    GOOD("pass-reason-empty", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
         "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n", "ok"),
    GOOD("pass-high-bytes", OK "X-A: \xc3\xa9\r\nContent-Length: 2\r\n\r\nok",
         OK "X-A: \xc3\xa9\r\nContent-Length: 2\r\n\r\n", "ok"),
    GOOD("pass-empty-value", OK "X-A:\r\nContent-Length: 2\r\n\r\nok",
         OK "X-A: \r\nContent-Length: 2\r\n\r\n", "ok"),
    GOOD("pass-hop-fields",
         OK "Connection: keep-alive, X-Foo\r\nKeep-Alive: timeout=5\r\nX-Foo: 1\r\n"
            "Proxy-Connection: x\r\nUpgrade: h2c\r\nX-Bar: 2\r\nContent-Length: 2\r\n\r\nok",
         OK "X-Bar: 2\r\nContent-Length: 2\r\n\r\n", "ok"),
    GOOD("pass-connection-names-length",
         OK "Connection: Content-Length\r\nContent-Length: 2\r\n\r\nok",
         OK "Content-Length: 2\r\n\r\n", "ok"),
    GOOD("pass-http10-keep-alive",
         "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
         OK "Content-Length: 2\r\n\r\n", "ok"),
    { .name = "pass-connection-close",
      .request = RAW(ASK),
      .answer = RAW(OK "Connection: close\r\nContent-Length: 2\r\n\r\nok"),
      .after = ORIGIN_CLOSES,
      .seen = { SIGHT },
      .want = { { 200, .body = "ok", .lacks = "Connection\n" } },
      .end = RAW_KEEPS },
    { .name = "pass-until-close",
      .request = RAW(ASK),
      .answer = RAW(OK "\r\nhello until the end"),
      .after = ORIGIN_CLOSES,
      .seen = { SIGHT },
      .want = { { 200, .body = "hello until the end" } },
      .end = RAW_EITHER },
    { .name = "pass-until-close-empty",
      .request = RAW(ASK),
      .answer = RAW(OK "\r\n"),
      .after = ORIGIN_CLOSES,
      .seen = { SIGHT },
      .want = { { 200, .body = "" } },
      .end = RAW_EITHER },
    { .name = "pass-until-close-http10",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.0 200 OK\r\n\r\nhello"),
      .after = ORIGIN_CLOSES,
      .seen = { SIGHT },
      .want = { { 200, .body = "hello" } },
      .end = RAW_EITHER },
    { .name = "pass-until-close-old-client",
      .request = RAW(ASK_OLD),
      .answer = RAW(OK "\r\nhello"),
      .after = ORIGIN_CLOSES,
      .seen = { SIGHT },
      .want = { { 200, .body = "hello", .lacks = "Transfer-Encoding\n" } } },
    { .name = "pass-chunked-old-client",
      .request = RAW(ASK_OLD),
      .answer = RAW(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: 1\r\n\r\n"),
      .seen = { SIGHT },
      .want = { { 200, .body = "hello", .lacks = "Transfer-Encoding\nTrailer\nX-A\n" } } },
    { .name = "pass-chunked-old-client-keep-alive",
      .request = RAW("GET /g HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"),
      .answer = RAW(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
      .seen = { SIGHT },
      .want = { { 200, .body = "hello", .lacks = "Transfer-Encoding\n" } } },
    { .name = "pass-trailer",
      .request = RAW(ASK),
      .answer = RAW(OK "Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "2\r\nok\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n"),
      .seen = { SIGHT },
      .want = { { 200, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "pass-204",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n"),
      .seen = { SIGHT },
      .want = { { 204, .has = "X-A: 1\n", .lacks = "Content-Length\nTransfer-Encoding\n" } },
      .end = RAW_KEEPS },
    { .name = "pass-304",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n"),
      .seen = { SIGHT },
      .want = { { 304, .has = "ETag: \"x\"\n" } },
      .end = RAW_KEEPS },
    { .name = "pass-404-with-body",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"),
      .seen = { SIGHT },
      .want = { { 404, .body = "gone" } },
      .end = RAW_KEEPS },
    { .name = "pass-500-is-not-ours",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\noops"),
      .seen = { SIGHT },
      .want = { { 500, .body = "oops" } },
      .end = RAW_KEEPS },
    { .name = "pass-unknown-status",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nok"),
      .seen = { SIGHT },
      .want = { { 299, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "head-with-length",
      .request = RAW(ASK_HEAD),
      .answer = RAW(OK "Content-Length: 12345\r\nX-A: 1\r\n\r\n"),
      .seen = { ASK_HEAD },
      .want = { { 200, .to_head = true, .has = "Content-Length: 12345\nX-A: 1\n" } },
      .end = RAW_KEEPS },
    { .name = "head-chunked",
      .request = RAW(ASK_HEAD),
      .answer = RAW(OK "Transfer-Encoding: chunked\r\nX-A: 1\r\n\r\n"),
      .seen = { ASK_HEAD },
      .want = { { 200, .to_head = true, .has = "X-A: 1\n" } },
      .end = RAW_KEEPS },
    { .name = "head-without-framing",
      .request = RAW(ASK_HEAD),
      .answer = RAW(OK "X-A: 1\r\n\r\n"),
      .seen = { ASK_HEAD },
      .want = { { 200, .to_head = true, .has = "X-A: 1\n", .lacks = "Content-Length\n" } },
      .end = RAW_KEEPS },
};

static const struct raw_case interim_cases[] = {
    { .name = "interim-103",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" OK
                    "Content-Length: 2\r\n\r\nok"),
      .seen = { SIGHT },
      .want = { { 103, .has = "Link: </a.css>\n", .lacks = "Content-Length\nConnection\n" },
                { 200, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "interim-two",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n" OK
                    "Content-Length: 2\r\n\r\nok"),
      .seen = { SIGHT },
      .want = { { 102 }, { 103, .has = "X-A: 1\n" }, { 200, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "interim-not-for-old-clients",
      .request = RAW(ASK_OLD),
      .answer = RAW("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" OK
                    "Content-Length: 2\r\n\r\nok"),
      .seen = { SIGHT },
      .want = { { 200, .body = "ok" } } },
    { .name = "interim-101-unasked",
      .request = RAW(ASK),
      .answer =
          RAW("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
      .want = { { 502 } },
      .end = RAW_EITHER,
      .unseen = true },
    { .name = "interim-then-nothing",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 103 Early Hints\r\n\r\n"),
      .after = ORIGIN_CLOSES,
      .want = { { 103 }, { 502 } },
      .end = RAW_EITHER,
      .unseen = true },
};

static const struct raw_case bad_cases[] = {
    BAD("bad-both-framings", OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("bad-length-differs", OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    BAD("bad-length-list", OK "Content-Length: 5, 6\r\n\r\nhello!"),
    BAD("bad-length-minus", OK "Content-Length: -5\r\n\r\nhello"),
    BAD("bad-length-plus", OK "Content-Length: +5\r\n\r\nhello"),
    BAD("bad-length-empty", OK "Content-Length:\r\n\r\nhello"),
    BAD("bad-length-letters", OK "Content-Length: x\r\n\r\nhello"),
    BAD("bad-length-overflow", OK "Content-Length: 18446744073709551621\r\n\r\nhello"),
    BAD("bad-coding-gzip", OK "Transfer-Encoding: gzip\r\n\r\nhello"),
    BAD("bad-coding-gzip-chunked", OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    BAD("bad-coding-twice",
        OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("bad-coding-http10", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("bad-status-letters", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-status-two-digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-status-four-digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-status-below-100", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-version-2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-version-name", "ICY 200 OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-lower-case", "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-leading-space", " HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-two-spaces", "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-no-head", "hello\r\n\r\n"),
    BAD("bad-http09", "<html>hello</html>"),
    BAD("bad-reason-control", "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-reason-nul", "HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-field-no-colon", OK "X-A\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-field-empty-name", OK ": x\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-field-space-before-colon", OK "X-A : 1\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-field-fold", OK "X-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-field-nul", OK "X-A: 1\0\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-field-control", OK "X-A: \x1b[0m\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-field-bare-cr", OK "X-A: 1\rX-B: 2\r\nContent-Length: 0\r\n\r\n"),
    BAD("bad-field-bare-lf", OK "X-A: 1\nContent-Length: 0\r\n\r\n"),
    BAD("bad-lines-lf", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    BAD("bad-head-cut", OK "Content-Len"),
    BAD("bad-nothing-but-status-line", OK),
};

static const struct raw_case cut_cases[] = {
    CUT("cut-length-close", OK "Content-Length: 10\r\n\r\nhello", ORIGIN_CLOSES),
    CUT("cut-length-reset", OK "Content-Length: 10\r\n\r\nhello", ORIGIN_RESETS),
    CUT("cut-length-nothing", OK "Content-Length: 10\r\n\r\n", ORIGIN_CLOSES),
    CUT("cut-chunk-data", OK "Transfer-Encoding: chunked\r\n\r\na\r\nhello", ORIGIN_CLOSES),
    CUT("cut-chunk-end", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ORIGIN_CLOSES),
    CUT("cut-chunk-last", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        ORIGIN_CLOSES),
    CUT("cut-chunk-trailer", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: 1\r\n",
        ORIGIN_CLOSES),
    CUT("cut-chunk-reset", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ORIGIN_RESETS),
    CUT("cut-chunk-bad-size", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n",
        ORIGIN_KEEPS),
    CUT("cut-chunk-bad-end", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
        ORIGIN_KEEPS),
    CUT("cut-chunk-bad-trailer",
        OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A : 1\r\n\r\n", ORIGIN_KEEPS),
};

/* More than the response: the rest must never answer anybody. */
static const struct raw_case surplus_cases[] = {
    { .name = "surplus-bytes",
      .request = RAW(ASK),
      .answer = RAW(OK "Content-Length: 2\r\n\r\nokSURPLUS"),
      .seen = { SIGHT },
      .want = { { 200, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "surplus-second-response",
      .request = RAW(ASK),
      .answer = RAW(OK "Content-Length: 2\r\n\r\nok" OK "Content-Length: 4\r\n\r\nevil"),
      .seen = { SIGHT },
      .want = { { 200, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "surplus-after-chunked",
      .request = RAW(ASK),
      .answer = RAW(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" OK
                       "Content-Length: 4\r\n\r\nevil"),
      .seen = { SIGHT },
      .want = { { 200, .body = "ok" } },
      .end = RAW_KEEPS },
    { .name = "surplus-body-of-head",
      .request = RAW(ASK_HEAD),
      .answer = RAW(OK "Content-Length: 4\r\n\r\nevil"),
      .seen = { ASK_HEAD },
      .want = { { 200, .to_head = true } },
      .end = RAW_KEEPS },
    { .name = "surplus-body-of-204",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil"),
      .want = { { 204, .or_status = 502 } },
      .end = RAW_KEEPS,
      .unseen = true },
    { .name = "surplus-body-of-304",
      .request = RAW(ASK),
      .answer = RAW("HTTP/1.1 304 Not Modified\r\n\r\n" OK "Content-Length: 4\r\n\r\nevil"),
      .seen = { SIGHT },
      .want = { { 304 } },
      .end = RAW_KEEPS },
};

#define TABLE(name)                                                                                \
    Test(raw_response, name)                                                                       \
    {                                                                                              \
        struct raw_bench bench;                                                                    \
                                                                                                   \
        raw_start(&bench, NULL);                                                                   \
        RUN_CASES(&bench, name##_cases)                                                            \
        STOP_RAW(&bench);                                                                          \
    }

TABLE(pass)
TABLE(interim)
TABLE(bad)
TABLE(cut)
TABLE(surplus)
