/* Limits, queues, warm starts, prefixes: what no single value shows. src/config/crosscheck_policy.c */
#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "config/config.h"
#include "expect_load.h"

#define COUNT(cases)      (sizeof(cases) / sizeof(cases)[0])
#define SLOT              " slot b { targets = { \"127.0.0.1:2\" } } "
#define IN_SERVICE(words) LISTENER "service s {" SLOT "\n" words "\n}\n"
#define TRUSTING          "listener l { bind = \"127.0.0.1:1\" trusted = { \"::1\" } } "

static const struct load_case cases[] = {
    { REST "limits {\nclient_burst = 5 }",
      "t.conf:3: limits: client_burst has no effect without client_rate" },
    { IN_SERVICE("limits { client_burst = 5 }"), "t.conf:2: limits: client_burst has no effect" },
    { "limits { client_rate = 5 client_burst = 5 }" IN_SERVICE("limits {\nclient_rate = 0 }"),
      "t.conf:3: limits: client_burst has no effect" },
    { "limits { client_rate = 5 }" IN_SERVICE("limits { client_burst = 5 }"), NULL },

    { LISTENER "service s { slot b { targets = { \"a:1\" }\nqueue = 5 } }",
      "t.conf:2: queue of slot 'b' has no effect without max_requests" },
    { LISTENER "service s { slot b { targets = { \"a:1\" } queue = 5 max_requests = 5 } }", NULL },
    { LISTENER "service s { slot b { targets = { \"a:1 max=5\" } queue = 5 } }", NULL },
    { LISTENER "service s { slot b { targets = { \"a:1 max_connections=4\" } }\n"
               "warmup { connections = 5 } }",
      "warmup: more connections than max_connections" },
    { LISTENER "service s { slot b { targets = { \"a:1\" }\nallow_live = true } }",
      "t.conf:2: warning: allow_live has no effect without role" },

    { LISTENER "service s { active = b slot b { role = staging targets = { \"a:1\" } } }",
      "active: slot 'b' has a role and is never live" },
    { LISTENER "service s { active = b slot b { role = off targets = { \"a:1\" } allow_live = true "
               "} }",
      "active: slot 'b' has a role and is never live" },
    { LISTENER "service s { active = b slot b { role = staging targets = { \"a:1\" } allow_live = "
               "true } }",
      NULL },

    { IN_SERVICE("warmup { concurrency = 5\nrequests = 4 }"),
      "t.conf:3: warmup: fewer requests than concurrency" },
    { IN_SERVICE("warmup {\nconcurrency = 51 }"), "t.conf:3: warmup: fewer requests" },
    { IN_SERVICE("warmup { concurrency = 5 requests = 5 }"), NULL },
    { IN_SERVICE("warmup {\np95 = 1s }"), "t.conf:3: warning: warmup: p95 has no effect" },

    { IN_SERVICE("\nstrip_prefix = \"/a\""),
      "t.conf:3: strip_prefix: path '/' of service 's' does not begin with '/a'" },
    { IN_SERVICE("paths = { \"/a\", \"/a/b\", \"/ab\" } strip_prefix = \"/a\""),
      "strip_prefix: path '/ab' of service 's' does not begin with '/a'" },
    { IN_SERVICE("paths = { \"/a\", \"/a/b\" } strip_prefix = \"/a\""), NULL },
    { IN_SERVICE("paths = { \"/a/\", \"/a/b\" } strip_prefix = \"/a/\""), NULL },

    { IN_SERVICE("balance = hash\nslow_start = 30s"),
      "t.conf:3: warning: slow_start has no effect with balance = \"hash\"" },
    { IN_SERVICE("slow_start = 30s"), NULL },
    { IN_SERVICE("\nhttps_redirect = true"),
      "t.conf:3: warning: https_redirect: no listener trusts a peer" },
    { TRUSTING "service s {" SLOT "https_redirect = true }", NULL },

    { IN_SERVICE("evidence {\nkey = tenant }"),
      "t.conf:3: evidence: service 's' knows no tenants; add tenant" },
    { IN_SERVICE("evidence { key = tenant } tenant { from = { \"header:X-T\" } }"), NULL },
    { IN_SERVICE("evidence { key = \"header:X-User\" inflight_error = 10ms }"), NULL },
    { IN_SERVICE("evidence { key = path enabled = false }"), NULL },
    { IN_SERVICE("evidence {\nkey = \"cookie:uid\" }"),
      "'cookie:uid': write \"client-ip\", \"header:NAME\", \"tenant\" or \"path\"" },
    { IN_SERVICE("evidence {\nkey = \"header\" }"), "'header': write \"client-ip\"" },
    { IN_SERVICE("evidence {\nkey = \"header:a b\" }"), "'header:a b': write \"client-ip\"" },
    { IN_SERVICE("evidence {\nkey = \"path:1\" }"), "'path:1': write \"client-ip\"" },
    { IN_SERVICE("evidence {\ninflight_error = 9ms }"), "t.conf:3: " },
};

Test(crosscheck_policy, finds_what_no_value_shows)
{
    expect_cases(cases, COUNT(cases));
}

/* One field line of so many bytes, its CRLF among them. */
static void add_line(struct text *out, char name, size_t bytes)
{
    text_add_format(out, "\"X-%c: ", name);
    for (size_t i = strlen("X-a: \r\n"); i < bytes; i++)
        text_add(out, "v");
    text_add(out, "\"");
}

/* A service whose own lines and whose slot's lines take so many bytes. */
static void expect_lines(const char *direction, size_t service, size_t slot, const char *says)
{
    struct load_case load = { .says = says };
    struct text text;

    text_init(&text, 16384);
    text_add_format(&text, "%sservice s { headers { %s_set = { ", LISTENER, direction);
    add_line(&text, 'a', service);
    text_add_format(&text, " } } slot b { targets = { \"127.0.0.1:2\" } headers { %s_add = { ",
                    direction);
    add_line(&text, 'b', slot);
    text_add(&text, " } } } }");
    load.text = text.bytes;
    expect_cases(&load, 1);
    text_fini(&text);
}

Test(crosscheck_policy, lines_of_a_service_and_a_slot_have_a_bound_together)
{
    expect_lines("request", 2000, 2096, NULL);
    expect_lines("request", 2000, 2097,
                 "headers: service 's' and slot 'b' together add 4097 bytes to a request");
    expect_lines("response", 4000, 96, NULL);
    expect_lines("response", 4000, 97, "together add 4097 bytes to a response");
}
