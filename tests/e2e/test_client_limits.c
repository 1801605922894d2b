/* What one client address may ask for: requests per second of a service, connections of a listener. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/origin.h"

enum { WAIT_MS = 10000 };

#define GET "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"

struct scene {
    struct origin *origin;
    struct daemon *daemon;
};

static char *config_of(const struct scene *scene, const char *listener, const char *service)
{
    return mem_format("listener http { bind = \"127.0.0.1:0\" %s }\nservice shop {\n"
                      "    health { enabled = false }\n    slot blue { targets = { \"%s\" } }\n"
                      "    slot green { targets = { \"127.0.0.1:1\" } }\n%s}\n",
                      listener, origin_address(scene->origin), service);
}

static void open_scene(struct scene *scene, const char *listener, const char *service)
{
    char *config = NULL;

    scene->origin = origin_start("127.0.0.1:0");
    config = config_of(scene, listener, service);
    scene->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
}

static void close_scene(struct scene *scene)
{
    origin_drop_connections(scene->origin);
    STOP(scene->daemon);
    origin_stop(scene->origin);
}

/* The status of the next answer; a 429 says when to come again. */
static int hear(struct client *client)
{
    struct reply reply = { 0 };
    int status = 0;

    cr_assert_eq(client_reply(client, false, WAIT_MS, &reply), REPLY_WHOLE);
    status = reply.status;
    if (status == 429)
        cr_expect(slice_is_equal(reply_value(&reply, "Retry-After"), SLICE("1")));
    reply_fini(&reply);
    return status;
}

/* Two connections, that is maybe two workers: the client is one. */
Test(client_limits, requests_per_second)
{
    struct scene scene;
    struct client clients[2];
    unsigned limited = 0;

    open_scene(&scene, "", "    limits { client_rate = 1  client_burst = 3 }\n");
    for (unsigned i = 0; i < 2; i++)
        client_open(&clients[i], daemon_front(scene.daemon));
    for (unsigned i = 0; i < 20; i++) {
        int status = 0;

        cr_assert(client_send_text(&clients[i % 2], GET));
        status = hear(&clients[i % 2]);
        cr_expect(status == 200 || status == 429, "%d", status);
        cr_expect(i >= 3 || status == 200);
        limited += status == 429;
    }
    cr_expect(limited > 0);
    cr_expect_eq(origin_requests(scene.origin), 20 - limited);
    cr_expect_eq(daemon_metric(scene.daemon, "switchyard_limited_total", ""), limited);
    cr_expect(daemon_await_access(scene.daemon, "\"fault\":\"client_limited\"", WAIT_MS));
    for (unsigned i = 0; i < 2; i++)
        client_close(&clients[i]);
    close_scene(&scene);
}

/* Over all workers, also after the number was changed by a reload. */
Test(client_limits, connections)
{
    struct scene scene;
    struct client clients[4];
    char *config = NULL;

    open_scene(&scene, "client_connections = 2", "");
    for (unsigned i = 0; i < 3; i++) {
        client_open(&clients[i], daemon_front(scene.daemon));
        cr_assert(client_send_text(&clients[i], GET));
        cr_expect_eq(hear(&clients[i]), i < 2 ? 200 : 429);
    }
    cr_expect(client_await_end(&clients[2], WAIT_MS));
    client_close(&clients[2]);
    config = config_of(&scene, "client_connections = 3", "");
    daemon_set_config(scene.daemon, config);
    cr_assert_eq(ctl_code(scene.daemon, "reload"), 0);
    for (unsigned i = 2; i < 4; i++) {
        client_open(&clients[i], daemon_front(scene.daemon));
        cr_assert(client_send_text(&clients[i], GET));
        cr_expect_eq(hear(&clients[i]), i < 3 ? 200 : 429);
    }
    for (unsigned i = 0; i < 4; i++)
        client_close(&clients[i]);
    free(config);
    close_scene(&scene);
}
