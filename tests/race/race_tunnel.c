/* room: proxy */
/*
 * Two workers with tunnels that come, echo and go while control orders drains of every kind, takes them back, lists
 * what is open and reads the counters; now and then the target is evicted with all that it has. A message comes back
 * whole, or the tunnel has been ended. At the end nothing is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/timer.h"
#include "proxy/worker.h"
#include "route/snapshot.h"
#include "route/tunnel_drain.h"

enum { WORKERS = 2, CLIENTS = 6, RUN_US = 5000000, WAIT_S = 20, PAUSE_MS = 15, EVICT_EVERY = 40 };

#define ASK(protocol)                                                                              \
    "GET /t HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: " protocol "\r\n\r\n"
#define AGREE(protocol) "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: " protocol "\r\n\r\n"
#define FRAME           "\x82\x84\x01\x02\x03\x04wxyz"

static atomic_bool stopping;
static atomic_uint open_ends; /* threads of the echo server */
static atomic_ulong echoes;
static atomic_ulong ended;

struct client {
    pthread_t thread;
    struct address address;
    unsigned rounds;
};

struct world {
    struct loop *control;
    struct timer *timer;
    struct worker *workers[WORKERS];
    struct address fronts[WORKERS];
    struct address origin;
    struct gate gate;
    struct service *service;
    struct slot *slot;
    struct target *target;
    struct ledger ledger;
    unsigned left; /* workers that have not answered */
    unsigned orders;
    uint64_t listed;
};

static int listen_anywhere(struct address *address)
{
    int fd = -1;

    CHECK(address_parse(SLICE("127.0.0.1:0"), address) == 0);
    CHECK(listener_bind(address, 256, 0, &fd) == 0);
    address->len = sizeof address->sa;
    CHECK(getsockname(fd, &address->sa.any, &address->len) == 0);
    return fd;
}

/* Up to the empty line; false at the end. */
static bool read_head(int fd, char *out, size_t size)
{
    size_t at = 0;

    while (at < 4 || memcmp(out + at - 4, "\r\n\r\n", 4) != 0) {
        CHECK(at + 1 < size);
        if (recv(fd, out + at, 1, 0) != 1)
            return false;
        out[++at] = '\0';
    }
    return true;
}

/* One connection of the echo server. */
static void *run_echo(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char bytes[4096];
    ssize_t count = 0;

    if (read_head(fd, bytes, sizeof bytes)) {
        const char *head = strstr(bytes, "websocket") != NULL ? AGREE("websocket") : AGREE("echo");

        (void)!send(fd, head, strlen(head), MSG_NOSIGNAL);
        while ((count = recv(fd, bytes, sizeof bytes, 0)) > 0)
            if (send(fd, bytes, (size_t)count, MSG_NOSIGNAL) != count)
                break;
    }
    close(fd);
    atomic_fetch_sub(&open_ends, 1);
    return NULL;
}

static void *run_origin(void *arg)
{
    int listening = (int)(intptr_t)arg;
    pthread_attr_t attributes;
    pthread_t thread;
    int fd = -1;

    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0);
    while ((fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        atomic_fetch_add(&open_ends, 1);
        CHECK(pthread_create(&thread, &attributes, run_echo, (void *)(intptr_t)fd) == 0);
    }
    pthread_attr_destroy(&attributes);
    return NULL;
}

static int dial(const struct address *address)
{
    struct timeval patience = { .tv_sec = WAIT_S };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    CHECK(connect(fd, &address->sa.any, address->len) == 0);
    return fd;
}

/* The message comes back whole; false when the tunnel was ended, by a Close or without. */
static bool echo_once(int fd)
{
    char bytes[sizeof FRAME - 1];
    size_t have = 0;

    if (send(fd, FRAME, sizeof bytes, MSG_NOSIGNAL) != (ssize_t)sizeof bytes)
        return false;
    while (have < sizeof bytes) {
        ssize_t count = recv(fd, bytes + have, sizeof bytes - have, 0);

        CHECK(!(count < 0 && errno == EAGAIN)); /* nobody may wait for ever */
        if (count <= 0) {
            CHECK(have == 0 || count < 0 || (unsigned char)bytes[0] == 0x88);
            return false;
        }
        have += (size_t)count;
        if ((unsigned char)bytes[0] == 0x88)
            return false;
    }
    CHECK(memcmp(bytes, FRAME, sizeof bytes) == 0);
    return true;
}

static void *run_client(void *arg)
{
    struct client *client = arg;
    char head[4096];

    while (!atomic_load(&stopping)) {
        const char *ask = client->rounds % 3 == 0 ? ASK("echo") : ASK("websocket");
        unsigned left = 5 + client->rounds * 7 % 60;
        int fd = dial(&client->address);

        client->rounds++;
        (void)!send(fd, ask, strlen(ask), MSG_NOSIGNAL);
        if (read_head(fd, head, sizeof head) && strncmp(head, "HTTP/1.1 101 ", 13) == 0)
            while (left > 0 && echo_once(fd)) {
                atomic_fetch_add(&echoes, 1);
                left--;
            }
        atomic_fetch_add(&ended, left > 0);
        close(fd);
    }
    return NULL;
}

