/* Heads written anew: what goes on, what stays here, what is added, byte for byte. */
#include "http/write_head.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "head_case.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

struct request_case {
    const char *text;
    struct write_request how;
    const char *expected;
};

/* Writes into exactly the bytes that are needed, and into one less, which must fail. */
static void check_capacity(const struct head *head, const struct write_request *how, long size)
{
    for (long capacity = 0; capacity <= size; capacity++) {
        char *out = malloc((size_t)capacity + 1);
        long written = 0;

        cr_assert_not_null(out);
        out[capacity] = '~';
        written = write_head_request(head, how, out, (size_t)capacity);
        cr_assert_eq(written, capacity == size ? size : ERR_FULL);
        cr_assert_eq(out[capacity], '~');
        free(out);
    }
}

static void check_requests(const struct request_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct head_case_head parsed;
        char out[2048];
        long size = 0;

        head_case_parse_good(head_case_request, cases[i].text, &parsed);
        size = write_head_request(&parsed.head, &cases[i].how, out, sizeof out);
        cr_assert_gt(size, 0);
        head_case_equal(slice_of(out, (size_t)size), cases[i].expected);
        cr_assert_leq((size_t)size, write_head_bound(&parsed.head));
        check_capacity(&parsed.head, &cases[i].how, size);
    }
}

