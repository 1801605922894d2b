/* See traffic.h. */
#include "unit/evidence/traffic.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

struct made_traffic traffic_new(uint64_t seed, double per_s, double weight)
{
    struct made_traffic traffic = { .random = hash_mix(seed) | 1,
                                    .per_s = per_s,
                                    .weight = weight,
                                    .candidate_rate = 0.001,
                                    .baseline_rate = 0.001,
                                    .candidate_median_us = 50000,
                                    .baseline_median_us = 50000,
                                    .sigma = 0.8 };

    for (unsigned i = 0; i < 4; i++)
        (void)hash_random(&traffic.random);
    return traffic;
}

double traffic_random(struct made_traffic *traffic)
{
    return (double)(hash_random(&traffic->random) >> 11) * 0x1p-53;
}

static double normal(struct made_traffic *traffic)
{
    double u = 1 - traffic_random(traffic);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * traffic_random(traffic));
}

uint64_t traffic_poisson(struct made_traffic *traffic, double mean)
{
    double limit = exp(-mean);
    double product = 1;
    uint64_t count = 0;

    if (mean > 50)
        return (uint64_t)fmax(0, floor(mean + sqrt(mean) * normal(traffic) + 0.5));
    while ((product *= traffic_random(traffic)) > limit)
        count++;
    return count;
}

static uint64_t pick_errors(struct made_traffic *traffic, uint64_t n, double rate)
{
    uint64_t count = 0;
    double mean = (double)n * rate;

    if (rate >= 1)
        return n;
    if (n > 40 && rate < 0.2) {
        count = traffic_poisson(traffic, mean);
        return count < n ? count : n;
    }
    for (uint64_t i = 0; i < n; i++)
        count += traffic_random(traffic) < rate;
    return count;
}

static void fill(struct made_traffic *traffic, struct counts *out, double mean, double rate,
                 double median_us)
{
    double tail = out == &traffic->candidate ? traffic->candidate_tail : 0;

    memset(out, 0, sizeof *out);
    out->n = traffic_poisson(traffic, mean);
    out->e = pick_errors(traffic, out->n, rate);
    for (uint64_t i = out->e; traffic->has_latency && i < out->n; i++) {
        uint64_t us = (uint64_t)(median_us * exp(traffic->sigma * normal(traffic)));

        if (tail > 0 && traffic_random(traffic) < tail)
            us *= 30;
        out->sum_us += us;
        out->buckets[counts_bucket(us)]++;
    }
}

struct engine_tick traffic_tick(struct made_traffic *traffic, uint64_t dt_ms)
{
    double all = traffic->per_s * (double)dt_ms / 1000;
    double share = traffic->weight / 100;

    fill(traffic, &traffic->candidate, all * share, traffic->candidate_rate,
         traffic->candidate_median_us);
    fill(traffic, &traffic->baseline, all * (1 - share), traffic->baseline_rate,
         traffic->baseline_median_us);
    return (struct engine_tick){ .dt_ms = dt_ms,
                                 .weight = traffic->weight,
                                 .candidate = &traffic->candidate,
                                 .baseline = &traffic->baseline };
}
