/* Exchanges that wait, held or queued, in a whole worker: proxy/waiting.h. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front.h"
#include "proxy/waiting.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/snapshot.h"

#define LONG_US 20000000ull
#define JSON    "Accept: application/json\r\n"

/* What the next picture says; the tests run one by one, each in a process of its own. */
static struct traffic traffic;
static struct circuit circuit;
static uint32_t target_requests;
static const char *other_host[] = { "other.test" };
static bool is_moved;

static void paint(struct snapshot_service *service)
{
    service->traffic = traffic;
    service->slots[0].circuit = circuit;
    for (unsigned i = 0; i < service->slots[0].pick_count; i++)
        service->slots[0].picks[i].max_requests = target_requests;
    if (is_moved) {
        service->hosts = other_host;
        service->host_count = 1;
    }
}

static struct front *start_held(void)
{
    traffic = (struct traffic){
        .mode = TRAFFIC_HELD, .hold_count = 10, .hold_bytes = 1 << 20, .hold_us = LONG_US
    };
    return front_start(&(struct front_options){ .shape = paint });
}

static struct front *start_queue(uint32_t queue, uint64_t us)
{
    circuit = (struct circuit){ .max_requests = 1, .queue = queue, .queue_us = us };
    return front_start(&(struct front_options){ .shape = paint });
}

static void show(struct front *front)
{
    front_publish(front);
    worker_kick(front_worker(front));
}

static struct service_counts *counts_of(struct front *front)
{
    return &front_service(front)->counts;
}

static struct slot_cell *cell_of(struct front *front)
{
    return &front_slot(front, 0)->cells[0];
}

static int ask(struct front *front, const char *path)
{
    int client = front_dial(front);
    char request[256];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a.test\r\n" JSON "\r\n", path);
    peer_send(client, request);
    return client;
}

/* One that is held, as the number-th. */
static int ask_held(struct front *front, const char *path, uint64_t number)
{
    int client = ask(front, path);

    front_await(&counts_of(front)->held, number);
    return client;
}

static int ask_queued(struct front *front, const char *path, uint64_t number)
{
    int client = ask(front, path);

    front_await(&cell_of(front)->queued, number);
    return client;
}

/* The next request at a new connection is this one; it is answered. */
static int serve(struct front *front, const char *path)
{
    int server = front_accept(front, 0);
    char line[128];

    snprintf(line, sizeof line, "GET %s HTTP/1.1", path);
    peer_request(server, line);
    peer_send(server, OK_2);
    return server;
}

static void take_refusal(int client, int status, const char *fault)
{
    char head[4096];
    char body[4096] = "";
    const char *length = NULL;
    size_t size = 0;
    size_t at = 0;

    peer_head(client, head, sizeof head);
    cr_assert_eq(atol(head + 9), status, "%s", head);
    cr_assert_not_null(strcasestr(head, "\r\nRetry-After: "), "%s", head);
    length = strcasestr(head, "\r\nContent-Length: ");
    cr_assert_not_null(length);
    size = strtoul(length + 18, NULL, 10);
    cr_assert(size < sizeof body);
    while (at < size) {
        ssize_t count = recv(client, body + at, size - at, 0);

        cr_assert(count > 0);
        at += (size_t)count;
    }
    cr_assert_not_null(strstr(body, fault), "%s", body);
}

