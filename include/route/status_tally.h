/*
 * How many responses with certain statuses under certain paths a slot gave, such as 401 on /login. The rules are fixed
 * when a tally is made; each worker counts into lines of its own, control sums. A slot without rules has no tally, and a
 * response whose class of statuses no rule names costs one comparison.
 */
#ifndef ROUTE_STATUS_TALLY_H
#define ROUTE_STATUS_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct slot;
struct status_tally;

struct status_range {
    uint16_t from;
    uint16_t to; /* inclusive */
};

struct status_rule {
    const char *name;
    const char *path; /* prefix of whole segments */
    unsigned range_count;
    const struct status_range *ranges;
};

/* Copies the rules; NULL: there are none. */
struct status_tally *status_tally_new(const struct status_rule *rules, unsigned count,
                                      unsigned worker_count);
void status_tally_free(struct status_tally *tally); /* and those that it took the place of */

/* What is counted of the slot from now on (NULL: nothing); takes it. An equal one changes nothing; what was in force lives as
 * long as the slot. Control thread. */
void status_tally_put(struct slot *slot, struct status_tally *tally);

/* Whether both count the same under the same names; each may be NULL. */
bool status_tally_is_equal(const struct status_tally *a, const struct status_tally *b);

/* One response that was sent; by its worker. path: as the client asked for it. */
void status_tally_count(struct status_tally *tally, unsigned worker, unsigned status,
                        struct slice path);

/* What the rule has counted since the tally was made, summed over the workers. False: no such rule; tally may be NULL.
 * Control thread. */
bool status_tally_sum(const struct status_tally *tally, const char *name, uint64_t *out);

#endif
