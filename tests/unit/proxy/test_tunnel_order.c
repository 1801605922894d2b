/* Drains of tunnels: proxy/worker.h, route/tunnel_drain.h. Which ones are closed when, and exactly between frames. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "front.h"
#include "net/loop.h"
#include "route/slot.h"
#include "route/target.h"
#include "route/tunnel_drain.h"
#include "tunnel_pair.h"

#define HOUR_US 3600000000u

static const struct front_options plain;

static struct slot *slot_of(struct front *front)
{
    return front_target(front, 0)->slot;
}

static struct slot_cell *cell(struct front *front)
{
    return &slot_of(front)->cells[0];
}

/* From now on, until much later, all at once unless `order` says otherwise. */
static void drain(struct front *front, struct tunnel_drain order)
{
    order.slot = slot_of(front);
    if (order.begin_us == 0)
        order.begin_us = clock_monotonic_us();
    if (order.deadline_us == 0)
        order.deadline_us = order.begin_us + HOUR_US;
    worker_drain_tunnels(front_worker(front), &order);
}

static void echo(const struct pair *pair)
{
    peer_send(pair->client, "\x81\x02hi");
    peer_take(pair->server, "\x81\x02hi");
    peer_send(pair->server, "\x81\x02ho");
    peer_take(pair->client, "\x81\x02ho");
}

static void answer_close(int fd)
{
    peer_send_bytes(fd, "\x88\x02\x03\xf4", 4);
}

Test(tunnel_order, all_at_once)
{
    struct front *front = front_start(&plain);
    struct pair one = pair_open(front, "websocket");
    struct pair two = pair_open(front, "websocket");
    struct pair raw = pair_open(front, "echo");

    echo(&one);
    drain(front, (struct tunnel_drain){ .per_second = 0 });
    pair_take_close(one.client, 1012, 0);
    pair_take_close(one.server, 1012, 1);
    pair_take_close(two.client, 1012, 0);
    pair_take_close(two.server, 1012, 1);
    answer_close(one.client);
    answer_close(one.server);
    peer_end(one.client);
    peer_end(one.server);
    answer_close(two.server);
    answer_close(two.client);
    peer_end(two.server);
    peer_end(two.client);
    front_await(&cell(front)->tunnels, 1);
    cr_assert_eq(atomic_load(&cell(front)->tunnels_closed), 2);
    cr_assert_eq(slot_sum_faults(slot_of(front), FAULT_TUNNEL_DRAINED), 2);
    peer_send(raw.client, "raw ones stay");
    peer_take(raw.server, "raw ones stay");
    close(raw.client);
    peer_end(raw.server);
    front_stop(front);
}

Test(tunnel_order, the_oldest_first)
{
    struct front *front = front_start(&plain);
    struct pair pairs[3];

    for (int i = 0; i < 3; i++)
        pairs[i] = pair_open(front, "websocket");
    /* the second is due in an hour */
    drain(front, (struct tunnel_drain){ .interval_us = HOUR_US, .jitter = 10 });
    pair_take_close(pairs[0].client, 1012, 0);
    pair_take_close(pairs[0].server, 1012, 1);
    echo(&pairs[1]);
    echo(&pairs[2]);
    cr_assert(peer_is_quiet(pairs[1].client, 200));
    cr_assert(peer_is_quiet(pairs[2].client, 0));
    close(pairs[0].client);
    peer_end(pairs[0].server);
    /* a newer order replaces it */
    drain(front, (struct tunnel_drain){ .per_second = 100, .jitter = 50 });
    pair_take_close(pairs[1].client, 1012, 0);
    pair_take_close(pairs[2].client, 1012, 0);
    for (int i = 1; i < 3; i++) {
        close(pairs[i].client);
        pair_drain(pairs[i].server);
    }
    front_await(&cell(front)->tunnels_closed, 3);
    front_stop(front);
}

/* The Close waits for the end of the frame in its own direction only. */
Test(tunnel_order, exactly_between_frames)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "websocket");

    peer_send(pair.server, "\x81\x06hal");
    peer_take(pair.client, "\x81\x06hal");
    drain(front, (struct tunnel_drain){ .per_second = 0 });
    pair_take_close(pair.server, 1012, 1);
    cr_assert(peer_is_quiet(pair.client, 100), "in the middle of a frame");
    peer_send(pair.server, "f");
    peer_take(pair.client, "f");
    cr_assert(peer_is_quiet(pair.client, 50), "in the middle of a frame");
    peer_send(pair.server, "ed\x81\x05never");
    peer_take(pair.client, "ed");
    pair_take_close(pair.client, 1012, 0);
    answer_close(pair.client);
    answer_close(pair.server);
    peer_end(pair.client);
    peer_end(pair.server);
    front_stop(front);
}

/* A peer that does not answer our Close is not waited for. */
Test(tunnel_order, a_peer_that_keeps_silent)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "websocket");

    drain(front, (struct tunnel_drain){ .per_second = 0 });
    pair_take_close(pair.client, 1012, 0);
    pair_take_close(pair.server, 1012, 1);
    answer_close(pair.server);
    peer_send(pair.client, "\x81\x05still talking");
    peer_end(pair.client);
    peer_end(pair.server);
    front_await(&cell(front)->tunnels_closed, 1);
    front_stop(front);
}

