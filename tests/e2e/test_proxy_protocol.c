/*
 * The PROXY protocol: versions 1 and 2 read on a listener (with the address that X-Forwarded-For then says), refused
 * when malformed, missing or from a peer that is not trusted; and written to targets.
 */
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"

enum { WAIT_MS = 8000 };

#define ASK   "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define MAGIC "\r\n\r\n\0\r\nQUIT\n"

struct header_case {
    const char *name;
    struct slice header;
    const char *address; /* that the app server is told; NULL: the connection is closed */
};

static const struct header_case header_cases[] = {
    { "v1-tcp4", RAW("PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n"), "203.0.113.7" },
    { "v1-tcp6", RAW("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n"), "2001:db8::7" },
    { "v1-unknown", RAW("PROXY UNKNOWN\r\n"), "127.0.0.1" },
    { "v1-unknown-with-words", RAW("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "127.0.0.1" },
    { "v1-no-ports", RAW("PROXY TCP4 203.0.113.7 198.51.100.1\r\n"), NULL },
    { "v1-bad-port", RAW("PROXY TCP4 203.0.113.7 198.51.100.1 70000 443\r\n"), NULL },
    { "v1-bad-address", RAW("PROXY TCP4 203.0.113.777 198.51.100.1 1 443\r\n"), NULL },
    { "v1-two-spaces", RAW("PROXY TCP4  203.0.113.7 198.51.100.1 1 443\r\n"), NULL },
    { "v1-lf", RAW("PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\n"), NULL },
    { "v1-lower-case", RAW("proxy TCP4 203.0.113.7 198.51.100.1 56324 443\r\n"), NULL },
    { "v1-family-mismatch", RAW("PROXY TCP4 2001:db8::7 2001:db8::1 56324 443\r\n"), NULL },
    { "missing", RAW(""), NULL },
    { "v2-tcp4", RAW(MAGIC "\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb"),
      "203.0.113.7" },
    { "v2-tcp6",
      RAW(MAGIC
          "\x21\x21\x00\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0"
          "\0\0\0\0\0\x01\xdc\x04\x01\xbb"),
      "2001:db8::7" },
    { "v2-local", RAW(MAGIC "\x20\x00\x00\x00"), "127.0.0.1" },
    { "v2-unspec", RAW(MAGIC "\x21\x00\x00\x00"), "127.0.0.1" },
    { "v2-with-tlv",
      RAW(MAGIC "\x21\x11\x00\x11\xcb\x00\x71\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb\xea\x00\x02hi"),
      "203.0.113.7" },
    { "v2-too-short", RAW(MAGIC "\x21\x11\x00\x08\xcb\x00\x71\x07\xc6\x33\x64\x01"), NULL },
    { "v2-bad-version",
      RAW(MAGIC "\x31\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb"), NULL },
    { "v2-bad-command",
      RAW(MAGIC "\x22\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb"), NULL },
};

static const char inbound[] = "listener http { bind = \"127.0.0.1:0\" proxy_protocol = true }\n"
                              "service shop { slot blue { targets = { \"%s\" } }\n"
                              "  health { enabled = false } }\n";

static void check_case(struct raw_bench *bench, const struct header_case *one, bool bytewise)
{
    struct client client;
    struct reply reply = { 0 };
    char *line = NULL;

    origin_clear(bench->origin);
    client_open(&client, bench->front);
    if (bytewise)
        client_send_bytewise(&client, one->header.ptr, one->header.len);
    else
        client_send(&client, one->header.ptr, one->header.len);
    client_send_text(&client, ASK);
    if (one->address == NULL) {
        cr_expect(client_drain(&client, WAIT_MS), "%s: the connection stayed open", one->name);
        cr_expect_eq(client.in.len, 0, "%s: it was answered", one->name);
        cr_expect_eq(origin_requests(bench->origin), 0, "%s: it was forwarded", one->name);
        client_close(&client);
        return;
    }
    cr_expect_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE, "%s: no answer",
                 one->name);
    cr_expect_eq(reply.status, 200, "%s: status %d", one->name, reply.status);
    line = mem_format("\r\nX-Forwarded-For: %s\r\n", one->address);
    cr_expect(memmem(origin_request(bench->origin, 0).ptr, origin_request(bench->origin, 0).len,
                     line, strlen(line)) != NULL,
              "%s: upstream saw %.*s", one->name, SLICE_ARG(origin_request(bench->origin, 0)));
    free(line);
    reply_fini(&reply);
    client_close(&client);
}

Test(proxy_protocol, inbound)
{
    struct raw_bench bench;

    raw_start_config(&bench, inbound);
    for (size_t i = 0; i < COUNT_OF(header_cases); i++)
        check_case(&bench, &header_cases[i], false);
    for (size_t i = 0; i < COUNT_OF(header_cases); i++) {
        if (header_cases[i].address != NULL)
            check_case(&bench, &header_cases[i], true);
    }
    STOP_RAW(&bench);
}

/* A peer that is not trusted may not speak it. */
Test(proxy_protocol, untrusted_peer)
{
    static const char config[] = "listener http { bind = \"127.0.0.1:0\" proxy_protocol = true\n"
                                 "  trusted = { \"10.0.0.0/8\" } }\n"
                                 "service shop { slot blue { targets = { \"%s\" } }\n"
                                 "  health { enabled = false } }\n";
    static const struct header_case refused = { "untrusted",
                                                RAW("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), NULL };
    struct raw_bench bench;

    raw_start_config(&bench, config);
    check_case(&bench, &refused, false);
    STOP_RAW(&bench);
}

/* A listener without it takes the header for a broken request. */
Test(proxy_protocol, not_expected)
{
    struct raw_bench bench;
    static const struct raw_case one = {
        .name = "proxy-header-on-plain-listener",
        .request = RAW("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" ASK),
        .want = { { 400 } },
    };
    char *why = NULL;

    raw_start(&bench, NULL);
    why = raw_run(&bench, &one);
    cr_expect(why == NULL, "%s", why);
    free(why);
    STOP_RAW(&bench);
}

/* A trusted peer's X-Forwarded-* are kept and appended to. */
Test(proxy_protocol, trusted_forwarding)
{
    static const char config[] =
        "listener http { bind = \"127.0.0.1:0\" trusted = { \"127.0.0.0/8\" } }\n"
        "service shop { slot blue { targets = { \"%s\" } }\n"
        "  health { enabled = false } }\n";
    struct raw_bench bench;
    struct slice request;

    raw_start_config(&bench, config);
    cr_expect_eq(client_ask(bench.front,
                            "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 203.0.113.9\r\n"
                            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n"
                            "Connection: close\r\n\r\n",
                            NULL),
                 200);
    request = origin_request(bench.origin, 0);
    cr_expect(memmem(request.ptr, request.len, "X-Forwarded-For: 203.0.113.9, 127.0.0.1\r\n", 41) !=
                  NULL,
              "%.*s", SLICE_ARG(request));
    cr_expect(memmem(request.ptr, request.len, "X-Forwarded-Proto: https\r\n", 26) != NULL, "%.*s",
              SLICE_ARG(request));
    cr_expect(memmem(request.ptr, request.len, "X-Forwarded-Host: shop.test\r\n", 29) != NULL,
              "%.*s", SLICE_ARG(request));
    STOP_RAW(&bench);
}

/* To a target: the header comes first on every new connection. */
static void check_outbound(const char *version, const char *start, size_t size)
{
    static const struct origin_act acts[] = {
        ACT(HEAD), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ACT(AGAIN)
    };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s proxy=%s\" } }\n"
                              "  health { enabled = false } }\n",
                              origin_address(origin), version);
    struct daemon *daemon = NULL;
    size_t got = 0;
    char *bytes = NULL;

    /* a v2 header holds an empty line of its own: read it away first */
    static const struct origin_act acts_v2[] = {
        ACT_BYTES(28), ACT(HEAD), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ACT(END)
    };

    origin_play(origin, version[1] == '2' ? acts_v2 : acts);
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    cr_expect_eq(client_ask(daemon_front(daemon),
                            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", NULL),
                 200, "%s", version);
    bytes = origin_received(origin, 0, &got);
    cr_expect(got > size && memcmp(bytes, start, size) == 0, "%s: got %.*s", version,
              (int)(got < 60 ? got : 60), bytes);
    free(bytes);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}

Test(proxy_protocol, outbound)
{
    check_outbound("v1", "PROXY TCP4 127.0.0.1 127.0.0.1 ", 31);
    check_outbound("v2", MAGIC "\x21\x11\x00\x0c\x7f\x00\x00\x01\x7f\x00\x00\x01", 24);
}
