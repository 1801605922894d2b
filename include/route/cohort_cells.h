/*
 * Requests and errors of single tenants on a slot, exact: of those that a pin sent there, so that the release can be
 * judged for each of them. One table per worker and slot, written by that worker alone; a tenant takes a cell with its
 * first request there. A full table is given to the reader and a new one begun, once it has taken the one before:
 * COHORT_CELLS tenants, at most twice as many, for each slot and worker between two looks of the reader; requests of
 * further ones are only counted as untaken. What is read is read once: there is one reader. A table has 8 + 80 bytes for each tenant and 32 kB besides,
 * and there is none before the first request. The scope of the pins is the slot's service's.
 */
#ifndef ROUTE_COHORT_CELLS_H
#define ROUTE_COHORT_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "route/target.h"

struct cohort_cells;
struct cohort_given;
struct slot;

enum { COHORT_CELLS = 8192 };

/* With the slot. */
struct cohort_cells *cohort_cells_new(unsigned worker_count);
void cohort_cells_free(struct cohort_cells *cells);

/* One request of a pinned tenant, with what became of it; by the worker. What is counted is what the evidence of the
 * slot counts (route/slot_evidence.h). An id longer than TENANT_BYTES_MAX is untaken. */
void cohort_cells_count(struct slot *slot, unsigned worker, struct slice tenant, bool is_error);

/* What a cell has grown by. Each worker has a cell of its own for a tenant: the reader adds them up. `id` names the
 * cell in its table (below COHORT_CELLS for the first worker, and so on); `hash` the tenant in every slot. */
struct cohort_entry {
    uint32_t id;
    uint32_t n;
    uint32_t e; /* never more than n */
    uint64_t hash;
    struct slice tenant; /* for the call */
};
typedef void cohort_fn(void *arg, const struct cohort_entry *entry);

/* Up to where a reader of one slot has got; starts zeroed. Ends by cohort_mark_fini. */
struct cohort_mark {
    struct cohort_given *given[ROUTE_WORKERS_MAX]; /* NULL: nothing yet */
    uint32_t room[ROUTE_WORKERS_MAX];
    uint32_t number[ROUTE_WORKERS_MAX]; /* of the table that it belongs to; 0: none yet */
};
void cohort_mark_fini(struct cohort_mark *mark);

/* Calls fn for every cell that has grown since the mark, and moves the mark. Costs eight bytes read per tenant and
 * worker. Control thread. */
void cohort_cells_fold(const struct slot *slot, struct cohort_mark *mark, cohort_fn *fn, void *arg);

/* Requests for which there was no cell, all workers. */
uint64_t cohort_cells_untaken(const struct slot *slot);

#endif
