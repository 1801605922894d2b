/*
 * Tunnels through the real switch (A9, C4): WebSockets and raw upgrades, early bytes, half-closes, silence, ends of all
 * kinds, large transfers, and that neither a reload nor a switch touches them. Drains: test_tunnel_drain.c.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/demo_app.h"
#include "support/scene.h"
#include "support/swarm.h"

enum { WAIT_MS = 15000 };

#define ASK_WEB                                                                                    \
    "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"            \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define ASK_RAW "GET /raw HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
#define AGREE                                                                                      \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-App: 1\r\n\r\n"

static struct daemon *start_daemon(const char *blue, const char *green, const char *lines)
{
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop {\n slot blue { targets = { \"%s\" } }\n"
                              " slot green { targets = { \"%s\" } }\n"
                              " health { enabled = false }\n%s}\n",
                              blue, green, lines);
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });

    free(config);
    return daemon;
}

/* A daemon with scripts as its app server, for exact bytes. */
struct script_scene {
    struct origin *origin;
    struct daemon *daemon;
    struct client client;
};

static void open_script(struct script_scene *scene, const struct origin_act *acts,
                        const char *lines)
{
    scene->origin = origin_start("127.0.0.1:0");
    origin_play(scene->origin, acts);
    scene->daemon = start_daemon(origin_address(scene->origin), "127.0.0.1:9", lines);
    client_open(&scene->client, daemon_front(scene->daemon));
}

static void close_script(struct script_scene *scene)
{
    client_close(&scene->client);
    origin_drop_connections(scene->origin);
    STOP(scene->daemon);
    origin_stop(scene->origin);
}

