/*
 * Made-up traffic for engines, from a seed: Poisson arrivals at a rate, errors with a probability, log-normal
 * latencies. The same seed makes the same ticks.
 */
#ifndef UNIT_EVIDENCE_TRAFFIC_H
#define UNIT_EVIDENCE_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/engine.h"

struct made_traffic {
    uint64_t random;                      /* state; not 0 */
    double per_s;                         /* requests of both slots */
    double weight;                        /* percent */
    double candidate_rate, baseline_rate; /* of errors */
    double candidate_median_us, baseline_median_us;
    double sigma;
    double candidate_tail; /* share of its successes that take thirty times as long */
    bool has_latency;
    struct counts candidate, baseline; /* of the last tick */
};

struct made_traffic traffic_new(uint64_t seed, double per_s, double weight);

/* The next tick; what it points to is good until the next one. */
struct engine_tick traffic_tick(struct made_traffic *traffic, uint64_t dt_ms);

double traffic_random(struct made_traffic *traffic); /* [0, 1) */
uint64_t traffic_poisson(struct made_traffic *traffic, double mean);

#endif
