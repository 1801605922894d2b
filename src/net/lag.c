/* How late a loop is: see net/lag.h. A tick is noted with two stores and no locked instruction. */
#include "net/lag.h"

const uint64_t lag_edges_us[LAG_BUCKETS - 1] = { 1000,  2500,   5000,   10000,  25000,
                                                 50000, 100000, 500000, 1000000 };

static void add(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t was = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, was + more, memory_order_relaxed);
}

void lag_note(struct lag *lag, uint64_t us)
{
    unsigned bucket = 0;

    while (bucket < LAG_BUCKETS - 1 && us > lag_edges_us[bucket])
        bucket++;
    add(&lag->buckets[bucket], 1);
    add(&lag->sum_us, us);
}

void lag_read(const struct lag *lag, struct lag_totals *out)
{
    for (unsigned i = 0; i < LAG_BUCKETS; i++)
        out->buckets[i] = atomic_load_explicit(&lag->buckets[i], memory_order_relaxed);
    out->sum_us = atomic_load_explicit(&lag->sum_us, memory_order_relaxed);
}
