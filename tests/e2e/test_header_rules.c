/*
 * What a service changes in heads, as raw bytes on both sides: header rules of service and slot, the stripped prefix,
 * and what asks for a preview. Rules come with a reload, and bad ones are refused with file and line.
 */
#include "e2e/raw_changes.h"

#include <string.h>

#include "base/mem.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/scene.h"

static const char services[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service canary { hosts = { \"canary.test\" } slot blue { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n"
    "service rules { hosts = { \"rules.test\" } slot blue { targets = { \"%s\" } }\n"
    "  headers { request_set = { \"X-Env: shop\" }\n"
    "            request_add = { \"X-Flag: one\", \"X-Flag: two\" }\n"
    "            request_remove = { \"X-Debug\" }\n"
    "            response_set = { \"Server: none\" }\n"
    "            response_add = { \"X-Frame-Options: DENY\" }\n"
    "            response_remove = { \"X-Powered-By\" } }\n"
    "  health { enabled = false } }\n"
    "service slots { hosts = { \"slot.test\" }\n"
    "  slot blue { targets = { \"%s\" }\n"
    "    headers { request_set = { \"x-env: gone\", \"X-Env: blue\" }  request_add = { \"X-New: "
    "1\" }\n"
    "              request_remove = { \"X-Flag\" } } }\n"
    "  headers { request_set = { \"X-Env: shop\" }  request_add = { \"X-Flag: one\" }\n"
    "            request_remove = { \"X-Debug\" } }\n"
    "  health { enabled = false } }\n"
    "service rest { hosts = { \"strip.test\" } slot blue { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n"
    "service strip { hosts = { \"strip.test\" }  paths = { \"/api\" }\n"
    "  slot blue { targets = { \"%s\" } }\n"
    "  strip_prefix = \"/api\"  health { enabled = false } }\n"
    "service try { hosts = { \"try.test\" }\n"
    "  slot blue { targets = { \"%s\" } } slot green { targets = { \"%s\" } }\n"
    "  preview { header = \"X-Try\"  cookie = \"try\"  secret = \"open-sesame\" }\n"
    "  health { enabled = false } }\n";

#define TABLE(name)                                                                                \
    Test(header_rules, name)                                                                       \
    {                                                                                              \
        struct raw_bench bench;                                                                    \
                                                                                                   \
        raw_start_config(&bench, services);                                                        \
        RUN_CASES(&bench, name##_cases)                                                            \
        STOP_RAW(&bench);                                                                          \
    }

TABLE(rules)
TABLE(own_page)
TABLE(strip)
TABLE(cookie)

/* Whether the last request that the origin got has the line. */
static bool was_seen(const struct origin *origin, const char *line)
{
    struct slice last = origin_request(origin, origin_requests(origin) - 1);

    return memmem(last.ptr, last.len, line, strlen(line)) != NULL;
}

static char *flag_config(const struct origin *origin, const char *headers)
{
    return mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                      "service shop { slot blue { targets = { \"%s\" } }\n"
                      "  health { enabled = false } %s }\n",
                      origin_address(origin), headers);
}

/* Kept connections on both sides: the next request has the new rules. */
Test(header_rules, come_and_go_with_a_reload)
{
    static const char *const headers[] = { "", "headers { request_set = { \"X-Flag: on\" } }",
                                           "headers { request_set = { \"X-Flag: off\" } }", "" };
    static const char *const lines[] = { "\r\nX-Flag: theirs\r\n", "\r\nX-Flag: on\r\n",
                                         "\r\nX-Flag: off\r\n", "\r\nX-Flag: theirs\r\n" };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = flag_config(origin, headers[0]);
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });
    struct client client;

    client_open(&client, daemon_front(daemon));
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        struct reply reply = { 0 };

        free(config);
        config = flag_config(origin, headers[i]);
        daemon_set_config(daemon, config);
        cr_assert_eq(ctl_code(daemon, "reload"), 0);
        client_send_text(&client, "GET / HTTP/1.1\r\nHost: a\r\nX-Flag: theirs\r\n\r\n");
        cr_assert_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE);
        cr_expect_eq(reply.status, 200);
        cr_expect(was_seen(origin, lines[i]), "%zu: not%s", i, lines[i]);
        reply_fini(&reply);
    }
    client_close(&client);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}

Test(header_rules, bad_ones_are_refused)
{
    static const char *const bad[] = {
        "request_set = { \"Content-Length: 1\" }",
        "request_set = { \"Host: evil\" }",
        "request_remove = { \"Connection\" }",
        "request_add = { \"X-Forwarded-For: 1\" }",
        "request_set = { \"X-Switchyard-Slot: x\" }",
        "response_remove = { \"Date\" }",
        "response_set = { \"Transfer-Encoding: x\" }",
        "response_add = { \"no colon\" }",
        "request_set = { \"A B: 1\" }",
        "response_set = { \"A: a\\nb\" }",
    };
    struct origin *origin = origin_start("127.0.0.1:0");

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char *headers = mem_format("headers { %s }", bad[i]);
        char *config = flag_config(origin, headers);
        char *words = NULL;
        int code = daemon_refusal(&(struct daemon_options){ .config = config }, &words);

        cr_expect_eq(code, 1, "%s: exit %d", bad[i], code);
        cr_expect(words != NULL && strstr(words, "test.conf:8:") != NULL, "%s: %s", bad[i], words);
        free(words);
        free(config);
        free(headers);
    }
    origin_stop(origin);
}