Test(write_head, request_lines)
{
    static const struct request_case cases[] = {
        { GET "\r\n", { .via = false }, GET "\r\n" },
        { "GET /%2e/?a=b HTTP/1.1\r\nHost: a\r\n\r\n",
          { .via = false },
          "GET /%2e/?a=b HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "PURGE //x HTTP/1.1\r\nHost: a\r\n\r\n",
          { .via = false },
          "PURGE //x HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "GET / HTTP/1.7\r\nHost: a\r\n\r\n", { .via = false }, GET "\r\n" },
        { "\r\n\r\nGET / HTTP/1.0\r\nHost: a\r\n\r\n", { .via = false }, GET "\r\n" },
        { "GET / HTTP/1.0\r\n\r\n", { .via = false }, "GET / HTTP/1.1\r\nHost: \r\n\r\n" },
        { "GET http://A/b?c HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n",
          { .via = false },
          "GET /b?c HTTP/1.1\r\nHost: A\r\nX: y\r\n\r\n" },
        { "GET http://a:80 HTTP/1.0\r\n\r\n",
          { .via = false },
          "GET / HTTP/1.1\r\nHost: a:80\r\n\r\n" },
        { "GET http://a? HTTP/1.1\r\nHost: a\r\n\r\n",
          { .via = false },
          "GET /? HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
          { .via = false },
          "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
          { .via = false },
          "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
          { .via = false },
          "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "OPTIONS http://a?b HTTP/1.1\r\nHost: a\r\n\r\n",
          { .via = false },
          "OPTIONS /?b HTTP/1.1\r\nHost: a\r\n\r\n" },
    };

    check_requests(cases, sizeof cases / sizeof cases[0]);
}

Test(write_head, request_fields)
{
    static const struct request_case cases[] = {
        { "GET / HTTP/1.1\r\nB: 2\r\nhOST: a\r\nA: 1\r\nB: 3\r\n\r\n",
          { .via = false },
          "GET / HTTP/1.1\r\nB: 2\r\nhOST: a\r\nA: 1\r\nB: 3\r\n\r\n" },
        { "GET / HTTP/1.1\r\nHost:a\r\nA:1\r\nB:\t2\r\nC: 3 \r\nD:  4\r\nE:\r\nF: 5\r\n\r\n",
          { .via = false },
          "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: \r\nF: 5\r\n\r\n" },
        { GET "A: \xff\tb\r\n\r\n", { .via = false }, GET "A: \xff\tb\r\n\r\n" },
        { GET "Connection: keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nUpgrade: y\r\n"
              "HTTP2-Settings: z\r\nTE: deflate\r\nA: b\r\n\r\n",
          { .via = false },
          GET "A: b\r\n\r\n" },
        { GET "A: 1\r\nConnection: a, B\r\nB: 2\r\nC: 3\r\nb: 4\r\n\r\n",
          { .via = false },
          GET "C: 3\r\n\r\n" },
        { GET "Connection: X-Forwarded-For, Authorization, Cookie\r\nX-Forwarded-For: 1.1.1.1\r\n"
              "Authorization: x\r\nCookie: y\r\n\r\n",
          { .trusted = true },
          GET "X-Forwarded-For: 1.1.1.1\r\nAuthorization: x\r\nCookie: y\r\n\r\n" },
        { GET "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
          { .framing = FRAMING_LENGTH, .length = 5 },
          GET "Content-Length: 5\r\n\r\n" },
        { GET "Content-Length: 0005\r\nA: b\r\n\r\n",
          { .framing = FRAMING_LENGTH, .length = 5 },
          GET "A: b\r\nContent-Length: 5\r\n\r\n" },
        { GET "Transfer-Encoding: CHUNKED\r\nTrailer: X\r\n\r\n",
          { .framing = FRAMING_CHUNKED },
          GET "Trailer: X\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { GET "Content-Length: 5\r\n\r\n",
          { .framing = FRAMING_CHUNKED },
          GET "Transfer-Encoding: chunked\r\n\r\n" },
        { GET "Content-Length: 0\r\n\r\n",
          { .framing = FRAMING_LENGTH },
          GET "Content-Length: 0\r\n\r\n" },
        { GET "\r\n",
          { .framing = FRAMING_LENGTH, .length = UINT64_MAX },
          GET "Content-Length: 18446744073709551615\r\n\r\n" },
        { GET "\r\n", { .close = true }, GET "Connection: close\r\n\r\n" },
        { GET "TE: trailers\r\nConnection: TE\r\n\r\n",
          { .via = false },
          GET "TE: trailers\r\nConnection: TE\r\n\r\n" },
        { GET "TE: gzip;q=0.5, Trailers\r\n\r\n",
          { .close = true },
          GET "TE: trailers\r\nConnection: close, TE\r\n\r\n" },
        { "GET / HTTP/1.0\r\nHost: a\r\nTE: trailers\r\n\r\n", { .via = false }, GET "\r\n" },
        { GET "Proxy-Authorization: x\r\nTrailer: y\r\n\r\n",
          { .via = false },
          GET "Proxy-Authorization: x\r\nTrailer: y\r\n\r\n" },
        { GET "Max-Forwards: 5\r\n\r\n", { .via = false }, GET "Max-Forwards: 5\r\n\r\n" },
        { "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\n\r\n",
          { .via = false },
          "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 4\r\n\r\n" },
        { "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n",
          { .via = false },
          "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n" },
    };

    check_requests(cases, sizeof cases / sizeof cases[0]);
}

#define US .client_host = { "10.0.0.1", 8 }, .proto = { "http", 4 }, .forwarded = true

#define SPOOF                                                                                      \
    "X-Forwarded-For: 1.1.1.1\r\nx-forwarded-proto: https\r\nX-Forwarded-Host: evil\r\n"           \
    "X-Forwarded-Port: 1\r\nForwarded: for=1.1.1.1\r\n"

Test(write_head, forwarding)
{
    static const struct request_case cases[] = {
        { GET "\r\n",
          { US },
          GET
          "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n\r\n" },
        { GET SPOOF "A: b\r\n\r\n",
          { US },
          GET "A: b\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: http\r\n"
              "X-Forwarded-Host: a\r\n\r\n" },
        { GET SPOOF "\r\n", { .forwarded = false }, GET "\r\n" },
        { GET SPOOF "\r\n", { .trusted = true }, GET SPOOF "\r\n" },
        { GET SPOOF "\r\n",
          { US, .trusted = true },
          GET "x-forwarded-proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
              "Forwarded: for=1.1.1.1\r\nX-Forwarded-For: 1.1.1.1, 10.0.0.1\r\n\r\n" },
        { GET "X-Forwarded-For: 1\r\nA: b\r\nX-Forwarded-For: 2, 3\r\n\r\n",
          { US, .trusted = true },
          GET "A: b\r\nX-Forwarded-For: 1, 2, 3, 10.0.0.1\r\nX-Forwarded-Proto: http\r\n"
              "X-Forwarded-Host: a\r\n\r\n" },
        { "GET / HTTP/1.0\r\n\r\n",
          { US },
          "GET / HTTP/1.1\r\nHost: \r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: "
          "http\r\n\r\n" },
        { GET "X-Forwarded: 1\r\nX-Forward: 2\r\nXX-Forwarded-For: 3\r\n\r\n",
          { .via = false },
          GET "X-Forwarded: 1\r\nX-Forward: 2\r\nXX-Forwarded-For: 3\r\n\r\n" },
        { GET "X-Request-Id: theirs\r\n\r\n",
          { .via = false },
          GET "X-Request-Id: theirs\r\n\r\n" },
        { GET "X-Request-Id: theirs\r\n\r\n",
          { .request_id = { "ours", 4 } },
          GET "X-Request-Id: ours\r\n\r\n" },
        { GET "X-Switchyard-Slot: blue\r\n\r\n", { .via = false }, GET "\r\n" },
        { GET "x-switchyard-slot: blue\r\nX-Switchyard-Slot: green\r\n\r\n",
          { .trusted = true },
          GET "\r\n" },
        { GET "X-Switchyard-Epoch: 7\r\n\r\n", { .via = false }, GET "\r\n" },
        { GET "\r\n", { .via = true }, GET "Via: 1.1 switchyard\r\n\r\n" },
        { GET "Via: 1.0 x\r\nA: b\r\n\r\n",
          { .via = true },
          GET "Via: 1.0 x\r\nA: b\r\nVia: 1.1 switchyard\r\n\r\n" },
        { "GET / HTTP/1.0\r\nHost: a\r\n\r\n", { .via = true }, GET "Via: 1.0 switchyard\r\n\r\n" },
    };

    check_requests(cases, sizeof cases / sizeof cases[0]);
}

struct response_case {
    const char *text;
    struct write_response how;
    const char *expected;
};

#define OK "HTTP/1.1 200 OK\r\n"

static void check_responses(const struct response_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct head_case_head parsed;
        char out[2048];
        long size = 0;

        head_case_parse_good(head_case_response, cases[i].text, &parsed);
        size = write_head_response(&parsed.head, &cases[i].how, out, sizeof out);
        cr_assert_gt(size, 0);
        head_case_equal(slice_of(out, (size_t)size), cases[i].expected);
        cr_assert_leq((size_t)size, write_head_bound(&parsed.head));
        cr_assert_eq(write_head_response(&parsed.head, &cases[i].how, out, (size_t)size), size);
        cr_assert_eq(write_head_response(&parsed.head, &cases[i].how, out, (size_t)size - 1),
                     ERR_FULL);
    }
}

