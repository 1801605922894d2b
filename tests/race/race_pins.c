/* room: route */
/*
 * Workers look tenants up and count while control pins, moves and removes, and frees what was replaced after a
 * grace period. Some tenants stay pinned to one slot all the time: they must always be found there, and their
 * counters must be exact in the end.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/rcu.h"
#include "route/pins.h"

enum { WORKERS = 4, ROUNDS = 400, CHANGES = 50, TENANTS = 3000, FIXED = 64 };

static atomic_bool stopping;
static struct pins *pins;

struct worker {
    pthread_t thread;
    unsigned number;
    uint64_t found;
    uint64_t fixed[FIXED];
};

static struct slice name_tenant(unsigned number, char out[32])
{
    return slice_of(out, (size_t)snprintf(out, 32, "tenant-%u", number));
}

static void fail(const char *words)
{
    fprintf(stderr, "race_pins: %s\n", words);
    exit(1);
}

static void look_up(struct worker *worker, unsigned who)
{
    char id[32];
    struct slice tenant = name_tenant(who, id);
    int name = PINS_NONE;

    rcu_read_begin();
    name = pins_take(pins, tenant, worker->number);
    if (who % 3 == 0)
        pins_count_error(pins, tenant, worker->number);
    rcu_read_end();
    if (who < FIXED) {
        worker->fixed[who]++;
        if (name != 0)
            fail("a fixed pin was not found where it is");
    }
    if (name > 2)
        fail("a name that nobody gave");
    worker->found += name != PINS_NONE;
}

static void *run_worker(void *arg)
{
    struct worker *worker = arg;
    uint64_t random = worker->number + 1;

    rcu_thread_begin();
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        uint64_t drawn = hash_random(&random) >> 16;

        look_up(worker, (unsigned)(drawn % 4 == 0 ? drawn / 4 % FIXED : drawn / 4 % TENANTS));
        if (drawn % 128 == 0)
            sched_yield();
    }
    rcu_thread_end();
    return NULL;
}

static void change_some(uint64_t *random)
{
    static const char *const names[] = { "blue", "green", "staging" };

    for (unsigned i = 0; i < CHANGES; i++) {
        uint64_t drawn = hash_random(random) >> 16;
        char id[32];
        struct slice tenant = name_tenant(FIXED + (unsigned)(drawn / 16 % (TENANTS - FIXED)), id);

        if (drawn % 16 < 6)
            pins_remove(pins, tenant);
        else if (pins_set(pins, tenant, names[drawn % 3]) != 0)
            fail("a tenant was not pinned");
    }
}

static void check_counters(const struct worker *workers)
{
    for (unsigned who = 0; who < FIXED; who++) {
        struct pins_cursor cursor = { 0 };
        struct pins_entry entry = { .name = PINS_NONE };
        uint64_t want = 0;
        char id[32];
        struct slice tenant = name_tenant(who, id);

        for (unsigned i = 0; i < WORKERS; i++)
            want += workers[i].fixed[who];
        while (pins_next(pins, &cursor, &entry) && !slice_is_equal(entry.tenant, tenant))
            continue;
        if (entry.requests != want || entry.errors != (who % 3 == 0 ? want : 0))
            fail("a counter is wrong");
    }
}

int main(void)
{
    static struct worker workers[WORKERS];
    uint64_t random = 99;
    uint64_t found = 0;

    pins = pins_new(WORKERS);
    for (unsigned who = 0; who < FIXED; who++) {
        char id[32];

        if (pins_set(pins, name_tenant(who, id), "blue") != 0)
            return 1;
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) != 0)
            return 1;
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        change_some(&random);
        rcu_grace_period();
        pins_reclaim(pins);
    }
    atomic_store(&stopping, true);
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        found += workers[i].found;
    }
    check_counters(workers);
    pins_free(pins);
    printf("%" PRIu64 " found over %d changes\n", found, ROUNDS * CHANGES);
    return found > 0 ? 0 : 1;
}
