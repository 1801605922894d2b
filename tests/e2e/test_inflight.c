/*
 * R3: what is in flight when the switch comes finishes where it began: long downloads and uploads on blue
 * complete byte for byte while new requests are served by green and their latency stays flat.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { WAIT_MS = 15000, DOWNLOADS = 50, UPLOADS = 20, SIZE = 1 << 20 };

#define DOWN "GET /down HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define UP   "POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1048576\r\n\r\n"

static const struct origin_act download[] = {
    ACT(HEAD),
    ACT_SEND("HTTP/1.1 200 OK\r\nX-Slot: blue\r\nContent-Length: 1048576\r\n\r\nxxxxxxxxxx"),
    ACT_AWAIT("rest"), ACT_FILL(SIZE - 10), ACT(END)
};
static const struct origin_act upload[] = {
    ACT(HEAD), ACT_BYTES(SIZE),
    ACT_SEND("HTTP/1.1 200 OK\r\nX-Slot: blue\r\nContent-Length: 4\r\n\r\ndone"), ACT(END)
};

static struct daemon *start(struct origin *blue, struct origin_auto *green, const char *lines)
{
    char *config =
        mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                   "service shop {\n slot blue { targets = { \"%s\" } }\n"
                   " slot green { targets = { \"%s\" } }\n health { enabled = false }\n%s}\n",
                   origin_address(blue), origin_auto_address(green), lines);
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });

    free(config);
    return daemon;
}

static void expect_whole(struct client *client, int index)
{
    struct reply reply = { 0 };

    cr_expect_eq(client_reply(client, false, WAIT_MS, &reply), REPLY_WHOLE, "number %d", index);
    cr_expect_eq(reply.status, 200, "number %d: status %d", index, reply.status);
    cr_expect(!reply.truncated, "number %d was cut short", index);
    cr_expect(slice_is_equal(reply_value(&reply, "X-Slot"), SLICE("blue")));
    reply_fini(&reply);
    client_close(client);
}

Test(inflight, downloads_and_uploads_finish_where_they_began)
{
    struct origin *blue = origin_start("127.0.0.1:0");
    struct origin_auto *green = origin_auto_start("127.0.0.1:0", "green", 1000);
    struct daemon *daemon = start(blue, green, "drain { requests = \"40s\" }\n");
    struct client *downs = mem_zalloc(DOWNLOADS * sizeof *downs);
    struct client *ups = mem_zalloc(UPLOADS * sizeof *ups);
    char *half = mem_zalloc(SIZE / 2);
    struct load *load = NULL;

    for (int i = 0; i < DOWNLOADS; i++)
        origin_play(blue, download);
    for (int i = 0; i < DOWNLOADS; i++) {
        client_open(&downs[i], daemon_front(daemon));
        client_send_text(&downs[i], DOWN);
        cr_assert(client_pull(&downs[i], WAIT_MS), "download %d did not begin", i);
    }
    origin_play(blue, NULL);
    origin_play(blue, upload);
    for (int i = 0; i < UPLOADS; i++) {
        client_open(&ups[i], daemon_front(daemon));
        client_send_text(&ups[i], UP);
        cr_assert(client_send(&ups[i], half, SIZE / 2));
    }
    cr_assert(origin_await_connections(blue, DOWNLOADS + UPLOADS, WAIT_MS));
    cr_assert_eq(ctl_code(daemon, "switch shop --to green"), 0);
    load = load_start(&(struct load_options){ .front = daemon_front(daemon),
                                              .keep_alive = 16,
                                              .one_shot = 4,
                                              .rate = 1000,
                                              .max_requests = 1000,
                                              .seed = 31 });
    cr_expect_eq(ctl_code(daemon, "wait drained shop/blue --timeout 200ms"), 4,
                 "blue cannot be drained yet");
    cr_expect(load_await_end(load, 30000));
    origin_raise(blue, "rest");
    for (int i = 0; i < UPLOADS; i++)
        cr_expect(client_send(&ups[i], half, SIZE / 2), "upload %d was cut off", i);
    for (int i = 0; i < DOWNLOADS; i++)
        expect_whole(&downs[i], i);
    for (int i = 0; i < UPLOADS; i++)
        expect_whole(&ups[i], DOWNLOADS + i);
    load_finish(load);
    cr_expect_eq(load_failed(load), 0);
    cr_expect_eq(load_wrong_slots(load, &(struct load_switch){ 0, 0, LOAD_SLOT_GREEN }, 1), 0);
    cr_expect_eq(ctl_code(daemon, "wait drained shop/blue --timeout 10s"), 0);
    load_free(load);
    free(half);
    free(downs);
    free(ups);
    origin_drop_connections(origin_auto_origin(green));
    STOP(daemon);
    origin_stop(blue);
    origin_auto_stop(green);
}

/* A switch never cuts; a target that is taken away has until drain.requests to finish, and only then is cut off. */
Test(inflight, removed_target_has_a_deadline)
{
    struct origin *blue = origin_start("127.0.0.1:0");
    struct origin_auto *green = origin_auto_start("127.0.0.1:0", "green", 0);
    struct daemon *daemon = start(blue, green, "drain { requests = \"1s\" }\n");
    char *remove = mem_format("target remove shop/blue/%s", origin_address(blue));
    struct client client;
    struct reply reply = { 0 };
    uint64_t removed = 0;
    size_t before = 0;

    origin_play(blue, download);
    client_open(&client, daemon_front(daemon));
    client_send_text(&client, DOWN);
    cr_assert(client_pull(&client, WAIT_MS));
    before = client.in.len;
    cr_assert_eq(ctl_code(daemon, "switch shop --to green"), 0);
    client_pull(&client, 2000); /* longer than the deadline: nothing may happen */
    cr_expect(!client.ended && client.in.len == before, "a switch cut a request off");
    cr_expect_eq(ctl_code(daemon, remove), 0, "%s", remove);
    removed = clock_monotonic_us();
    cr_expect(client_drain(&client, WAIT_MS), "it outlived the drain deadline");
    cr_expect(clock_monotonic_us() - removed >= 700000, "it was cut off too early");
    cr_expect_eq(client_reply(&client, false, 0, &reply), REPLY_WHOLE);
    cr_expect(reply.truncated);
    cr_expect_eq(ctl_code(daemon, "wait drained shop/blue --timeout 5s"), 0);
    reply_fini(&reply);
    client_close(&client);
    free(remove);
    origin_raise(blue, "rest");
    STOP(daemon);
    origin_stop(blue);
    origin_auto_stop(green);
}

