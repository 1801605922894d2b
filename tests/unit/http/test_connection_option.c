/* The Connection field: persistence, upgrades, and which fields it may take away. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "head_case.h"

#define G   "GET / HTTP/1.1\r\nHost: a\r\n"
#define OLD "GET / HTTP/1.0\r\n"

struct close_case {
    const char *text;
    bool close;
};

Test(connection_option, persistence)
{
    static const struct close_case cases[] = {
        { G "\r\n", false },
        { G "Connection: close\r\n\r\n", true },
        { G "Connection: CLOSE\r\n\r\n", true },
        { G "connection:x, close ,y\r\n\r\n", true },
        { G "Connection: keep-alive\r\n\r\n", false },
        { G "Connection: keep-alive, close\r\n\r\n", true },
        { G "Connection: x\r\nConnection: close\r\n\r\n", true },
        { G "Connection: closed\r\n\r\n", false },
        { G "Connection: clos\r\n\r\n", false },
        { G "Connection: \r\n\r\n", false },
        { G "Connection: , ,,\r\n\r\n", false },
        { G "Proxy-Connection: close\r\n\r\n", false },
        { OLD "\r\n", true },
        { OLD "Connection: keep-alive\r\n\r\n", false },
        { OLD "Connection: Keep-Alive\r\n\r\n", false },
        { OLD "Connection: close, keep-alive\r\n\r\n", true },
        { OLD "Connection: x\r\n\r\n", true },
        { OLD "Keep-Alive: timeout=5\r\n\r\n", true },
        { OLD "Proxy-Connection: keep-alive\r\n\r\n", true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head_case_head parsed;

        head_case_parse_good(head_case_request, cases[i].text, &parsed);
        cr_assert_eq(parsed.head.close, cases[i].close, "%s", cases[i].text);
    }
}

Test(connection_option, upgrade)
{
    static const struct close_case cases[] = {
        { G "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", true },
        { G "Upgrade: websocket\r\nConnection: keep-alive, upgrade\r\n\r\n", true },
        { G "Upgrade: websocket\r\n\r\n", false },
        { G "Connection: upgrade\r\n\r\n", false },
        { OLD "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head_case_head parsed;

        head_case_parse_good(head_case_request, cases[i].text, &parsed);
        cr_assert_eq(parsed.head.wants_upgrade, cases[i].close, "%s", cases[i].text);
    }
}

static bool is_named(const struct head *head, const char *name)
{
    for (unsigned i = 0; i < head->field_count; i++)
        if (slice_is_equal_nocase(head_field_name(head, &head->fields[i]), slice_from(name)))
            return head->fields[i].named != 0;
    cr_assert_fail("no field %s", name);
    return false;
}

Test(connection_option, names_fields)
{
    struct head_case_head parsed;

    head_case_parse_good(head_case_request,
                         G "X-One: 1\r\nConnection: x-one, X-Two\r\nX-Two: 2\r\nX-Three: 3\r\n"
                           "Accept: */*\r\nConnection: accept\r\nUser-Agent: u\r\n\r\n",
                         &parsed);
    cr_assert(is_named(&parsed.head, "X-One"));
    cr_assert(is_named(&parsed.head, "X-Two"));
    cr_assert(is_named(&parsed.head, "Accept"));
    cr_assert_not(is_named(&parsed.head, "X-Three"));
    cr_assert_not(is_named(&parsed.head, "User-Agent"));
}

Test(connection_option, protects_fields)
{
    static const char *const names[] = {
        "Content-Length",
        "Content-Type",
        "Content-Encoding",
        "Content-Anything",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "Forwarded",
        "Via",
        "X-Request-Id",
        "Authorization",
        "Cookie",
        "Date",
        "Expect",
        "Max-Forwards",
        "X-Switchyard-Slot",
        "Idempotency-Key",
        "Set-Cookie",
        "Cache-Control",
        "Connection",
        "X-Switchyard-Epoch",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct head_case_head parsed;
        char text[256];
        const char *value = strcmp(names[i], "Expect") == 0 ? "100-continue" : "1";

        snprintf(text, sizeof text, G "Connection: %s, x\r\n%s: %s\r\nX: y\r\n\r\n", names[i],
                 names[i], value);
        head_case_parse_good(head_case_request, text, &parsed);
        cr_assert_not(is_named(&parsed.head, names[i]), "%s", names[i]);
        cr_assert(is_named(&parsed.head, "X"));
    }
    for (unsigned framed = 0; framed < 2; framed++) {
        struct head_case_head parsed;

        head_case_parse_good(head_case_request,
                             framed ? G "Connection: transfer-encoding\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n"
                                    : G "Connection: host\r\n\r\n",
                             &parsed);
        cr_assert_not(is_named(&parsed.head, framed ? "Transfer-Encoding" : "Host"));
        cr_assert_eq(parsed.head.framing, framed ? FRAMING_CHUNKED : FRAMING_NONE);
    }
}

/* 32 options beside close, keep-alive and upgrade are many; more are an attack. */
Test(connection_option, bounded)
{
    for (unsigned count = 31; count <= 34; count++) {
        char text[512];
        size_t size = (size_t)snprintf(text, sizeof text, G "Connection: close");
        struct head_case one = { text, 0, FAULT_NONE };

        for (unsigned i = 0; i < count; i++, size += 2)
            memcpy(text + size, ",x", 2);
        memcpy(text + size, "\r\n\r\n", 4);
        one.size = size + 4;
        one.fault = count > 32 ? FAULT_BAD_FIELD : FAULT_NONE;
        head_case_check(head_case_request, &one, 1);
    }
}