Test(write_head, responses)
{
    static const struct response_case cases[] = {
        { OK "\r\n", { .client_minor = 1 }, OK "\r\n" },
        { "HTTP/1.0 404\r\n\r\n", { .client_minor = 1 }, "HTTP/1.1 404 \r\n\r\n" },
        { OK "Set-Cookie: a\r\nX:1\r\nSet-Cookie: b\r\nDate: d\r\n\r\n",
          { .client_minor = 1, .date_text = { "now", 3 } },
          OK "Set-Cookie: a\r\nX: 1\r\nSet-Cookie: b\r\nDate: d\r\n\r\n" },
        { OK "\r\n", { .client_minor = 1, .date_text = { "now", 3 } }, OK "Date: now\r\n\r\n" },
        { OK "Connection: close, x-a\r\nX-A: 1\r\nKeep-Alive: 1\r\nUpgrade: u\r\nTE: t\r\n\r\n",
          { .client_minor = 1 },
          OK "\r\n" },
        { OK "Connection: content-type, set-cookie\r\nContent-Type: t\r\nSet-Cookie: c\r\n\r\n",
          { .client_minor = 1 },
          OK "Content-Type: t\r\nSet-Cookie: c\r\n\r\n" },
        { OK "Content-Length: 5, 5\r\nContent-Length: 5\r\n\r\n",
          { .client_minor = 1, .framing = FRAMING_LENGTH, .length = 5 },
          OK "Content-Length: 5\r\n\r\n" },
        { OK "Transfer-Encoding: chunked\r\n\r\n",
          { .client_minor = 1, .framing = FRAMING_CHUNKED },
          OK "Transfer-Encoding: chunked\r\n\r\n" },
        { OK "Transfer-Encoding: chunked\r\n\r\n",
          { .client_minor = 0, .framing = FRAMING_CLOSE, .close = true },
          OK "Connection: close\r\n\r\n" },
        { OK "\r\n", { .client_minor = 0 }, OK "Connection: keep-alive\r\n\r\n" },
        { OK "Content-Length: 5\r\n\r\n",
          { .client_minor = 1, .keep_length = true },
          OK "Content-Length: 5\r\n\r\n" },
        { OK "Content-Length: 5\r\n\r\n", { .client_minor = 1 }, OK "\r\n" },
        { "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n",
          { .client_minor = 1, .keep_length = true },
          "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n" },
        { "HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n",
          { .client_minor = 1, .keep_length = true },
          "HTTP/1.1 204 None\r\n\r\n" },
        { OK "X-Switchyard-Epoch: 9\r\n\r\n", { .client_minor = 1 }, OK "\r\n" },
        { OK "X-Switchyard-Epoch: 9\r\n\r\n",
          { .client_minor = 1, .epoch = 17 },
          OK "X-Switchyard-Epoch: 17\r\n\r\n" },
        { OK "Proxy-Authenticate: x\r\nVia: 1.1 y\r\nTrailer: z\r\n\r\n",
          { .client_minor = 1 },
          OK "Proxy-Authenticate: x\r\nVia: 1.1 y\r\nTrailer: z\r\n\r\n" },
    };

    check_responses(cases, sizeof cases / sizeof cases[0]);
}

