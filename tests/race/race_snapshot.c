/* room: route */
/*
 * Four workers route and pin while the picture changes 2000 times, each time with new targets. After the
 * grace period the cells of an old target may only fall; when they are zero, target and picture are freed.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/rcu.h"
#include "route/match.h"

enum { WORKERS = 4, PICTURES = 2000, TARGETS = 3, HELD = 8 };

static atomic_bool stopping;
static struct service *service;
static struct slot *slots[2];

struct worker {
    pthread_t thread;
    unsigned number;
    uint64_t routed;
    struct target *held[HELD]; /* exchanges under way */
    struct slot *held_slots[HELD];
};

struct picture {
    struct snapshot *snapshot;
    struct target *targets[TARGETS];
};

static void finish(struct worker *worker, unsigned at)
{
    if (worker->held[at] == NULL)
        return;
    target_unpin(worker->held[at], worker->number);
    slot_unpin(worker->held_slots[at], worker->number);
    worker->held[at] = NULL;
}

static void route_one(struct worker *worker, struct route_query *query, unsigned at)
{
    struct route_answer answer = { 0 };

    rcu_read_begin();
    if (match_find(snapshot_current(), query, &answer) == FAULT_NONE) {
        target_pin(answer.target, worker->number);
        slot_pin(answer.slot, worker->number);
    }
    rcu_read_end();
    if (answer.target == NULL)
        abort();
    worker->held[at] = answer.target;
    worker->held_slots[at] = answer.slot;
    worker->routed++;
}

static void *run_worker(void *arg)
{
    struct worker *worker = arg;
    struct head head = { .path = SLICE("/x"), .authority = SLICE("a.example"), .host_len = 9 };
    struct address client = { .len = 0 };
    struct route_query query = { .head = &head, .client = &client, .worker = worker->number };
    uint64_t random = worker->number + 1;

    rcu_thread_begin();
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        unsigned at = (unsigned)(hash_random(&random) >> 32) % HELD;

        query.random = hash_random(&random);
        finish(worker, at);
        route_one(worker, &query, at);
        target_report_connect(worker->held[at], query.random % 4 != 0);
        if (query.random % 64 == 0)
            sched_yield();
    }
    for (unsigned at = 0; at < HELD; at++)
        finish(worker, at);
    rcu_thread_end();
    return NULL;
}

static void draw_picture(struct picture *picture, unsigned number)
{
    struct pick picks[TARGETS];
    struct snapshot_slot rows[2] = { { .slot = slots[0] }, { .slot = slots[1] } };
    struct snapshot_service row = { .service = service, .slot_count = 2, .slots = rows };
    const char *hosts[] = { "*.example", "a.example" };
    struct snapshot_input input = { .epoch = number, .service_count = 1, .services = &row };
    struct address address;

    if (address_parse(SLICE("127.0.0.1:5000"), &address) != 0)
        abort();
    row.active = number % 2;
    row.balance = (enum balance)(number / 2 % 4);
    row.hosts = hosts;
    row.host_count = 2;
    for (unsigned i = 0; i < TARGETS; i++) {
        picture->targets[i] = target_new(slots[row.active], "127.0.0.1:5000", &address, WORKERS);
        picks[i] =
            (struct pick){ .target = picture->targets[i], .weight = i + 1, .order = ORDER_READY };
    }
    rows[row.active].picks = picks;
    rows[row.active].pick_count = TARGETS;
    if (snapshot_build(&input, &picture->snapshot) != 0)
        abort();
}

/* Workers hold what they hold for a while: the cells fall until they are zero, and never rise. */
static void watch_fall(const struct target *target)
{
    uint64_t last = target_in_flight(target);

    while (last > 0) {
        uint64_t now = target_in_flight(target);

        if (now > last) {
            fprintf(stderr, "a cell rose from %" PRIu64 " to %" PRIu64 "\n", last, now);
            exit(1);
        }
        last = now;
        sched_yield();
    }
}

static void retire_picture(struct picture *picture)
{
    for (unsigned i = 0; i < TARGETS; i++) {
        watch_fall(picture->targets[i]);
        target_free(picture->targets[i]);
    }
    snapshot_free(picture->snapshot);
}

int main(void)
{
    static struct worker workers[WORKERS];
    struct picture now;
    uint64_t routed = 0;

    service = service_new("shop");
    slots[0] = slot_new(service, "blue", WORKERS);
    slots[1] = slot_new(service, "green", WORKERS);
    draw_picture(&now, 0);
    if (snapshot_publish(now.snapshot) != NULL)
        return 1;
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) != 0)
            return 1;
    }
    for (unsigned number = 1; number <= PICTURES; number++) {
        struct picture next;

        draw_picture(&next, number);
        if (snapshot_publish(next.snapshot) != now.snapshot)
            return 1;
        rcu_grace_period();
        target_set_verdict(next.targets[number % TARGETS], VERDICT_DOWN);
        retire_picture(&now);
        now = next;
    }
    atomic_store(&stopping, true);
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        routed += workers[i].routed;
    }
    if (slot_in_flight(slots[0]) + slot_in_flight(slots[1]) != 0 || routed < PICTURES)
        return 1;
    snapshot_publish(NULL);
    retire_picture(&now);
    slot_free(slots[0]);
    slot_free(slots[1]);
    service_free(service);
    printf("%" PRIu64 " exchanges over %d pictures\n", routed, PICTURES);
    return 0;
}
