/*
 * Errors of the candidate by key, so that one client, tenant or route that fails by itself is told apart from a
 * release that fails; such a key is left out of all error counts for a while. Part of an engine; pure.
 */
#ifndef EVIDENCE_BINS_PRIV_H
#define EVIDENCE_BINS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/counts.h"
#include "evidence/settings.h"

struct bins {
    double n[COUNTS_BINS], e[COUNTS_BINS]; /* of the candidate, fading */
    uint64_t out_until_ms[COUNTS_BINS];    /* left out while this is later than now; 0: it is not */
    unsigned out_count;
};

struct bins_now {
    uint64_t ms;
    uint64_t dt_ms;
};

/* One tick: fades, takes back what was left out long enough, adds what the others had. */
void bins_add(struct bins *bins, const struct settings *settings, struct bins_now now,
              const struct counts_bin *candidate);

/* n and e of a slot without the keys that are left out. */
void bins_subtract(const struct bins *bins, const struct counts *counts, uint64_t *n, uint64_t *e);

/* The key with the most errors, the first of equals; -1: there is no error. */
int bins_top(const struct bins *bins);

/* Whether the errors are one key's while the others stay within `limit`: the key; -1: they are not. */
int bins_find_culprit(const struct bins *bins, const struct settings *settings, double limit);
void bins_leave_out(struct bins *bins, unsigned key, uint64_t until_ms);

#endif
