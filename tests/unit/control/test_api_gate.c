/* Host and Origin: src/control/api_gate.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "config/config.h"
#include "control/api_gate_priv.h"
#include "http/parse_head.h"

static char *names[] = { (char[]){ "switch.example.com" }, (char[]){ "*.lan.example" } };
static const struct config_texts hosts = { .items = names, .count = 2 };

Test(api_gate, hosts)
{
    static const struct {
        const char *host;
        bool passes;
    } cases[] = {
        { "127.0.0.1", true },
        { "10.1.2.3", true },
        { "[::1]", true },
        { "[2001:db8::1]", true },
        { "localhost", true },
        { "LOCALHOST", true },
        { "localhost.", true },
        { "switch.example.com", true },
        { "Switch.Example.COM.", true },
        { "a.lan.example", true },
        { "lan.example", false },
        { "xlan.example", false },
        { "evil.com", false },
        { "", false },
        { "127.0.0.1.evil.com", false },
        { "127.0.0.1/8", false },
        { "unix:", false },
        { "localhost.evil.com", false },
        { "switch.example.com.evil.com", false },
        { "127.1", false },
        { "0x7f000001", false },
        { "[::1", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(api_gate_is_host(slice_from(cases[i].host), &hosts), cases[i].passes, "%s",
                     cases[i].host);
}

static bool passes_over(const char *fields, bool is_secure)
{
    static const struct head_limits limits = { 4096, 1024, 20 };
    struct field found[20];
    struct head head = { .fields = found, .field_capacity = 20 };
    enum fault fault = FAULT_NONE;
    size_t searched = 0;
    char request[1024];

    snprintf(request, sizeof request, "POST / HTTP/1.1\r\nHost: 127.0.0.1:9900\r\n%s\r\n", fields);
    cr_assert_eq(parse_head_request(request, strlen(request), &searched, &limits, &head, &fault),
                 PARSE_DONE);
    return api_gate_is_origin(&head, is_secure);
}

static bool passes(const char *fields)
{
    return passes_over(fields, false);
}

Test(api_gate, a_page_in_clear_is_another_origin_than_tls)
{
    cr_expect(passes_over("", true));
    cr_expect(passes_over("Origin: https://127.0.0.1:9900\r\n", true));
    cr_expect_not(passes_over("Origin: http://127.0.0.1:9900\r\n", true));
    cr_expect_not(passes_over("Origin: https://127.0.0.1\r\n", true));
    cr_expect_not(passes_over("Origin: null\r\n", true));
}

Test(api_gate, origins)
{
    cr_expect(passes(""));
    cr_expect(passes("Origin: http://127.0.0.1:9900\r\n"));
    cr_expect(passes("origin: HTTPS://127.0.0.1:9900\r\n"));
    cr_expect_not(passes("Origin: null\r\n"));
    cr_expect_not(passes("Origin:\r\n"));
    cr_expect_not(passes("Origin: http://127.0.0.1\r\n"));
    cr_expect_not(passes("Origin: http://127.0.0.1:9901\r\n"));
    cr_expect_not(passes("Origin: http://evil.com\r\n"));
    cr_expect_not(passes("Origin: ftp://127.0.0.1:9900\r\n"));
    cr_expect_not(passes("Origin: http://127.0.0.1:9900.evil.com\r\n"));
    cr_expect_not(passes("Origin: http://127.0.0.1:9900\r\nOrigin: http://evil.com\r\n"));
}
