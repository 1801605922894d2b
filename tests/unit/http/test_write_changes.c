/* What a route changes in heads: rules, the stripped prefix, hidden fields and cookies, lines of ours. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "head_case.h"
#include "http/header_rules.h"
#include "http/write_head.h"

#define TEXTS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define GET         "GET / HTTP/1.1\r\nHost: a\r\n"
#define OK          "HTTP/1.1 200 OK\r\n"

/* Writes it, and into every capacity that is too small. */
static void expect_request(const char *text, const struct write_request *how, const char *expected)
{
    struct head_case_head parsed;
    char out[2048];
    long size = 0;

    head_case_parse_good(head_case_request, text, &parsed);
    size = write_head_request(&parsed.head, how, out, sizeof out);
    cr_assert_gt(size, 0);
    head_case_equal(slice_of(out, (size_t)size), expected);
    for (long capacity = 0; capacity < size; capacity++) {
        char *small = malloc((size_t)capacity + 1);

        cr_assert_eq(write_head_request(&parsed.head, how, small, (size_t)capacity), ERR_FULL);
        free(small);
    }
}

struct strip_case {
    const char *target;
    uint16_t strip;
    const char *written;
    const char *prefix; /* "" : none is told */
};

Test(write_changes, strip)
{
    static const struct strip_case cases[] = {
        { "/api/x", 4, "/x", "/api" },
        { "/api", 4, "/", "/api" },
        { "/api/", 4, "/", "/api" },
        { "/api/", 5, "/", "/api" },
        { "/api/x", 5, "/x", "/api" },
        { "/api?a=b", 4, "/?a=b", "/api" },
        { "/api?", 4, "/?", "/api" },
        { "/api/x?/api/y", 4, "/x?/api/y", "/api" },
        { "/api//x", 4, "//x", "/api" },
        { "/%61pi/%2f", 6, "/%2f", "/%61pi" },
        { "/x", 0, "/x", "" },
        { "/x", 1, "/x", "" },
        { "/x", 3, "/x", "" }, /* more than there is: nothing */
        { "http://a/api/x?q", 4, "/x?q", "/api" },
        { "http://a/api", 4, "/", "/api" },
        { "http://a", 1, "/", "" },
        { "http://a?q", 1, "/?q", "" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct write_changes changes = { .strip_bytes = cases[i].strip };
        struct write_request how = { .changes = &changes };
        char text[128], expected[256];

        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].target);
        snprintf(expected, sizeof expected, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].written);
        expect_request(text, &how, expected);
        how.forwarded = true;
        snprintf(expected, sizeof expected,
                 "GET %s HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: a\r\n%s%s%s\r\n",
                 cases[i].written, cases[i].prefix[0] != '\0' ? "X-Forwarded-Prefix: " : "",
                 cases[i].prefix, cases[i].prefix[0] != '\0' ? "\r\n" : "");
        expect_request(text, &how, expected);
    }
}

/* "*" has no path; of a peer only a trusted one has told a prefix. */
Test(write_changes, strip_apart)
{
    const struct write_changes changes = { .strip_bytes = 1 };
    struct write_request how = { .changes = &changes };

    expect_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &how,
                   "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_request("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", &how,
                   "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    how.changes = &(struct write_changes){ .strip_bytes = 2 };
    how.forwarded = true;
    expect_request("GET /b/c HTTP/1.1\r\nHost: a\r\nX-Forwarded-Prefix: /evil\r\n\r\n", &how,
                   "GET /c HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: a\r\n"
                   "X-Forwarded-Prefix: /b\r\n\r\n");
    how.trusted = true;
    expect_request("GET /b/c HTTP/1.1\r\nHost: a\r\nX-Forwarded-Prefix: /outer\r\n\r\n", &how,
                   "GET /c HTTP/1.1\r\nHost: a\r\nX-Forwarded-Prefix: /outer\r\n"
                   "X-Forwarded-Host: a\r\nX-Forwarded-Prefix: /b\r\n\r\n");
}

struct cookie_case {
    const char *fields;
    const char *written;
};

Test(write_changes, hidden_cookie)
{
    static const struct cookie_case cases[] = {
        { "Cookie: a=1; try=green:s3; b=2\r\n", "Cookie: a=1; b=2\r\n" },
        { "Cookie: try=green\r\n", "" },
        { "A: 1\r\nCookie: try=green\r\nB: 2\r\n", "A: 1\r\nB: 2\r\n" },
        { "Cookie: try=1; try=2;try=3\r\n", "" },
        { "cookie:a=1;try=x\r\n", "cookie: a=1\r\n" },
        { "Cookie:   try = x ;  b=2;;c\r\n", "Cookie: b=2; c\r\n" },
        { "Cookie: a=1;;  b=2\r\n", "Cookie: a=1;;  b=2\r\n" }, /* without it: byte for byte */
        { "Cookie: try\r\n", "Cookie: try\r\n" },
        { "Cookie: TRY=1; tryx=1; xtry=1\r\n", "Cookie: TRY=1; tryx=1; xtry=1\r\n" },
        { "Cookie: a=try=1\r\n", "Cookie: a=try=1\r\n" },
        { "Cookie: a=1\r\nCookie: try=x\r\nCookie: b=2\r\n", "Cookie: a=1\r\nCookie: b=2\r\n" },
        { "X-Cookie: try=1\r\n", "X-Cookie: try=1\r\n" },
        { "Cookie: try=\r\n", "" },
        { "Cookie:\r\n", "Cookie: \r\n" },
    };
    const struct write_changes changes = { .hidden_cookie = SLICE("try") };
    const struct write_request how = { .changes = &changes };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256], expected[256];

        snprintf(text, sizeof text, GET "%s\r\n", cases[i].fields);
        snprintf(expected, sizeof expected, GET "%s\r\n", cases[i].written);
        expect_request(text, &how, expected);
    }
}

