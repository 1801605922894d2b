/* What is asked of a request once its service is known: admit.h. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/parse_head.h"
#include "route/admit.h"
#include "route/service.h"

enum { FIELDS = 16 };

static const struct policy policy = {
    .target_bytes = 64, .head_bytes = 512, .fields = 6, .body_limit = 100
};

static const struct head_limits limits = { .head_bytes = 8192, .target_bytes = 4096, .fields = 12 };

/* What the request, routed so, gets in the end. */
static enum fault admit(const struct policy *asked, const char *line, const char *more,
                        enum fault routed)
{
    struct field fields[FIELDS];
    struct head head = { .fields = fields, .field_capacity = FIELDS };
    enum fault fault = FAULT_NONE;
    char text[2048];
    size_t searched = 0;
    int len = snprintf(text, sizeof text, "%s\r\n%s\r\n", line, more);

    cr_assert_eq(parse_head_request(text, (size_t)len, &searched, &limits, &head, &fault),
                 PARSE_DONE, "%s", fault_name(fault));
    return admit_request(asked, &head, admit_is_https(&head, true, false), routed);
}

struct admission {
    const char *line;
    const char *more;
    enum fault routed;
    enum fault fault;
};

#define HOST "Host: a.test\r\n"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123"

static const struct admission admissions[] = {
    { "GET / HTTP/1.1", HOST, FAULT_NONE, FAULT_NONE },
    { "GET /" LONG " HTTP/1.1", HOST, FAULT_NONE, FAULT_TARGET_TOO_LONG },
    { "GET / HTTP/1.1", HOST "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\nF: 1\r\n", FAULT_NONE,
      FAULT_TOO_MANY_FIELDS },
    { "GET / HTTP/1.1", HOST "A: " LONG LONG LONG LONG "\r\nB: " LONG LONG LONG LONG "\r\n",
      FAULT_NONE, FAULT_HEAD_TOO_LARGE },
    { "POST / HTTP/1.1", HOST "Content-Length: 100\r\n", FAULT_NONE, FAULT_NONE },
    { "POST / HTTP/1.1", HOST "Content-Length: 101\r\n", FAULT_NONE, FAULT_BODY_TOO_LARGE },
    { "POST / HTTP/1.1", HOST "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n",
      FAULT_NONE, FAULT_UPGRADE_REFUSED },
    { "GET / HTTP/1.1", HOST "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n",
      FAULT_NONE, FAULT_NONE },
    { "OPTIONS / HTTP/1.1", HOST "Max-Forwards: 0\r\n", FAULT_NONE, FAULT_NO_FURTHER },
    { "TRACE / HTTP/1.1", HOST "Max-Forwards: 0\r\n", FAULT_NONE, FAULT_METHOD_REFUSED },
    { "OPTIONS / HTTP/1.1", HOST "Max-Forwards: 1\r\n", FAULT_NONE, FAULT_NONE },
    { "GET / HTTP/1.1", HOST "Max-Forwards: 0\r\n", FAULT_NONE, FAULT_NONE },
    /* a limit comes before what only has to wait, and behind what is over already */
    { "GET /" LONG " HTTP/1.1", HOST, FAULT_HELD, FAULT_TARGET_TOO_LONG },
    { "GET /" LONG " HTTP/1.1", HOST, FAULT_SLOT_BUSY, FAULT_TARGET_TOO_LONG },
    { "GET /" LONG " HTTP/1.1", HOST, FAULT_TARGET_BUSY, FAULT_TARGET_TOO_LONG },
    { "GET /" LONG " HTTP/1.1", HOST, FAULT_MAINTENANCE, FAULT_MAINTENANCE },
    { "GET /" LONG " HTTP/1.1", HOST, FAULT_NO_TARGET, FAULT_NO_TARGET },
    { "GET / HTTP/1.1", HOST, FAULT_HELD, FAULT_HELD },
};

Test(admit, asks_the_limits_of_the_service)
{
    for (size_t i = 0; i < sizeof admissions / sizeof admissions[0]; i++) {
        const struct admission *row = &admissions[i];
        enum fault fault = admit(&policy, row->line, row->more, row->routed);

        cr_expect_eq(fault, row->fault, "%zu: %s, expected %s", i, fault_name(fault),
                     fault_name(row->fault));
    }
}

Test(admit, what_came_in_the_clear_is_sent_to_https_before_anything_else)
{
    struct policy https = policy;

    https.https_redirect = true;
    cr_expect_eq(admit(&https, "GET / HTTP/1.1", HOST, FAULT_NONE), FAULT_HTTPS_ONLY);
    cr_expect_eq(admit(&https, "GET /" LONG " HTTP/1.1", HOST, FAULT_MAINTENANCE),
                 FAULT_HTTPS_ONLY);
    cr_expect_eq(admit(&https, "GET / HTTP/1.0", "", FAULT_NONE), FAULT_BAD_HOST);
    cr_expect_eq(
        admit(&https, "GET / HTTP/1.1", HOST "X-Forwarded-Proto: HTTPS, http\r\n", FAULT_NONE),
        FAULT_NONE);
    cr_expect_eq(
        admit(&https, "GET / HTTP/1.1", HOST "X-Forwarded-Proto: http, https\r\n", FAULT_NONE),
        FAULT_HTTPS_ONLY);
}

Test(admit, a_trusted_peer_is_asked_before_the_connection)
{
    static const struct {
        const char *more;
        bool is_trusted;
        bool is_secure;
        bool is_https;
    } cases[] = {
        { "", false, false, false },
        { "", false, true, true },
        { "", true, true, true },
        { "X-Forwarded-Proto: https\r\n", false, false, false },
        { "X-Forwarded-Proto: http\r\n", false, true, true },
        { "X-Forwarded-Proto: https\r\n", true, false, true },
        { "X-Forwarded-Proto: http\r\n", true, true, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct field fields[FIELDS];
        struct head head = { .fields = fields, .field_capacity = FIELDS };
        enum fault fault = FAULT_NONE;
        char text[256];
        size_t searched = 0;
        int len = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST "%s\r\n", cases[i].more);

        cr_assert_eq(parse_head_request(text, (size_t)len, &searched, &limits, &head, &fault),
                     PARSE_DONE);
        cr_expect_eq(admit_is_https(&head, cases[i].is_trusted, cases[i].is_secure),
                     cases[i].is_https, "case %zu", i);
    }
}
