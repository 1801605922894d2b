/*
 * A place where a release lives and what was counted there: see route/slot.h. One writer per cell, so
 * counting is a plain load and a plain store; the counters need no order among each other, only
 * in_flight releases, because "drained" is read from it.
 */
#include "route/slot.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/fault.h"
#include "base/mem.h"
#include "http/header_rules.h"
#include "route/cohort_cells.h"
#include "route/slot_evidence.h"
#include "route/status_tally.h"

enum { SLOT_MAGIC = 0x736c6f74, CACHE_LINE = 64, CODE_FIRST = 88 };

const uint32_t slot_bucket_edges_us[SLOT_BUCKETS - 1] = {
    5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

/* Rules that some exchange may still be using. */
struct header_rules_kept {
    struct header_rules_kept *next;
    struct header_rules *rules;
};

struct slot *slot_new(struct service *service, const char *name, unsigned worker_count)
{
    struct slot *slot = NULL;
    size_t cells = 0;

    CHECK(worker_count > 0 && worker_count <= ROUTE_WORKERS_MAX);
    cells = worker_count * sizeof slot->cells[0];
    slot = mem_zalloc_aligned(CACHE_LINE, sizeof *slot + cells);
    slot->magic = SLOT_MAGIC;
    slot->worker_count = worker_count;
    slot->service = service;
    slot->evidence = slot_evidence_new(worker_count);
    slot->cohorts = cohort_cells_new(worker_count);
    memcpy(slot->name, name, strnlen(name, sizeof slot->name - 1));
    for (unsigned worker = 0; worker < worker_count; worker++) {
        struct slot_cell *cell = &slot->cells[worker];

        cell->requests = mem_zalloc(sizeof *cell->requests * SLOT_METHODS * SLOT_CODES);
        cell->faults = mem_zalloc(sizeof *cell->faults * FAULT_COUNT);
    }
    return slot;
}

static void free_rules(struct slot *slot)
{
    while (slot->kept_rules != NULL) {
        struct header_rules_kept *next = slot->kept_rules->next;

        header_rules_free(slot->kept_rules->rules);
        free(slot->kept_rules);
        slot->kept_rules = next;
    }
}

/* All that were ever set are kept, those in use too. */
static void put_rules(struct slot *slot, const struct header_rules *_Atomic *place,
                      struct header_rules *rules)
{
    const struct header_rules *was = atomic_load_explicit(place, memory_order_relaxed);

    if (header_rules_is_equal(was, rules)) {
        header_rules_free(rules);
        return;
    }
    if (rules != NULL) {
        struct header_rules_kept *kept = mem_zalloc(sizeof *kept);

        kept->rules = rules;
        kept->next = slot->kept_rules;
        slot->kept_rules = kept;
    }
    atomic_store_explicit(place, rules, memory_order_release);
}

void slot_set_rules(struct slot *slot, struct header_rules *request, struct header_rules *response)
{
    put_rules(slot, &slot->request_rules, request);
    put_rules(slot, &slot->response_rules, response);
}

void slot_free(struct slot *slot)
{
    if (slot == NULL)
        return;
    CHECK(slot->magic == SLOT_MAGIC);
    CHECK(slot_queued(slot) == 0 && slot_in_flight(slot) == 0);
    for (unsigned worker = 0; worker < slot->worker_count; worker++) {
        free(slot->cells[worker].requests);
        free(slot->cells[worker].faults);
    }
    free_rules(slot);
    status_tally_free(slot->kept_tallies);
    slot_evidence_free(slot->evidence);
    cohort_cells_free(slot->cohorts);
    slot->magic = 0;
    free(slot);
}

void slot_pin(struct slot *slot, unsigned worker)
{
    _Atomic uint64_t *cell = &slot->cells[worker].in_flight;
    uint64_t count = atomic_load_explicit(cell, memory_order_relaxed);

    atomic_store_explicit(cell, count + 1, memory_order_release);
}

void slot_unpin(struct slot *slot, unsigned worker)
{
    _Atomic uint64_t *cell = &slot->cells[worker].in_flight;
    uint64_t count = atomic_load_explicit(cell, memory_order_relaxed);

    CHECK(count > 0);
    atomic_store_explicit(cell, count - 1, memory_order_release);
}

uint64_t slot_in_flight(const struct slot *slot)
{
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < slot->worker_count; worker++)
        sum += atomic_load_explicit(&slot->cells[worker].in_flight, memory_order_acquire);
    return sum;
}

