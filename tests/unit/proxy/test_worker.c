/* A whole worker between scripted clients and app servers: proxy/worker.h. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "front.h"
#include "route/slot.h"
#include "route/target.h"

enum { LARGE = 4 * 1024 * 1024 };

static const struct front_options plain;

Test(worker, keeps_both_connections_alive)
{
    struct front *front = front_start(&plain);
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    for (int i = 0; i < 5; i++) {
        peer_send(client, GET);
        peer_request(server, GET_LINE);
        peer_send(server, OK_2);
        peer_answer(client, 200, "ok");
    }
    cr_assert_eq(atomic_load(&front_counts(front)->upstreams), 1);
    cr_assert_eq(atomic_load(&front_counts(front)->sessions), 1);
    close(client);
    front_await(&front_counts(front)->sessions, 0);
    close(server);
    front_await(&front_counts(front)->upstreams, 0);
    front_stop(front);
}

Test(worker, pipelined_requests_are_answered_in_order)
{
    struct front *front = front_start(&plain);
    int client = front_dial(front);
    int server = -1;

    peer_send(client, "\r\n" POST_LINE FIELDS "Content-Length: 3\r\n\r\none"
                      "POST /q HTTP/1.1" FIELDS
                      "Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n" GET);
    server = front_accept(front, 0);
    peer_request(server, POST_LINE);
    peer_take(server, "one");
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    peer_request(server, "POST /q HTTP/1.1");
    peer_take(server, "3\r\ntwo\r\n0\r\n\r\n");
    peer_send(server, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    peer_answer(client, 201, "");
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    close(client);
    close(server);
    front_stop(front);
}

/* The whole pipeline at once, and more requests than are taken in one turn. */
Test(worker, a_long_pipeline)
{
    struct front *front = front_start(&plain);
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    for (int i = 0; i < 100; i++)
        peer_send(client, GET);
    for (int i = 0; i < 100; i++) {
        peer_request(server, GET_LINE);
        peer_send(server, OK_2);
    }
    for (int i = 0; i < 100; i++)
        peer_answer(client, 200, "ok");
    front_publish_empty(front);
    for (int i = 0; i < 100; i++)
        peer_send(client, GET);
    for (int i = 0; i < 100; i++)
        peer_answer(client, 503, NULL);
    close(client);
    close(server);
    front_stop(front);
}