Test(waiting, held_ones_go_in_order_when_the_hold_ends)
{
    static const char *const paths[] = { "/1", "/2", "/3" };
    struct front *front = start_held();
    int clients[3];
    int servers[3];

    for (unsigned i = 0; i < 3; i++)
        clients[i] = ask_held(front, paths[i], i + 1);
    show(front); /* the hold goes on */
    cr_assert(peer_is_quiet(clients[0], 50));
    cr_assert_not(front_has_dialled(front, 0));
    cr_assert_eq(slot_in_flight(front_slot(front, 0)), 0, "a held request is with no slot");
    cr_assert(atomic_load(&counts_of(front)->held_bytes) > 100);
    traffic.mode = TRAFFIC_OPEN;
    show(front);
    for (unsigned i = 0; i < 3; i++)
        servers[i] = serve(front, paths[i]);
    for (unsigned i = 0; i < 3; i++) {
        peer_answer(clients[i], 200, "ok");
        close(clients[i]);
        close(servers[i]);
    }
    cr_assert_eq(atomic_load(&counts_of(front)->held), 0);
    cr_assert_eq(atomic_load(&counts_of(front)->held_total), 3);
    cr_assert(atomic_load(&counts_of(front)->hold_us_total) > 50000);
    front_stop(front);
}

/* The time of the wait is not the slot's. */
Test(waiting, the_wait_is_not_in_the_slots_times)
{
    struct slot_totals totals;
    struct front *front = start_held();
    int client = ask_held(front, "/a", 1);
    int server = -1;

    cr_assert(peer_is_quiet(client, 300));
    traffic.mode = TRAFFIC_OPEN;
    show(front);
    server = serve(front, "/a");
    peer_answer(client, 200, "ok");
    close(client);
    front_await(&front_counts(front)->sessions, 0);
    slot_sum_histogram(front_slot(front, 0), 0, &totals);
    cr_assert(totals.sum_us < atomic_load(&counts_of(front)->hold_us_total));
    close(server);
    front_stop(front);
}

Test(waiting, no_more_are_held_than_may_be)
{
    struct front *front = start_held();
    int first = -1;
    int second = -1;
    int third = -1;

    traffic.hold_count = 2;
    show(front);
    first = ask_held(front, "/1", 1);
    second = ask_held(front, "/2", 2);
    third = ask(front, "/3");
    take_refusal(third, 503, "\"held\"");
    cr_assert_eq(atomic_load(&counts_of(front)->hold_refused), 1);
    cr_assert_eq(atomic_load(&counts_of(front)->held), 2);
    traffic.hold_count = 10;
    traffic.hold_bytes = atomic_load(&counts_of(front)->held_bytes) + 10;
    show(front);
    peer_send(third, GET); /* the connection was kept */
    peer_answer(third, 503, NULL);
    cr_assert_eq(atomic_load(&counts_of(front)->hold_refused), 2);
    close(first);
    close(second);
    close(third);
    front_stop(front);
}

Test(waiting, a_held_one_waits_no_longer_than_it_may)
{
    struct front *front = start_held();
    int client = -1;

    traffic.hold_us = 60000;
    show(front);
    client = ask(front, "/a");
    take_refusal(client, 503, "\"held\"");
    cr_assert_eq(atomic_load(&counts_of(front)->hold_expired), 1);
    cr_assert_eq(atomic_load(&counts_of(front)->hold_refused), 0);
    cr_assert_eq(atomic_load(&counts_of(front)->held), 0);
    close(client);
    front_stop(front);
}

Test(waiting, a_client_that_is_gone_is_forgotten)
{
    struct front *front = start_held();
    int gone = ask_held(front, "/gone", 1);
    int half = ask_held(front, "/half", 2);
    int body = front_dial(front);
    int server = -1;

    /* its body is not read while it waits, and yet it is seen to be gone */
    peer_send(body, POST_LINE FIELDS "Content-Length: 9\r\n\r\nhalf");
    front_await(&counts_of(front)->held, 3);
    peer_reset(gone);
    front_await(&counts_of(front)->held, 2);
    peer_reset(body);
    front_await(&counts_of(front)->held, 1);
    cr_assert_eq(shutdown(half, SHUT_WR), 0);
    cr_assert(peer_is_quiet(half, 50));
    cr_assert_eq(atomic_load(&counts_of(front)->held), 1);
    traffic.mode = TRAFFIC_OPEN;
    show(front);
    server = serve(front, "/half");
    peer_answer(half, 200, "ok");
    cr_assert_not(front_has_dialled(front, 0));
    close(half);
    close(server);
    front_stop(front);
}

