/* The identity of one routed application: see route/service.h. */
#include "route/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "route/rate.h"

enum { SERVICE_MAGIC = 0x73657276 };

const uint64_t service_hold_edges_us[SERVICE_HOLD_BUCKETS - 1] = {
    10000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000, 30000000,
};

struct service *service_new(const char *name)
{
    struct service *service = mem_zalloc(sizeof *service);
    size_t len = strnlen(name, sizeof service->name - 1);

    service->magic = SERVICE_MAGIC;
    memcpy(service->name, name, len);
    return service;
}

void service_free(struct service *service)
{
    if (service == NULL)
        return;
    CHECK(service->magic == SERVICE_MAGIC);
    CHECK(atomic_load(&service->counts.held) == 0);
    service->magic = 0;
    rate_free(service->rate);
    free(service);
}

void service_note_hold(struct service_counts *counts, uint64_t us)
{
    unsigned bucket = 0;

    while (bucket < SERVICE_HOLD_BUCKETS - 1 && us > service_hold_edges_us[bucket])
        bucket++;
    atomic_fetch_add_explicit(&counts->hold_buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts->hold_us_total, us, memory_order_relaxed);
}
