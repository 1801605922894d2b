/* A worker between peers that do not read, do not answer, or are gone: proxy/exchange*.c. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front.h"
#include "route/slot.h"
#include "route/target.h"

static const struct front_options plain;

static void set_nothing_again(struct policy *policy)
{
    policy->attempts = 0;
}

/* Nothing was sent and the target did nothing wrong: the request goes elsewhere, without a retry. */
Test(worker, a_target_taken_away_while_connecting)
{
    struct front *front =
        front_start(&(struct front_options){ .targets = 2, .tune = set_nothing_again });
    int client = front_dial(front);
    int server = -1;

    front_hang(front, 0);
    peer_send(client, GET);
    front_await(&front_target(front, 0)->cells[0].in_flight, 1);
    front_evict(front, 0, true);
    server = front_accept(front, 1);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    cr_assert_eq(atomic_load(&front_slot(front, 0)->cells[0].retries[SLOT_RETRY_CONNECT]), 0);
    close(client);
    front_stop(front);
}

/* The client takes nothing: what it was to hear first waits, and the target with what it says next. */
Test(worker, interim_responses_wait_for_a_slow_client)
{
    enum { FILL = 60000, COUNT = 3 };
    struct front *front = front_start(&(struct front_options){ .send_buffer = 4096 });
    char *hints = calloc(1, FILL + 64);
    int client = front_dial(front);
    int server = -1;

    snprintf(hints, FILL + 64, "HTTP/1.1 103 Early Hints\r\nLink: %0*d\r\n\r\n", FILL, 0);
    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    for (int i = 0; i < COUNT; i++)
        peer_send(server, hints);
    peer_send(server, OK_2);
    for (int i = 0; i < COUNT; i++)
        peer_take(client, hints);
    peer_answer(client, 200, "ok");
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    peer_send(server, hints);
    close(server);
    peer_take(client, hints);
    peer_answer(client, 502, NULL);
    close(client);
    free(hints);
    front_stop(front);
}

/* With a part of an interim response on its way no page of ours would be understood. */
Test(worker, no_page_behind_half_an_interim_response)
{
    enum { FILL = 60000 };
    struct front *front =
        front_start(&(struct front_options){ .send_buffer = 4096, .receive_buffer = 4096 });
    char *hints = calloc(1, FILL + 64), *got = calloc(1, FILL + 4096);
    int client = front_dial(front);
    int server = -1;

    snprintf(hints, FILL + 64, "HTTP/1.1 103 Early Hints\r\nLink: %0*d\r\n\r\n", FILL, 0);
    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, hints);
    cr_assert_not(peer_is_quiet(client, 5000)); /* a part is there, the rest waits */
    front_evict(front, 0, true);
    (void)recv(client, got, FILL + 4095, MSG_WAITALL);
    cr_assert_lt(strlen(got), strlen(hints));
    cr_assert_eq(strncmp(got, hints, strlen(got)), 0);
    peer_end(server);
    close(client);
    free(got);
    free(hints);
    cr_assert_eq(slot_sum_faults(front_slot(front, 0), FAULT_TARGET_EVICTED), 1);
    front_stop(front);
}

/* Sends until neither side takes more. */
static void fill(int fd)
{
    static const char bytes[65536];
    struct pollfd poller = { .fd = fd, .events = POLLOUT };

    while (poll(&poller, 1, 200) > 0)
        (void)!send(fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The app takes no more of the body, so the client is not read from: it is noticed all the same. */
Test(worker, a_client_gone_while_its_body_is_held_up)
{
    struct front *front = front_start(&plain);
    int client = front_dial(front);
    int server = -1;

    peer_send(client, POST_LINE FIELDS "Content-Length: 1000000000\r\n\r\n");
    server = front_accept(front, 0);
    peer_request(server, POST_LINE);
    fill(client);
    peer_reset(client);
    front_await(&front_counts(front)->sessions, 0);
    front_await(&front_counts(front)->upstreams, 0);
    cr_assert_eq(slot_sum_faults(front_slot(front, 0), FAULT_CLIENT_GONE), 1);
    close(server);
    front_stop(front);
}
