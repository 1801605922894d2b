/*
 * How often each id was executed: what shows that a proxy never sends a request twice. Bounded to
 * DEMO_TALLY_MAX ids. One thread.
 */
#ifndef DEMO_TALLY_H
#define DEMO_TALLY_H

#include <stdint.h>

#include "base/check.h"

#define DEMO_TALLY_MAX 1000000u

/* Owner: struct demo. Ends by demo_tally_clear; zeroed is empty. */
struct demo_tally {
    void *root; /* of tsearch(3) */
    uint64_t ids;
    uint64_t executions;
    uint64_t most; /* the highest count of one id */
};

/* Counts one execution; *count is the id's new number. ERR_FULL beyond the bound. */
MUST_CHECK int demo_tally_add(struct demo_tally *tally, const char *id, uint64_t *count);
uint64_t demo_tally_count(const struct demo_tally *tally, const char *id);
void demo_tally_clear(struct demo_tally *tally);

#endif