Test(waiting, a_held_request_keeps_its_body)
{
    struct front *front = start_held();
    int client = front_dial(front);
    int server = -1;

    peer_send(client, POST_LINE FIELDS "Content-Length: 11\r\n\r\nthe ");
    front_await(&counts_of(front)->held, 1);
    peer_send(client, "bod");
    traffic.mode = TRAFFIC_OPEN;
    show(front);
    server = front_accept(front, 0);
    peer_request(server, POST_LINE);
    peer_take(server, "the bod");
    peer_send(client, "y it");
    peer_take(server, "y it");
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    close(client);
    close(server);
    front_stop(front);
}

Test(waiting, safe_ones_pass_by_option)
{
    struct front *front = start_held();
    int reader = -1;
    int writer = front_dial(front);
    int server = -1;

    traffic.pass_safe = true;
    show(front);
    peer_send(writer, POST_LINE FIELDS "Content-Length: 0\r\n\r\n");
    front_await(&counts_of(front)->held, 1);
    reader = ask(front, "/a");
    server = serve(front, "/a");
    peer_answer(reader, 200, "ok");
    cr_assert_eq(atomic_load(&counts_of(front)->held), 1);
    traffic.mode = TRAFFIC_OPEN;
    show(front);
    peer_request(server, POST_LINE);
    peer_send(server, OK_2);
    peer_answer(writer, 200, "ok");
    close(reader);
    close(writer);
    close(server);
    front_stop(front);
}

/* One goes, the others keep their order, and who comes stands behind them. */
Test(waiting, a_rate_lets_them_go_one_by_one)
{
    static const char *const paths[] = { "/2", "/3", "/4" };
    struct front *front = start_held();
    int clients[4];
    int servers[4];

    clients[0] = ask_held(front, "/1", 1);
    clients[1] = ask_held(front, "/2", 2);
    clients[2] = ask_held(front, "/3", 3);
    traffic.mode = TRAFFIC_OPEN;
    traffic.release_rate = 1;
    show(front);
    servers[0] = serve(front, "/1");
    peer_answer(clients[0], 200, "ok");
    cr_assert_eq(atomic_load(&counts_of(front)->held), 2);
    clients[3] = ask_held(front, "/4", 3);
    traffic.release_rate = 0;
    show(front);
    for (unsigned i = 0; i < 3; i++) {
        char line[64];

        snprintf(line, sizeof line, "GET %s HTTP/1.1", paths[i]);
        servers[i + 1] = i == 0 ? servers[0] : front_accept(front, 0);
        peer_request(servers[i + 1], line);
        peer_send(servers[i + 1], OK_2);
    }
    for (unsigned i = 1; i < 4; i++)
        peer_answer(clients[i], 200, "ok");
    for (unsigned i = 0; i < 4; i++) {
        close(clients[i]);
        if (i != 1)
            close(servers[i]);
    }
    front_stop(front);
}

/* Released by a rate, and paused again before its turn. */
Test(waiting, a_second_hold_stops_the_release)
{
    struct front *front = start_held();
    int first = ask_held(front, "/1", 1);
    int second = ask_held(front, "/2", 2);
    int server = -1;

    traffic.mode = TRAFFIC_OPEN;
    traffic.release_rate = 1;
    show(front);
    server = serve(front, "/1");
    peer_answer(first, 200, "ok");
    traffic.mode = TRAFFIC_HELD;
    traffic.release_rate = 1000;
    show(front);
    cr_assert(peer_is_quiet(server, 100));
    cr_assert_eq(atomic_load(&counts_of(front)->held), 1);
    traffic.mode = TRAFFIC_OPEN;
    show(front);
    peer_request(server, "GET /2 HTTP/1.1");
    peer_send(server, OK_2);
    peer_answer(second, 200, "ok");
    close(first);
    close(second);
    close(server);
    front_stop(front);
}

