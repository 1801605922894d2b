/* What one client may ask for: requests of a service, connections of a listener. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "route/service.h"

static void tune(struct policy *policy)
{
    policy->client_rate = 1;
    policy->client_burst = 2;
}

Test(client_limits, requests_beyond_the_rate)
{
    struct front *front = front_start(&(struct front_options){ .tune = tune });
    char head[4096];
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    peer_send(client, "HEAD /a HTTP/1.1\r\nHost: a.test\r\n\r\n");
    peer_head(client, head, sizeof head);
    cr_assert_eq(atol(head + 9), 429);
    cr_assert_not_null(strcasestr(head, "\r\nRetry-After: 1\r\n"), "%s", head);
    cr_assert_null(strcasestr(head, "\r\nConnection: close\r\n"));
    peer_send(client, GET); /* the connection is kept */
    peer_answer(client, 429, NULL);
    cr_assert_eq(atomic_load(&front_service(front)->counts.limited), 2);
    close(client);
    close(server);
    front_stop(front);
}

/* A second attempt is no second request of the client. */
Test(client_limits, a_retry_is_not_the_clients)
{
    struct front *front = front_start(&(struct front_options){ .tune = tune });
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    close(server); /* a kept connection that proved stale */
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    cr_assert_eq(atomic_load(&front_service(front)->counts.limited), 0);
    close(client);
    close(server);
    front_stop(front);
}

Test(client_limits, connections_beyond_the_number)
{
    struct front *front = front_start(&(struct front_options){ .client_connections = 2 });
    char head[4096];
    int clients[3];

    for (int i = 0; i < 2; i++)
        clients[i] = front_dial(front);
    front_await(&front_counts(front)->sessions, 2);
    clients[2] = front_dial(front);
    peer_send(clients[2], GET);
    peer_head(clients[2], head, sizeof head);
    cr_assert_eq(atol(head + 9), 429);
    peer_end(clients[2]);
    cr_assert_eq(atomic_load(&front_counts(front)->sessions_limited), 1);
    close(clients[0]);
    front_await(&front_counts(front)->sessions, 1);
    clients[2] = front_dial(front); /* its place is free again */
    front_await(&front_counts(front)->sessions, 2);
    cr_assert_eq(atomic_load(&front_counts(front)->sessions_limited), 1);
    close(clients[1]);
    close(clients[2]);
    front_stop(front);
}

/* Behind a load balancer the client of the PROXY header counts, not the balancer. */
Test(client_limits, the_peer_of_a_proxy_header_counts)
{
    static const char one[] = "PROXY TCP4 192.0.2.1 192.0.2.9 1000 80\r\n";
    static const char other[] = "PROXY TCP4 192.0.2.2 192.0.2.9 1000 80\r\n";
    struct front *front =
        front_start(&(struct front_options){ .client_connections = 1, .proxy_protocol = true });
    char head[4096];
    int clients[3];
    int server = -1;

    for (int i = 0; i < 3; i++)
        clients[i] = front_dial(front);
    peer_send(clients[0], one);
    peer_send(clients[0], GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(clients[0], 200, "ok");
    peer_send(clients[1], one);
    peer_send(clients[1], GET);
    peer_head(clients[1], head, sizeof head);
    cr_assert_eq(atol(head + 9), 429);
    peer_end(clients[1]);
    peer_send(clients[2], other);
    peer_send(clients[2], GET);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(clients[2], 200, "ok");
    close(clients[0]);
    close(clients[2]);
    close(server);
    front_stop(front);
}
