/*
 * Pinned tenants, each judged for itself: what a tenant does on the slot it is pinned to is compared, once a second, with
 * all that the live slot does. Who suffers is pinned to the live slot, alone and once; nobody else is touched. Bounded:
 * COHORTS_MAX tenants of a service that had an error, see cohort_cases_priv.h. Owner: the lookout. Control thread.
 */
#ifndef PILOT_COHORTS_PRIV_H
#define PILOT_COHORTS_PRIV_H

#include <stdint.h>
#include <sys/queue.h>

#include "deploy/change.h"

struct cohorts;
struct pilot;

enum { COHORTS_MAX = 8192 };

/* One turn for a service; makes *cohorts when there is a pin, does nothing before a second is over. */
void cohorts_tick(struct pilot *pilot, unsigned service_index, struct cohorts **cohorts,
                  uint64_t now_us);

/* NULL: nothing. Pins that are under way go on. */
void cohorts_free(struct pilot *pilot, struct cohorts *cohorts);

/* At the end of the pilot: nobody hears of what is under way any more. */
void cohorts_forget(struct pilot *pilot);

/* A pin on its way. Owner: the pilot. Ends by its answer. */
struct cohort_case;
struct pinning {
    TAILQ_ENTRY(pinning) link;
    struct pilot *pilot;
    struct cohorts *cohorts; /* NULL: they are gone */
    struct cohort_case *item;
    char service[64];
    struct change change;
};
TAILQ_HEAD(pinnings, pinning);

#endif