Test(waiting, a_service_that_is_gone_is_not_found)
{
    struct front *front = start_held();
    int first = ask_held(front, "/1", 1);
    int second = ask_held(front, "/2", 2);

    is_moved = true;
    traffic = (struct traffic){ .release_rate = 1 };
    show(front);
    peer_answer(first, 404, NULL);
    peer_answer(second, 404, NULL);
    cr_assert_eq(atomic_load(&counts_of(front)->held), 0);
    close(first);
    close(second);
    front_stop(front);
}

Test(waiting, nobody_is_held_by_a_worker_that_stops)
{
    struct front *front = start_held();
    int held = ask_held(front, "/1", 1);
    int idle = front_dial(front);

    front_await(&front_counts(front)->sessions, 2);
    worker_drain(front_worker(front), LONG_US);
    take_refusal(held, 503, "\"shutting_down\"");
    peer_send(idle, GET);
    peer_answer(idle, 503, NULL);
    close(held);
    close(idle);
    front_stop(front);
}

/* front_stop counts what is left. */
Test(waiting, a_worker_may_end_while_they_wait)
{
    struct front *front = start_held();
    int held = ask_held(front, "/1", 1);

    front_evict(front, 0, true);
    cr_assert_eq(atomic_load(&counts_of(front)->held), 1);
    front_stop(front);
    close(held);
}

Test(waiting, queued_ones_go_in_order)
{
    struct front *front = start_queue(2, LONG_US);
    int busy = ask(front, "/busy");
    int server = front_accept(front, 0);
    int first = -1;
    int second = -1;
    int third = -1;

    peer_request(server, "GET /busy HTTP/1.1");
    first = ask_queued(front, "/1", 1);
    second = ask_queued(front, "/2", 2);
    third = ask(front, "/3");
    take_refusal(third, 503, "\"slot_busy\"");
    cr_assert_eq(atomic_load(&cell_of(front)->queue_refused), 1);
    front_await(&cell_of(front)->in_flight, 1); /* neither those that wait nor who was refused */
    peer_send(server, OK_2);
    peer_answer(busy, 200, "ok");
    peer_request(server, "GET /1 HTTP/1.1");
    cr_assert_eq(atomic_load(&cell_of(front)->queued), 1);
    peer_send(server, OK_2);
    peer_answer(first, 200, "ok");
    peer_request(server, "GET /2 HTTP/1.1");
    peer_send(server, OK_2);
    peer_answer(second, 200, "ok");
    close(busy);
    close(first);
    close(second);
    close(third);
    close(server);
    front_stop(front);
}

Test(waiting, a_queued_one_waits_no_longer_than_it_may)
{
    struct front *front = start_queue(5, 60000);
    int busy = ask(front, "/busy");
    int server = front_accept(front, 0);
    int late = -1;

    peer_request(server, "GET /busy HTTP/1.1");
    late = ask(front, "/late");
    take_refusal(late, 503, "\"slot_busy\"");
    cr_assert_eq(atomic_load(&cell_of(front)->queued), 0);
    cr_assert_eq(atomic_load(&cell_of(front)->queue_refused), 1);
    peer_send(server, OK_2);
    peer_answer(busy, 200, "ok");
    close(busy);
    close(late);
    close(server);
    front_stop(front);
}

Test(waiting, without_a_queue_a_busy_slot_refuses)
{
    struct front *front = start_queue(0, LONG_US);
    int busy = ask(front, "/busy");
    int server = front_accept(front, 0);
    int refused = -1;

    peer_request(server, "GET /busy HTTP/1.1");
    refused = ask(front, "/1");
    take_refusal(refused, 503, "\"slot_busy\"");
    close(busy);
    close(refused);
    close(server);
    front_stop(front);
}

