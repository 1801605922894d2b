/* What `show evidence` says after everything that can become of a request, to the last one. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/origin.h"
#include "support/scene.h"

enum { WAIT_MS = 10000 };

#define GET "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define OK  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define UPGRADE                                                                                    \
    "GET /a HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"             \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define SWITCHING                                                                                  \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

struct scene {
    struct origin *blue;
    struct origin *green;
    struct daemon *daemon;
};

static void open_scene(struct scene *scene, const char *lines)
{
    char *config = NULL;

    scene->blue = origin_start("127.0.0.1:0");
    scene->green = origin_start("127.0.0.1:0");
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n"
                        "    health { enabled = false }\n"
                        "    slot blue { targets = { \"%s\" } }\n"
                        "    slot green { targets = { \"%s\" } }\n%s}\n",
                        origin_address(scene->blue), origin_address(scene->green), lines);
    scene->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
}

static void close_scene(struct scene *scene)
{
    origin_drop_connections(scene->blue);
    origin_drop_connections(scene->green);
    STOP(scene->daemon);
    origin_stop(scene->blue);
    origin_stop(scene->green);
}

/* Of the slot, by name; -1: there is none. */
static double ask(const struct scene *scene, const char *slot, const char *member)
{
    cJSON *json = NULL;
    const cJSON *row = NULL;
    double value = -1;
    int code = -1;

    json = ctl_json(scene->daemon, "show evidence shop", &code);
    cr_assert_eq(code, 0);
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(cJSON_GetObjectItem(json, "result"), "evidence"))
    {
        const cJSON *number = cJSON_GetObjectItem(row, member);

        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(row, "slot")), slot) == 0 &&
            cJSON_IsNumber(number))
            value = cJSON_GetNumberValue(number);
    }
    cJSON_Delete(json);
    return value;
}

static bool expect(struct scene *scene, const char *slot, unsigned n, unsigned e, const char *what)
{
    double requests = 0;
    double errors = 0;

    cr_expect(daemon_await_idle(scene->daemon, WAIT_MS), "%s: still in flight", what);
    requests = ask(scene, slot, "requests");
    errors = ask(scene, slot, "errors");
    cr_expect(requests == n && errors == e, "%s: %s has %.0f/%.0f instead of %u/%u", what, slot,
              errors, requests, e, n);
    return requests == n && errors == e;
}

/* One request on a connection of its own; 0: cut short, or nothing. */
static int status_of(struct scene *scene, const char *request)
{
    struct client client;
    struct reply reply = { 0 };
    int status = 0;

    client_open(&client, daemon_front(scene->daemon));
    cr_assert(client_send_text(&client, request));
    if (client_reply(&client, false, WAIT_MS, &reply) == REPLY_WHOLE && !reply.truncated)
        status = reply.status;
    reply_fini(&reply);
    client_close(&client);
    return status;
}

/* What the app server does with a request, what the client sees of it, and what is counted. */
struct ending {
    const char *what;
    struct origin_act acts[4]; /* ACT(END) is zero */
    const char *request;       /* NULL: GET */
    int status;                /* 0: a response that is cut short */
    unsigned n;
    unsigned e;
};