Test(worker, heads_and_bodies_in_single_bytes)
{
    static const char request[] = POST_LINE FIELDS "Transfer-Encoding: chunked\r\n\r\n"
                                                   "3\r\nabc\r\n0\r\nX: y\r\n\r\n";
    static const char response[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "2\r\nhi\r\n0\r\n\r\n";
    struct front *front = front_start(&plain);
    char head[4096];
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    for (size_t i = 0; i + 1 < sizeof request; i++) {
        peer_send_bytes(client, request + i, 1);
        (void)peer_is_quiet(client, 1);
    }
    peer_request(server, POST_LINE);
    peer_take(server, "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n");
    for (size_t i = 0; i + 1 < sizeof response; i++) {
        peer_send_bytes(server, response + i, 1);
        (void)peer_is_quiet(server, 1);
    }
    peer_head(client, head, sizeof head);
    peer_take(client, "1\r\nh\r\n1\r\ni\r\n0\r\n\r\n");
    close(client);
    close(server);
    front_stop(front);
}

static void tune_connect(struct policy *policy)
{
    policy->connect_us = 50000;
}

/* The connect timeout of the second connection is not the time the app has for its answer. */
Test(worker, a_retried_request_has_its_whole_time)
{
    struct front *front = front_start(&(struct front_options){ .tune = tune_connect });
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    close(server);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    cr_assert(peer_is_quiet(client, 400), "answered before the app was");
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    cr_assert_eq(atomic_load(&front_target(front, 0)->slot->cells[0].retries[SLOT_RETRY_STALE]), 1);
    close(client);
    close(server);
    front_stop(front);
}

Test(worker, a_retried_request_has_its_whole_body)
{
    static const char *const requests[] = {
        PUT_LINE FIELDS "Content-Length: 4\r\n\r\nbody",
        POST_LINE FIELDS "Idempotency-Key: k\r\nContent-Length: 4\r\n\r\nbody",
    };

    for (int i = 0; i < 2; i++) {
        struct front *front = front_start(&plain);
        const char *line = i == 0 ? PUT_LINE : POST_LINE;
        int client = -1;
        int server = -1;

        front_open_kept(front, &client, &server);
        peer_send(client, requests[i]);
        peer_send(client, GET);
        peer_request(server, line);
        peer_take(server, "body");
        if (i == 0)
            close(server);
        else
            peer_reset(server);
        server = front_accept(front, 0);
        peer_request(server, line);
        peer_take(server, "body");
        peer_send(server, OK_2);
        peer_answer(client, 200, "ok");
        peer_request(server, GET_LINE);
        peer_send(server, OK_2);
        peer_answer(client, 200, "ok");
        close(client);
        close(server);
        front_stop(front);
    }
}

Test(worker, a_post_goes_once)
{
    struct front *front = front_start(&(struct front_options){ .targets = 2 });
    int client = front_dial(front);
    int server = -1;

    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    front_refuse(front, 1); /* its turn: tried elsewhere, on the kept connection */
    peer_send(client, POST_LINE FIELDS "Content-Length: 4\r\n\r\nbody");
    peer_request(server, POST_LINE);
    peer_take(server, "body");
    close(server);
    peer_answer(client, 502, NULL);
    cr_assert_not(front_has_dialled(front, 0));
    close(client);
    front_stop(front);
}

/* The app server ended a kept connection before the request: nobody notices, whatever the method. */
Test(worker, an_ended_kept_connection_is_not_used)
{
    struct front *front = front_start(&plain);
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    close(server);
    front_await(&front_counts(front)->upstreams, 0);
    peer_send(client, POST_LINE FIELDS "Content-Length: 0\r\n\r\n");
    server = front_accept(front, 0);
    peer_request(server, POST_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    cr_assert_eq(atomic_load(&front_target(front, 0)->slot->cells[0].retries[SLOT_RETRY_STALE]), 0);
    close(client);
    close(server);
    front_stop(front);
}

/* Surplus bytes behind a response are nobody's: the connection ends, whenever they come. */
Test(worker, surplus_bytes_end_the_connection)
{
    struct front *front = front_start(&plain);
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    peer_answer(client, 200, "ok");
    peer_send(client, GET);
    peer_end(server);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    peer_send(server, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    peer_end(server);
    close(client);
    front_stop(front);
}

Test(worker, large_bodies_both_ways)
{
    struct front *front = front_start(&plain);
    char *body = mem_alloc(LARGE);
    char *got = mem_alloc(LARGE);
    char head[4096];
    int client = front_dial(front);
    int server = -1;

    for (size_t i = 0; i < LARGE; i++)
        body[i] = (char)(i * 2654435761u >> 13);
    peer_send(client, PUT_LINE FIELDS "Content-Length: 4194304\r\n\r\n");
    server = front_accept(front, 0);
    peer_request(server, PUT_LINE);
    for (size_t sent = 0, taken = 0; taken < LARGE;) {
        size_t most = LARGE - sent < 100000 ? LARGE - sent : 100000;
        ssize_t count = sent < LARGE ? send(client, body + sent, most, MSG_DONTWAIT) : 0;

        sent += count > 0 ? (size_t)count : 0;
        count = recv(server, got + taken, LARGE - taken, count > 0 ? MSG_DONTWAIT : 0);
        taken += count > 0 ? (size_t)count : 0;
    }
    cr_assert_eq(memcmp(body, got, LARGE), 0);
    peer_send(server, "HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n");
    peer_head(client, head, sizeof head);
    for (size_t sent = 0, taken = 0; taken < LARGE;) {
        size_t most = LARGE - sent < 100000 ? LARGE - sent : 100000;
        ssize_t count = sent < LARGE ? send(server, body + sent, most, MSG_DONTWAIT) : 0;

        sent += count > 0 ? (size_t)count : 0;
        count = recv(client, got + taken, LARGE - taken, count > 0 ? MSG_DONTWAIT : 0);
        taken += count > 0 ? (size_t)count : 0;
    }
    cr_assert_eq(memcmp(body, got, LARGE), 0);
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    close(client);
    close(server);
    free(body);
    free(got);
    front_stop(front);
}

struct ending {
    const char *response;
    const char *rest; /* what the client gets behind the head, then the end */
};

static const struct ending endings[] = {
    { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "short" },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", "5\r\nshort\r\n" },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nX\r\n", "3\r\nabc\r\n" },
    { "HTTP/1.1 200 OK\r\n\r\nall", "3\r\nall\r\n0\r\n\r\n" },
};

Test(worker, truncated_responses_stay_truncated)
{
    struct front *front = front_start(&plain);

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char head[4096];
        int client = front_dial(front);
        int server = -1;

        peer_send(client, GET);
        server = front_accept(front, 0);
        peer_request(server, GET_LINE);
        peer_send(server, endings[i].response);
        close(server);
        peer_head(client, head, sizeof head);
        peer_take(client, endings[i].rest);
        if (strstr(endings[i].rest, "0\r\n\r\n") != NULL)
            close(client); /* this one was whole */
        else
            peer_end(client);
    }
    front_stop(front);
}

Test(worker, responses_without_a_body)
{
    struct front *front = front_start(&plain);
    char head[4096];
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    peer_send(client, "HEAD /h HTTP/1.1" FIELDS "\r\n" GET "GET /n HTTP/1.1" FIELDS "\r\n" GET);
    peer_request(server, "HEAD /h HTTP/1.1");
    peer_send(server, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    peer_head(client, head, sizeof head);
    cr_assert_not_null(strstr(head, "Content-Length: 1000\r\n"));
    peer_request(server, GET_LINE);
    peer_send(server, "HTTP/1.1 204 No Content\r\n\r\n");
    peer_head(client, head, sizeof head);
    peer_request(server, "GET /n HTTP/1.1");
    peer_send(server, "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
    peer_head(client, head, sizeof head);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    close(client);
    close(server);
    front_stop(front);
}

Test(worker, interim_responses_and_expect)
{
    struct front *front = front_start(&plain);
    char head[4096];
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    peer_send(client, POST_LINE FIELDS "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    peer_take(client, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_head(server, head, sizeof head);
    cr_assert_null(strcasestr(head, "expect"));
    peer_send(client, "body");
    peer_take(server, "body");
    peer_send(server,
              "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" OK_2);
    peer_head(client, head, sizeof head);
    cr_assert_eq(strncmp(head, "HTTP/1.1 103 ", 13), 0, "%s", head);
    peer_answer(client, 200, "ok");
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    for (int i = 0; i < 9; i++)
        peer_send(server, "HTTP/1.1 102 Processing\r\n\r\n");
    for (int i = 0; i < 8; i++) {
        peer_head(client, head, sizeof head);
        cr_assert_eq(strncmp(head, "HTTP/1.1 102 ", 13), 0, "%s", head);
    }
    peer_answer(client, 502, NULL);
    peer_end(server);
    close(client);
    front_stop(front);
}

/* An answer before the body was read: it is passed on, and no byte of the body becomes a request. */
Test(worker, an_early_answer_ends_both_connections)
{
    struct front *front = front_start(&plain);
    char head[4096];
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    peer_send(client,
              POST_LINE FIELDS "Content-Length: 100\r\n\r\nGET /evil HTTP/1.1" FIELDS "\r\n");
    peer_request(server, POST_LINE);
    peer_send(server, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno");
    peer_head(client, head, sizeof head);
    cr_assert_not_null(strcasestr(head, "\r\nConnection: close\r\n"), "%s", head);
    peer_take(client, "no");
    peer_end(client);
    peer_take(server, "GET /evil HTTP/1.1" FIELDS "\r\n");
    peer_end(server);
    cr_assert_not(front_has_dialled(front, 0));
    front_stop(front);
}

Test(worker, a_half_closed_client_is_answered)
{
    struct front *front = front_start(&plain);
    int client = front_dial(front);
    int server = -1;

    peer_send(client, GET);
    cr_assert_eq(shutdown(client, SHUT_WR), 0);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    cr_assert(peer_is_quiet(server, 50));
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    peer_end(client);
    close(server);
    front_stop(front);
}

Test(worker, a_client_that_is_gone_ends_its_request)
{
    struct front *front = front_start(&plain);
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    peer_reset(client);
    peer_end(server);
    front_await(&front_counts(front)->exchanges, 0);
    cr_assert_eq(slot_sum_faults(front_target(front, 0)->slot, FAULT_CLIENT_GONE), 1);
    front_stop(front);
}
