/* Response heads: status line, fields, framing. Every fault of theirs is the target's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "head_case.h"

#define OK  "HTTP/1.1 200 OK\r\n"
#define OLD "HTTP/1.0 200 OK\r\n"

static const struct head_limits limits = { .head_bytes = 4096, .target_bytes = 1, .fields = 20 };

static enum parse parse_for_head(const char *bytes, size_t count, size_t *searched,
                                 struct head *head, enum fault *fault)
{
    return parse_head_response(bytes, count, searched, &limits, METHOD_HEAD, head, fault);
}

Test(parse_response, status_lines)
{
    static const struct head_case cases[] = {
        GOOD("HTTP/1.1 200 OK\r\n\r\n"),
        GOOD("HTTP/1.0 200 OK\r\n\r\n"),
        GOOD("HTTP/1.2 200 OK\r\n\r\n"),
        GOOD("HTTP/1.1 200 \r\n\r\n"),
        GOOD("HTTP/1.1 200\r\n\r\n"),
        GOOD("HTTP/1.1 100 Continue\r\n\r\n"),
        GOOD("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        GOOD("HTTP/1.1 599 Odd\r\n\r\n"),
        GOOD("HTTP/1.1 404 Not Found, but a rather long story about it\r\n\r\n"),
        GOOD("HTTP/1.1 200 \xc3\xa9t\xc3\xa9\tfine\r\n\r\n"),
        BAD("HTTP/1.1 99 Low\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 099 Low\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 600 High\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 999 High\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 000 Null\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 2000 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 20 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 2x0 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 -20 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 +20 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1  200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1\t200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 200\tOK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 200OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 \r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/2 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/2.0 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/0.9 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.10 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("http/1.1 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTPS/1.1 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("ICY 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("200 OK\r\n\r\n", RESPONSE_BAD),
        BAD(" HTTP/1.1 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("\r\nHTTP/1.1 200 OK\r\n\r\n", RESPONSE_BAD),
        BAD("<html>", RESPONSE_BAD),
        BAD("HTTP/1.1 200 OK\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 200 OK\n\n", RESPONSE_BAD),
        BAD("HTTP/1.1 200 O\rK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 200 O\0K\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 200 O\x1bK\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 200 O\x7fK\r\n\r\n", RESPONSE_BAD),
        MORE(""),
        MORE("H"),
        MORE("HTTP/1.1 2"),
        MORE("HTTP/1.1 200"),
        MORE("HTTP/1.1 200 O"),
        MORE("HTTP/1.1 200 OK\r"),
        MORE("HTTP/1.1 200 OK\r\n"),
        MORE("HTTP/1.1 200 OK\r\n\r"),
    };

    HEAD_CASE_CHECK(head_case_response, cases);
}

Test(parse_response, fields)
{
    static const struct head_case cases[] = {
        GOOD(OK "A: b\r\n\r\n"),
        GOOD(OK "A:\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n"),
        GOOD(OK "Host: a\r\nHost: b\r\n\r\n"),
        GOOD(OK "Expect: x\r\n\r\n"),
        BAD(OK "A : b\r\n\r\n", RESPONSE_BAD),
        BAD(OK " A: b\r\n\r\n", RESPONSE_BAD),
        BAD(OK ": b\r\n\r\n", RESPONSE_BAD),
        BAD(OK "A\r\n\r\n", RESPONSE_BAD),
        BAD(OK "A: b\r\n c\r\n\r\n", RESPONSE_BAD),
        BAD(OK "A: b\nC: d\r\n\r\n", RESPONSE_BAD),
        BAD(OK "A: b\rC: d\r\n\r\n", RESPONSE_BAD),
        BAD(OK "A: \0\r\n\r\n", RESPONSE_BAD),
        BAD(OK "A: b\r\n\n", RESPONSE_BAD),
        BAD(OK "A: b\r\nHTTP/1.1 200 OK\r\n\r\n", RESPONSE_BAD),
        MORE(OK "A b\r\n"),
        MORE(OK "A: b\r\n"),
    };

    HEAD_CASE_CHECK(head_case_response, cases);
}

Test(parse_response, framings)
{
    static const struct head_case cases[] = {
        GOOD(OK "Content-Length: 5\r\n\r\n"),
        GOOD(OK "Content-Length: 9223372036854775807\r\n\r\n"),
        GOOD(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
        GOOD(OK "Content-Length: 5\r\nContent-Length: 05\r\n\r\n"),
        GOOD(OK "Content-Length: 5, 5,5\r\n\r\n"),
        GOOD(OK "Transfer-Encoding: chunked\r\n\r\n"),
        GOOD(OK "Transfer-Encoding: Chunked\r\n\r\n"),
        BAD(OK "Content-Length:\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: x\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: -5\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: +5\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 5 5\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 9223372036854775808\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 18446744073709551621\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 0\r\nContent-Length: 5\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 5, 6\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 5,\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 5\r\nContent-Length: \r\n\r\n", RESPONSE_BAD),
        BAD(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", RESPONSE_BAD),
        BAD(OLD "Transfer-Encoding: chunked\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Transfer-Encoding: gzip\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Transfer-Encoding: identity\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Transfer-Encoding: chunked, gzip\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Transfer-Encoding: chunked, chunked\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Transfer-Encoding: chunked;a\r\n\r\n", RESPONSE_BAD),
        BAD(OK "Transfer-Encoding:\r\n\r\n", RESPONSE_BAD),
        BAD("HTTP/1.1 204 None\r\nTransfer-Encoding: gzip\r\n\r\n", RESPONSE_BAD),
    };

    HEAD_CASE_CHECK(head_case_response, cases);
    HEAD_CASE_CHECK(parse_for_head, cases);
}

struct body_case {
    const char *text;
    bool to_head;
    enum framing framing;
    uint64_t length;
    bool close;
};

Test(parse_response, bodies)
{
    static const struct body_case cases[] = {
        { OK "Content-Length: 5\r\n\r\n", false, FRAMING_LENGTH, 5, false },
        { OK "Content-Length: 0\r\n\r\n", false, FRAMING_LENGTH, 0, false },
        { OK "Content-Length: 7, 7\r\n\r\n", false, FRAMING_LENGTH, 7, false },
        { OK "Transfer-Encoding: chunked\r\n\r\n", false, FRAMING_CHUNKED, 0, false },
        { OK "\r\n", false, FRAMING_CLOSE, 0, true },
        { OK "Connection: keep-alive\r\n\r\n", false, FRAMING_CLOSE, 0, true },
        { OK "Content-Length: 5\r\nConnection: close\r\n\r\n", false, FRAMING_LENGTH, 5, true },
        { OLD "Content-Length: 5\r\n\r\n", false, FRAMING_LENGTH, 5, true },
        { OLD "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n", false, FRAMING_LENGTH, 5,
          false },
        { OK "Content-Length: 5\r\n\r\n", true, FRAMING_NONE, 5, false },
        { OK "Transfer-Encoding: chunked\r\n\r\n", true, FRAMING_NONE, 0, false },
        { OK "\r\n", true, FRAMING_NONE, 0, false },
        { "HTTP/1.1 204 None\r\n\r\n", false, FRAMING_NONE, 0, false },
        { "HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", false, FRAMING_NONE, 5, false },
        { "HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n", false, FRAMING_NONE, 0,
          false },
        { "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", false, FRAMING_NONE, 5, false },
        { "HTTP/1.1 304 Same\r\nConnection: close\r\n\r\n", false, FRAMING_NONE, 0, true },
        { "HTTP/1.1 100 Go\r\n\r\n", false, FRAMING_NONE, 0, false },
        { "HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n", false, FRAMING_NONE, 5, false },
        { "HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", false, FRAMING_NONE, 0,
          false },
        { "HTTP/1.1 205 Reset\r\n\r\n", false, FRAMING_CLOSE, 0, true },
        { "HTTP/1.1 500 Oops\r\n\r\n", false, FRAMING_CLOSE, 0, true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head_case_head parsed;

        head_case_parse_good(cases[i].to_head ? parse_for_head : head_case_response, cases[i].text,
                             &parsed);
        cr_assert_eq(parsed.head.framing, cases[i].framing, "%s", cases[i].text);
        cr_assert_eq(parsed.head.length, cases[i].length, "%s", cases[i].text);
        cr_assert_eq(parsed.head.close, cases[i].close, "%s", cases[i].text);
    }
}

Test(parse_response, says_what_it_read)
{
    struct head_case_head parsed;

    head_case_parse_good(head_case_response,
                         "HTTP/1.0 418 I'm  a teapot\r\nConnection: X-A, upgrade\r\nX-A: 1\r\n\r\n",
                         &parsed);
    cr_assert_eq(parsed.head.status, 418);
    cr_assert_eq(parsed.head.minor, 0);
    head_case_equal(parsed.head.reason, "I'm  a teapot");
    cr_assert(parsed.head.fields[1].named);
    cr_assert_not(parsed.head.wants_upgrade);
    head_case_parse_good(head_case_response,
                         "HTTP/1.1 101\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
                         &parsed);
    cr_assert(parsed.head.wants_upgrade);
    head_case_equal(parsed.head.reason, "");
}

Test(parse_response, limits)
{
    char text[5000];
    struct head_case one = { text, 0, FAULT_NONE };
    size_t size = (size_t)snprintf(text, 64, OK);

    for (unsigned i = 0; i < 21; i++)
        size += (size_t)snprintf(text + size, 16, "A: b\r\n");
    memcpy(text + size - 6, "\r\n", 2);
    one.size = size - 4;
    head_case_check(head_case_response, &one, 1);
    memcpy(text + size - 6, "A: b\r\n\r\n", 8);
    one.size = size + 2;
    one.fault = FAULT_RESPONSE_TOO_LARGE;
    head_case_check(head_case_response, &one, 1);
    memset(text, 'r', sizeof text);
    memcpy(text, "HTTP/1.1 200 r", 14);
    one.size = 4095;
    one.fault = HEAD_CASE_MORE;
    head_case_check(head_case_response, &one, 1);
    one.size = 4096;
    one.fault = FAULT_RESPONSE_TOO_LARGE;
    head_case_check(head_case_response, &one, 1);
}
