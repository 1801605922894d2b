/*
 * The memory of the baseline as estimates: its error rate, the edges of its latency, the clustering of its errors.
 * Estimates that judge a block never know the block. Part of an engine; pure.
 */
#ifndef EVIDENCE_BASELINE_PRIV_H
#define EVIDENCE_BASELINE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/memory.h"
#include "evidence/settings.h"

/* What one block of requests had; sums of many ticks do not overflow. */
struct baseline_block {
    uint64_t n, e;
    uint64_t buckets[COUNTS_BUCKETS];
};

/* The open window of the clustering. */
struct baseline_window {
    uint64_t elapsed_ms;
    uint64_t n, e;
};

void baseline_add(struct memory *memory, const struct settings *settings,
                  const struct baseline_block *block, uint64_t dt_ms);
double baseline_rate(const struct memory *memory, const struct settings *settings);

/* dt_ms, n and e of one tick. `is_counted` false: there is no baseline, a window that ends is dropped; so is one without
 * any request. */
void baseline_watch(struct memory *memory, const struct settings *settings,
                    struct baseline_window *window, const uint64_t tick[3], bool is_counted);
double baseline_phi(const struct memory *memory, const struct settings *settings);

/* The latencies that half, 95, 99 and 99.9 percent of the remembered successes stay below: the bucket, and the share
 * above it. One that too little is remembered for is not known. */
enum { BASELINE_P50, BASELINE_P95, BASELINE_P99, BASELINE_P999, BASELINE_EDGES };
struct baseline_edge {
    bool is_known;
    unsigned bucket;
    double share_above;
};
void baseline_edges(const struct memory *memory, struct baseline_edge out[BASELINE_EDGES]);

/* The first bucket from `bucket` on whose edge is (1 + tolerance) times as far, and `least_ms` further; the last one
 * when there is none. */
unsigned baseline_beyond(unsigned bucket, double tolerance, double least_ms);

#endif