static const struct ending endings[] = {
    { "200", { ACT(REQUEST), ACT_SEND(OK) }, NULL, 200, 1, 0 },
    { "404",
      { ACT(REQUEST), ACT_SEND("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") },
      NULL,
      404,
      1,
      0 },
    { "500",
      { ACT(REQUEST), ACT_SEND("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n") },
      NULL,
      500,
      1,
      1 },
    { "interim and 200",
      { ACT(REQUEST), ACT_SEND("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK) },
      NULL,
      -1,
      1,
      0 },
    { "closed before an answer", { ACT(REQUEST), ACT(END) }, NULL, 502, 1, 1 },
    { "reset in the head",
      { ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Le"), ACT(RESET) },
      NULL,
      502,
      1,
      1 },
    { "no HTTP", { ACT(REQUEST), ACT_SEND("hello\r\n\r\n") }, NULL, 502, 1, 1 },
    { "closed in the body",
      { ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), ACT(END) },
      NULL,
      0,
      1,
      1 },
    { "reset in the body",
      { ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        ACT(RESET) },
      NULL,
      0,
      1,
      1 },
    { "a bad chunk",
      { ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") },
      NULL,
      0,
      1,
      1 },
    { "switched without being asked", { ACT(REQUEST), ACT_SEND(SWITCHING) }, NULL, 502, 1, 1 },
    { "silent for too long", { ACT(REQUEST), ACT_AWAIT("never") }, NULL, 504, 1, 1 },
    { "too large for us",
      { ACT(END) },
      "POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2000\r\n\r\n",
      413,
      0,
      0 },
    { "asks for a preview",
      { ACT(REQUEST), ACT_SEND("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n") },
      "GET /a HTTP/1.1\r\nHost: a.test\r\nX-Preview: blue\r\n\r\n",
      500,
      0,
      0 },
};

Test(evidence, every_ending_is_counted_as_what_it_is)
{
    struct scene scene;
    unsigned n = 0;
    unsigned e = 0;

    open_scene(&scene, "    retry { attempts = 0 }\n    limits { body = 1k }\n"
                       "    pool { idle = 0 }\n    timeouts { response = \"1s\" }\n"
                       "    preview { header = \"X-Preview\" from = { \"127.0.0.0/8\" } }\n");
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        const struct ending *one = &endings[i];
        int status = 0;

        origin_clear(scene.blue);
        origin_play(scene.blue, one->acts);
        status = status_of(&scene, one->request != NULL ? one->request : GET);
        if (one->status >= 0)
            cr_expect_eq(status, one->status, "%s: %d", one->what, status);
        n += one->n;
        e += one->e;
        if (!expect(&scene, "blue", n, e, one->what))
            break;
    }
    origin_down(scene.blue);
    cr_expect_eq(status_of(&scene, GET), 502);
    expect(&scene, "blue", n + 1, e + 1, "refused");
    origin_up(scene.blue);
    cr_expect_eq(ctl_code(scene.daemon, "maint on shop"), 0);
    cr_expect_eq(status_of(&scene, GET), 503);
    expect(&scene, "blue", n + 1, e + 1, "maintenance");
    expect(&scene, "green", 0, 0, "never asked");
    cr_expect_eq(daemon_metric(scene.daemon, "switchyard_evidence_requests_total", "slot=\"blue\""),
                 n + 1);
    cr_expect_eq(daemon_metric(scene.daemon, "switchyard_evidence_errors_total", "slot=\"blue\""),
                 e + 1);
    cr_expect_geq(ask(&scene, "blue", "p99_us"), ask(&scene, "blue", "p50_us"));
    cr_expect_gt(ask(&scene, "blue", "p50_us"), 0);
    cr_expect_gt(ask(&scene, "blue", "mean_us"), 0);
    cr_expect_eq(ask(&scene, "green", "mean_us"), -1, "nothing has a mean");
    close_scene(&scene);
}

static const struct origin_act waits_first[] = { ACT(REQUEST), ACT_RAISE("asked"), ACT_AWAIT("go"),
                                                 ACT_SEND(OK), ACT(AGAIN) };
static const struct origin_act waits_inside[] = {
    ACT(REQUEST), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), ACT_AWAIT("go"),
    ACT(END)
};

/* Whose connection breaks is whose doing it is. */
Test(evidence, a_client_that_goes_says_nothing)
{
    struct scene scene;
    struct client client;

    open_scene(&scene, "");
    origin_play(scene.blue, waits_first);
    client_open(&client, daemon_front(scene.daemon));
    cr_assert(client_send_text(&client, GET));
    cr_assert(origin_await(scene.blue, "asked", WAIT_MS));
    client_reset(&client);
    expect(&scene, "blue", 0, 0, "gone before an answer");
    origin_clear(scene.blue);
    origin_play(scene.blue, waits_inside);
    client_open(&client, daemon_front(scene.daemon));
    cr_assert(client_send_text(&client, GET));
    cr_assert(client_pull(&client, WAIT_MS));
    client_reset(&client);
    expect(&scene, "blue", 0, 0, "gone in the body");
    origin_raise(scene.blue, "go");
    close_scene(&scene);
}

static bool is_hung(void *arg)
{
    return ask(arg, "blue", "in_flight_too_long") == 1;
}

Test(evidence, what_hangs_is_counted_while_it_does_and_not_again)
{
    struct scene scene;
    struct client client;
    struct reply reply = { 0 };

    open_scene(&scene, "    evidence { inflight_error = \"100ms\" }\n");
    origin_play(scene.blue, waits_first);
    client_open(&client, daemon_front(scene.daemon));
    cr_assert(client_send_text(&client, GET));
    cr_assert(scene_await(is_hung, &scene, WAIT_MS));
    cr_expect_eq(ask(&scene, "blue", "requests"), 1);
    cr_expect_eq(ask(&scene, "blue", "errors"), 1);
    origin_raise(scene.blue, "go");
    cr_expect_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 200);
    reply_fini(&reply);
    client_close(&client);
    expect(&scene, "blue", 1, 1, "it has ended");
    cr_expect_eq(daemon_metric(scene.daemon, "switchyard_evidence_stalled_total", "slot=\"blue\""),
                 1);
    close_scene(&scene);
}

