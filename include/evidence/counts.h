/*
 * What is counted of a slot between two moments: the input of the judgement. A value. Requests are counted once, by
 * their first attempt; errors are the upstream's (5xx, no connection, reset, timeout, invalid response), never the
 * client's and never ours. Latency is of successes only. Bins are requests and errors by the hash of a key (client
 * address, tenant, route), so that errors of one key can be told from errors of a release.
 */
#ifndef EVIDENCE_COUNTS_H
#define EVIDENCE_COUNTS_H

#include <stdint.h>

enum { COUNTS_BUCKETS = 736, COUNTS_BINS = 64 };

struct counts_bin {
    uint32_t n;
    uint32_t e;
};

struct counts {
    uint64_t n;      /* requests completed or judged */
    uint64_t e;      /* of those, errors; never more than n */
    uint64_t sum_us; /* latency of the successes */
    uint32_t buckets[COUNTS_BUCKETS];
    struct counts_bin bins[COUNTS_BINS];
};

/* The latency bucket of so many microseconds: 32 linear steps per octave, the last one takes the rest; and the upper
 * edge (exclusive) of a bucket in microseconds. Pure. */
unsigned counts_bucket(uint64_t us);
uint64_t counts_edge_us(unsigned bucket);

#endif
