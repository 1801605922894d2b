/* What a slot and its targets are given at a time: limits, the queue before them, and what is refused. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/origin.h"
#include "support/scene.h"

enum { WAIT_MS = 10000 };

#define GET_JSON "GET /a HTTP/1.1\r\nHost: a.test\r\nAccept: application/json\r\n\r\n"
#define OK_2     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* Each request is answered when the test says so, once. */
static const struct origin_act first_waits[] = { ACT(REQUEST), ACT_AWAIT("go"), ACT_SEND(OK_2),
                                                 ACT(AGAIN) };

struct scene {
    struct origin *origin;
    struct daemon *daemon;
};

static void open_scene(struct scene *scene, const char *target_words, const char *slot_lines)
{
    char *config = NULL;

    scene->origin = origin_start("127.0.0.1:0");
    origin_play(scene->origin, first_waits);
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n"
                        "    health { enabled = false }\n    slot blue {\n"
                        "        targets = { \"%s%s\" }\n%s    }\n"
                        "    slot green { targets = { \"127.0.0.1:1\" } }\n}\n",
                        origin_address(scene->origin), target_words, slot_lines);
    scene->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
}

static void close_scene(struct scene *scene)
{
    origin_drop_connections(scene->origin);
    STOP(scene->daemon);
    origin_stop(scene->origin);
}

struct wanted {
    const struct daemon *daemon;
    double value;
};

static bool is_queued(void *arg)
{
    const struct wanted *wanted = arg;

    return daemon_metric(wanted->daemon, "switchyard_queue_length", "slot=\"blue\"") ==
           wanted->value;
}

static void await_queued(const struct daemon *daemon, double value)
{
    cr_assert(scene_await(is_queued, &(struct wanted){ daemon, value }, WAIT_MS));
}

static void ask(struct client *client, const struct scene *scene)
{
    client_open(client, daemon_front(scene->daemon));
    cr_assert(client_send_text(client, GET_JSON));
}

static int hear(struct client *client, const char *part)
{
    struct reply reply = { 0 };
    int status = 0;

    cr_assert_eq(client_reply(client, false, WAIT_MS, &reply), REPLY_WHOLE);
    status = reply.status;
    cr_expect_not_null(strstr(reply.body.bytes, part), "%s", reply.body.bytes);
    if (status == 503)
        cr_expect_not_null(reply_value(&reply, "Retry-After").ptr);
    reply_fini(&reply);
    return status;
}

/* One in flight, two in the queue of all workers, the rest refused; then one after the other. */
static void run_queue(const char *target_words, const char *slot_lines, const char *fault)
{
    struct scene scene;
    struct client clients[5];

    open_scene(&scene, target_words, slot_lines);
    ask(&clients[0], &scene);
    cr_assert(origin_await_requests(scene.origin, 1, WAIT_MS));
    for (unsigned i = 1; i < 3; i++) {
        ask(&clients[i], &scene);
        await_queued(scene.daemon, i);
    }
    for (unsigned i = 3; i < 5; i++) {
        ask(&clients[i], &scene);
        cr_expect_eq(hear(&clients[i], fault), 503);
    }
    cr_expect_eq(origin_requests(scene.origin), 1);
    cr_expect_eq(daemon_metric(scene.daemon, "switchyard_queue_rejected_total", "blue"), 2);
    origin_raise(scene.origin, "go");
    for (unsigned i = 0; i < 3; i++)
        cr_expect_eq(hear(&clients[i], "ok"), 200);
    await_queued(scene.daemon, 0);
    for (unsigned i = 0; i < 5; i++)
        client_close(&clients[i]);
    close_scene(&scene);
}

Test(circuit, requests_of_a_slot)
{
    run_queue("", "        max_requests = 1\n        queue = 2\n        queue_timeout = \"60s\"\n",
              "\"slot_busy\"");
}

Test(circuit, requests_of_a_target)
{
    run_queue(" max=1",
              "        max_requests = 100\n        queue = 2\n        queue_timeout = \"60s\"\n",
              "\"target_busy\"");
}

Test(circuit, connections_of_a_target)
{
    run_queue(" max_connections=1",
              "        max_requests = 100\n        queue = 2\n        queue_timeout = \"60s\"\n",
              "\"target_busy\"");
}

Test(circuit, no_longer_than_the_timeout)
{
    struct scene scene;
    struct client clients[2];

    open_scene(&scene, "",
               "        max_requests = 1\n        queue = 5\n        queue_timeout = \"50ms\"\n");
    ask(&clients[0], &scene);
    cr_assert(origin_await_requests(scene.origin, 1, WAIT_MS));
    ask(&clients[1], &scene);
    cr_expect_eq(hear(&clients[1], "\"slot_busy\""), 503);
    origin_raise(scene.origin, "go");
    cr_expect_eq(hear(&clients[0], "ok"), 200);
    client_close(&clients[0]);
    client_close(&clients[1]);
    close_scene(&scene);
}

Test(circuit, no_queue_unless_asked_for)
{
    struct scene scene;
    struct client clients[2];

    open_scene(&scene, "", "        max_requests = 1\n");
    ask(&clients[0], &scene);
    cr_assert(origin_await_requests(scene.origin, 1, WAIT_MS));
    ask(&clients[1], &scene);
    cr_expect_eq(hear(&clients[1], "\"slot_busy\""), 503);
    origin_raise(scene.origin, "go");
    cr_expect_eq(hear(&clients[0], "ok"), 200);
    client_close(&clients[0]);
    client_close(&clients[1]);
    close_scene(&scene);
}
