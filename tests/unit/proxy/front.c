/* See front.h. */
#include "front.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rcu.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/timer.h"
#include "proxy/worker_priv.h"
#include "route/rate.h"
#include "route/snapshot.h"

enum { PATIENCE_MS = 5000, HEAD_MAX = 65536 };

struct front {
    struct loop *control;
    struct worker *worker;
    struct gate gate;
    struct service *service;
    struct slot *slots[FRONT_TARGETS];
    unsigned slot_count;
    uint64_t epoch;
    struct target *targets[FRONT_TARGETS];
    unsigned count;
    int listening[FRONT_TARGETS];
    int filling[FRONT_TARGETS]; /* a connection that nobody accepts */
    struct policy policy;
    struct address address;
    struct address_net trusted;
    int receive_buffer;
    void (*shape)(struct snapshot_service *service);
};

static int listen_anywhere(struct address *address)
{
    int fd = -1;

    cr_assert_eq(address_parse(SLICE("127.0.0.1:0"), address), 0);
    cr_assert_eq(listener_bind(address, 64, 0, &fd), 0);
    address->len = sizeof address->sa;
    cr_assert_eq(getsockname(fd, &address->sa.any, &address->len), 0);
    return fd;
}

static void publish(struct front *front, unsigned count)
{
    struct pick picks[FRONT_TARGETS];
    struct snapshot_slot slots[FRONT_TARGETS] = {
        { .slot = front->slots[0], .role = ROLE_LIVE, .pick_count = count, .picks = picks },
        { .slot = front->slots[1], .role = ROLE_CANDIDATE, .pick_count = 1, .picks = picks + 1 },
    };
    struct snapshot_service service = { .service = front->service,
                                        .policy = front->policy,
                                        .slots = slots,
                                        .slot_count = front->slot_count };
    struct snapshot_input input = { .service_count = 1, .services = &service };
    struct snapshot *next = NULL;
    struct snapshot *old = NULL;

    if (front->slot_count > 1)
        slots[0].pick_count = 1;
    for (unsigned i = 0; i < front->count; i++)
        picks[i] = (struct pick){ .target = front->targets[i], .weight = 1, .order = ORDER_READY };
    if (front->shape != NULL)
        front->shape(&service);
    input.epoch = ++front->epoch;
    cr_assert_eq(snapshot_build(&input, &next), 0);
    old = snapshot_publish(next);
    rcu_grace_period();
    snapshot_free(old);
}

void front_publish(struct front *front)
{
    publish(front, front->count);
}

void front_publish_empty(struct front *front)
{
    publish(front, 0);
}

static void make_targets(struct front *front)
{
    front->service = service_new("shop");
    if (front->policy.client_rate > 0)
        front->service->rate = rate_new(64);
    front->slots[0] = slot_new(front->service, "blue", 1);
    if (front->slot_count > 1)
        front->slots[1] = slot_new(front->service, "green", 1);
    for (unsigned i = 0; i < front->count; i++) {
        struct slot *slot = front->slots[front->slot_count > 1 ? i : 0];
        struct address address;
        char name[ADDRESS_TEXT_SIZE];

        front->filling[i] = -1;
        front->listening[i] = listen_anywhere(&address);
        address_format(&address, name);
        front->targets[i] = target_new(slot, name, &address, 1);
    }
}

static void make_gate(struct front *front, const struct front_options *options)
{
    memcpy(front->gate.name, "http", 5);
    front->gate.proxy_protocol = options->proxy_protocol;
    front->gate.client_connections = options->client_connections;
    if (options->client_connections > 0)
        front->gate.rate = rate_new(64);
    if (options->trusts) {
        cr_assert_eq(address_parse_net(SLICE("127.0.0.0/8"), &front->trusted), 0);
        front->gate.trusted = &front->trusted;
        front->gate.trusted_count = 1;
    }
}

struct front *front_start(const struct front_options *options)
{
    struct front *front = mem_zalloc(sizeof *front);
    struct worker_options worker = {
        .head_us = 10000000, .keepalive_us = 60000000, .linger_us = 1000000, .max_sessions = 1000
    };
    int fd = -1;