/* Peers that close by themselves get no second Close. */
Test(tunnel_order, a_close_under_way)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "websocket");

    answer_close(pair.client);
    peer_take(pair.server, "\x88\x02\x03\xf4");
    drain(front, (struct tunnel_drain){ .per_second = 0 });
    pair_take_close(pair.client, 1012, 0);
    cr_assert(peer_is_quiet(pair.server, 100));
    answer_close(pair.server);
    peer_end(pair.client);
    peer_end(pair.server);
    front_stop(front);
}

Test(tunnel_order, what_is_no_websocket_is_left_until_the_deadline)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "websocket");

    peer_send(pair.client, "HELO mail.example\r\n");
    peer_take(pair.server, "HELO mail.example\r\n");
    drain(front, (struct tunnel_drain){ .per_second = 0 });
    cr_assert(peer_is_quiet(pair.client, 200));
    peer_send(pair.server, "220 hi\r\n");
    peer_take(pair.client, "220 hi\r\n");
    drain(front, (struct tunnel_drain){ .deadline_us = 1 });
    pair_drain(pair.client);
    peer_end(pair.server);
    front_await(&cell(front)->tunnels_closed, 1);
    front_stop(front);
}

Test(tunnel_order, the_deadline)
{
    struct front *front = front_start(&plain);
    struct pair between = pair_open(front, "websocket");
    struct pair within = pair_open(front, "websocket");
    struct pair raw = pair_open(front, "echo");

    peer_send(within.client, "\x81\x06hal");
    peer_take(within.server, "\x81\x06hal");
    drain(front, (struct tunnel_drain){ .interval_us = HOUR_US,
                                        .begin_us = clock_monotonic_us() + HOUR_US / 2,
                                        .deadline_us = clock_monotonic_us() + 200000 });
    pair_take_close(between.client, 1012, 0);
    pair_take_close(between.server, 1012, 1);
    peer_end(between.client);
    peer_end(between.server);
    pair_take_close(within.client, 1012, 0);
    peer_end(within.client);
    peer_end(within.server); /* no Close: it would be taken for the rest of the frame */
    peer_end(raw.client);
    peer_end(raw.server);
    front_await(&cell(front)->tunnels, 0);
    cr_assert_eq(atomic_load(&cell(front)->tunnels_closed), 3);
    front_stop(front);
}

/* What a peer had to say when our FIN came is lost, but its own FIN ends it at once. */
Test(tunnel_order, a_peer_that_ends_at_the_deadline)
{
    struct front *front = front_start(&plain);
    struct pair raw = pair_open(front, "echo");
    char byte = 0;

    drain(front, (struct tunnel_drain){ .deadline_us = 1 });
    cr_assert_eq(recv(raw.client, &byte, 1, 0), 0);
    cr_assert_eq(recv(raw.server, &byte, 1, 0), 0);
    peer_send(raw.server, "too late");
    close(raw.server);
    close(raw.client);
    front_await(&cell(front)->tunnels_closed, 1);
    front_stop(front);
}

Test(tunnel_order, never_and_taken_back)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "websocket");
    struct pair within = pair_open(front, "websocket");

    drain(front, (struct tunnel_drain){ .never = true, .deadline_us = 1 });
    cr_assert(peer_is_quiet(pair.client, 200));
    echo(&pair);
    drain(front, (struct tunnel_drain){ .begin_us = clock_monotonic_us() + 300000 });
    drain(front, (struct tunnel_drain){ .is_cancelled = true });
    cr_assert(peer_is_quiet(pair.client, 600));
    echo(&pair);
    /* asked for in both directions, out in none */
    peer_send(within.server, "\x81\x02h");
    peer_take(within.client, "\x81\x02h");
    peer_send(within.client, "\x81\x02h");
    peer_take(within.server, "\x81\x02h");
    drain(front, (struct tunnel_drain){ .interval_us = HOUR_US });
    pair_take_close(pair.client, 1012, 0); /* the older one; the other waits */
    drain(front, (struct tunnel_drain){ .per_second = 0 });
    drain(front, (struct tunnel_drain){ .is_cancelled = true });
    peer_send(within.server, "o");
    peer_take(within.client, "o");
    peer_send(within.client, "i");
    peer_take(within.server, "i");
    echo(&within);
    close(within.client);
    peer_end(within.server);
    close(pair.client);
    pair_drain(pair.server);
    front_stop(front);
}

