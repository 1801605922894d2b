/*
 * https_redirect: what comes in the clear is sent to https by 308 with its host and target, unless a trusted peer says
 * that it was https; paused or in maintenance it is redirected all the same, and the app sees nothing of it.
 */
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"

enum { WAIT_MS = 8000 };

static const char config_format[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "listener inner { bind = \"127.0.0.1:0\"  trusted = { \"127.0.0.0/8\" } }\n"
    "service shop { slot blue { targets = { \"%s\" } }  https_redirect = true\n"
    "  health { enabled = false } }\n";

struct redirect_case {
    const char *name;
    const char *request;
    const char *location; /* NULL: none */
    int status;
};

static const struct redirect_case cases[] = {
    { "plain", "GET /a?b=c HTTP/1.1\r\nHost: a.test\r\n\r\n", "https://a.test/a?b=c", 308 },
    { "port", "GET / HTTP/1.1\r\nHost: a.test:8080\r\n\r\n", "https://a.test/", 308 },
    { "literal", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "https://[::1]/", 308 },
    { "head", "HEAD /h HTTP/1.1\r\nHost: a.test\r\n\r\n", "https://a.test/h", 308 },
    { "post", "POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi", "https://a.test/p",
      308 },
    { "chunked",
      "POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
      "https://a.test/p", 308 },
    { "scripts", "GET /<script>\" HTTP/1.1\r\nHost: a.test\r\n\r\n", "https://a.test/<script>\"",
      308 },
    { "not-by-its-own-word", "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n",
      "https://a.test/", 308 },
    { "bad-host", "GET / HTTP/1.1\r\nHost: a.test/x\r\n\r\n", NULL, 400 },
    { "no-host", "GET / HTTP/1.0\r\n\r\n", NULL, 400 },
};

static void check_case(const struct daemon *daemon, const char *listener,
                       const struct redirect_case *one)
{
    struct client client;
    struct reply reply = { 0 };
    struct slice location = { NULL, 0 };

    client_open(&client, daemon_address(daemon, listener));
    client_send_text(&client, one->request);
    cr_expect_eq(client_reply(&client, one->request[0] == 'H', WAIT_MS, &reply), REPLY_WHOLE, "%s",
                 one->name);
    cr_expect_eq(reply.status, one->status, "%s: %d", one->name, reply.status);
    location = reply_value(&reply, "Location");
    cr_expect(slice_is_equal(location, slice_from(one->location)), "%s: to %.*s", one->name,
              SLICE_ARG(location));
    cr_expect(reply.body.len == 0 || strstr(reply.body.bytes, "script>") == NULL,
              "%s: nothing of the request stands in the page", one->name);
    reply_fini(&reply);
    client_close(&client);
}

Test(redirect, to_https)
{
    static const struct redirect_case trusted[] = {
        { "trusted-https", "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n", NULL,
          200 },
        { "trusted-http", "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: http\r\n\r\n",
          "https://a/", 308 },
        { "trusted-silent", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "https://a/", 308 },
    };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = mem_format(config_format, origin_address(origin));
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_case(daemon, "http", &cases[i]);
    cr_expect_eq(origin_requests(origin), 0);
    for (size_t i = 0; i < COUNT_OF(trusted); i++)
        check_case(daemon, "inner", &trusted[i]);
    cr_expect_eq(origin_requests(origin), 1);
    cr_expect_eq(ctl_code(daemon, "pause shop"), 0);
    check_case(daemon, "http", &cases[0]);
    cr_expect_eq(ctl_code(daemon, "resume shop"), 0);
    cr_expect_eq(ctl_code(daemon, "maint on shop"), 0);
    check_case(daemon, "http", &cases[0]);
    cr_expect_eq(ctl_code(daemon, "maint off shop"), 0);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}