    (void)signal(SIGPIPE, SIG_IGN);
    rcu_thread_begin();
    front->count = options->targets > 0 ? options->targets : 1;
    front->slot_count = 1;
    if (options->candidate)
        front->slot_count = front->count = FRONT_TARGETS;
    front->control = loop_new();
    front->policy = (struct policy){ .body_us = 10000000,
                                     .connect_us = 5000000,
                                     .response_us = 10000000,
                                     .idle_us = 10000000,
                                     .keepalive_us = 60000000,
                                     .pool_idle_us = 60000000,
                                     .head_bytes = 32768,
                                     .target_bytes = 8192,
                                     .fields = 100,
                                     .pool_max = 8,
                                     .attempts = 1 };
    if (options->tune != NULL)
        options->tune(&front->policy);
    make_targets(front);
    make_gate(front, options);
    front->shape = options->shape;
    front->receive_buffer = options->receive_buffer;
    front_publish(front);
    worker.control = front->control;
    if (options->set != NULL)
        options->set(&worker);
    front->worker = worker_new(&worker);
    fd = listen_anywhere(&front->address);
    if (options->send_buffer > 0)
        cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &options->send_buffer, sizeof(int)), 0);
    worker_listen(front->worker, 0, fd, &front->gate);
    worker_start(front->worker);
    return front;
}

void front_stop(struct front *front)
{
    struct snapshot *last = NULL;

    worker_quit(front->worker);
    pthread_join(front->worker->thread, NULL);
    front->worker->is_started = false;
    cr_assert_eq(atomic_load(&front->worker->counts.sessions), 0);
    cr_assert_eq(atomic_load(&front->worker->counts.exchanges), 0);
    cr_assert_eq(atomic_load(&front->worker->counts.upstreams), 0);
    cr_assert_eq(atomic_load(&front->worker->counts.upstreams_idle), 0);
    worker_join(front->worker);
    last = snapshot_publish(NULL);
    snapshot_free(last);
    for (unsigned i = 0; i < front->count; i++) {
        cr_assert_eq(target_in_flight(front->targets[i]), 0);
        cr_assert_eq(atomic_load(&front->targets[i]->cells[0].idle), 0);
        cr_assert_eq(atomic_load(&front->targets[i]->cells[0].connections), 0);
        cr_assert_null(front->targets[i]->cells[0].pool);
        target_free(front->targets[i]);
        if (front->listening[i] >= 0)
            close(front->listening[i]);
        if (front->filling[i] >= 0)
            close(front->filling[i]);
    }
    for (unsigned i = 0; i < front->slot_count; i++) {
        cr_assert_eq(slot_in_flight(front->slots[i]), 0);
        cr_assert_eq(slot_queued(front->slots[i]), 0);
        slot_free(front->slots[i]);
    }
    cr_assert_eq(atomic_load(&front->service->counts.held), 0);
    cr_assert_eq(atomic_load(&front->service->counts.held_bytes), 0);
    service_free(front->service);
    rate_free(front->gate.rate);
    loop_free(front->control);
    rcu_thread_end();
    free(front);
}

struct loop *front_control(struct front *front)
{
    return front->control;
}

struct worker *front_worker(struct front *front)
{
    return front->worker;
}

struct target *front_target(struct front *front, unsigned index)
{
    return front->targets[index];
}

struct service *front_service(struct front *front)
{
    return front->service;
}

struct slot *front_slot(struct front *front, unsigned index)
{
    return front->slots[index];
}

const struct worker_counts *front_counts(const struct front *front)
{
    return worker_counts(front->worker);
}

struct answered {
    struct loop *loop;
    bool is_done;
};

static void on_evicted(void *arg)
{
    struct answered *answered = arg;

    answered->is_done = true;
    loop_stop(answered->loop);
}

static void on_patience(void *arg)
{
    loop_stop(arg);
}

void front_evict(struct front *front, unsigned index, bool busy)
{
    struct answered answered = { front->control, false };
    struct timer *timer = timer_new(front->control, on_patience, front->control);

    timer_arm(timer, PATIENCE_MS);
    worker_evict(front->worker, front->targets[index], busy, on_evicted, &answered);
    loop_run(front->control);
    timer_free(timer);
    cr_assert(answered.is_done, "the eviction was not answered");
}

struct warmed {
    struct answered answered;
    unsigned open;
};

static void on_warmed(void *arg, unsigned open)
{
    struct warmed *warmed = arg;

    warmed->open = open;
    on_evicted(&warmed->answered);
}

unsigned front_warm(struct front *front, unsigned index, unsigned count)
{
    struct warmed warmed = { { front->control, false }, 0 };
    struct timer *timer = timer_new(front->control, on_patience, front->control);

    timer_arm(timer, PATIENCE_MS);
    worker_warm(front->worker, front->targets[index], count, on_warmed, &warmed);
    loop_run(front->control);
    timer_free(timer);
    cr_assert(warmed.answered.is_done, "the order to warm was not answered");
    return warmed.open;
}

static void set_patience(int fd)
{
    struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };

    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
}