/* An order stands for tunnels that begin later, and only for its own slot. */
Test(tunnel_order, stands_for_later_ones)
{
    struct front *front = front_start(&plain);
    struct slot *other = slot_new(slot_of(front)->service, "green", 1);
    struct tunnel_drain order = { .slot = other, .deadline_us = clock_monotonic_us() + HOUR_US };
    struct pair pair;

    worker_drain_tunnels(front_worker(front), &order);
    pair = pair_open(front, "websocket");
    cr_assert(peer_is_quiet(pair.client, 200));
    echo(&pair);
    drain(front, (struct tunnel_drain){ .per_second = 0 });
    pair_take_close(pair.client, 1012, 0);
    close(pair.client);
    pair_drain(pair.server);
    front_await(&cell(front)->tunnels, 0);
    pair = pair_open(front, "websocket");
    pair_take_close(pair.client, 1012, 0);
    close(pair.client);
    pair_drain(pair.server);
    front_stop(front);
    slot_free(other);
}

Test(tunnel_order, the_switch_stops)
{
    struct front *front = front_start(&plain);
    struct tunnel_drain order = { .slot = NULL };
    struct pair web = pair_open(front, "websocket");
    struct pair raw = pair_open(front, "echo");

    worker_drain_tunnels(front_worker(front), &order);
    pair_take_close(web.client, 1001, 0);
    pair_take_close(web.server, 1001, 1);
    peer_end(web.client);
    peer_end(web.server);
    peer_end(raw.client);
    peer_end(raw.server);
    front_await(&cell(front)->tunnels, 0);
    cr_assert_eq(slot_sum_faults(slot_of(front), FAULT_SHUTTING_DOWN), 2);
    front_stop(front);
}

static void on_listed(void *arg)
{
    loop_stop(arg);
}

static struct ledger list(struct front *front, const struct slot *slot)
{
    struct ledger ledger = { .slot = slot };

    worker_list(front_worker(front), &ledger, on_listed, front_control(front));
    loop_run(front_control(front));
    return ledger;
}

Test(tunnel_order, the_ledger)
{
    struct front *front = front_start(&plain);
    struct slot *other = slot_new(slot_of(front)->service, "green", 1);
    struct ledger ledger = list(front, NULL);
    struct pair web;
    struct pair raw;
    int client = -1;
    int server = -1;

    cr_assert_eq(ledger.count, 0);
    web = pair_open(front, "websocket");
    raw = pair_open(front, "echo");
    client = front_dial(front);
    peer_send(client, POST_LINE FIELDS "Content-Length: 9\r\n\r\nabc");
    server = front_accept(front, 0);
    peer_request(server, POST_LINE);
    peer_take(server, "abc");
    echo(&web);
    peer_send(raw.server, "12345");
    peer_take(raw.client, "12345");
    ledger = list(front, slot_of(front));
    cr_assert_eq(ledger.count, 3);
    cr_assert_eq(ledger.left_out, 0);
    cr_assert_eq(ledger.entries[0].kind, LEDGER_WEBSOCKET);
    cr_assert_eq(ledger.entries[0].bytes_in, 4);
    cr_assert_eq(ledger.entries[0].bytes_out, 4);
    cr_assert_eq(ledger.entries[0].epoch, 1);
    cr_assert_eq(ledger.entries[0].slot, slot_of(front));
    cr_assert_str_eq(ledger.entries[0].route, "GET /t");
    cr_assert_str_eq(ledger.entries[0].target, front_target(front, 0)->name);
    cr_assert(strncmp(ledger.entries[0].peer, "127.0.0.1:", 10) == 0);
    cr_assert_geq(ledger.entries[0].age_us, ledger.entries[1].age_us);
    cr_assert_geq(ledger.entries[0].age_us, ledger.entries[0].idle_us);
    cr_assert_eq(ledger.entries[1].kind, LEDGER_TUNNEL);
    cr_assert_eq(ledger.entries[1].bytes_in, 0);
    cr_assert_eq(ledger.entries[1].bytes_out, 5);
    cr_assert_eq(ledger.entries[2].kind, LEDGER_REQUEST);
    cr_assert_str_eq(ledger.entries[2].route, "POST /p");
    cr_assert_gt(ledger.entries[2].bytes_in, 3);
    free(ledger.entries);
    ledger = list(front, other);
    cr_assert_eq(ledger.count, 0);
    close(web.client);
    close(raw.client);
    close(client);
    peer_end(web.server);
    peer_end(raw.server);
    pair_drain(server);
    front_await(&cell(front)->tunnels, 0);
    front_stop(front);
    slot_free(other);
}

/* More entries than the first room holds, and two parts put together. */
Test(tunnel_order, a_long_ledger)
{
    enum { PAIRS = 40 };
    struct front *front = front_start(&plain);
    struct pair pairs[PAIRS];
    struct ledger ledger;

    for (int i = 0; i < PAIRS; i++)
        pairs[i] = pair_open(front, "echo");
    ledger = list(front, NULL);
    worker_list(front_worker(front), &ledger, on_listed, front_control(front));
    loop_run(front_control(front));
    cr_assert_eq(ledger.count, 2 * PAIRS);
    for (size_t i = 0; i < ledger.count; i++)
        cr_assert_str_eq(ledger.entries[i].route, "GET /t");
    free(ledger.entries);
    for (int i = 0; i < PAIRS; i++) {
        close(pairs[i].client);
        peer_end(pairs[i].server);
    }
    front_stop(front);
}
