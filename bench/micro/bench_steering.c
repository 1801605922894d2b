/* room: route */
/*
 * What steering costs, in nanoseconds of CPU for one request of eight fields: nothing configured, everything configured
 * with no tenant pinned, one pin, a million pins; and what pinning one tenant more costs with a million pinned.
 * One line per result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "http/parse_head.h"
#include "route/match.h"

enum { ROUNDS = 1000000, QUERIES = 4096, PINS = 1000000, MORE = 10000, FIELDS = 16 };

/* Of this thread alone: the machine may be busy with other things. */
static uint64_t clock_cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const char *const slot_names[] = { "blue", "green" };
static struct slot *slots[2];
static struct target *targets[2];
static struct pick picks[2];
static struct snapshot_slot rows[2];
static struct address_net trusted;
static struct tenant_source tenants[2] = { { .kind = TENANT_HEADER, .name = "X-Tenant-Id" },
                                           { .kind = TENANT_COOKIE, .name = "tenant" } };
static struct steering steering;

static struct head heads[QUERIES];
static struct field fields[QUERIES][FIELDS];
static char requests[QUERIES][512];

/* A browser's request of a user who has a cookie of the app; tenants are drawn below `most`. */
static void make_queries(unsigned most)
{
    static const struct head_limits limits = { 4096, 1024, FIELDS };
    uint64_t random = 1;

    for (unsigned i = 0; i < QUERIES; i++) {
        unsigned tenant = (unsigned)(hash_random(&random) >> 32) % most;
        size_t searched = 0;
        enum fault fault = FAULT_NONE;
        int len = snprintf(requests[i], sizeof requests[i],
                           "GET /index.html HTTP/1.1\r\nHost: shop.example.com\r\n"
                           "User-Agent: bench/1.0 (a usual length of words)\r\nAccept: */*\r\n"
                           "Accept-Language: en\r\nAccept-Encoding: gzip\r\nX-Requested: yes\r\n"
                           "X-Tenant-Id: tenant-%u\r\nCookie: theme=dark; uid=user-%u\r\n\r\n",
                           tenant, i);

        heads[i] = (struct head){ .fields = fields[i], .field_capacity = FIELDS };
        if (parse_head_request(requests[i], (size_t)len, &searched, &limits, &heads[i], &fault) !=
            PARSE_DONE)
            abort();
    }
}

static void make_world(void)
{
    struct service *service = service_new("bench");
    struct address address;

    if (address_parse(SLICE("127.0.0.1:5000"), &address) != 0 ||
        address_parse_net(SLICE("10.0.0.0/8"), &trusted) != 0)
        abort();
    for (unsigned i = 0; i < 2; i++) {
        slots[i] = slot_new(service, slot_names[i], 1);
        targets[i] = target_new(slots[i], "127.0.0.1:5000", &address, 1);
        target_set_verdict(targets[i], VERDICT_UP);
        picks[i] = (struct pick){ .target = targets[i], .weight = 1 };
        rows[i] = (struct snapshot_slot){ .slot = slots[i], .pick_count = 1, .picks = &picks[i] };
    }
    rows[1].role = ROLE_CANDIDATE;
    steering = (struct steering){
        .tenant_count = 2,
        .tenants = tenants,
        .pins = pins_new(1),
        .split = { .candidate = 1,
                   .share = 500,
                   .salt = 42,
                   .key_count = 2,
                   .keys = { { SPLIT_COOKIE, "uid" }, { SPLIT_CLIENT_IP, NULL } } },
        .preview = { .header = "X-Switchyard-Slot", .cookie = "slot", .secret = "s3cret" },
        .chain = { .header = "X-Switchyard-Slot",
                   .group = "release",
                   .secret = "k",
                   .from_count = 1,
                   .from = &trusted },
    };
}

static void free_world(void)
{
    struct service *service = slots[0]->service;

    pins_free(steering.pins);
    for (unsigned i = 0; i < 2; i++) {
        target_free(targets[i]);
        slot_free(slots[i]);
    }
    service_free(service);
}

static void measure(const char *name, const struct steering *used)
{
    struct snapshot_service row = {
        .service = slots[0]->service, .slot_count = 2, .slots = rows, .steering = used
    };
    struct snapshot_input input = { .epoch = 1, .service_count = 1, .services = &row };
    struct address client = { .len = sizeof client.sa.in };
    struct route_query query = { .client = &client };
    struct snapshot *snapshot = NULL;
    uint64_t start = 0;
    uint64_t counts[RULE_COUNT] = { 0 };

    if (snapshot_build(&input, &snapshot) != 0)
        abort();
    client.sa.in.sin_family = AF_INET;
    snapshot_publish(snapshot);
    start = clock_cpu_ns();
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct route_answer answer;

        query.head = &heads[i % QUERIES];
        query.random = i;
        client.sa.in.sin_addr.s_addr = i;
        rcu_read_begin();
        if (match_find(snapshot_current(), &query, &answer) != FAULT_NONE)
            abort();
        counts[answer.rule]++;
        rcu_read_end();
    }
    printf("steering %-36s %6.1f ns/op (%.1f%% pinned, %.1f%% canary)\n", name,
           (double)(clock_cpu_ns() - start) / ROUNDS, (double)counts[RULE_TENANT] * 100 / ROUNDS,
           (double)counts[RULE_CANARY] * 100 / ROUNDS);
    snapshot_publish(NULL);
    snapshot_free(snapshot);
}

static void pin_from(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        char id[32];
        int len = snprintf(id, sizeof id, "tenant-%u", i);

        if (pins_set(steering.pins, slice_of(id, (size_t)len), "green") != 0)
            abort();
    }
}

/* The slowest one is the one that renews its part of the table. */
static void measure_pinning(void)
{
    uint64_t slowest_ns = 0;
    uint64_t start = clock_cpu_ns();

    pin_from(1, PINS - 1);
    printf("steering %-36s %6.1f ns/op\n", "pin a million",
           (double)(clock_cpu_ns() - start) / PINS);
    pins_reclaim(steering.pins);
    start = clock_cpu_ns();
    for (unsigned i = 0; i < MORE; i++) {
        uint64_t began_ns = clock_cpu_ns();

        pin_from(PINS + i, 1);
        began_ns = clock_cpu_ns() - began_ns;
        slowest_ns = began_ns > slowest_ns ? began_ns : slowest_ns;
    }
    printf("steering %-36s %6.1f ns/op (slowest %.1f us)\n", "pin one more with a million",
           (double)(clock_cpu_ns() - start) / MORE, (double)slowest_ns / 1000);
    pins_reclaim(steering.pins);
}

int main(void)
{
    rcu_thread_begin();
    make_world();
    make_queries(PINS);
    measure("nothing configured", NULL);
    measure("everything configured, no pins", &steering);
    pin_from(0, 1);
    measure("one pin", &steering);
    measure_pinning();
    measure("a million pins, a million tenants", &steering);
    make_queries(QUERIES);
    measure("a million pins, 4096 tenants", &steering);
    make_queries(1);
    measure("a million pins, one tenant", &steering);
    free_world();
    rcu_thread_end();
    return 0;
}
