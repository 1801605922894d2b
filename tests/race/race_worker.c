/* room: proxy */
/*
 * Two workers under load while the picture changes between two slots, each time with a new target. After the
 * grace period an old target's cells can only fall; at zero the workers evict it and it is freed. No request may
 * fail. Every eighth target is taken away while it is busy: what it carried then may be cut.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/timer.h"
#include "proxy/worker.h"
#include "route/slot_evidence.h"
#include "route/snapshot.h"

enum { WORKERS = 2, CLIENTS = 6, SLOTS = 2, PEERS = 256, RUN_US = 6000000, WAIT_MS = 20000 };
enum { BUSY_EVERY = 8, RECONNECT_EVERY = 200 };

static const char request[] = "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";

static atomic_bool stopping; /* the clients */
static atomic_bool closing;  /* then the origin */
static atomic_ulong answered;
static atomic_ulong cut;

/* An app server for both slots: one thread, answers as many requests as it has read. */
struct origin {
    pthread_t thread;
    struct address address;
    struct pollfd peers[PEERS]; /* the first listens */
    unsigned count;
};

struct client {
    pthread_t thread;
    struct address address;
};

struct world {
    struct loop *control;
    struct worker *workers[WORKERS];
    struct address fronts[WORKERS];
    struct gate gate;
    struct service *service;
    struct slot *slots[SLOTS];
    struct target *target; /* of the present picture */
    unsigned epoch;
    unsigned left; /* workers that have not answered an eviction */
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

/* Requests are one send each and end with an empty line, so that the lines of a read can be counted. */
static bool serve_peer(int fd)
{
    char bytes[4096];
    ssize_t count = recv(fd, bytes, sizeof bytes - 1, 0);

    if (count <= 0)
        return false;
    bytes[count] = '\0';
    for (const char *at = strstr(bytes, "\r\n\r\n"); at != NULL; at = strstr(at + 4, "\r\n\r\n"))
        if (send(fd, response, sizeof response - 1, MSG_NOSIGNAL) < 0)
            return false;
    return true;
}

static void *run_origin(void *arg)
{
    struct origin *origin = arg;

    while (!atomic_load(&closing)) {
        if (poll(origin->peers, origin->count, 20) <= 0)
            continue;
        for (unsigned i = origin->count - 1; i > 0; i--) {
            if (origin->peers[i].revents == 0 || serve_peer(origin->peers[i].fd))
                continue;
            close(origin->peers[i].fd);
            origin->peers[i] = origin->peers[--origin->count];
        }
        if (origin->peers[0].revents != 0 && origin->count < PEERS) {
            int fd = accept4(origin->peers[0].fd, NULL, NULL, SOCK_CLOEXEC);

            if (fd >= 0)
                origin->peers[origin->count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
        }
    }
    while (origin->count > 0)
        close(origin->peers[--origin->count].fd);
    return NULL;
}

static int dial(const struct address *address)
{
    struct timeval patience = { .tv_sec = WAIT_MS / 1000 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    CHECK(connect(fd, &address->sa.any, address->len) == 0);
    return fd;
}

/* Whether a whole 200 came; anything else is a cut exchange, and the connection is not used again. */
static bool exchange_once(int fd)
{
    char bytes[8192];
    size_t size = 0;

    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        return false;
    for (;;) {
        ssize_t count = recv(fd, bytes + size, sizeof bytes - 1 - size, 0);
        const char *body = NULL;

        CHECK(!(count < 0 && errno == EAGAIN)); /* nobody may wait for ever */
        if (count <= 0)
            return false;
        size += (size_t)count;
        bytes[size] = '\0';
        body = strstr(bytes, "\r\n\r\n");
        if (body == NULL)
            continue;
        if (strncmp(bytes, "HTTP/1.1 200 ", 13) != 0)
            return false;
        if (strlen(body + 4) >= 4) {
            CHECK(strcmp(body + 4, "body") == 0);
            return true;
        }
    }
}

static void *run_client(void *arg)
{
    struct client *client = arg;
    unsigned served = 0;
    int fd = dial(&client->address);

    while (!atomic_load(&stopping)) {
        bool is_good = exchange_once(fd);

        atomic_fetch_add(is_good ? &answered : &cut, 1);
        if (is_good && ++served % RECONNECT_EVERY != 0)
            continue;
        close(fd);
        fd = dial(&client->address);
    }
    close(fd);
    return NULL;
}

/* A picture in which the other slot is live, with a new target; the old picture is freed after its readers. */
static void switch_slots(struct world *world, const struct address *origin)
{
    struct slot *slot = world->slots[world->epoch % SLOTS];
    struct pick pick = { .target = target_new(slot, "origin", origin, WORKERS),
                         .weight = 1,
                         .order = ORDER_READY };
    struct snapshot_slot in = { .slot = slot, .role = ROLE_LIVE, .pick_count = 1, .picks = &pick };
    struct snapshot_service service = { .service = world->service,
                                        .policy = { .body_us = 10000000,
                                                    .connect_us = 5000000,
                                                    .response_us = 10000000,
                                                    .idle_us = 10000000,
                                                    .keepalive_us = 60000000,
                                                    .pool_idle_us = 60000000,
                                                    .head_bytes = 32768,
                                                    .target_bytes = 8192,
                                                    .fields = 100,
                                                    .pool_max = 64,
                                                    .attempts = 1,
                                                    .inflight_error_us = 10000000,
                                                    .evidence = true },
                                        .slots = &in,
                                        .slot_count = 1 };
    struct snapshot_input input = { .epoch = ++world->epoch,
                                    .service_count = 1,
                                    .services = &service };
    struct snapshot *next = NULL;
    struct snapshot *old = NULL;

    CHECK(snapshot_build(&input, &next) == 0);
    old = snapshot_publish(next);
    rcu_grace_period();
    snapshot_free(old);
    world->target = pick.target;
}

static void wait_for_zero(const struct target *target)
{
    struct timespec pause = { .tv_nsec = 200000 };
    uint64_t before = target_in_flight(target);
    uint64_t end_us = clock_monotonic_us() + (uint64_t)WAIT_MS * 1000;

    while (before > 0) {
        uint64_t now = 0;

        nanosleep(&pause, NULL);
        now = target_in_flight(target);
        CHECK(now <= before); /* T5: after the grace period nobody comes */
        CHECK(clock_monotonic_us() < end_us);
        before = now;
    }
}

static void on_evicted(void *arg)
{
    struct world *world = arg;

    if (--world->left == 0)
        loop_stop(world->control);
}

static void on_patience(void *arg)
{
    (void)arg;
    CHECK(!"a worker does not answer");
}

static void retire(struct world *world, struct target *target, bool busy)
{
    struct timer *timer = timer_new(world->control, on_patience, NULL);

    if (!busy)
        wait_for_zero(target);
    world->left = WORKERS;
    timer_arm(timer, WAIT_MS);
    for (unsigned i = 0; i < WORKERS; i++)
        worker_evict(world->workers[i], target, busy, on_evicted, world);
    loop_run(world->control);
    timer_free(timer);
    if (busy)
        wait_for_zero(target); /* what still writes its last answer */
    target_free(target);
}

static void start_world(struct world *world, const struct address *origin)
{
    memcpy(world->gate.name, "http", 5);
    world->control = loop_new();
    world->service = service_new("shop");
    world->slots[0] = slot_new(world->service, "blue", WORKERS);
    world->slots[1] = slot_new(world->service, "green", WORKERS);
    switch_slots(world, origin);
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

/* What the workers have counted as good of both slots, up to now. */
static uint64_t count_successes(const struct world *world)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < SLOTS; i++) {
        const struct slot_evidence_totals *totals = slot_evidence_totals(world->slots[i]);

        sum += totals->n - (totals->e < totals->n ? totals->e : totals->n);
    }
    return sum;
}

static void quit_workers(struct world *world)
{
    for (unsigned i = 0; i < WORKERS; i++)
        worker_quit(world->workers[i]);
    for (unsigned i = 0; i < WORKERS; i++)
        worker_join(world->workers[i]);
}

static void stop_world(struct world *world)
{
    snapshot_free(snapshot_publish(NULL));
    target_free(world->target); /* checks its cells */
    for (unsigned i = 0; i < SLOTS; i++) {
        CHECK(slot_in_flight(world->slots[i]) == 0);
        slot_free(world->slots[i]);
    }
    service_free(world->service);
    loop_free(world->control);
}

int main(void)
{
    static struct world world;
    static struct origin origin;
    static struct client clients[CLIENTS];
    uint64_t end_us = 0;
    unsigned busy = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    rcu_thread_begin();
    origin.peers[0] = (struct pollfd){ .fd = listen_anywhere(&origin.address), .events = POLLIN };
    origin.count = 1;
    start_world(&world, &origin.address);
    CHECK(pthread_create(&origin.thread, NULL, run_origin, &origin) == 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].address = world.fronts[i % WORKERS];
        CHECK(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) == 0);
    }
    end_us = clock_monotonic_us() + RUN_US;
    while (clock_monotonic_us() < end_us) {
        struct target *old = world.target;
        bool is_busy = world.epoch % BUSY_EVERY == 0;

        busy += is_busy;
        switch_slots(&world, &origin.address);
        retire(&world, old, is_busy);
        (void)count_successes(&world);
    }
    atomic_store(&stopping, true);
    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    atomic_store(&closing, true);
    pthread_join(origin.thread, NULL);
    quit_workers(&world);
    CHECK(count_successes(&world) == atomic_load(&answered));
    stop_world(&world);
    rcu_thread_end();
    printf("%u switches, %u of busy targets, %lu answers, %lu cut\n", world.epoch, busy,
           atomic_load(&answered), atomic_load(&cut));
    CHECK(atomic_load(&answered) > 100 && atomic_load(&cut) <= (unsigned long)busy * CLIENTS);
    return 0;
}
