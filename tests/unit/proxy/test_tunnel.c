/* Tunnels of a real worker: how one begins, what goes through it, and how it ends by itself. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front.h"
#include "route/slot.h"
#include "route/target.h"
#include "tunnel_pair.h"

#define ASK "GET /t HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n"
#define AGREE                                                                                      \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-App: 1\r\n\r\n"

static const struct front_options plain;

static struct slot_cell *cell(struct front *front)
{
    return &front_target(front, 0)->slot->cells[0];
}

static uint64_t faults(struct front *front, enum fault fault)
{
    return slot_sum_faults(front_target(front, 0)->slot, fault);
}

/* The tunnel is over and had this fault. */
static void await_fault(struct front *front, enum fault fault)
{
    front_await(&cell(front)->tunnels, 0);
    cr_assert_eq(faults(front, fault), 1, "not %s", fault_name(fault));
    cr_assert_eq(target_in_flight(front_target(front, 0)), 0);
}

Test(tunnel, carries_both_ways)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "websocket");

    front_await(&cell(front)->tunnels, 1);
    cr_assert_eq(atomic_load(&front_counts(front)->tunnels), 1);
    cr_assert_eq(atomic_load(&front_counts(front)->exchanges), 1);
    cr_assert_eq(target_in_flight(front_target(front, 0)), 1);
    cr_assert_eq(slot_in_flight(front_target(front, 0)->slot), 1);
    peer_send(pair.client, "\x81\x05hello");
    peer_take(pair.server, "\x81\x05hello");
    peer_send(pair.server, "\x81\x05world!");
    peer_take(pair.client, "\x81\x05world!");
    front_await(&cell(front)->tunnel_bytes_in, 7);
    front_await(&cell(front)->tunnel_bytes_out, 8);
    close(pair.client);
    peer_end(pair.server);
    await_fault(front, FAULT_NONE);
    cr_assert_eq(atomic_load(&cell(front)->tunnels_total), 1);
    cr_assert_eq(atomic_load(&cell(front)->tunnels_closed), 0);
    front_stop(front);
}

Test(tunnel, heads_name_what_is_offered_and_agreed)
{
    struct front *front = front_start(&plain);
    int client = front_dial(front);
    int server = -1;
    char head[4096];

    peer_send(client,
              "POST /t HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade, x-hop\r\n"
              "X-Hop: 1\r\nUpgrade: h2c, echo\r\nContent-Length: 0\r\n\r\n");
    server = front_accept(front, 0);
    peer_head(server, head, sizeof head);
    cr_assert_not_null(strstr(head, "\r\nUpgrade: echo\r\nConnection: upgrade\r\n"), "%s", head);
    cr_assert_null(strcasestr(head, "x-hop"), "%s", head);
    peer_send(server, AGREE);
    peer_head(client, head, sizeof head);
    cr_assert_str_eq(head, "HTTP/1.1 101 Switching Protocols\r\nX-App: 1\r\nUpgrade: echo\r\n"
                           "Connection: upgrade\r\n\r\n");
    close(client);
    peer_end(server);
    front_stop(front);
}

Test(tunnel, early_bytes_of_both_sides)
{
    struct front *front = front_start(&plain);
    int client = front_dial(front);
    int server = -1;
    char head[4096];

    peer_send(client, ASK "\r\nearly");
    server = front_accept(front, 0);
    peer_request(server, "GET /t HTTP/1.1");
    cr_assert(peer_is_quiet(server, 50), "not before the target agrees");
    peer_send(server, "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" AGREE "first");
    peer_head(client, head, sizeof head);
    cr_assert(strncmp(head, "HTTP/1.1 103 ", 13) == 0, "%s", head);
    peer_head(client, head, sizeof head);
    cr_assert(strncmp(head, "HTTP/1.1 101 ", 13) == 0, "%s", head);
    peer_take(client, "first");
    peer_take(server, "early");
    peer_send(client, "later");
    peer_take(server, "later");
    close(client);
    peer_end(server);
    await_fault(front, FAULT_NONE);
    front_stop(front);
}

