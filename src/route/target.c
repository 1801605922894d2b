/*
 * One app server address: see route/target.h. Every cell has one writer, so that raising and lowering
 * are a plain load and a plain store; the store releases, and the sums acquire (T5 of the style).
 */
#include "route/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/slice.h"

enum { TARGET_MAGIC = 0x74617267, CACHE_LINE = 64 };

/* As much of text as fits; longer names are refused by the configuration. */
static void copy_cut(const char *text, char *out, size_t capacity)
{
    size_t len = strnlen(text, capacity - 1);

    memcpy(out, text, len);
    out[len] = '\0';
}

struct target *target_new(struct slot *slot, const char *name, const struct address *address,
                          unsigned worker_count)
{
    struct target *target = NULL;
    size_t cells = 0;

    CHECK(worker_count > 0 && worker_count <= ROUTE_WORKERS_MAX);
    cells = worker_count * sizeof target->cells[0];
    target = mem_zalloc_aligned(CACHE_LINE, sizeof *target + cells);
    target->magic = TARGET_MAGIC;
    target->worker_count = worker_count;
    target->slot = slot;
    target->address = *address;
    target->key = hash_bytes(0, name, strlen(name));
    copy_cut(name, target->name, sizeof target->name);
    copy_cut(address_is_unix(address) ? "localhost" : name, target->authority,
             sizeof target->authority);
    atomic_init(&target->verdict, VERDICT_UNKNOWN);
    return target;
}

void target_free(struct target *target)
{
    if (target == NULL)
        return;
    CHECK(target->magic == TARGET_MAGIC);
    CHECK(target_in_flight(target) == 0);
    target->magic = 0;
    free(target);
}

enum verdict target_verdict(const struct target *target)
{
    return (enum verdict)atomic_load_explicit(&target->verdict, memory_order_relaxed);
}

void target_set_verdict(struct target *target, enum verdict verdict)
{
    atomic_store_explicit(&target->verdict, (int)verdict, memory_order_relaxed);
}

void target_set_up_since(struct target *target, uint64_t now_us)
{
    atomic_store_explicit(&target->up_since_us, now_us, memory_order_relaxed);
}

void target_pin(struct target *target, unsigned worker)
{
    _Atomic uint64_t *cell = &target->cells[worker].in_flight;
    uint64_t count = atomic_load_explicit(cell, memory_order_relaxed);

    atomic_store_explicit(cell, count + 1, memory_order_release);
}

void target_unpin(struct target *target, unsigned worker)
{
    _Atomic uint64_t *cell = &target->cells[worker].in_flight;
    uint64_t count = atomic_load_explicit(cell, memory_order_relaxed);

    CHECK(count > 0);
    atomic_store_explicit(cell, count - 1, memory_order_release);
}

uint64_t target_in_flight(const struct target *target)
{
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < target->worker_count; worker++)
        sum += atomic_load_explicit(&target->cells[worker].in_flight, memory_order_acquire);
    return sum;
}

uint64_t target_connections(const struct target *target)
{
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < target->worker_count; worker++)
        sum += atomic_load_explicit(&target->cells[worker].connections, memory_order_relaxed);
    return sum;
}

void target_report_connect(struct target *target, bool ok)
{
    uint32_t failures = atomic_load_explicit(&target->connect_failures, memory_order_relaxed);

    if (!ok)
        atomic_fetch_add_explicit(&target->connect_failures, 1, memory_order_relaxed);
    else if (failures != 0)
        atomic_store_explicit(&target->connect_failures, 0, memory_order_relaxed);
}

void target_report_answer(struct target *target, unsigned worker, bool ok)
{
    struct target_cell *cell = &target->cells[worker];
    uint64_t requests = atomic_load_explicit(&cell->requests, memory_order_relaxed);
    uint32_t errors = atomic_load_explicit(&cell->errors, memory_order_relaxed);

    atomic_store_explicit(&cell->requests, requests + 1, memory_order_relaxed);
    if (!ok) {
        atomic_fetch_add_explicit(&target->gateway_errors, 1, memory_order_relaxed);
        atomic_store_explicit(&cell->errors, errors + 1, memory_order_relaxed);
    } else if (atomic_load_explicit(&target->gateway_errors, memory_order_relaxed) != 0) {
        atomic_store_explicit(&target->gateway_errors, 0, memory_order_relaxed);
    }
}

const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_UNKNOWN: return "unknown";
    case VERDICT_UP: return "up";
    case VERDICT_DOWN: return "down";
    case VERDICT_MISDEPLOYED: return "misdeployed";
    }
    return "unknown";
}

const char *order_name(enum order order)
{
    switch (order) {
    case ORDER_READY: return "ready";
    case ORDER_DRAIN: return "drain";
    case ORDER_MAINT: return "maint";
    }
    return "unknown";
}
