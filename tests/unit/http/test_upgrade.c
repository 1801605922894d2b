/* Which protocols pass, what a 101 may name, and how both are written. */
#include "http/upgrade.h"

#include <criterion/criterion.h>

#include "head_case.h"
#include "http/write_head.h"

#define ASK    "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
#define SWITCH "HTTP/1.1 101 S\r\nConnection: upgrade\r\n"

Test(upgrade, what_passes)
{
    static const struct {
        const char *text;
        bool passes;
    } cases[] = {
        { ASK "Upgrade: websocket\r\n\r\n", true },
        { ASK "Upgrade: WebSocket\r\n\r\n", true },
        { ASK "Upgrade: foo/2\r\n\r\n", true },
        { ASK "Upgrade: h2c\r\n\r\n", false },
        { ASK "Upgrade: H2C\r\n\r\n", false },
        { ASK "Upgrade: h2\r\n\r\n", false },
        { ASK "Upgrade: HTTP/2.0\r\n\r\n", false },
        { ASK "Upgrade: TLS/1.0, HTTP/1.1\r\n\r\n", false },
        { ASK "Upgrade: h2c, websocket\r\n\r\n", true },
        { ASK "Upgrade: h2c\r\nUpgrade: ,,echo\r\n\r\n", true },
        { ASK "Upgrade: \r\n\r\n", false },
        { ASK "Upgrade: , ,\r\n\r\n", false },
        { ASK "Upgrade: two words\r\n\r\n", false },
        { ASK "Upgrade: /2\r\n\r\n", false },
        { ASK "Upgrade: \"websocket\"\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head_case_head parsed;

        head_case_parse_good(head_case_request, cases[i].text, &parsed);
        cr_assert_eq(parsed.head.wants_upgrade, cases[i].passes, "%s", cases[i].text);
    }
}

Test(upgrade, what_a_101_may_name)
{
    static const struct {
        const char *request;
        const char *response;
        bool is_offered;
        bool is_websocket;
    } cases[] = {
        { ASK "Upgrade: websocket\r\n\r\n", SWITCH "Upgrade: websocket\r\n\r\n", true, true },
        { ASK "Upgrade: websocket\r\n\r\n", SWITCH "Upgrade: WebSocket\r\n\r\n", true, true },
        { ASK "Upgrade: a, b\r\nUpgrade: c\r\n\r\n", SWITCH "Upgrade: c\r\n\r\n", true, false },
        { ASK "Upgrade: a, b\r\n\r\n", SWITCH "Upgrade: b, a\r\n\r\n", true, false },
        { ASK "Upgrade: a, b\r\n\r\n", SWITCH "Upgrade: b, c\r\n\r\n", false, false },
        { ASK "Upgrade: a, websocket\r\n\r\n", SWITCH "Upgrade: a, websocket\r\n\r\n", true,
          false },
        { ASK "Upgrade: a\r\n\r\n", SWITCH "Upgrade: a/1\r\n\r\n", false, false },
        { ASK "Upgrade: h2c, a\r\n\r\n", SWITCH "Upgrade: h2c\r\n\r\n", false, false },
        { ASK "Upgrade: a\r\n\r\n", SWITCH "Upgrade: a, h2c\r\n\r\n", false, false },
        { ASK "Upgrade: a\r\n\r\n", SWITCH "Upgrade: a\r\nUpgrade: h2c\r\n\r\n", false, false },
        { ASK "Upgrade: a\r\n\r\n", SWITCH "\r\n", false, false },
        { ASK "Upgrade: a\r\n\r\n", SWITCH "Upgrade: \r\n\r\n", false, false },
        { ASK "Upgrade: a\r\n\r\n", SWITCH "Upgrade: a,a,a,a,a,a,a,a\r\n\r\n", true, false },
        { ASK "Upgrade: a\r\n\r\n", SWITCH "Upgrade: a,a,a,a,a,a,a,a,a\r\n\r\n", false, false },
        { ASK "Upgrade: a\r\n\r\n", "HTTP/1.1 101 S\r\nUpgrade: a\r\n\r\n", false, false },
        { ASK "Upgrade: a\r\n\r\n", "HTTP/1.0 101 S\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n",
          false, false },
        { "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: a\r\n\r\n", SWITCH "Upgrade: a\r\n\r\n", false,
          false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head_case_head request;
        struct head_case_head response;

        head_case_parse_good(head_case_request, cases[i].request, &request);
        head_case_parse_good(head_case_response, cases[i].response, &response);
        cr_assert_eq(upgrade_is_offered(&request.head, &response.head), cases[i].is_offered, "%s%s",
                     cases[i].request, cases[i].response);
        if (cases[i].is_offered)
            cr_assert_eq(upgrade_is_websocket(&response.head), cases[i].is_websocket, "%s",
                         cases[i].response);
    }
}

static void check_request(const char *text, struct write_request how, const char *expected)
{
    struct head_case_head parsed;
    char out[1024];
    long size = 0;

    head_case_parse_good(head_case_request, text, &parsed);
    size = write_head_request(&parsed.head, &how, out, sizeof out);
    cr_assert_gt(size, 0);
    head_case_equal(slice_of(out, (size_t)size), expected);
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

Test(upgrade, is_written_to_the_target)
{
    check_request(ASK "Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n",
                  (struct write_request){ .upgrade = true },
                  GET "Sec-WebSocket-Key: k\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
    check_request(ASK "Upgrade: h2c, a\r\nUpgrade: b/1,TLS/1.0\r\n\r\n",
                  (struct write_request){ .upgrade = true },
                  GET "Upgrade: a,b/1\r\nConnection: upgrade\r\n\r\n");
    check_request(ASK "Upgrade: a\r\nTE: trailers\r\n\r\n",
                  (struct write_request){ .upgrade = true, .close = true },
                  GET "TE: trailers\r\nUpgrade: a\r\nConnection: close, TE, upgrade\r\n\r\n");
    check_request(ASK "Upgrade: a\r\n\r\n", (struct write_request){ .via = false }, GET "\r\n");
}

Test(upgrade, is_written_to_the_client)
{
    const struct write_response how = { .client_minor = 1, .upgrade = true, .epoch = 7 };
    struct head_case_head parsed;
    char out[1024];
    long size = 0;

    head_case_parse_good(head_case_response,
                         SWITCH "Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n"
                                "Content-Length: 5\r\nKeep-Alive: 1\r\n\r\n",
                         &parsed);
    size = write_head_response(&parsed.head, &how, out, sizeof out);
    cr_assert_gt(size, 0);
    head_case_equal(slice_of(out, (size_t)size),
                    "HTTP/1.1 101 S\r\nSec-WebSocket-Accept: x\r\nX-Switchyard-Epoch: 7\r\n"
                    "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n");
}
