/* How sessions, connections and a whole worker end: proxy/worker.h. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front.h"
#include "net/loop.h"
#include "route/slot.h"
#include "route/target.h"

static const struct front_options plain;

Test(worker_life, evicts_idle_and_busy)
{
    struct front *front = front_start(&plain);
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    front_await(&front_counts(front)->upstreams_idle, 1);
    front_evict(front, 0, false);
    peer_end(server);
    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    front_evict(front, 0, false);
    cr_assert(peer_is_quiet(server, 50), "a busy one stays");
    front_publish_empty(front);
    front_evict(front, 0, true);
    peer_end(server);
    peer_answer(client, 503, NULL);
    cr_assert_eq(target_in_flight(front_target(front, 0)), 0);
    peer_send(client, GET);
    peer_answer(client, 503, NULL);
    close(client);
    front_stop(front);
}

Test(worker_life, drains)
{
    struct front *front = front_start(&plain);
    char head[4096];
    int idle = -1;
    int idle_server = -1;
    int client = front_dial(front);
    int server = -1;

    front_open_kept(front, &idle, &idle_server);
    peer_send(client, GET);
    peer_request(idle_server, GET_LINE);
    server = idle_server;
    worker_drain(front_worker(front), 0);
    peer_end(idle);
    peer_send(server, OK_2);
    peer_head(client, head, sizeof head);
    cr_assert_not_null(strcasestr(head, "\r\nConnection: close\r\n"), "%s", head);
    peer_take(client, "ok");
    peer_end(client);
    peer_end(server);
    front_await(&front_counts(front)->sessions, 0);
    front_stop(front);
}

static void set_few(struct worker_options *options)
{
    options->max_sessions = 1;
}

Test(worker_life, refuses_beyond_its_sessions)
{
    struct front *front = front_start(&(struct front_options){ .set = set_few });
    int client = -1;
    int server = -1;
    int second = -1;

    front_open_kept(front, &client, &server);
    second = front_dial(front);
    peer_answer(second, 503, "");
    peer_end(second);
    cr_assert_eq(atomic_load(&front_counts(front)->sessions_refused), 1);
    close(client);
    front_await(&front_counts(front)->sessions, 0);
    second = front_dial(front);
    peer_send(second, GET);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(second, 200, "ok");
    close(second);
    close(server);
    front_stop(front);
}

Test(worker_life, takes_proxy_headers)
{
    struct front *front = front_start(&(struct front_options){ .proxy_protocol = true });
    int client = front_dial(front);
    int server = -1;

    peer_send(client, "PROXY TCP4 10.1.2.3 10.0.0.1 5000 80\r\n");
    cr_assert(peer_is_quiet(client, 20));
    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    close(client);
    client = front_dial(front);
    peer_send(client, GET);
    peer_end(client);
    /* the end comes together with the header, or with a part of it */
    client = front_dial(front);
    peer_send(client, "PROXY TCP4 10.1.2.3 10.0.0.1 5000 80\r\n");
    shutdown(client, SHUT_WR);
    peer_end(client);
    client = front_dial(front);
    peer_send(client, "PROXY TCP4");
    shutdown(client, SHUT_WR);
    peer_end(client);
    close(server);
    front_stop(front);
}

static void set_hasty(struct worker_options *options)
{
    options->head_us = 100000;
    options->keepalive_us = 100000;
}

static void tune_hasty(struct policy *policy)
{
    policy->body_us = 100000;
    policy->response_us = 100000;
    policy->idle_us = 100000;
    policy->keepalive_us = 100000;
}

Test(worker_life, every_wait_ends)
{
    struct front *front =
        front_start(&(struct front_options){ .set = set_hasty, .tune = tune_hasty });
    char head[4096];
    int client = front_dial(front);
    int server = -1;

    peer_end(client); /* nothing came */
    client = front_dial(front);
    peer_send(client, "GET / HTT");
    peer_answer(client, 408, NULL);
    peer_end(client);
    front_open_kept(front, &client, &server);
    peer_end(client); /* no further request */
    client = front_dial(front);
    peer_send(client, POST_LINE FIELDS "Content-Length: 4\r\n\r\nb");
    peer_request(server, POST_LINE);
    peer_answer(client, 408, NULL);
    peer_end(client);
    peer_take(server, "b");
    peer_end(server);
    client = front_dial(front);
    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_answer(client, 504, NULL);
    peer_end(server);
    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    peer_head(client, head, sizeof head);
    peer_take(client, "o");
    peer_end(client);
    peer_end(server);
    front_stop(front);
}

static void on_evicted(void *arg)
{
    ++*(unsigned *)arg;
}

/* Messages that nobody received any more are given back, and evictions are answered. */
Test(worker_life, join_answers_what_is_open)
{
    struct loop *control = loop_new();
    const struct worker_options options = { .control = control, .max_sessions = 1 };
    struct worker *worker = worker_new(&options);
    static const struct gate gate = { .name = "http" };
    static struct target target; /* not looked at */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unsigned evicted = 0;

    worker_listen(worker, 0, fd, &gate);
    worker_tune(worker, 1, 1, 1);
    worker_evict(worker, &target, true, on_evicted, &evicted);
    worker_quit(worker);
    worker_join(worker);
    cr_assert_eq(evicted, 1);
    cr_assert_eq(fcntl(fd, F_GETFD), -1, "the descriptor was taken");
    loop_free(control);

    for (int i = 0; i < 20; i++) { /* received by the worker or not, as it happens */
        struct front *front = front_start(&plain);

        worker_evict(front_worker(front), front_target(front, 0), true, on_evicted, &evicted);
        worker_quit(front_worker(front));
        worker_evict(front_worker(front), front_target(front, 0), true, on_evicted, &evicted);
        front_stop(front);
        cr_assert_eq(evicted, 3 + 2 * (unsigned)i);
    }
}

Test(worker_life, quits_in_the_middle)
{
    struct front *front = front_start(&plain);
    int client = -1;
    int server = -1;
    int waiting = front_dial(front);

    peer_send(waiting, "GET / HT");
    front_open_kept(front, &client, &server);
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    front_await(&front_counts(front)->exchanges, 1);
    front_stop(front);
    peer_end(server);
    close(client);
    close(waiting);
}
