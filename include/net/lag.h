/*
 * How late a loop comes to what was due: a histogram with one writer, the loop's thread, that any thread may read. The
 * wheel of a loop (net/wheel.h) measures it at every tick.
 */
#ifndef NET_LAG_H
#define NET_LAG_H

#include <stdatomic.h>
#include <stdint.h>

enum { LAG_BUCKETS = 10 };
extern const uint64_t lag_edges_us[LAG_BUCKETS - 1]; /* upper ones; the last bucket has none */

/* Owner: the wheel. */
struct lag {
    _Atomic uint64_t buckets[LAG_BUCKETS];
    _Atomic uint64_t sum_us;
};

struct lag_totals {
    uint64_t buckets[LAG_BUCKETS]; /* not cumulative */
    uint64_t sum_us;
};

void lag_note(struct lag *lag, uint64_t us); /* by the one writer */
void lag_read(const struct lag *lag, struct lag_totals *out);

#endif