int front_dial(struct front *front)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    set_patience(fd);
    if (front->receive_buffer > 0)
        cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &front->receive_buffer, sizeof(int)), 0);
    cr_assert_eq(connect(fd, &front->address.sa.any, front->address.len), 0);
    return fd;
}

static bool is_ready(int fd, unsigned ms)
{
    struct pollfd poller = { .fd = fd, .events = POLLIN };

    return poll(&poller, 1, (int)ms) > 0;
}

int front_accept(struct front *front, unsigned index)
{
    int fd = -1;

    cr_assert(is_ready(front->listening[index], PATIENCE_MS), "the worker does not connect");
    fd = accept4(front->listening[index], NULL, NULL, SOCK_CLOEXEC);
    cr_assert(fd >= 0);
    set_patience(fd);
    return fd;
}

bool front_has_dialled(struct front *front, unsigned index)
{
    return is_ready(front->listening[index], 0);
}

/* With a backlog of 0 the kernel keeps one connection that nobody has accepted, and drops further SYNs. */
void front_hang(struct front *front, unsigned index)
{
    const struct address *address = &front_target(front, index)->address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert(fd >= 0);
    cr_assert_eq(listen(front->listening[index], 0), 0);
    cr_assert_eq(connect(fd, &address->sa.any, address->len), 0);
    front->filling[index] = fd;
}

void front_refuse(struct front *front, unsigned index)
{
    close(front->listening[index]);
    front->listening[index] = -1;
}

void front_await(const _Atomic uint64_t *count, uint64_t value)
{
    struct timespec pause = { .tv_nsec = 1000000 };

    for (int i = 0; i < PATIENCE_MS && atomic_load(count) != value; i++)
        nanosleep(&pause, NULL);
    cr_assert_eq(atomic_load(count), value);
}

void peer_send_bytes(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        cr_assert(sent > 0);
        bytes += sent;
        size -= (size_t)sent;
    }
}

void peer_send(int fd, const char *text)
{
    peer_send_bytes(fd, text, strlen(text));
}

void peer_take(int fd, const char *text)
{
    size_t size = strlen(text);
    char *bytes = mem_zalloc(size + 1);
    size_t at = 0;

    while (at < size) {
        ssize_t count = recv(fd, bytes + at, size - at, 0);

        cr_assert(count > 0, "ended after \"%s\"", bytes);
        at += (size_t)count;
    }
    cr_assert_str_eq(bytes, text);
    free(bytes);
}

void peer_head(int fd, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    while (at < 4 || memcmp(out + at - 4, "\r\n\r\n", 4) != 0) {
        cr_assert(at + 1 < size);
        cr_assert_eq(recv(fd, out + at, 1, 0), 1, "ended after \"%s\"", out);
        out[++at] = '\0';
    }
}

void peer_request(int fd, const char *line)
{
    char *head = mem_zalloc(HEAD_MAX);

    peer_head(fd, head, HEAD_MAX);
    cr_assert(strncmp(head, line, strlen(line)) == 0 &&
                  strncmp(head + strlen(line), "\r\n", 2) == 0,
              "instead of \"%s\": %s", line, head);
    free(head);
}

void peer_answer(int fd, int status, const char *body)
{
    char head[4096];
    char *length = NULL;

    peer_head(fd, head, sizeof head);
    cr_assert_eq(atol(head + 9), status, "%s", head);
    length = strcasestr(head, "\r\nContent-Length: ");
    cr_assert_not_null(length, "%s", head);
    if (body == NULL) { /* a page of ours: any */
        for (long left = strtol(length + 18, NULL, 10); left > 0; left--) {
            char byte = 0;

            cr_assert_eq(recv(fd, &byte, 1, 0), 1);
        }
        return;
    }
    cr_assert_eq(strtoul(length + 18, NULL, 10), strlen(body), "%s", head);
    peer_take(fd, body);
}

void peer_end(int fd)
{
    char byte = 0;

    cr_assert(is_ready(fd, PATIENCE_MS), "the connection is not ended");
    cr_assert(recv(fd, &byte, 1, 0) <= 0, "a byte instead of the end: '%c'", byte);
    close(fd);
}

void peer_reset(int fd)
{
    struct linger linger = { .l_onoff = 1 };

    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}

bool peer_is_quiet(int fd, unsigned ms)
{
    return !is_ready(fd, ms);
}

void front_open_kept(struct front *front, int *client, int *server)
{
    *client = front_dial(front);
    peer_send(*client, GET);
    *server = front_accept(front, 0);
    peer_request(*server, GET_LINE);
    peer_send(*server, OK_2);
    peer_answer(*client, 200, "ok");
}
