/*
 * The tenants under judgement: a bounded table by name, in the order of their last error. A tenant takes a place with
 * an error of its own, because nothing else speaks against its slot; who had none for the longest time gives his place
 * to who comes. Owner: the cohorts of a service. Control thread.
 */
#ifndef PILOT_COHORT_CASES_PRIV_H
#define PILOT_COHORT_CASES_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "evidence/cohort.h"
#include "pilot/cohorts_priv.h"
#include "route/tenant.h"

struct cohort_entry;
struct slot;

enum {
    COHORT_PLACES = 2 * COHORTS_MAX, /* a power of two */
    COHORT_KEPT_MS = 30 * 1000,      /* so long after its last error nobody loses his place */
};

/* One tenant. */
struct cohort_case {
    TAILQ_ENTRY(cohort_case) order;
    uint64_t hash;
    uint64_t error_ms; /* of its last error */
    char tenant[TENANT_BYTES_MAX + 1];
    const struct slot *slot;     /* that it is judged on */
    struct cohort_totals totals; /* there */
    struct cohort cohort;
    bool is_begun;
    bool is_open;              /* its pin is on its way */
    bool is_left;              /* it was moved: the place may be taken at once */
    char moved_to[64];         /* where it was pinned by us; "" : never */
    struct cohort_case *dirty; /* list of this turn; the last one is its own end */
    bool is_dirty;
};

struct cohort_cases {
    struct cohort_case *table[COHORT_PLACES];
    size_t count;
    TAILQ_HEAD(cohort_order, cohort_case) order; /* the longest ago first */
};

void cohort_cases_init(struct cohort_cases *cases);
void cohort_cases_fini(struct cohort_cases *cases);

/* The tenant's case; NULL: it has none. */
struct cohort_case *cohort_cases_find(const struct cohort_cases *cases,
                                      const struct cohort_entry *entry);

/* A new one; NULL: the name is too long, or all places are held by tenants with later errors. */
struct cohort_case *cohort_cases_add(struct cohort_cases *cases, const struct cohort_entry *entry,
                                     uint64_t now_ms);

/* It had an error now. */
void cohort_cases_touch(struct cohort_cases *cases, struct cohort_case *item, uint64_t now_ms);

/* It has left its slot by our doing. */
void cohort_cases_leave(struct cohort_cases *cases, struct cohort_case *item);

/* All of them begin anew. */
void cohort_cases_restart(struct cohort_cases *cases);

#endif