/* A target that is ordered to drain gets nothing new and loses nothing. */
Test(inflight, target_drain_and_remove)
{
    struct origin *one = origin_start("127.0.0.1:0");
    struct origin_auto *two = origin_auto_start("127.0.0.1:0", "blue", 0);
    char *lines = mem_format("slot other { targets = { \"127.0.0.1:1\" } }\n");
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop {\n slot blue { targets = { \"%s\", \"%s\" } }\n"
                              " health { enabled = false }\n%s}\n",
                              origin_address(one), origin_auto_address(two), lines);
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });
    char *words = mem_format("target set shop/blue/%s drain", origin_address(one));
    struct client held;
    uint64_t before = 0;

    origin_play(one, download);
    for (int i = 0; i < 8 && origin_connections(one) == 0; i++) {
        client_open(&held, daemon_front(daemon));
        client_send_text(&held, DOWN);
        cr_assert(client_pull(&held, WAIT_MS));
        if (origin_connections(one) == 0)
            client_close(&held);
    }
    cr_assert_eq(origin_connections(one), 1, "round robin never reached the first target");
    cr_expect_eq(ctl_code(daemon, words), 0);
    before = origin_auto_served(two);
    for (int i = 0; i < 20; i++)
        cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200);
    cr_expect_eq(origin_auto_served(two), before + 20, "a draining target got new requests");
    origin_raise(one, "rest");
    expect_whole(&held, 0);
    free(words);
    words = mem_format("target remove shop/blue/%s --wait", origin_address(one));
    cr_expect_eq(ctl_code(daemon, words), 0);
    cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200);
    free(words);
    free(config);
    free(lines);
    origin_drop_connections(origin_auto_origin(two));
    STOP(daemon);
    origin_stop(one);
    origin_auto_stop(two);
}