Test(tunnel, half_closes_are_passed_on)
{
    struct front *front = front_start(&plain);
    struct pair one = pair_open(front, "echo");
    struct pair two = pair_open(front, "echo");
    char byte = 0;

    peer_send(one.client, "bye");
    cr_assert_eq(shutdown(one.client, SHUT_WR), 0);
    peer_take(one.server, "bye");
    cr_assert_eq(recv(one.server, &byte, 1, 0), 0);
    peer_send(one.server, "still here");
    peer_take(one.client, "still here");
    close(one.server);
    peer_end(one.client);

    cr_assert_eq(shutdown(two.server, SHUT_WR), 0);
    cr_assert_eq(recv(two.client, &byte, 1, 0), 0);
    peer_send(two.client, "so am I");
    peer_take(two.server, "so am I");
    close(two.client);
    peer_end(two.server);
    front_await(&cell(front)->tunnels, 0);
    cr_assert_eq(faults(front, FAULT_NONE), 2);
    front_stop(front);
}

/* A 101 that was not asked for, or names something else, is no tunnel. */
Test(tunnel, switches_that_are_refused)
{
    static const struct {
        const char *request;
        const char *response;
    } cases[] = {
        { "GET /t HTTP/1.1\r\nHost: a.test\r\n\r\n", AGREE },
        { "GET /t HTTP/1.1\r\nHost: a.test\r\nUpgrade: echo\r\n\r\n", AGREE },
        { "GET /t HTTP/1.0\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
          AGREE },
        { ASK "\r\n", "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n" },
        { ASK "\r\n", "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: echo, other\r\n\r\n" },
        { ASK "\r\n", "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n" },
        { ASK "\r\n", "HTTP/1.1 101 S\r\nUpgrade: echo\r\n\r\n" },
        { ASK "\r\n", "HTTP/1.1 101 S\r\nConnection: upgrade\r\n\r\n" },
        { ASK "\r\n", "HTTP/1.0 101 S\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n" },
    };
    struct front *front = front_start(&plain);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int client = front_dial(front);
        int server = -1;
        char head[4096];

        peer_send(client, cases[i].request);
        server = front_accept(front, 0);
        peer_head(server, head, sizeof head);
        peer_send(server, cases[i].response);
        peer_end(server);
        peer_answer(client, 502, NULL);
        close(client);
    }
    front_await(&front_counts(front)->exchanges,
                0); /* the last one may not have been counted yet */
    cr_assert_eq(faults(front, FAULT_RESPONSE_UPGRADE), sizeof cases / sizeof cases[0]);
    cr_assert_eq(atomic_load(&cell(front)->tunnels_total), 0);
    front_stop(front);
}

/* What the client sent behind its request was meant for another protocol: it is no request. */
Test(tunnel, an_ordinary_answer_ends_the_connection)
{
    struct front *front = front_start(&plain);
    int client = front_dial(front);
    int server = -1;
    char head[4096];

    peer_send(client, ASK "\r\n" GET);
    server = front_accept(front, 0);
    peer_request(server, "GET /t HTTP/1.1");
    peer_send(server, OK_2);
    peer_head(client, head, sizeof head);
    cr_assert_not_null(strstr(head, "\r\nConnection: close\r\n"), "%s", head);
    peer_take(client, "ok");
    peer_end(client);
    cr_assert(peer_is_quiet(server, 50));
    close(server);
    front_stop(front);
}

Test(tunnel, a_body_is_refused_and_h2c_is_ignored)
{
    struct front *front = front_start(&plain);
    int client = front_dial(front);
    int server = -1;
    char head[4096];

    peer_send(client, "POST /p HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n"
                      "Content-Length: 2\r\n\r\nab");
    peer_answer(client, 501, NULL);
    peer_end(client);
    client = front_dial(front);
    peer_send(client, "POST /p HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
                      "Content-Length: 2\r\n\r\nab");
    server = front_accept(front, 0);
    peer_head(server, head, sizeof head);
    cr_assert_null(strcasestr(head, "upgrade"), "%s", head);
    peer_take(server, "ab");
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    peer_send(client, GET); /* and the connection goes on */
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    close(client);
    front_stop(front);
}