static const struct origin_act becomes_a_tunnel[] = { ACT(HEAD), ACT_SEND(SWITCHING),
                                                      ACT(EVERYTHING), ACT(END) };

Test(evidence, a_tunnel_counts_with_its_handshake)
{
    struct scene scene;
    struct client client;
    struct reply reply = { 0 };

    open_scene(&scene, "    evidence { inflight_error = \"100ms\" }\n");
    origin_play(scene.blue, becomes_a_tunnel);
    client_open(&client, daemon_front(scene.daemon));
    cr_assert(client_send_text(&client, UPGRADE));
    cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_assert_eq(reply.status, 101);
    reply_fini(&reply);
    cr_expect_eq(ask(&scene, "blue", "requests"), 1);
    client_reset(&client);
    expect(&scene, "blue", 1, 0, "broken off later");
    close_scene(&scene);
}

static const struct origin_act fails[] = {
    ACT(REQUEST), ACT_SEND("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nsick"),
    ACT(AGAIN)
};

/* The shield hides the failure from the client, not from the judgement. */
Test(evidence, a_shielded_request_is_the_candidates_error_alone)
{
    struct scene scene;

    open_scene(&scene, "    canary { key = { \"client-ip\" } shield = true }\n");
    cr_assert_eq(ctl_code(scene.daemon, "canary start shop --to green 100% --force --reason test"),
                 0);
    origin_play(scene.green, fails);
    for (unsigned i = 0; i < 5; i++)
        cr_expect_eq(status_of(&scene, GET), 200);
    expect(&scene, "green", 5, 5, "503");
    origin_down(scene.green);
    cr_expect_eq(status_of(&scene, GET), 200);
    expect(&scene, "green", 6, 6, "refused");
    expect(&scene, "blue", 0, 0, "asked in its place");
    origin_up(scene.green);
    close_scene(&scene);
}

/* Two targets, one of which refuses: every other request needs a second attempt, and each counts once. */
Test(evidence, an_attempt_that_was_made_good_is_no_error)
{
    struct scene scene;
    char *words = NULL;

    open_scene(&scene, "    retry { attempts = 1 }\n");
    words =
        mem_format("target add shop/blue %s --force --reason test", origin_address(scene.green));
    cr_assert_eq(ctl_code(scene.daemon, words), 0);
    free(words);
    origin_down(scene.blue);
    for (unsigned i = 0; i < 6; i++)
        cr_expect_eq(status_of(&scene, GET), 200);
    expect(&scene, "blue", 6, 0, "one of two refuses");
    cr_expect_gt(daemon_metric(scene.daemon, "switchyard_retries_total", "slot=\"blue\""), 0);
    origin_down(scene.green);
    cr_expect_eq(status_of(&scene, GET), 502);
    expect(&scene, "blue", 7, 1, "both refuse");
    origin_up(scene.green);
    origin_up(scene.blue);
    close_scene(&scene);
}

Test(evidence, nothing_is_counted_when_it_is_off)
{
    struct scene scene;

    open_scene(&scene, "    evidence { enabled = false }\n");
    cr_expect_eq(status_of(&scene, GET), 200);
    expect(&scene, "blue", 0, 0, "off");
    close_scene(&scene);
}
