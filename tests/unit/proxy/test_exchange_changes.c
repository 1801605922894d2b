/* What a route changes in the heads, through a real worker: proxy/exchange_changes.h, and redirects to https. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/seal.h"
#include "base/slice.h"
#include "front.h"
#include "http/header_rules.h"
#include "route/slot.h"
#include "route/snapshot.h"

#define TEXTS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void expect_has(const char *head, const char *line)
{
    cr_assert_not_null(strstr(head, line), "without \"%s\": %s", line, head);
}

static void expect_lacks(const char *head, const char *text)
{
    cr_assert_null(strcasestr(head, text), "with \"%s\": %s", text, head);
}

/* One request on a connection of its own; the head that the app got, and the head of the response. */
static void pass(struct front *front, const char *request, char *seen, char *answer, size_t size)
{
    int client = front_dial(front);
    int server = -1;

    peer_send(client, request);
    server = front_accept(front, 0);
    peer_head(server, seen, size);
    peer_send(server, "HTTP/1.1 200 OK\r\nX-App: 1\r\nServer: app\r\nContent-Length: 2\r\n\r\nok");
    peer_head(client, answer, size);
    peer_take(client, "ok");
    close(client);
    close(server);
}

static void shape_steered(struct snapshot_service *service)
{
    static const struct steering steering = {
        .split = { .candidate = SLOT_NONE },
        .preview = { .header = "X-Try", .cookie = "try", .secret = "s3" },
        .chain = { .header = "X-Chain", .group = "g", .secret = "c4" },
    };

    service->steering = &steering;
    service->strip_prefix = "/api";
}

Test(exchange_changes, what_steers_us_stays_here)
{
    struct front *front = front_start(&(struct front_options){ .shape = shape_steered });
    char seen[2048], answer[2048], tag[SEAL_TAG + 1], line[128];

    pass(front,
         "GET /api/x?y HTTP/1.1\r\nHost: a.test\r\nX-Try: blue:s3\r\nx-chain: green.tag\r\n"
         "Cookie: a=1; try=blue:wrong; b=2\r\nX-Switchyard-Slot: blue\r\n"
         "Connection: close\r\n\r\n",
         seen, answer, sizeof seen);
    seal_make(SLICE("c4"), SLICE("g blue"), tag);
    snprintf(line, sizeof line, "\r\nX-Chain: blue.%s\r\n", tag);
    cr_assert(strncmp(seen, "GET /x?y HTTP/1.1\r\n", 19) == 0, "%s", seen);
    expect_has(seen, line);
    expect_has(seen, "\r\nCookie: a=1; b=2\r\n");
    expect_lacks(seen, "s3");
    expect_lacks(seen, "wrong");
    expect_lacks(seen, "green");
    expect_lacks(seen, "X-Try");
    expect_lacks(seen, "X-Switchyard-Slot");
    expect_lacks(answer, "Set-Cookie");
    front_stop(front);
}

Test(exchange_changes, rules_of_the_slot)
{
    const struct header_rule_texts request = {
        .set_count = 1, .set = TEXTS("X-Flag: on"), .remove_count = 1, .remove = TEXTS("X-Debug")
    };
    const struct header_rule_texts response = { .add_count = 1,
                                                .add = TEXTS("X-Frame-Options: DENY"),
                                                .remove_count = 1,
                                                .remove = TEXTS("Server") };
    struct header_rules *requests = header_rules_new(&request, NULL);
    struct header_rules *responses = header_rules_new(NULL, &response);
    struct front *front = front_start(&(struct front_options){ .targets = 1 });
    char seen[2048], answer[2048];

    atomic_store(&front_slot(front, 0)->request_rules, requests);
    atomic_store(&front_slot(front, 0)->response_rules, responses);
    pass(front, "GET / HTTP/1.1\r\nHost: a.test\r\nX-Debug: 1\r\nX-Flag: off\r\n\r\n", seen, answer,
         sizeof seen);
    expect_has(seen, "\r\nX-Flag: on\r\n");
    expect_lacks(seen, "off");
    expect_lacks(seen, "X-Debug");
    expect_has(answer, "\r\nX-App: 1\r\n");
    expect_has(answer, "\r\nX-Frame-Options: DENY\r\n");
    expect_lacks(answer, "Server");
    front_stop(front);
    header_rules_free(requests);
    header_rules_free(responses);
}

/* Rules whose lines are beyond all that is promised: refused in words, and the worker goes on. */
Test(exchange_changes, more_lines_than_fit)
{
    char *line = calloc(1, 80001);
    struct header_rule_texts texts = { .add_count = 1, .add = TEXTS(line) };
    struct header_rules *rules = NULL;
    struct front *front = front_start(&(struct front_options){ .targets = 1 });
    char seen[2048], answer[2048];
    int client = front_dial(front);
    int server = -1;

    memset(line, 'x', 80000);
    memcpy(line, "X: ", 3);
    rules = header_rules_new(&texts, NULL);
    atomic_store(&front_slot(front, 0)->request_rules, rules);
    peer_send(client, GET);
    peer_answer(client, 431, NULL);
    atomic_store(&front_slot(front, 0)->request_rules, NULL);
    atomic_store(&front_slot(front, 0)->response_rules, rules);
    peer_end(front_accept(front, 0));
    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 502, NULL);
    peer_end(server);
    atomic_store(&front_slot(front, 0)->response_rules, NULL);
    pass(front, GET, seen, answer, sizeof seen);
    close(client);
    front_stop(front);
    header_rules_free(rules);
    free(line);
}

static struct slot *other;