static void be_short(struct policy *policy)
{
    policy->tunnel_us = 200000;
}

Test(tunnel, idle_ones_end)
{
    struct front *front = front_start(&(struct front_options){ .tune = be_short });
    struct pair pair = pair_open(front, "websocket");

    peer_send(pair.server, "\x81\x02hi");
    peer_take(pair.client, "\x81\x02hi");
    peer_end(pair.client);
    peer_end(pair.server);
    await_fault(front, FAULT_TUNNEL_IDLE);
    front_stop(front);
}

/* A reset is no end: whoever is left must not take what it got for the whole. */
Test(tunnel, a_reset_is_passed_on)
{
    struct front *front = front_start(&plain);
    struct pair one = pair_open(front, "echo");
    struct pair two = pair_open(front, "echo");
    char byte = 0;

    peer_send(one.client, "x");
    peer_take(one.server, "x");
    peer_reset(one.client);
    cr_assert_lt(recv(one.server, &byte, 1, 0), 0);
    close(one.server);
    front_await(&cell(front)->tunnels, 1);
    cr_assert_eq(faults(front, FAULT_CLIENT_GONE), 1);

    peer_reset(two.server);
    cr_assert_lt(recv(two.client, &byte, 1, 0), 0);
    close(two.client);
    await_fault(front, FAULT_TARGET_RESET);
    front_stop(front);
}

/* The client has ended its side, so that its connection is not read any more. */
Test(tunnel, a_reset_after_a_half_close)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "echo");
    char byte = 0;

    cr_assert_eq(shutdown(pair.client, SHUT_WR), 0);
    cr_assert_eq(recv(pair.server, &byte, 1, 0), 0);
    peer_reset(pair.client);
    await_fault(front, FAULT_CLIENT_GONE);
    close(pair.server);
    front_stop(front);
}

/* One direction of a transfer, with bytes that tell their place. */
struct transfer {
    int from;
    int to;
    size_t size;
    size_t sent;
    size_t received;
};

static unsigned char byte_at(size_t at)
{
    return (unsigned char)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

static void send_some(struct transfer *transfer)
{
    unsigned char bytes[32768];
    size_t size = transfer->size - transfer->sent;
    ssize_t count = 0;

    size = size < sizeof bytes ? size : sizeof bytes;
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(transfer->sent + i);
    count = send(transfer->from, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    cr_assert(count > 0 || errno == EAGAIN);
    if (count > 0)
        transfer->sent += (size_t)count;
}

static void receive_some(struct transfer *transfer)
{
    unsigned char bytes[32768];
    ssize_t count = recv(transfer->to, bytes, sizeof bytes, MSG_DONTWAIT);

    cr_assert(count > 0 || (count < 0 && errno == EAGAIN));
    for (ssize_t i = 0; i < count; i++)
        if (bytes[i] != byte_at(transfer->received + (size_t)i))
            cr_assert_fail("byte %zu is wrong", transfer->received + (size_t)i);
    if (count > 0)
        transfer->received += (size_t)count;
}

static void run(struct transfer *transfers, size_t count)
{
    bool is_done = false;

    while (!is_done) {
        struct pollfd pollers[4];

        is_done = true;
        for (size_t i = 0; i < count; i++) {
            struct transfer *one = &transfers[i];

            pollers[2 * i] = (struct pollfd){ one->from, one->sent < one->size ? POLLOUT : 0, 0 };
            pollers[2 * i + 1] = (struct pollfd){ one->to, POLLIN, 0 };
        }
        cr_assert_gt(poll(pollers, 2 * count, 5000), 0, "nothing moves");
        for (size_t i = 0; i < count; i++) {
            if (transfers[i].sent < transfers[i].size)
                send_some(&transfers[i]);
            receive_some(&transfers[i]);
            is_done = is_done && transfers[i].received == transfers[i].size;
        }
    }
}

Test(tunnel, large_transfers_both_ways_at_once)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "echo");
    struct transfer transfers[2] = {
        { .from = pair.client, .to = pair.server, .size = 24 * 1024 * 1024 + 1 },
        { .from = pair.server, .to = pair.client, .size = 16 * 1024 * 1024 + 3 },
    };

    run(transfers, 2);
    front_await(&cell(front)->tunnel_bytes_in, transfers[0].size);
    front_await(&cell(front)->tunnel_bytes_out, transfers[1].size);
    peer_send(pair.client, "and on");
    peer_take(pair.server, "and on");
    close(pair.client);
    peer_end(pair.server);
    await_fault(front, FAULT_NONE);
    front_stop(front);
}