static void expect_switched(struct client *client)
{
    struct reply reply = { 0 };

    cr_assert_eq(client_reply(client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_assert_eq(reply.status, 101, "status %d", reply.status);
    reply_fini(&reply);
}

/* Exactly these bytes come next. */
static void expect_bytes(struct client *client, const char *bytes, size_t size)
{
    uint64_t end_us = clock_monotonic_us() + (uint64_t)WAIT_MS * 1000;

    while (client->in.len - client->taken < size && clock_monotonic_us() < end_us)
        if (!client_pull(client, WAIT_MS))
            break;
    cr_assert_geq(client->in.len - client->taken, size, "only %zu bytes came",
                  client->in.len - client->taken);
    cr_assert_arr_eq(client->in.bytes + client->taken, bytes, size);
    client->taken += size;
}

#define EXPECT(client, literal) expect_bytes(client, literal, sizeof(literal) - 1)

/* The access line of the tunnel has these parts. */
static void expect_line(struct daemon *daemon, const char *uri, const char *const *parts)
{
    char *mark = mem_format("\"uri\":\"%s\"", uri);
    char *log = NULL;
    char *line = NULL;

    cr_assert(daemon_await_access(daemon, mark, WAIT_MS), "no line of %s", uri);
    log = daemon_access_log(daemon);
    line = strstr(log, mark);
    *strchrnul(line, '\n') = '\0';
    for (size_t i = 0; parts[i] != NULL; i++)
        cr_expect_not_null(strstr(line, parts[i]), "no %s in %s", parts[i], line);
    free(log);
    free(mark);
}

#define EXPECT_LINE(daemon, uri, ...)                                                              \
    expect_line(daemon, uri, (const char *const[]){ __VA_ARGS__, NULL })

Test(tunnel, websocket_echo_and_its_access_line)
{
    struct demo_app *blue = demo_app_start("blue");
    struct daemon *daemon = start_daemon(demo_app_address(blue), "127.0.0.1:9", "");
    struct client client;
    char *bytes = mem_format("\"bytes_in\":%zu,", strlen(ASK_WEB) + 43);

    client_open(&client, daemon_front(daemon));
    client_send_text(&client, ASK_WEB);
    expect_switched(&client);
    client_send(&client, "\x81\x85\0\0\0\0hello", 11);
    EXPECT(&client, "\x81\x05hello");
    client_send_bytewise(&client, "\x01\x82\0\0\0\0he\x89\x81\0\0\0\0p\x80\x83\0\0\0\0llo", 24);
    EXPECT(&client, "\x01\x02he\x8a\x01p\x80\x03llo");
    cr_expect_eq(daemon_metric(daemon, "switchyard_tunnels", "slot=\"blue\""), 1);
    cr_expect_eq(daemon_metric(daemon, "switchyard_http_requests_in_flight", ""), 1);
    client_send(&client, "\x88\x82\0\0\0\0\x03\xe8", 8);
    EXPECT(&client, "\x88\x02\x03\xe8");
    cr_expect(client_await_end(&client, WAIT_MS));
    client_close(&client);
    EXPECT_LINE(daemon, "/ws", "\"status\":101", "\"fault\":\"none\"", "\"slot\":\"blue\"",
                "\"epoch\":1,", bytes);
    free(bytes);
    cr_expect_eq(daemon_metric(daemon, "switchyard_tunnels", "slot=\"blue\""), 0);
    cr_expect_eq(daemon_metric(daemon, "switchyard_tunnels_total", "slot=\"blue\""), 1);
    cr_expect_eq(daemon_metric(daemon, "switchyard_tunnel_received_bytes_total", ""), 43);
    cr_expect_eq(daemon_metric(daemon, "switchyard_tunnel_sent_bytes_total", ""), 23);
    STOP(daemon);
    demo_app_stop(blue);
}

static const struct origin_act early[] = { ACT(HEAD),       ACT_SEND(AGREE "first"),
                                           ACT_BYTES(5),    ACT_SEND("second"),
                                           ACT(EVERYTHING), ACT_SEND("last"),
                                           ACT(END) };

/* What came behind the two heads is passed on, and the client's end is not the target's. */
Test(tunnel, early_bytes_and_half_close)
{
    struct script_scene scene;
    char *received = NULL;
    size_t size = 0;

    open_script(&scene, early, "");
    client_send_text(&scene.client, ASK_RAW "early");
    expect_switched(&scene.client);
    EXPECT(&scene.client, "firstsecond");
    client_send_text(&scene.client, "more");
    client_half_close(&scene.client);
    EXPECT(&scene.client, "last");
    cr_expect(client_await_end(&scene.client, WAIT_MS));
    received = origin_received(scene.origin, 0, &size);
    cr_expect(size > 9 && memcmp(received + size - 9, "earlymore", 9) == 0);
    free(received);
    EXPECT_LINE(scene.daemon, "/raw", "\"status\":101", "\"fault\":\"none\"");
    close_script(&scene);
}

static const struct origin_act shuts[] = { ACT(HEAD),       ACT_SEND(AGREE "bye"), ACT(SHUT),
                                           ACT(EVERYTHING), ACT_RAISE("heard"),    ACT(END) };

Test(tunnel, the_target_half_closes)
{
    struct script_scene scene;
    char *received = NULL;
    size_t size = 0;

    open_script(&scene, shuts, "");
    client_send_text(&scene.client, ASK_RAW);
    expect_switched(&scene.client);
    EXPECT(&scene.client, "bye");
    cr_expect(client_await_end(&scene.client, WAIT_MS));
    cr_expect(client_send_text(&scene.client, "but I go on"));
    client_half_close(&scene.client);
    cr_expect(origin_await(scene.origin, "heard", WAIT_MS));
    received = origin_received(scene.origin, 0, &size);
    cr_expect(size > 11 && memcmp(received + size - 11, "but I go on", 11) == 0);
    free(received);
    close_script(&scene);
}

static const struct origin_act silent[] = { ACT(HEAD), ACT_SEND(AGREE), ACT(EVERYTHING), ACT(END) };

Test(tunnel, silence_ends_it)
{
    struct script_scene scene;

    open_script(&scene, silent, "timeouts { tunnel = \"300ms\" }\n");
    client_send_text(&scene.client, ASK_RAW);
    expect_switched(&scene.client);
    cr_expect(client_await_end(&scene.client, WAIT_MS));
    EXPECT_LINE(scene.daemon, "/raw", "\"fault\":\"tunnel_idle\"", "\"status\":101");
    close_script(&scene);
}

static const struct origin_act cut[] = { ACT(HEAD), ACT_SEND(AGREE "\x81\x05he"), ACT(END) };
static const struct origin_act resets[] = { ACT(HEAD), ACT_SEND(AGREE "\x81\x05he"),
                                            ACT_AWAIT("now"), ACT(RESET) };

Test(tunnel, the_target_ends_in_the_middle_of_a_frame)
{
    struct script_scene scene;

    open_script(&scene, cut, "");
    client_send_text(&scene.client, ASK_RAW);
    expect_switched(&scene.client);
    EXPECT(&scene.client, "\x81\x05he");
    cr_expect(client_await_end(&scene.client, WAIT_MS));
    cr_expect(!scene.client.was_reset);
    close_script(&scene);

    open_script(&scene, resets, "");
    client_send_text(&scene.client, ASK_RAW);
    expect_switched(&scene.client);
    EXPECT(&scene.client, "\x81\x05he");
    origin_raise(scene.origin, "now");
    cr_expect(client_await_end(&scene.client, WAIT_MS));
    cr_expect(scene.client.was_reset, "a reset must not look like an end");
    EXPECT_LINE(scene.daemon, "/raw", "\"fault\":\"target_reset\"");
    close_script(&scene);
}

Test(tunnel, the_client_resets)
{
    struct script_scene scene;

    open_script(&scene, silent, "");
    client_send_text(&scene.client, ASK_RAW);
    expect_switched(&scene.client);
    client_reset(&scene.client);
    EXPECT_LINE(scene.daemon, "/raw", "\"fault\":\"client_gone\"");
    cr_expect(origin_await_open(scene.origin, 0, WAIT_MS), "the target was not told");
    client_open(&scene.client, daemon_front(scene.daemon));
    close_script(&scene);
}

/* Patterned bytes through a raw echo; what is in flight is bounded by the sockets and one buffer each way. */
Test(tunnel, large_transfer_and_its_count)
{
    size_t size = scene_scale(8, 256) << 20;
    struct demo_app *blue = demo_app_start("blue");
    struct daemon *daemon = start_daemon(demo_app_address(blue), "127.0.0.1:9", "");
    struct client client;
    char *part = mem_alloc(1 << 16);
    char *bytes = mem_format("\"bytes_in\":%zu,", strlen(ASK_RAW) + size);

    client_open(&client, daemon_front(daemon));
    client_send_text(&client, ASK_RAW);
    expect_switched(&client);
    for (size_t at = 0; at < size; at += 1 << 16) {
        for (size_t i = 0; i < 1 << 16; i++)
            part[i] = (char)((at >> 16) * 13 + i * 7);
        cr_assert(client_send(&client, part, 1 << 16));
        expect_bytes(&client, part, 1 << 16);
        text_clear(&client.in);
        client.taken = 0;
    }
    cr_expect_eq((size_t)daemon_metric(daemon, "switchyard_tunnel_received_bytes_total", ""), size);
    client_half_close(&client);
    cr_expect(client_await_end(&client, WAIT_MS));
    client_close(&client);
    EXPECT_LINE(daemon, "/raw", "\"fault\":\"none\"", "\"status\":101", bytes);
    free(bytes);
    free(part);
    STOP(daemon);
    demo_app_stop(blue);
}

static const struct origin_act floods[] = { ACT(HEAD), ACT_SEND(AGREE), ACT_FILL(256u << 20),
                                            ACT_RAISE("all sent"), ACT(END) };

/* A client that reads nothing: the target is stopped, and memory stays flat. */
Test(tunnel, a_slow_reader)
{
    struct script_scene scene;
    long before = 0;

    open_script(&scene, floods, "");
    before = scene_rss_kib(daemon_pid(scene.daemon));
    client_send_text(&scene.client, ASK_RAW);
    cr_expect(!origin_await(scene.origin, "all sent", 1000), "256 MiB went nowhere");
    if (!scene_is_sanitized())
        cr_expect_lt(scene_rss_kib(daemon_pid(scene.daemon)) - before, 4096);
    close_script(&scene);
}

/* Many open ones see a reload, a switch there and back, and are never touched. */
Test(tunnel, reloads_and_switches_close_nothing)
{
    unsigned count =
        (unsigned)scene_scale(500, 9000); /* three descriptors each, 20000 in one process */
    unsigned rounds = (unsigned)scene_scale(2, 20);
    struct demo_app *blue = NULL;
    struct demo_app *green = NULL;
    struct daemon *daemon = NULL;
    struct swarm *swarm = NULL;
    struct swarm *later = NULL;

    swarm_raise_limit();
    blue = demo_app_start("blue");
    green = demo_app_start("green");
    daemon = start_daemon(demo_app_address(blue), demo_app_address(green),
                          "drain { tunnels = \"never\" }\n");
    swarm = swarm_open(daemon_front(daemon), "blue", count, false);
    cr_expect_eq(swarm_echo(swarm, WAIT_MS), count);
    for (unsigned i = 0; i < rounds; i++) {
        cr_expect_eq(ctl_code(daemon, "switch shop --to green"), 0);
        cr_expect_eq(ctl_code(daemon, "reload"), 0);
        if (i == 0)
            later = swarm_open(daemon_front(daemon), "green", 20, true);
        cr_expect_eq(swarm_echo(swarm, WAIT_MS), count, "round %u", i);
        cr_expect_eq(swarm_echo(later, WAIT_MS), 20);
        cr_expect_eq(ctl_code(daemon, "wait drained shop/blue --timeout 100ms"), 4,
                     "%u tunnels are with blue", count);
        cr_expect_eq(ctl_code(daemon, "switch shop --to blue"), 0);
    }
    cr_expect_eq(swarm_echo(swarm, WAIT_MS), count);
    cr_expect_eq(swarm_broken(swarm) + swarm_broken(later), 0);
    cr_expect_eq(daemon_metric(daemon, "switchyard_tunnels", "slot=\"blue\""), count);
    cr_expect_eq(daemon_metric(daemon, "switchyard_tunnels", "slot=\"green\""), 20);
    swarm_free(swarm);
    swarm_free(later);
    cr_expect_eq(ctl_code(daemon, "wait drained shop/green --timeout 10s"), 0);
    STOP(daemon);
    demo_app_stop(blue);
    demo_app_stop(green);
}

/* SIGTERM: they live until shutdown.requests, then a Close 1001 between frames, then the end. */
Test(tunnel, the_switch_stops)
{
    struct demo_app *blue = demo_app_start("blue");
    struct daemon *daemon = NULL;
    struct swarm *web = NULL;
    struct swarm *raw = NULL;
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "shutdown { requests = \"2s\" }\n"
                              "service shop {\n slot blue { targets = { \"%s\" } }\n"
                              " health { enabled = false }\n}\n",
                              demo_app_address(blue));
    uint64_t asked_us = 0;
    int status = -1;

    daemon = daemon_start(&(struct daemon_options){ .config = config, .keeps_descriptors = true });
    web = swarm_open(daemon_front(daemon), "blue", 20, false);
    raw = swarm_open(daemon_front(daemon), "blue", 20, true);
    asked_us = clock_monotonic_us();
    daemon_signal(daemon, SIGTERM);
    cr_expect(daemon_await_log(daemon, "draining=", WAIT_MS));
    cr_expect_eq(swarm_echo(web, WAIT_MS), 20);
    cr_expect_eq(swarm_echo(raw, WAIT_MS), 20);
    cr_expect_eq(swarm_watch(web, 0, WAIT_MS), 0);
    cr_expect_eq(swarm_watch(raw, 0, WAIT_MS), 0);
    for (unsigned i = 0; i < 20; i++) {
        cr_expect_eq(swarm_look(web, i)->close_code, 1001);
        cr_expect(swarm_look(web, i)->close_us - asked_us >= 2000000, "too early");
        cr_expect(swarm_look(raw, i)->end_us - asked_us >= 2000000, "too early");
    }
    cr_expect_eq(swarm_broken(web) + swarm_broken(raw), 0);
    cr_expect(daemon_await_exit(daemon, WAIT_MS, &status));
    cr_expect_eq(status, 0);
    daemon_restart(daemon);
    swarm_free(web);
    swarm_free(raw);
    free(config);
    STOP(daemon);
    demo_app_stop(blue);
}