/* The slot with the target is the candidate of everybody; the active one is empty. */
static void shape_split(struct snapshot_service *service)
{
    static struct snapshot_slot slots[2];
    static const struct steering steering = {
        .split = { .candidate = 0,
                   .share = SPLIT_WHOLE,
                   .key_count = 1,
                   .keys = { { .kind = SPLIT_OWN_COOKIE } },
                   .own_cookie = "sy",
                   .own_secret = "k5" },
    };

    if (other == NULL)
        other = slot_new(service->service, "green", 1);
    slots[0] = service->slots[0];
    slots[0].role = ROLE_CANDIDATE;
    slots[1] = (struct snapshot_slot){ .slot = other, .role = ROLE_LIVE };
    service->slots = slots;
    service->slot_count = 2;
    service->active = 1;
    service->steering = &steering;
}

/* The cookie of a new user: sealed, and taken for an old one's when it comes back. */
static void read_cookie(const char *answer, char out[64])
{
    const char *line = strstr(answer, "\r\nSet-Cookie: sy=");
    char tag[SEAL_TAG + 1];

    cr_assert_not_null(line, "%s", answer);
    memcpy(out, line + 17, 16 + 1 + SEAL_TAG);
    out[16 + 1 + SEAL_TAG] = '\0';
    seal_make(SLICE("k5"), slice_of(out, 16), tag);
    cr_assert_eq(out[16], '.');
    cr_assert_str_eq(out + 17, tag);
}

Test(exchange_changes, a_new_user_gets_an_identity)
{
    struct front *front =
        front_start(&(struct front_options){ .shape = shape_split, .trusts = true });
    char seen[2048], answer[2048], cookie[64], request[256];

    pass(front, GET, seen, answer, sizeof seen);
    read_cookie(answer, cookie);
    expect_has(answer, "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000\r\n");
    expect_has(answer, "\r\nX-App: 1\r\n");
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: a\r\nCookie: sy=%s\r\n\r\n", cookie);
    pass(front, request, seen, answer, sizeof seen);
    expect_lacks(answer, "Set-Cookie");
    expect_has(seen, cookie); /* harmless for the app, and left as it is */
    request[strlen(request) - 5] ^= 1;
    pass(front, request, seen, answer, sizeof seen);
    read_cookie(answer, cookie);
    pass(front, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: HTTPS\r\n\r\n", seen, answer,
         sizeof seen);
    expect_has(answer, "; Max-Age=31536000; Secure\r\n");
    front_stop(front);
    slot_free(other);
    other = NULL;
}

static void redirect(struct policy *policy)
{
    policy->https_redirect = true;
}

struct redirect_case {
    const char *request;
    const char *location; /* NULL: none */
    int status;
};

Test(exchange_changes, redirects_to_https)
{
    static const struct redirect_case cases[] = {
        { "GET /a/b?c=d HTTP/1.1\r\nHost: a.test:8080\r\n\r\n", "https://a.test/a/b?c=d", 308 },
        { "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "https://[::1]/", 308 },
        { "GET //evil.test/\"<x>? HTTP/1.1\r\nHost: a\r\n\r\n", "https://a//evil.test/\"<x>?",
          308 },
        { "GET http://b.test:1?q HTTP/1.1\r\nHost: b.test:1\r\n\r\n", "https://b.test/?q", 308 },
        { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "https://a/", 308 },
        { "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "https://a/p", 308 },
        { "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n", "https://a/", 308 },
        { "GET / HTTP/1.0\r\n\r\n", NULL, 400 },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", NULL, 400 },
        { "GET / HTTP/1.1\r\nHost: a\"b\r\n\r\n", NULL, 400 },
    };
    struct front *front = front_start(&(struct front_options){ .tune = redirect });

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int client = front_dial(front);
        char head[2048], line[256];

        peer_send(client, cases[i].request);
        peer_head(client, head, sizeof head);
        cr_assert_eq(strtol(head + 9, NULL, 10), cases[i].status, "%s -> %s", cases[i].request,
                     head);
        snprintf(line, sizeof line, "\r\nLocation: %s\r\n",
                 cases[i].location != NULL ? cases[i].location : "");
        if (cases[i].location != NULL)
            expect_has(head, line);
        else
            expect_lacks(head, "Location");
        expect_lacks(head, "\r\nRetry-After");
        close(client);
    }
    cr_assert_not(front_has_dialled(front, 0));
    front_stop(front);
}

static void redirect_long(struct policy *policy)
{
    policy->https_redirect = true;
    policy->target_bytes = 60000;
    policy->head_bytes = 65536;
}

/* A Location as long as a target may be, and a trusted peer's word that it was https. */
Test(exchange_changes, redirects_long_targets_and_believes_trusted_peers)
{
    struct front *front =
        front_start(&(struct front_options){ .tune = redirect_long, .trusts = true });
    size_t sizes[] = { 1, 1900, 2100, 14000, 14400, 59000 };
    char *text = calloc(1, 65536), *head = calloc(1, 70000), seen[2048], answer[2048];
    int client = -1;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        snprintf(text, 65536, "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", (int)sizes[i], 0);
        client = front_dial(front);
        peer_send(client, text);
        peer_head(client, head, 70000);
        cr_assert_eq(strtol(head + 9, NULL, 10), 308);
        cr_assert_eq(strcspn(strstr(head, "Location: ") + 10, "\r"),
                     strlen("https://a/") + sizes[i]);
        close(client);
    }
    pass(front, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https, http\r\n\r\n", seen, answer,
         sizeof seen);
    client = front_dial(front);
    peer_send(client, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: http\r\n\r\n");
    peer_answer(client, 308, NULL);
    close(client);
    front_stop(front);
    free(head);
    free(text);
}