/* One frame that is far longer than any buffer, and small ones behind it. */
Test(tunnel, a_huge_frame)
{
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "websocket");
    struct transfer transfer = { .from = pair.server, .to = pair.client, .size = 0x1000000 };

    peer_send_bytes(pair.server, "\x82\x7f\0\0\0\0\1\0\0\0", 10);
    peer_take(pair.client, "\x82\x7f");
    for (int i = 0; i < 8; i++) {
        char byte = 0;

        cr_assert_eq(recv(pair.client, &byte, 1, 0), 1);
    }
    run(&transfer, 1);
    peer_send(pair.server, "\x81\x03"
                           "end");
    peer_take(pair.client, "\x81\x03"
                           "end");
    close(pair.client);
    peer_end(pair.server);
    front_stop(front);
}

/* While the client reads nothing only so much is taken from the target, and the other way goes on. */
Test(tunnel, a_slow_reader_stops_the_writer)
{
    enum { MOST = 64 * 1024 * 1024 };
    struct front *front = front_start(&plain);
    struct pair pair = pair_open(front, "echo");
    struct transfer transfer = { .from = pair.server, .to = pair.client, .size = MOST };
    struct pollfd poller = { pair.server, POLLOUT, 0 };

    while (transfer.sent < MOST && poll(&poller, 1, 300) > 0)
        send_some(&transfer);
    cr_assert_lt(transfer.sent, MOST, "all was taken");
    peer_send(pair.client, "I am slow");
    peer_take(pair.server, "I am slow");
    transfer.size = transfer.sent;
    run(&transfer, 1);
    close(pair.client);
    peer_end(pair.server);
    await_fault(front, FAULT_NONE);
    front_stop(front);
}

Test(tunnel, an_evicted_target_takes_its_tunnels_along)
{
    struct front *front = front_start(&plain);
    struct pair web = pair_open(front, "websocket");
    struct pair raw = pair_open(front, "echo");

    front_evict(front, 0, false);
    peer_send(web.client, "\x81\x01x");
    peer_take(web.server, "\x81\x01x");
    front_evict(front, 0, true);
    cr_assert_eq(target_in_flight(front_target(front, 0)), 0);
    pair_take_close(web.client, 1012, 0);
    pair_take_close(web.server, 1012, 1);
    peer_end(web.client);
    peer_end(web.server);
    peer_end(raw.client);
    peer_end(raw.server);
    front_await(&cell(front)->tunnels, 0);
    cr_assert_eq(faults(front, FAULT_TARGET_EVICTED), 2);
    front_stop(front);
}

Test(tunnel, a_worker_that_ends_takes_its_tunnels_along)
{
    struct front *front = front_start(&plain);
    struct pair web = pair_open(front, "websocket");
    struct pair raw = pair_open(front, "echo");

    worker_drain(front_worker(front), 1);
    peer_send(web.client, "\x81\x01x");
    peer_take(web.server, "\x81\x01x");
    worker_quit(front_worker(front));
    pair_take_close(web.client, 1001, 0);
    pair_take_close(web.server, 1001, 1);
    peer_end(web.client);
    peer_end(web.server);
    peer_end(raw.client);
    peer_end(raw.server);
    front_stop(front);
}