Test(write_changes, hidden_fields)
{
    const char *text = GET "X-Try: green:secret\r\nA: 1\r\nx-try: two\r\nX-Tryst: 3\r\n\r\n";
    struct head_case_head parsed;
    char out[256];
    long size = 0;

    head_case_parse_good(head_case_request, text, &parsed);
    head_hide(&parsed.head, SLICE("x-TRY"));
    cr_assert(slice_is_equal(head_value(&parsed.head, SLICE("X-Try")), SLICE("green:secret")));
    size = write_head_request(&parsed.head, &(struct write_request){ .via = false }, out, 256);
    head_case_equal(slice_of(out, (size_t)size), GET "A: 1\r\nX-Tryst: 3\r\n\r\n");
}

/* Fields that an app could take for ours, however they are spelled; and ours in their place. */
Test(write_changes, hidden_like)
{
    const char *text =
        GET "X-SSL-Client-DN: boss\r\nx_ssl_client_verify: yes\r\nX-SSL_Client-: 1\r\n"
            "X-SSL-Client: 2\r\nX-SSL-Clients: 3\r\nY-X-SSL-Client-DN: 4\r\n\r\n";
    const struct write_request how = { .client_lines = SLICE("X-SSL-Client-Verify: NONE\r\n"),
                                       .request_id = SLICE("id") };
    struct head_case_head parsed;
    char out[512];
    long size = 0;

    head_case_parse_good(head_case_request, text, &parsed);
    head_hide_like(&parsed.head, SLICE("X-SSL-Client-"));
    size = write_head_request(&parsed.head, &how, out, sizeof out);
    cr_assert_gt(size, 0);
    head_case_equal(slice_of(out, (size_t)size),
                    GET "X-SSL-Client: 2\r\nX-SSL-Clients: 3\r\nY-X-SSL-Client-DN: 4\r\n"
                        "X-SSL-Client-Verify: NONE\r\nX-Request-Id: id\r\n\r\n");
}

static const struct header_rule_texts rule_texts = {
    .set_count = 1,
    .set = TEXTS("X-Env: green"),
    .add_count = 1,
    .add = TEXTS("X-Flag: on"),
    .remove_count = 2,
    .remove = TEXTS("X-Secret", "Cookie"),
};

Test(write_changes, rules_of_requests)
{
    struct header_rules *rules = header_rules_new(&rule_texts, NULL);
    const struct write_changes changes = { .rules = rules,
                                           .line = SLICE("X-Switchyard-Slot: green.tag\r\n"),
                                           .hidden_cookie = SLICE("try") };
    const struct write_request how = {
        .changes = &changes,
        .request_id = SLICE("id"),
        .framing = FRAMING_CHUNKED,
        .via = true,
    };

    expect_request(GET "x-env: mine\r\nA: 1\r\nX-SECRET: s\r\nX-Flag: off\r\n"
                       "Cookie: try=1; b=2\r\nX-Switchyard-Slot: blue\r\nB: 2\r\n\r\n",
                   &how,
                   GET "A: 1\r\nX-Flag: off\r\nB: 2\r\nX-Env: green\r\nX-Flag: on\r\n"
                       "X-Switchyard-Slot: green.tag\r\nX-Request-Id: id\r\n"
                       "Via: 1.1 switchyard\r\nTransfer-Encoding: chunked\r\n\r\n");
    header_rules_free(rules);
}

Test(write_changes, rules_of_responses)
{
    struct header_rules *rules = header_rules_new(NULL, &rule_texts);
    const struct write_response how = { .rules = rules,
                                        .line = SLICE("Set-Cookie: id=1\r\n"),
                                        .client_minor = 1,
                                        .framing = FRAMING_LENGTH,
                                        .length = 3 };
    struct head_case_head parsed;
    char out[512];
    long size = 0;

    head_case_parse_good(head_case_response,
                         OK "X-Env: x\r\nSet-Cookie: app=1\r\nX-secret: 1\r\nA: 1\r\n\r\n",
                         &parsed);
    size = write_head_response(&parsed.head, &how, out, sizeof out);
    head_case_equal(slice_of(out, (size_t)size),
                    OK "Set-Cookie: app=1\r\nA: 1\r\nX-Env: green\r\nX-Flag: on\r\n"
                       "Set-Cookie: id=1\r\nContent-Length: 3\r\n\r\n");
    cr_assert_eq(write_head_response(&parsed.head, &how, out, (size_t)size - 1), ERR_FULL);
    head_case_parse_good(head_case_response,
                         "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-Secret: 1\r\n\r\n", &parsed);
    size = write_head_interim(&parsed.head, rules, out, sizeof out);
    head_case_equal(slice_of(out, (size_t)size), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    header_rules_free(rules);
}

/* The bound counts everything but the lines. */
Test(write_changes, bound)
{
    const char *text = "GET /aaaaaaaaaaaaaaaa/b?c HTTP/1.1\r\nHost: a\r\nCookie: x=1; y=2\r\n\r\n";
    const struct write_changes changes = { .strip_bytes = 17, .hidden_cookie = SLICE("x") };
    const struct write_request how = { .changes = &changes, .forwarded = true };
    struct head_case_head parsed;
    char out[2048];
    long size = 0;

    head_case_parse_good(head_case_request, text, &parsed);
    size = write_head_request(&parsed.head, &how, out, sizeof out);
    cr_assert_gt(size, 0);
    cr_assert_leq((size_t)size, write_head_bound(&parsed.head));
}
