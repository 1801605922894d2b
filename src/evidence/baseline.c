/* See baseline_priv.h. Called by the engine: once for every closed block, and every tick for the clustering. */
#include "evidence/baseline_priv.h"

#include <math.h>

static const double forgotten = 1e-30; /* below it a faded sum is nothing, and no slow denormal */
static const double edge_least_above = 10; /* requests above an edge for the edge to be known */

static const double quantiles[BASELINE_EDGES] = { 0.5, 0.95, 0.99, 0.999 };

static double fade(double sum, double share)
{
    sum *= share;
    return sum < forgotten ? 0 : sum;
}

void baseline_add(struct memory *memory, const struct settings *settings,
                  const struct baseline_block *block, uint64_t dt_ms)
{
    double share = exp2(-(double)dt_ms / settings->baseline_half_life_ms);

    memory->n = fade(memory->n, share) + (double)block->n;
    memory->e = fade(memory->e, share) + (double)block->e;
    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        memory->buckets[i] = fade(memory->buckets[i], share) + (double)block->buckets[i];
}

double baseline_rate(const struct memory *memory, const struct settings *settings)
{
    return (memory->e + settings->prior_requests * settings->prior_error_rate) /
           (memory->n + settings->prior_requests);
}

static void close_window(struct memory *memory, const struct settings *settings,
                         const struct baseline_window *window)
{
    double share = exp2(-settings->dispersion_window_ms / settings->dispersion_half_life_ms);
    double rate = baseline_rate(memory, settings);
    double mean = rate * (double)window->n;
    double off = (double)window->e - mean;
    double spread = fmin(off * off, settings->dispersion_clip * fmax(mean, 1));

    memory->spread = fade(memory->spread, share) + spread;
    memory->expected = fade(memory->expected, share) + mean * (1 - rate);
}

void baseline_watch(struct memory *memory, const struct settings *settings,
                    struct baseline_window *window, const uint64_t tick[3], bool is_counted)
{
    uint64_t length_ms = (uint64_t)settings->dispersion_window_ms;

    window->elapsed_ms += tick[0];
    window->n += tick[1];
    window->e += tick[2];
    if (window->elapsed_ms < length_ms)
        return;
    if (is_counted && window->n > 0)
        close_window(memory, settings, window);
    *window = (struct baseline_window){ .elapsed_ms = window->elapsed_ms % length_ms };
}

double baseline_phi(const struct memory *memory, const struct settings *settings)
{
    double weight = settings->dispersion_prior_weight;
    double phi =
        (memory->spread + weight * settings->dispersion_prior) / (memory->expected + weight);

    return phi < 1 ? 1 : fmin(phi, settings->dispersion_max);
}

void baseline_edges(const struct memory *memory, struct baseline_edge out[BASELINE_EDGES])
{
    double total = 0;
    double sum = 0;
    unsigned edge = 0;

    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        total += memory->buckets[i];
    for (unsigned i = 0; i < BASELINE_EDGES; i++)
        out[i] = (struct baseline_edge){ .is_known = false };
    for (unsigned i = 0; i < COUNTS_BUCKETS && edge < BASELINE_EDGES; i++) {
        sum += memory->buckets[i];
        while (edge < BASELINE_EDGES && sum >= quantiles[edge] * total) {
            out[edge].is_known = total * (1 - quantiles[edge]) >= edge_least_above;
            out[edge].bucket = i;
            out[edge].share_above = (total - sum + 0.5) / (total + 1);
            edge++;
        }
    }
}

unsigned baseline_beyond(unsigned bucket, double tolerance, double least_ms)
{
    double from = (double)counts_edge_us(bucket);
    double edge = fmax((1 + tolerance) * from, from + 1000 * least_ms);

    while (bucket < COUNTS_BUCKETS - 1 && (double)counts_edge_us(bucket) < edge)
        bucket++;
    return bucket;
}
