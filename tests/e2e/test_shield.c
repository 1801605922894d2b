/* A candidate that fails while everybody is routed to it: with the shield no client sees it, and all is counted. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/origin.h"

enum { WAIT_MS = 10000, ASKED = 20 };

#define GET  "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define POST "POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"

static const struct origin_act fails[] = {
    ACT(REQUEST), ACT_SEND("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nsick"),
    ACT(AGAIN)
};

struct scene {
    struct origin *blue;
    struct origin *green;
    struct daemon *daemon;
    struct client client;
};

static void open_scene(struct scene *scene, const char *canary, const char *retry)
{
    char *config = NULL;
    struct ctl_result result;

    scene->blue = origin_start("127.0.0.1:0");
    scene->green = origin_start("127.0.0.1:0");
    origin_play(scene->green, fails);
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n"
                        "    health { enabled = false }\n"
                        "    slot blue { targets = { \"%s\" } }\n"
                        "    slot green { targets = { \"%s\" } }\n"
                        "    canary { key = { \"client-ip\" } %s }\n    retry { %s }\n}\n",
                        origin_address(scene->blue), origin_address(scene->green), canary, retry);
    scene->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
    result = ctl_run(scene->daemon, "canary start shop --to green 100% --force --reason test");
    cr_assert_eq(result.code, 0, "%s%s", result.out, result.err);
    ctl_free(&result);
    client_open(&scene->client, daemon_front(scene->daemon));
}

static void close_scene(struct scene *scene)
{
    client_close(&scene->client);
    origin_drop_connections(scene->blue);
    origin_drop_connections(scene->green);
    STOP(scene->daemon);
    origin_stop(scene->blue);
    origin_stop(scene->green);
}

static int ask(struct scene *scene, const char *request)
{
    struct reply reply = { 0 };
    int status = 0;

    cr_assert(client_send_text(&scene->client, request));
    cr_assert_eq(client_reply(&scene->client, false, WAIT_MS, &reply), REPLY_WHOLE);
    status = reply.status;
    reply_fini(&reply);
    return status;
}

static double metric(const struct scene *scene, const char *name, const char *part)
{
    return daemon_metric(scene->daemon, name, part);
}

Test(shield, no_client_sees_the_candidate_fail)
{
    struct scene scene;

    open_scene(&scene, "shield = true", "");
    for (unsigned i = 0; i < ASKED; i++)
        cr_expect_eq(ask(&scene, GET), 200);
    cr_expect_eq(origin_requests(scene.green), ASKED);
    cr_expect_eq(origin_requests(scene.blue), ASKED);
    cr_expect(daemon_await_idle(scene.daemon, WAIT_MS));
    cr_expect_eq(metric(&scene, "switchyard_shielded_total", ""), ASKED);
    cr_expect_eq(metric(&scene, "switchyard_slot_shielded_total", "slot=\"green\""), ASKED);
    cr_expect_eq(metric(&scene, "switchyard_http_requests_total",
                        "slot=\"green\",method=\"GET\",code=\"503\""),
                 ASKED);
    cr_expect(daemon_await_access(scene.daemon, "\"rule\":\"shield\"", WAIT_MS));
    /* what may have had an effect is not sent again */
    cr_expect_eq(ask(&scene, POST), 503);
    cr_expect_eq(origin_requests(scene.blue), ASKED);
    close_scene(&scene);
}

Test(shield, a_candidate_that_refuses_connections)
{
    struct scene scene;

    open_scene(&scene, "shield = true", "attempts = 1");
    origin_down(scene.green);
    for (unsigned i = 0; i < ASKED; i++)
        cr_expect_eq(ask(&scene, GET), 200);
    cr_expect_eq(origin_requests(scene.blue), ASKED);
    cr_expect_eq(metric(&scene, "switchyard_slot_shielded_total", "slot=\"green\""), ASKED);
    origin_up(scene.green);
    close_scene(&scene);
}

Test(shield, not_unless_asked_for)
{
    struct scene scene;

    open_scene(&scene, "", "");
    cr_expect_eq(ask(&scene, GET), 503);
    cr_expect_eq(origin_requests(scene.blue), 0);
    cr_expect_eq(metric(&scene, "switchyard_shielded_total", ""), 0);
    close_scene(&scene);
}

/* The floor of ten attempts, and nothing more of what nothing was left. */
Test(shield, no_further_than_the_budget)
{
    struct scene scene;
    unsigned good = 0;

    open_scene(&scene, "shield = true", "budget = \"0%\"");
    for (unsigned i = 0; i < ASKED; i++)
        good += ask(&scene, GET) == 200;
    /* one connection is one worker; a window may end in between */
    cr_expect(good >= 10 && good < ASKED, "%u", good);
    cr_expect_eq(metric(&scene, "switchyard_retry_budget_exhausted_total", ""), ASKED - good);
    close_scene(&scene);
}
