/*
 * Our own answers and where requests go: 404 for an unknown host or path, 503 with Retry-After, HTML or JSON
 * by Accept, HEAD, hosts (exact, wildcard, any), path prefixes at segment borders, hosts of slots.
 */
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"

enum { WAIT_MS = 8000 };

/* Five services on one origin; each adds its mark by the slot that is asked, seen in the path the origin
 * got and in the access log. */
static const char routes[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service exact  { hosts = { \"a.test\" } slot blue { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n"
    "service api    { hosts = { \"a.test\" } paths = { \"/api\", \"/v2/\" }\n"
    "  slot blue { targets = { \"%s\" } } health { enabled = false } }\n"
    "service wild   { hosts = { \"*.wild.test\" } slot blue { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n"
    "service deeper { hosts = { \"*.b.wild.test\" } slot blue { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n"
    "service slots  { hosts = { \"s.test\" }\n"
    "  slot blue { targets = { \"%s\" } hosts = { \"blue.internal\" } }\n"
    "  slot green { targets = { \"%s\" } hosts = { \"green.internal\" } }\n"
    "  health { enabled = false } }\n"
    "service canary { hosts = { \"canary.test\" } slot blue { targets = { \"%s\" } }\n"
    "  health { enabled = false } }\n"
    "service dead   { hosts = { \"dead.test\" } slot blue { targets = { \"127.0.0.1:1\" } }\n"
    "  health { enabled = false } }\n";

struct route_case {
    const char *name;
    const char *host;
    const char *target;
    int status;
    const char *service; /* as the access log names it; "" : none */
    const char *slot;
};

static const struct route_case route_cases[] = {
    { "exact", "a.test", "/", 200, "exact", "blue" },
    { "exact-upper-case", "A.TEST", "/", 200, "exact", "blue" },
    { "exact-with-port", "a.test:8080", "/", 200, "exact", "blue" },
    { "prefix", "a.test", "/api", 200, "api", "blue" },
    { "prefix-below", "a.test", "/api/x", 200, "api", "blue" },
    { "prefix-with-query", "a.test", "/api?x", 200, "api", "blue" },
    { "prefix-not-at-a-border", "a.test", "/apix", 200, "exact", "blue" },
    { "prefix-with-slash", "a.test", "/v2/x", 200, "api", "blue" },
    { "prefix-is-case-sensitive", "a.test", "/API", 200, "exact", "blue" },
    { "prefix-not-decoded", "a.test", "/%61pi", 200, "exact", "blue" },
    { "wildcard", "x.wild.test", "/", 200, "wild", "blue" },
    { "wildcard-two-labels", "x.y.wild.test", "/", 200, "wild", "blue" },
    { "wildcard-longest", "x.b.wild.test", "/", 200, "deeper", "blue" },
    { "wildcard-not-itself", "wild.test", "/", 404, "", "" },
    { "wildcard-not-a-suffix", "xwild.test", "/", 404, "", "" },
    { "slot-blue-host", "blue.internal", "/", 200, "slots", "blue" },
    { "slot-green-host", "green.internal", "/", 200, "slots", "green" },
    { "slot-live", "s.test", "/", 200, "slots", "blue" },
    { "unknown-host", "other.test", "/", 404, "", "" },
    { "empty-label", ".test", "/", 404, "", "" },
    { "address-as-host", "127.0.0.1", "/", 404, "", "" },
};

Test(raw_pages, routes)
{
    struct raw_bench bench;

    raw_start_config(&bench, routes);
    for (size_t i = 0; i < COUNT_OF(route_cases); i++) {
        const struct route_case *one = &route_cases[i];
        char *request = mem_format("GET %s HTTP/1.1\r\nHost: %s\r\nX-Request-Id: route-%zu-end\r\n"
                                   "Connection: close\r\n\r\n",
                                   one->target, one->host, i);
        char *mark = mem_format("route-%zu-end", i);
        int status = client_ask(bench.front, request, NULL);
        char *log = NULL;
        char *line = NULL;

        cr_expect_eq(status, one->status, "%s: status %d", one->name, status);
        cr_expect(daemon_await_access(bench.daemon, mark, WAIT_MS), "%s: no access line",
                  one->name);
        log = daemon_access_log(bench.daemon);
        line = log != NULL ? strstr(log, mark) : NULL;
        while (line != NULL && line > log && line[-1] != '\n')
            line--;
        if (line != NULL && strchr(line, '\n') != NULL)
            *strchr(line, '\n') = '\0';
        if (line != NULL && one->service[0] != '\0') {
            char *service = mem_format("\"service\":\"%s\"", one->service);
            char *slot = mem_format("\"slot\":\"%s\"", one->slot);

            cr_expect(strstr(line, service) != NULL, "%s: %s", one->name, line);
            cr_expect(strstr(line, slot) != NULL, "%s: %s", one->name, line);
            free(service);
            free(slot);
        }
        free(log);
        free(mark);
        free(request);
    }
    STOP_RAW(&bench);
}

static const struct raw_case page_cases[] = {
    { .name = "page-404-html",
      .request = RAW("GET / HTTP/1.1\r\nHost: other.test\r\nAccept: text/html\r\n\r\n"),
      .want = { { 404, .lacks = "Retry-After\nServer\n" } },
      .end = RAW_EITHER },
    { .name = "page-404-head",
      .request = RAW("HEAD / HTTP/1.1\r\nHost: other.test\r\n\r\n"),
      .want = { { 404, .to_head = true } },
      .end = RAW_EITHER },
    { .name = "page-404-old-client",
      .request = RAW("GET / HTTP/1.0\r\nHost: other.test\r\n\r\n"),
      .want = { { 404, .lacks = "Transfer-Encoding\n" } } },
    { .name = "page-404-post",
      .request = RAW("POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 5\r\n\r\nhello"),
      .want = { { 404 } },
      .end = RAW_EITHER },
    { .name = "page-405-allow",
      .request = RAW("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"),
      .want = { { 405 } } },
    { .name = "page-502-refused",
      .request = RAW("GET / HTTP/1.1\r\nHost: dead.test\r\n\r\n"),
      .want = { { 502 } },
      .end = RAW_EITHER },
};

Test(raw_pages, pages)
{
    struct raw_bench bench;

    raw_start_config(&bench, routes);
    RUN_CASES(&bench, page_cases)
    STOP_RAW(&bench);
}

/* What a page says, by Accept. */
static void expect_page(const char *front, const char *accept, const char *type, const char *part)
{
    struct client client;
    struct reply reply = { 0 };
    char *request = mem_format("GET /<script>?x HTTP/1.1\r\nHost: other.test\r\n%s%s%s\r\n",
                               accept != NULL ? "Accept: " : "", accept != NULL ? accept : "",
                               accept != NULL ? "\r\n" : "");

    client_open(&client, front);
    client_send_text(&client, request);
    cr_expect_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 404);
    cr_expect(slice_starts_with(reply_value(&reply, "Content-Type"), slice_from(type)),
              "Accept %s: type %.*s", accept != NULL ? accept : "(none)",
              SLICE_ARG(reply_value(&reply, "Content-Type")));
    cr_expect(reply.body.bytes != NULL && strstr(reply.body.bytes, part) != NULL,
              "Accept %s: body %s", accept != NULL ? accept : "(none)", reply.body.bytes);
    cr_expect(reply.body.bytes != NULL && strstr(reply.body.bytes, "<script>") == NULL,
              "the page reflects the request");
    reply_fini(&reply);
    client_close(&client);
    free(request);
}

Test(raw_pages, html_or_json)
{
    struct raw_bench bench;

    raw_start_config(&bench, routes);
    expect_page(bench.front, NULL, "text/html", "<");
    expect_page(bench.front, "*/*", "text/html", "<");
    expect_page(bench.front, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html", "<");
    expect_page(bench.front, "application/json", "application/json", "{");
    expect_page(bench.front, "application/json;q=0.5, text/html", "text/html", "<");
    expect_page(bench.front, "text/html;q=0.1, application/json", "application/json", "{");
    expect_page(bench.front, "application/problem+json", "application/", "{");
    STOP_RAW(&bench);
}

/* A slot that has no target to try: 503 with Retry-After; a dead one: 502 with Retry-After. */
Test(raw_pages, unavailable)
{
    static const char config[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                                 "service shop { slot blue { targets = { \"127.0.0.1:1\" } }\n"
                                 "  slot green { targets = { \"%s\" } } when_unfit = \"refuse\"\n"
                                 "  health { enabled = true type = \"tcp\" interval = \"100ms\" "
                                 "timeout = \"90ms\" fall = 1 } }\n";
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };
    int status = 0;

    raw_start_config(&bench, config);
    for (int i = 0; i < 200 && status != 503; i++) {
        client_open(&client, bench.front);
        client_send_text(&client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
        status = reply.status;
        cr_expect(status == 502 || status == 503, "status %d", status);
        cr_expect(reply_value(&reply, "Retry-After").len > 0, "%d without Retry-After", status);
        reply_fini(&reply);
        client_close(&client);
        client_pull(&client, 10);
    }
    cr_expect_eq(status, 503, "a slot without a fit target was still tried");
    STOP_RAW(&bench);
}