Test(write_head, interim)
{
    struct head_case_head parsed;
    char out[256];
    long size = 0;

    head_case_parse_good(head_case_response,
                         "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\nX: 1\r\n"
                         "Content-Length: 5\r\n\r\n",
                         &parsed);
    size = write_head_interim(&parsed.head, NULL, out, sizeof out);
    cr_assert_gt(size, 0);
    head_case_equal(slice_of(out, (size_t)size), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    cr_assert_eq(write_head_interim(&parsed.head, NULL, out, (size_t)size - 1), ERR_FULL);
}

/* What we write is read again as what was read first. */
Test(write_head, round_trip)
{
    static const char *const texts[] = {
        GET "\r\n",
        "POST http://b.example:81/x?y HTTP/1.1\r\nhost: B.example:81\r\nA:1\r\nTransfer-Encoding: "
        "chunked\r\nConnection: close, z\r\nZ: 2\r\nCookie: c\r\n\r\n",
        "\r\nPUT /p HTTP/1.0\r\nHost: h\r\nContent-Length: 00012\r\nExpect: "
        "100-continue\r\nE:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:80\r\nTE: trailers, gzip\r\nVia: 1.1 a\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct head_case_head first, second;
        struct write_request how = { .trusted = true };
        char once[512], twice[512];
        long size = 0;

        head_case_parse_good(head_case_request, texts[i], &first);
        how.framing = first.head.framing;
        how.length = first.head.length;
        size = write_head_request(&first.head, &how, once, sizeof once - 1);
        cr_assert_gt(size, 0);
        once[size] = '\0';
        head_case_parse_good(head_case_request, once, &second);
        cr_assert_eq(second.head.framing, first.head.framing);
        cr_assert_eq(second.head.length, first.head.length);
        cr_assert(slice_is_equal(second.head.path, first.head.path));
        cr_assert(slice_is_equal(second.head.authority, first.head.authority));
        cr_assert_eq(write_head_request(&second.head, &how, twice, sizeof twice), size);
        cr_assert_eq(memcmp(once, twice, (size_t)size), 0, "%s", once);
    }
}