Test(waiting, a_busy_target_has_the_queue_of_its_slot)
{
    struct front *front = NULL;
    int busy = -1;
    int queued = -1;
    int server = -1;

    circuit = (struct circuit){ .queue = 5, .queue_us = LONG_US };
    target_requests = 1;
    front = front_start(&(struct front_options){ .shape = paint });
    busy = ask(front, "/busy");
    server = front_accept(front, 0);
    peer_request(server, "GET /busy HTTP/1.1");
    queued = ask_queued(front, "/1", 1);
    peer_reset(busy);
    close(server);
    server = serve(front, "/1");
    peer_answer(queued, 200, "ok");
    close(queued);
    close(server);
    front_stop(front);
}

/* A pause finds some in the queue: they are held at their turn, and go back to the queue when it is over. */
Test(waiting, from_the_queue_into_the_hold_and_back)
{
    struct front *front = start_queue(5, LONG_US);
    int busy = ask(front, "/busy");
    int server = front_accept(front, 0);
    int first = -1;
    int second = -1;

    peer_request(server, "GET /busy HTTP/1.1");
    first = ask_queued(front, "/1", 1);
    second = ask_queued(front, "/2", 2);
    traffic = (struct traffic){
        .mode = TRAFFIC_HELD, .hold_count = 10, .hold_bytes = 1 << 20, .hold_us = LONG_US
    };
    show(front);
    front_await(&counts_of(front)->held, 2);
    cr_assert_eq(atomic_load(&cell_of(front)->queued), 0);
    traffic.mode = TRAFFIC_OPEN;
    show(front);
    front_await(&cell_of(front)->queued, 2);
    cr_assert_eq(atomic_load(&counts_of(front)->held), 0);
    peer_send(server, OK_2);
    peer_answer(busy, 200, "ok");
    peer_request(server, "GET /1 HTTP/1.1");
    peer_send(server, OK_2);
    peer_answer(first, 200, "ok");
    peer_request(server, "GET /2 HTTP/1.1");
    peer_send(server, OK_2);
    peer_answer(second, 200, "ok");
    close(busy);
    close(first);
    close(second);
    close(server);
    front_stop(front);
}

/* A limit that is taken away lets all of them go. */
Test(waiting, a_picture_without_the_limit_empties_the_queue)
{
    struct front *front = start_queue(5, LONG_US);
    int busy = ask(front, "/busy");
    int servers[2] = { front_accept(front, 0), -1 };
    int queued = -1;

    peer_request(servers[0], "GET /busy HTTP/1.1");
    queued = ask_queued(front, "/1", 1);
    circuit = (struct circuit){ .max_requests = 0 };
    show(front);
    servers[1] = serve(front, "/1");
    peer_answer(queued, 200, "ok");
    close(busy);
    close(queued);
    close(servers[0]);
    close(servers[1]);
    front_stop(front);
}

Test(waiting, the_rate_is_shared_by_what_waits)
{
    uint64_t all_us = 0;
    uint64_t half_us = 0;
    unsigned all = 0;
    unsigned half = 0;

    /* ten seconds, looked at every 10 ms */
    for (uint64_t now_us = 1000000; now_us < 11000000; now_us += 10000) {
        while (waiting_may_release(&all_us, now_us, 50, 8, 8))
            all++;
        while (waiting_may_release(&half_us, now_us, 50, 4, 8))
            half++;
    }
    cr_assert(all >= 499 && all <= 502, "%u", all);
    cr_assert(half >= 249 && half <= 252, "%u", half);
    all_us = 0;
    for (unsigned i = 0; i < 1000; i++)
        cr_assert(waiting_may_release(&all_us, 5, 0, 1, 1));
    /* long ago is no reserve: after a rest one goes at once, not all that could have gone */
    all_us = 1000000;
    for (all = 0; waiting_may_release(&all_us, 60000000, 10, 1, 1); all++)
        cr_assert(all < 10);
    cr_assert_eq(all, 1);
}