uint64_t slot_queued(const struct slot *slot)
{
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < slot->worker_count; worker++)
        sum += atomic_load(&slot->cells[worker].queued);
    return sum;
}

uint64_t slot_tunnels(const struct slot *slot)
{
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < slot->worker_count; worker++)
        sum += atomic_load_explicit(&slot->cells[worker].tunnels, memory_order_acquire);
    return sum;
}

static void add_to(_Atomic uint64_t *counter, uint64_t count)
{
    uint64_t was = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, was + count, memory_order_relaxed);
}

static void add_time(struct slot_histogram *histogram, uint32_t us)
{
    unsigned bucket = 0;

    while (bucket < SLOT_BUCKETS - 1 && us > slot_bucket_edges_us[bucket])
        bucket++; /* most requests are fast: they stop at the first */
    add_to(&histogram->buckets[bucket], 1);
    add_to(&histogram->sum_us, us);
}

static unsigned find_request(unsigned method, unsigned code)
{
    unsigned row = method < SLOT_METHODS ? method : SLOT_METHODS - 1;
    bool is_known = code > CODE_FIRST && code < CODE_FIRST + SLOT_CODES;

    return row * SLOT_CODES + (is_known ? code - CODE_FIRST : 0);
}

void slot_count(struct slot *slot, unsigned worker, const struct slot_sample *sample)
{
    struct slot_cell *cell = &slot->cells[worker];
    unsigned fault = sample->fault < FAULT_COUNT ? sample->fault : FAULT_NONE;

    add_to(&cell->requests[find_request(sample->method, sample->code)], 1);
    add_to(&cell->faults[fault], 1);
    add_to(&cell->bytes_in, sample->bytes_in);
    add_to(&cell->bytes_out, sample->bytes_out);
    add_time(&cell->duration, sample->duration_us);
    if (sample->response_us != 0)
        add_time(&cell->response, sample->response_us);
    if (sample->connect_us != 0)
        add_time(&cell->connect, sample->connect_us);
}

static const struct slot_histogram *histogram_of(const struct slot_cell *cell, int which)
{
    if (which == 0)
        return &cell->duration;
    return which == 1 ? &cell->response : &cell->connect;
}

void slot_sum_histogram(const struct slot *slot, int which, struct slot_totals *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned worker = 0; worker < slot->worker_count; worker++) {
        const struct slot_histogram *histogram = histogram_of(&slot->cells[worker], which);

        for (unsigned i = 0; i < SLOT_BUCKETS; i++)
            out->buckets[i] += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        out->sum_us += atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
    }
}

uint64_t slot_sum_requests(const struct slot *slot, unsigned method, unsigned code)
{
    unsigned at = find_request(method, code);
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < slot->worker_count; worker++)
        sum += atomic_load_explicit(&slot->cells[worker].requests[at], memory_order_relaxed);
    return sum;
}

uint64_t slot_sum_faults(const struct slot *slot, enum fault fault)
{
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < slot->worker_count; worker++)
        sum += atomic_load_explicit(&slot->cells[worker].faults[fault], memory_order_relaxed);
    return sum;
}

const char *role_name(enum role role)
{
    switch (role) {
    case ROLE_LIVE: return "live";
    case ROLE_STANDBY: return "standby";
    case ROLE_CANDIDATE: return "candidate";
    case ROLE_DRAINING: return "draining";
    case ROLE_STAGING: return "staging";
    case ROLE_OFF: return "off";
    }
    return "unknown";
}

enum slot_retry slot_retry_cause(enum fault fault)
{
    if (fault == FAULT_TARGET_STALE)
        return SLOT_RETRY_STALE;
    if (fault == FAULT_TARGET_STATUS)
        return SLOT_RETRY_STATUS;
    if (fault == FAULT_TARGET_TLS || fault == FAULT_TARGET_CERT)
        return SLOT_RETRY_TLS;
    return SLOT_RETRY_CONNECT;
}

const char *slot_retry_name(enum slot_retry cause)
{
    switch (cause) {
    case SLOT_RETRY_CONNECT: return "connect";
    case SLOT_RETRY_TLS: return "tls";
    case SLOT_RETRY_STALE: return "stale";
    case SLOT_RETRY_STATUS: return "status";
    }
    return "";
}
