/* What the fields of a request mean together: Host, framing, Connection, Expect. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "head_case.h"

#define G   "GET / HTTP/1.1\r\n"
#define P   "POST / HTTP/1.1\r\nHost: a\r\n"
#define OLD "POST / HTTP/1.0\r\n"

Test(check_head, host)
{
    static const struct head_case cases[] = {
        GOOD(G "Host: a\r\n\r\n"),
        GOOD(G "hOsT: EXAMPLE.com\r\n\r\n"),
        GOOD(G "Host: a.b-c_d.example:8080\r\n\r\n"),
        GOOD(G "Host: a:\r\n\r\n"),
        GOOD(G "Host: a:0\r\n\r\n"),
        GOOD(G "Host: a:65535\r\n\r\n"),
        GOOD(G "Host: 127.0.0.1:80\r\n\r\n"),
        GOOD(G "Host: 1.2.3\r\n\r\n"),
        GOOD(G "Host: [::1]\r\n\r\n"),
        GOOD(G "Host: [2001:db8::1]:443\r\n\r\n"),
        GOOD(G "Host: [::ffff:1.2.3.4]\r\n\r\n"),
        GOOD(G "Host: a%41.example\r\n\r\n"),
        GOOD(G "Host: !$&'()*+;=~\r\n\r\n"),
        GOOD(G "Host:a\r\n\r\n"),
        GOOD(G "Host: \ta \r\n\r\n"),
        BAD(G "\r\n", BAD_HOST),
        BAD(G "A: b\r\n\r\n", BAD_HOST),
        BAD(G "Hosts: a\r\n\r\n", BAD_HOST),
        BAD(G "Host:\r\n\r\n", BAD_HOST),
        BAD(G "Host: \r\n\r\n", BAD_HOST),
        BAD(G "Host: a\r\nHost: a\r\n\r\n", BAD_HOST),
        BAD(G "Host: a\r\nX: y\r\nhost: b\r\n\r\n", BAD_HOST),
        BAD(G "Host: a,b\r\n\r\n", BAD_HOST),
        BAD(G "Host: a, a\r\n\r\n", BAD_HOST),
        BAD(G "Host: a b\r\n\r\n", BAD_HOST),
        BAD(G "Host: a\tb\r\n\r\n", BAD_HOST),
        BAD(G "Host: u@a\r\n\r\n", BAD_HOST),
        BAD(G "Host: u:p@a\r\n\r\n", BAD_HOST),
        BAD(G "Host: a/b\r\n\r\n", BAD_HOST),
        BAD(G "Host: a?b\r\n\r\n", BAD_HOST),
        BAD(G "Host: a#b\r\n\r\n", BAD_HOST),
        BAD(G "Host: a\\b\r\n\r\n", BAD_HOST),
        BAD(G "Host: http://a\r\n\r\n", BAD_HOST),
        BAD(G "Host: :80\r\n\r\n", BAD_HOST),
        BAD(G "Host: a:b\r\n\r\n", BAD_HOST),
        BAD(G "Host: a:80:80\r\n\r\n", BAD_HOST),
        BAD(G "Host: a:-1\r\n\r\n", BAD_HOST),
        BAD(G "Host: a:+80\r\n\r\n", BAD_HOST),
        BAD(G "Host: a: 80\r\n\r\n", BAD_HOST),
        BAD(G "Host: a:65536\r\n\r\n", BAD_HOST),
        BAD(G "Host: a:000080\r\n\r\n", BAD_HOST),
        BAD(G "Host: a%\r\n\r\n", BAD_HOST),
        BAD(G "Host: a%4\r\n\r\n", BAD_HOST),
        BAD(G "Host: a%4g\r\n\r\n", BAD_HOST),
        BAD(G "Host: a%00\r\n\r\n", BAD_HOST),
        BAD(G "Host: a%00b\r\n\r\n", BAD_HOST),
        BAD(G "Host: caf\xc3\xa9\r\n\r\n", BAD_HOST),
        BAD(G "Host: \"a\"\r\n\r\n", BAD_HOST),
        BAD(G "Host: <a>\r\n\r\n", BAD_HOST),
        BAD(G "Host: ::1\r\n\r\n", BAD_HOST),
        BAD(G "Host: []\r\n\r\n", BAD_HOST),
        BAD(G "Host: [\r\n\r\n", BAD_HOST),
        BAD(G "Host: [::1\r\n\r\n", BAD_HOST),
        BAD(G "Host: [::1]x\r\n\r\n", BAD_HOST),
        BAD(G "Host: [::1]:x\r\n\r\n", BAD_HOST),
        BAD(G "Host: [::1]]\r\n\r\n", BAD_HOST),
        BAD(G "Host: [1.2.3.4]\r\n\r\n", BAD_HOST),
        BAD(G "Host: [fe80::1%eth0]\r\n\r\n", BAD_HOST),
        BAD(G "Host: [v1.a]\r\n\r\n", BAD_HOST),
        BAD(G "Host: [g::1]\r\n\r\n", BAD_HOST),
        BAD(G "Host: a[::1]\r\n\r\n", BAD_HOST),
        GOOD(OLD "\r\n"),
        GOOD(OLD "Host: a\r\n\r\n"),
        GOOD(OLD "Host:\r\n\r\n"),
        BAD(OLD "Host: :80\r\n\r\n", BAD_HOST),
        BAD(OLD "Host: a\r\nHost: a\r\n\r\n", BAD_HOST),
        BAD(OLD "Host: a,b\r\n\r\n", BAD_HOST),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(check_head, content_length)
{
    static const struct head_case cases[] = {
        GOOD(P "Content-Length: 0\r\n\r\n"),
        GOOD(P "Content-Length: 5\r\n\r\n"),
        GOOD(P "content-length:5\r\n\r\n"),
        GOOD(P "Content-Length: \t5 \r\n\r\n"),
        GOOD(P "Content-Length: 0005\r\n\r\n"),
        GOOD(P "Content-Length: 9223372036854775807\r\n\r\n"),
        GOOD(OLD "Content-Length: 5\r\n\r\n"),
        GOOD(G "Host: a\r\nContent-Length: 5\r\n\r\n"),
        BAD(P "Content-Length:\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: \r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 9223372036854775808\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 18446744073709551615\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 18446744073709551616\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 18446744073709551621\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 99999999999999999999999999999999\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: -1\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: -0\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: +5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 0x5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5a\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: a5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5 5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5\t5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5.0\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5e1\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 1_0\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: \"5\"\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5;\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5,5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5, 6\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: ,5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length: 0\r\nA: b\r\ncontent-length: 5\r\n\r\n", BAD_LENGTH),
        BAD(P "Content-Length : 5\r\n\r\n", BAD_FIELD),
        BAD(P "Content-Length\t: 5\r\n\r\n", BAD_FIELD),
        BAD(P "Content-Length: 5\x0b\r\n\r\n", BAD_FIELD),
        BAD(P "Content-Length: \xd9\xa5\r\n\r\n", BAD_LENGTH),
        GOOD(P "Content_Length: x\r\n\r\n"),
        GOOD(P "Content-Length-: x\r\n\r\n"),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(check_head, transfer_encoding)
{
    static const struct head_case cases[] = {
        GOOD(P "Transfer-Encoding: chunked\r\n\r\n"),
        GOOD(P "transfer-encoding:CHUNKED\r\n\r\n"),
        GOOD(P "Transfer-Encoding: \tchunked \r\n\r\n"),
        GOOD("POST / HTTP/1.2\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        BAD(OLD "Transfer-Encoding: chunked\r\n\r\n", BAD_FRAMING),
        BAD(OLD "Transfer-Encoding: gzip\r\n\r\n", BAD_FRAMING),
        BAD(P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: gzip\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: identity\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: chunke\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: chunkedd\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: xchunked\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: gzip, chunked\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: identity, chunked\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: chunked, gzip\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked, identity\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked, chunked\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding:\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: ,\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: ,chunked\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked,\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked;q=1\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: chunked chunked\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: \"chunked\"\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: 'chunked'\r\n\r\n", BAD_CODING),
        BAD(P "Transfer-Encoding: chunked\xff\r\n\r\n", BAD_FRAMING),
        BAD(P "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n",
            BAD_FIELD),
        BAD(P "Transfer-Encoding: chunked\x0c\r\n\r\n", BAD_FIELD),
        BAD(P "Transfer-Encoding : chunked\r\n\r\n", BAD_FIELD),
        BAD(P "Transfer-Encoding:\n chunked\r\n\r\n", BAD_FIELD),
        BAD(P "Transfer-Encoding:\r\n chunked\r\n\r\n", BAD_FIELD),
        BAD(P " Transfer-Encoding: chunked\r\n\r\n", BAD_FIELD),
        BAD(P "\0Transfer-Encoding: chunked\r\n\r\n", BAD_FIELD),
        GOOD(P "Transfer_Encoding: x\r\n\r\n"),
        GOOD(P "X-Transfer-Encoding: x\r\nContent-Length: 0\r\n\r\n"),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(check_head, expect)
{
    static const struct head_case cases[] = {
        GOOD(P "Expect: 100-continue\r\n\r\n"),
        GOOD(P "expect: 100-Continue\r\n\r\n"),
        GOOD(P "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"),
        BAD(P "Expect: 100-continue, x\r\n\r\n", BAD_EXPECT),
        BAD(P "Expect: 100-continue\r\nExpect: x\r\n\r\n", BAD_EXPECT),
        BAD(P "Expect: \r\n\r\n", BAD_EXPECT),
        BAD(P "Expect: 100\r\n\r\n", BAD_EXPECT),
        BAD(P "Expect: 200-ok\r\n\r\n", BAD_EXPECT),
        BAD(P "Expect: 100-continue;a=b\r\n\r\n", BAD_EXPECT),
        GOOD(OLD "Expect: 100-continue\r\n\r\n"),
        GOOD(OLD "Expect: nonsense\r\n\r\n"),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

struct framing_case {
    const char *text;
    enum framing framing;
    uint64_t length;
};

Test(check_head, framing_found)
{
    static const struct framing_case cases[] = {
        { G "Host: a\r\n\r\n", FRAMING_NONE, 0 },
        { P "\r\n", FRAMING_NONE, 0 },
        { P "Content-Length: 0\r\n\r\n", FRAMING_LENGTH, 0 },
        { P "Content-Length: 0017\r\n\r\n", FRAMING_LENGTH, 17 },
        { P "Content-Length: 9223372036854775807\r\n\r\n", FRAMING_LENGTH, INT64_MAX },
        { P "Transfer-Encoding: Chunked\r\n\r\n", FRAMING_CHUNKED, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head_case_head parsed;

        head_case_parse_good(head_case_request, cases[i].text, &parsed);
        cr_assert_eq(parsed.head.framing, cases[i].framing, "%s", cases[i].text);
        cr_assert_eq(parsed.head.length, cases[i].length, "%s", cases[i].text);
    }
}

Test(check_head, expect_found)
{
    struct head_case_head parsed;

    head_case_parse_good(head_case_request, P "Expect: 100-continue\r\n\r\n", &parsed);
    cr_assert(parsed.head.expect_continue);
    head_case_parse_good(head_case_request, P "\r\n", &parsed);
    cr_assert_not(parsed.head.expect_continue);
    head_case_parse_good(head_case_request, OLD "Expect: 100-continue\r\n\r\n", &parsed);
    cr_assert_not(parsed.head.expect_continue);
}

struct host_case {
    const char *host;
    const char *name;
};

Test(check_head, host_without_port)
{
    static const struct host_case cases[] = {
        { "a", "a" },         { "A.b:80", "A.b" },     { "a:", "a" },
        { "[::1]", "[::1]" }, { "[::1]:80", "[::1]" }, { "127.0.0.1:1", "127.0.0.1" },
        { "a%41:5", "a%41" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head_case_head parsed;
        char text[128];

        snprintf(text, sizeof text, G "Host: %s\r\n\r\n", cases[i].host);
        head_case_parse_good(head_case_request, text, &parsed);
        head_case_equal(head_host(&parsed.head), cases[i].name);
        head_case_equal(parsed.head.authority, cases[i].host);
    }
}

Test(check_head, host_of_256_bytes)
{
    char text[512];
    struct head_case one = { text, 0, FAULT_NONE };
    size_t start = (size_t)snprintf(text, 64, G "Host: ");

    memset(text + start, 'h', 256);
    memcpy(text + start + 255, "\r\n\r\n", 4);
    one.size = start + 259;
    head_case_check(head_case_request, &one, 1);
    memcpy(text + start + 255, "h\r\n\r\n", 5);
    one.size = start + 260;
    one.fault = FAULT_BAD_HOST;
    head_case_check(head_case_request, &one, 1);
}