static void publish(struct world *world)
{
    struct pick pick = { .target = target_new(world->slot, "origin", &world->origin, WORKERS),
                         .weight = 1,
                         .order = ORDER_READY };
    struct snapshot_slot in = {
        .slot = world->slot, .role = ROLE_LIVE, .pick_count = 1, .picks = &pick
    };
    struct snapshot_service service = { .service = world->service,
                                        .policy = { .body_us = 10000000,
                                                    .connect_us = 5000000,
                                                    .response_us = 10000000,
                                                    .idle_us = 10000000,
                                                    .keepalive_us = 60000000,
                                                    .tunnel_us = 60000000,
                                                    .head_bytes = 32768,
                                                    .target_bytes = 8192,
                                                    .fields = 100,
                                                    .attempts = 1 },
                                        .slots = &in,
                                        .slot_count = 1 };
    struct snapshot_input input = { .epoch = 1, .service_count = 1, .services = &service };
    struct snapshot *next = NULL;

    CHECK(snapshot_build(&input, &next) == 0);
    next = snapshot_publish(next);
    rcu_grace_period();
    snapshot_free(next);
    world->target = pick.target;
}

static void on_answered(void *arg)
{
    struct world *world = arg;

    if (--world->left == 0)
        loop_stop(world->control);
}

static void on_timer(void *arg)
{
    struct world *world = arg;

    CHECK(world->left == 0); /* every worker answers in time */
    loop_stop(world->control);
}

static void await_answers(struct world *world)
{
    timer_arm(world->timer, WAIT_S * 1000);
    loop_run(world->control);
    timer_disarm(world->timer);
}

static void list(struct world *world)
{
    world->ledger = (struct ledger){ .slot = world->orders % 2 == 0 ? world->slot : NULL };
    world->left = WORKERS;
    for (unsigned i = 0; i < WORKERS; i++)
        worker_list(world->workers[i], &world->ledger, on_answered, world);
    await_answers(world);
    for (size_t i = 0; i < world->ledger.count; i++)
        CHECK(strcmp(world->ledger.entries[i].route, "GET /t") == 0);
    world->listed += world->ledger.count;
    free(world->ledger.entries);
}

/* What goes is still in the picture: requests that come meanwhile have it again, as after a reload. */
static void evict(struct world *world)
{
    struct target *old = world->target;

    publish(world);
    world->left = WORKERS;
    for (unsigned i = 0; i < WORKERS; i++)
        worker_evict(world->workers[i], old, true, on_answered, world);
    await_answers(world);
    while (target_in_flight(old) > 0) { /* what still writes its last answer */
        timer_arm(world->timer, 1);
        loop_run(world->control);
    }
    target_free(old);
}

static void order(struct world *world)
{
    uint64_t now_us = clock_monotonic_us();
    struct tunnel_drain drain = {
        .slot = world->slot,
        .begin_us = now_us,
        .deadline_us = now_us + 400000,
        .per_second = world->orders * 100 % 700,
        .jitter = 20,
        .is_cancelled = world->orders % 5 == 1,
        .never = world->orders % 11 == 3,
    };

    world->orders++;
    for (unsigned i = 0; i < WORKERS; i++)
        worker_drain_tunnels(world->workers[i], &drain);
}

static void start_world(struct world *world)
{
    memcpy(world->gate.name, "http", 5);
    world->control = loop_new();
    world->timer = timer_new(world->control, on_timer, world);
    world->service = service_new("shop");
    world->slot = slot_new(world->service, "blue", WORKERS);
    publish(world);
    for (unsigned i = 0; i < WORKERS; i++) {
        const struct worker_options options = { .id = i,
                                                .control = world->control,
                                                .head_us = 10000000,
                                                .keepalive_us = 60000000,
                                                .linger_us = 1000000,
                                                .max_sessions = 1000 };

        world->workers[i] = worker_new(&options);
        worker_listen(world->workers[i], 0, listen_anywhere(&world->fronts[i]), &world->gate);
        worker_start(world->workers[i]);
    }
}

static void stop_world(struct world *world)
{
    const struct tunnel_drain stop = { .slot = NULL };

    for (unsigned i = 0; i < WORKERS; i++) {
        worker_drain_tunnels(world->workers[i], &stop);
        worker_quit(world->workers[i]);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        worker_join(world->workers[i]);
    snapshot_free(snapshot_publish(NULL));
    target_free(world->target); /* checks its cells */
    for (unsigned i = 0; i < WORKERS; i++)
        CHECK(atomic_load(&world->slot->cells[i].tunnels) == 0);
    slot_free(world->slot);
    service_free(world->service);
    timer_free(world->timer);
    loop_free(world->control);
}

int main(void)
{
    static struct world world;
    static struct client clients[CLIENTS];
    pthread_t origin;
    int listening = -1;
    uint64_t end_us = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    rcu_thread_begin();
    listening = listen_anywhere(&world.origin);
    start_world(&world);
    (void)fcntl(listening, F_SETFL, 0);
    CHECK(pthread_create(&origin, NULL, run_origin, (void *)(intptr_t)listening) == 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].address = world.fronts[i % WORKERS];
        CHECK(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) == 0);
    }
    end_us = clock_monotonic_us() + RUN_US;
    while (clock_monotonic_us() < end_us) {
        order(&world);
        list(&world);
        if (world.orders % EVICT_EVERY == 0)
            evict(&world);
        timer_arm(world.timer, PAUSE_MS);
        loop_run(world.control);
    }
    atomic_store(&stopping, true);
    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    stop_world(&world);
    shutdown(listening, SHUT_RDWR);
    pthread_join(origin, NULL);
    close(listening);
    while (atomic_load(&open_ends) > 0)
        usleep(1000);
    rcu_thread_end();
    printf("%lu echoes, %lu tunnels ended by us, %u orders, %llu entries\n", atomic_load(&echoes),
           atomic_load(&ended), world.orders, (unsigned long long)world.listed);
    CHECK(atomic_load(&echoes) > 100 && atomic_load(&ended) > 0 && world.listed > 0);
    return 0;
}
