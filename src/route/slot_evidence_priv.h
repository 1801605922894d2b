/* The cells of a slot, for slot_evidence.c and its tests. */
#ifndef ROUTE_SLOT_EVIDENCE_PRIV_H
#define ROUTE_SLOT_EVIDENCE_PRIV_H

#include <stdatomic.h>

#include "route/slot_evidence.h"
#include "route/target.h"

/* What is marked as touched: a bit for each cache line of buckets, and one for all bins, which traffic from everywhere
 * touches together. */
enum {
    LINE_BUCKETS = 16,
    BUCKET_LINES = COUNTS_BUCKETS / LINE_BUCKETS,
    BINS_LINE = BUCKET_LINES,
    EVIDENCE_LINES = BUCKET_LINES + 1
};
_Static_assert(BUCKET_LINES *LINE_BUCKETS == COUNTS_BUCKETS, "whole lines of buckets");
_Static_assert(EVIDENCE_LINES <= 64, "a bit for each line");

struct evidence_bin {
    _Atomic uint32_t n;
    _Atomic uint32_t e;
};

/*
 * Written by one worker, but for `turn`. `touched` has a bit for each line that was written since the worker saw the
 * present turn, `touched_before` those of the turn before. Control raises the turn only when it has found the worker
 * to have seen the last one: so no bit goes before it was read, and no bit is there before its line was written.
 * `n` is stored last: who reads it first has all that belongs to it.
 */
struct evidence_cell {
    _Alignas(64) _Atomic uint64_t n;
    _Atomic uint64_t e;
    _Atomic uint64_t sum_us;
    _Atomic uint64_t stalled;
    _Atomic uint64_t touched;
    _Atomic uint64_t touched_before;
    _Atomic uint32_t seen; /* the turn that `touched` began with */
    _Atomic uint32_t turn; /* control's */
    _Alignas(64) _Atomic uint32_t buckets[COUNTS_BUCKETS];
    struct evidence_bin bins[COUNTS_BINS];
};

/* Owner: slot. Thread: control, but for the cells. Ends with the slot. */
struct slot_evidence {
    unsigned worker_count;
    uint64_t fold;                    /* number of the last fold that found something */
    uint64_t changed[EVIDENCE_LINES]; /* the fold that found the line changed last */
    uint64_t seen[ROUTE_WORKERS_MAX]; /* n of each cell then */
    struct slot_evidence_totals totals;
    struct evidence_cell cells[]; /* worker_count */
};

#endif
