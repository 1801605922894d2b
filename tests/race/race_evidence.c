/* room: route */
/*
 * Workers count while control folds without pause, by two readers, and totals are asked for in between: in the end
 * every reader was given exactly what was counted, in all, in every bucket and bin, and of all tenants, though the tables
 * are filled and replaced all the time; and at no time more errors than requests.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "route/cohort_cells.h"
#include "route/slot.h"
#include "route/slot_evidence.h"

enum { WORKERS = 3, REQUESTS = 60000, TENANTS = 30000, READERS = 2 };

struct sum {
    uint64_t n;
    uint64_t e;
    uint64_t sum_us;
    uint64_t buckets[COUNTS_BUCKETS];
    struct slot_evidence_bin bins[COUNTS_BINS];
};

struct worker {
    pthread_t thread;
    unsigned number;
    struct sum counted;
    uint64_t tenants[TENANTS];
};

struct reader {
    struct slot_evidence_mark mark;
    struct sum given;
};

static atomic_uint running;
static struct slot *slot;
static struct worker workers[WORKERS];
static struct reader readers[READERS];
static uint64_t given_tenants[TENANTS];
static struct sum wanted;

static void fail(const char *words)
{
    fprintf(stderr, "race_evidence: %s\n", words);
    exit(1);
}

/* Few lines are written often, and some hardly ever: those must not be forgotten. */
static void count_one(struct worker *worker, uint64_t drawn)
{
    uint64_t us = drawn % 1000 == 0 ? drawn >> 30 : 40 + drawn % 50;
    unsigned bin = drawn % 500 == 0 ? drawn >> 12 & 63 : 3;
    unsigned who = (unsigned)(drawn >> 16) % (drawn % 2 == 0 ? 40 : TENANTS);
    bool is_error = drawn % 9 == 0;
    char id[16];

    worker->counted.n++;
    worker->counted.bins[bin].n++;
    worker->tenants[who]++;
    cohort_cells_count(slot, worker->number,
                       slice_of(id, (size_t)snprintf(id, sizeof id, "%u", who)), is_error);
    if (is_error) {
        worker->counted.e++;
        worker->counted.bins[bin].e++;
        slot_evidence_error(slot, worker->number, bin);
        return;
    }
    worker->counted.sum_us += us;
    worker->counted.buckets[counts_bucket(us)]++;
    slot_evidence_success(slot, worker->number, bin, us);
}

static void *run_worker(void *arg)
{
    struct worker *worker = arg;
    uint64_t random = worker->number + 1;

    for (unsigned i = 0; i < REQUESTS; i++) {
        uint64_t drawn = hash_random(&random) >> 8;

        count_one(worker, drawn);
        if (drawn % 256 == 0)
            sched_yield();
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void read_some(struct reader *reader)
{
    static struct counts counts;

    slot_evidence_fold(slot, &reader->mark, &counts);
    if (counts.e > counts.n)
        fail("more errors than requests");
    reader->given.n += counts.n;
    reader->given.e += counts.e;
    reader->given.sum_us += counts.sum_us;
    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        reader->given.buckets[i] += counts.buckets[i];
    for (unsigned i = 0; i < COUNTS_BINS; i++) {
        if (counts.bins[i].e > counts.bins[i].n)
            fail("more errors than requests in a bin");
        reader->given.bins[i].n += counts.bins[i].n;
        reader->given.bins[i].e += counts.bins[i].e;
    }
}

static void read_tenant(void *arg, const struct cohort_entry *entry)
{
    uint64_t who = 0;

    (void)arg;
    for (size_t i = 0; i < entry->tenant.len; i++)
        who = who * 10 + (uint64_t)(entry->tenant.ptr[i] - '0');
    if (who >= TENANTS || entry->e > entry->n)
        fail("a tenant's cell is not whole");
    given_tenants[who] += entry->n;
}

static void add_wanted(const struct worker *worker)
{
    wanted.n += worker->counted.n;
    wanted.e += worker->counted.e;
    wanted.sum_us += worker->counted.sum_us;
    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        wanted.buckets[i] += worker->counted.buckets[i];
    for (unsigned i = 0; i < COUNTS_BINS; i++) {
        wanted.bins[i].n += worker->counted.bins[i].n;
        wanted.bins[i].e += worker->counted.bins[i].e;
    }
}

static void check(const struct sum *given)
{
    if (given->n != wanted.n || given->e != wanted.e || given->sum_us != wanted.sum_us)
        fail("the sums are wrong");
    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        if (given->buckets[i] != wanted.buckets[i])
            fail("a bucket is wrong");
    for (unsigned i = 0; i < COUNTS_BINS; i++)
        if (given->bins[i].n != wanted.bins[i].n || given->bins[i].e != wanted.bins[i].e)
            fail("a bin is wrong");
}

/* A request is given once or counted as untaken; nobody gets what is another one's. */
static void check_tenants(void)
{
    uint64_t given = 0;

    for (unsigned who = 0; who < TENANTS; who++) {
        uint64_t want = 0;

        for (unsigned i = 0; i < WORKERS; i++)
            want += workers[i].tenants[who];
        if (given_tenants[who] > want)
            fail("a tenant's requests are wrong");
        given += given_tenants[who];
    }
    if (given + cohort_cells_untaken(slot) != wanted.n)
        fail("a tenant's request is lost, or given twice");
    if (given < wanted.n / 2)
        fail("hardly anything was taken");
}

int main(void)
{
    struct cohort_mark cohorts = { .room = { 0 } };
    uint64_t folds = 0;

    slot = slot_new(NULL, "blue", WORKERS);
    atomic_store(&running, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) != 0)
            return 1;
    }
    for (; atomic_load(&running) > 0; folds++) {
        read_some(&readers[0]);
        cohort_cells_fold(slot, &cohorts, read_tenant, NULL);
        if (folds % 3 == 0)
            read_some(&readers[1]);
        if (folds % 5 == 0)
            (void)slot_evidence_totals(slot);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        add_wanted(&workers[i]);
    }
    for (unsigned i = 0; i < READERS; i++) {
        read_some(&readers[i]);
        check(&readers[i].given);
    }
    cohort_cells_fold(slot, &cohorts, read_tenant, NULL);
    check_tenants();
    cohort_mark_fini(&cohorts);
    slot_free(slot);
    printf("%" PRIu64 " requests over %" PRIu64 " folds\n", wanted.n, folds);
    return 0;
}
