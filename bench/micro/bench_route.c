/* room: route */
/*
 * What finding service, slot and target costs, in nanoseconds for one request: it must not depend on how many
 * hosts there are. One line per result.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "route/match.h"

enum { ROUNDS = 2000000, QUERIES = 4096 };

struct scene {
    const char *name;
    unsigned services;
    unsigned hosts;   /* per service */
    unsigned paths;   /* per service */
    unsigned targets; /* of the active slot */
    enum balance balance;
    const char *host; /* format with one number below `hosts`; of the queries */
    const char *path; /* format with one number below `paths` */
};

static const struct scene scenes[] = {
    { "any host, 1 target", 1, 0, 0, 1, BALANCE_ROUND_ROBIN, "h%u.example.com", "/index.html" },
    { "1 host, 2 targets", 1, 1, 0, 2, BALANCE_ROUND_ROBIN, "h%u.example.com", "/index.html" },
    { "10000 hosts, 2 targets", 1, 10000, 0, 2, BALANCE_ROUND_ROBIN, "h%u.example.com",
      "/index.html" },
    { "10000 hosts, wildcard", 1, 10000, 0, 2, BALANCE_ROUND_ROBIN, "h%u.wild.example.com",
      "/index.html" },
    { "10000 hosts, not found", 1, 10000, 0, 2, BALANCE_ROUND_ROBIN, "nobody%u.org", "/" },
    { "1 host, 100 paths", 1, 1, 100, 2, BALANCE_ROUND_ROBIN, "h%u.example.com", "/p%u/x/y" },
    { "1 host, 10 targets in turn", 1, 1, 0, 10, BALANCE_ROUND_ROBIN, "h%u.example.com", "/" },
    { "1 host, 10 targets, least", 1, 1, 0, 10, BALANCE_LEAST_REQUESTS, "h%u.example.com", "/" },
    { "1 host, 10 targets, random", 1, 1, 0, 10, BALANCE_RANDOM, "h%u.example.com", "/" },
    { "1 host, 10 targets, hash", 1, 1, 0, 10, BALANCE_HASH, "h%u.example.com", "/" },
};

static struct target *targets[16];
static struct pick picks[16];

static void fill_texts(const char **texts, unsigned count, const char *format)
{
    for (unsigned i = 0; i < count; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        texts[i] = mem_format(format, i);
#pragma GCC diagnostic pop
    }
}

static struct snapshot *build_scene(const struct scene *scene, struct slot *slot)
{
    const char **hosts = mem_zalloc((scene->hosts + 1) * sizeof *hosts);
    const char **paths = mem_zalloc((scene->paths + 1) * sizeof *paths);
    struct snapshot_slot row = { .slot = slot, .pick_count = scene->targets, .picks = picks };
    struct snapshot_service service = {
        .service = slot->service,
        .balance = scene->balance,
        .slot_count = 1,
        .slots = &row,
        .host_count = scene->hosts > 0 ? scene->hosts + 1 : 0,
        .hosts = hosts,
        .path_count = scene->paths,
        .paths = paths,
    };
    struct snapshot_input input = { .epoch = 1, .service_count = 1, .services = &service };
    struct snapshot *snapshot = NULL;

    fill_texts(hosts, scene->hosts, "h%u.example.com");
    hosts[scene->hosts] = "*.wild.example.com";
    fill_texts(paths, scene->paths, "/p%u");
    if (snapshot_build(&input, &snapshot) != 0)
        abort();
    for (unsigned i = 0; i < scene->hosts; i++)
        free((void *)(uintptr_t)hosts[i]);
    for (unsigned i = 0; i < scene->paths; i++)
        free((void *)(uintptr_t)paths[i]);
    free(hosts);
    free(paths);
    return snapshot;
}

static void measure(const struct scene *scene, struct slot *slot)
{
    static struct head heads[QUERIES];
    static char hosts[QUERIES][40];
    static char paths[QUERIES][40];
    struct address client = { .len = sizeof client.sa.in };
    struct route_query query = { .client = &client };
    struct snapshot *snapshot = build_scene(scene, slot);
    struct route_answer answer;
    uint64_t random = 1;
    uint64_t start = 0;
    uint64_t found = 0;

    client.sa.in.sin_family = AF_INET;
    for (unsigned i = 0; i < QUERIES; i++) {
        unsigned h = (unsigned)(hash_random(&random) >> 32) % (scene->hosts > 0 ? scene->hosts : 1);
        unsigned p = (unsigned)(hash_random(&random) >> 32) % (scene->paths > 0 ? scene->paths : 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(hosts[i], sizeof hosts[i], scene->host, h);
        snprintf(paths[i], sizeof paths[i], scene->path, p);
#pragma GCC diagnostic pop
        heads[i].authority = slice_from(hosts[i]);
        heads[i].host_len = (uint16_t)heads[i].authority.len;
        heads[i].path = slice_from(paths[i]);
    }
    snapshot_publish(snapshot);
    start = clock_monotonic_us();
    for (unsigned i = 0; i < ROUNDS; i++) {
        query.head = &heads[i % QUERIES];
        query.random = i;
        client.sa.in.sin_addr.s_addr = i;
        rcu_read_begin();
        if (match_find(snapshot_current(), &query, &answer) == FAULT_NONE) {
            target_pin(answer.target, 0);
            found++;
        }
        rcu_read_end();
        if (answer.target != NULL)
            target_unpin(answer.target, 0);
        answer.target = NULL;
    }
    printf("route %-28s %6.1f ns/op (%3.0f%% found)\n", scene->name,
           (double)(clock_monotonic_us() - start) * 1000 / ROUNDS, (double)found * 100 / ROUNDS);
    snapshot_publish(NULL);
    snapshot_free(snapshot);
}

int main(void)
{
    struct service *service = service_new("bench");
    struct slot *slot = slot_new(service, "blue", 2);
    struct address address;

    rcu_thread_begin();
    if (address_parse(SLICE("127.0.0.1:5000"), &address) != 0)
        return 1;
    for (unsigned i = 0; i < 16; i++) {
        char name[32];

        snprintf(name, sizeof name, "127.0.0.1:%u", 5000 + i);
        targets[i] = target_new(slot, name, &address, 2);
        target_set_verdict(targets[i], VERDICT_UP);
        picks[i] = (struct pick){ .target = targets[i], .weight = 1, .order = ORDER_READY };
    }
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        measure(&scenes[i], slot);
    for (unsigned i = 0; i < 16; i++)
        target_free(targets[i]);
    slot_free(slot);
    service_free(service);
    rcu_thread_end();
    return 0;
}
