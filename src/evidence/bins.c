/* See bins_priv.h. Called by the engine in every tick, and when an error row or an error guard would fire. */
#include "evidence/bins_priv.h"

#include <math.h>

void bins_add(struct bins *bins, const struct settings *settings, struct bins_now now,
              const struct counts_bin *candidate)
{
    double share = exp2(-(double)now.dt_ms / settings->conc_half_life_ms);

    for (unsigned i = 0; i < COUNTS_BINS; i++) {
        bins->n[i] = bins->n[i] * share < 1e-30 ? 0 : bins->n[i] * share;
        bins->e[i] = bins->e[i] * share < 1e-30 ? 0 : bins->e[i] * share;
        if (bins->out_until_ms[i] != 0 && bins->out_until_ms[i] <= now.ms) {
            bins->out_until_ms[i] = 0;
            bins->out_count--;
        }
        if (candidate != NULL && bins->out_until_ms[i] == 0) {
            bins->n[i] += candidate[i].n;
            bins->e[i] += candidate[i].e;
        }
    }
}

void bins_subtract(const struct bins *bins, const struct counts *counts, uint64_t *n, uint64_t *e)
{
    uint64_t out_n = 0;
    uint64_t out_e = 0;

    *n = 0;
    *e = 0;
    if (counts == NULL)
        return;
    for (unsigned i = 0; bins->out_count > 0 && i < COUNTS_BINS; i++) {
        if (bins->out_until_ms[i] != 0) {
            out_n += counts->bins[i].n;
            out_e += counts->bins[i].e;
        }
    }
    *n = counts->n > out_n ? counts->n - out_n : 0;
    *e = counts->e > out_e ? counts->e - out_e : 0;
    if (*e > *n)
        *e = *n;
}

int bins_top(const struct bins *bins)
{
    int top = -1;

    for (int i = 0; i < COUNTS_BINS; i++) {
        if (bins->e[i] > (top < 0 ? 0 : bins->e[top]))
            top = i;
    }
    return top;
}

int bins_find_culprit(const struct bins *bins, const struct settings *settings, double limit)
{
    int top = bins_top(bins);
    double n = 0;
    double e = 0;

    if (settings->concentration <= 0 || top < 0 || bins->out_count >= settings->conc_max_bins)
        return -1;
    for (unsigned i = 0; i < COUNTS_BINS; i++) {
        n += bins->n[i];
        e += bins->e[i];
    }
    if (e < settings->conc_min_errors || bins->e[top] <= settings->conc_share * e ||
        n - bins->n[top] < settings->conc_min_others)
        return -1;
    return (e - bins->e[top]) <= limit * (n - bins->n[top]) ? top : -1;
}

void bins_leave_out(struct bins *bins, unsigned key, uint64_t until_ms)
{
    if (bins->out_until_ms[key] == 0)
        bins->out_count++;
    bins->out_until_ms[key] = until_ms;
    bins->n[key] = 0;
    bins->e[key] = 0;
}
