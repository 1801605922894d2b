/*
 * What the judgement is fed with, counted where it happens: one cell per worker and slot, written by that worker alone
 * with plain stores, monotone and never reset. The control thread folds the cells into totals and takes differences;
 * any number of readers may do so, each with its own mark. What counts is decided elsewhere (evidence/outcome.h).
 * A cell has 3.5 kB; a slot has one for each worker, and 8 kB of totals.
 */
#ifndef ROUTE_SLOT_EVIDENCE_H
#define ROUTE_SLOT_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/counts.h"

struct slot;
struct slot_evidence;

struct slot_evidence_bin {
    uint64_t n;
    uint64_t e;
};

/* Since the slot was made. Beside struct counts: nothing wraps, and how many of the errors were counted because the
 * request was in flight too long. */
struct slot_evidence_totals {
    uint64_t n;
    uint64_t e;
    uint64_t sum_us;
    uint64_t stalled;
    uint64_t buckets[COUNTS_BUCKETS];
    struct slot_evidence_bin bins[COUNTS_BINS];
};

/* Up to where a reader has got; starts zeroed, that is with the beginning of the slot. Of one slot only. */
struct slot_evidence_mark {
    uint64_t fold;
    struct slot_evidence_totals given;
};

/* With the slot. */
struct slot_evidence *slot_evidence_new(unsigned worker_count);
void slot_evidence_free(struct slot_evidence *evidence);

/* One request; by the worker. bin: hash of its key, modulo COUNTS_BINS. us: to the target's last byte. stall: an error
 * of a request that is still in flight; its end must not be counted again. */
void slot_evidence_success(struct slot *slot, unsigned worker, unsigned bin, uint64_t us);
void slot_evidence_error(struct slot *slot, unsigned worker, unsigned bin);
void slot_evidence_stall(struct slot *slot, unsigned worker, unsigned bin);

/* What was counted since the mark, summed over the workers; moves the mark. False: nothing was, out is all zero. Errors
 * are never more than requests, in all and in each bin: one that is seen before its request is given the next time.
 * Costs one load per worker when nothing happened, else what has changed since the last fold of anybody. A counter
 * that has moved by more than 32 bits is given as UINT32_MAX. Control thread. */
bool slot_evidence_fold(struct slot *slot, struct slot_evidence_mark *mark, struct counts *out);

/* The totals of now; valid until the slot goes, changed by the next call of either. Control thread. Someone must fold
 * at least once in 4 billion requests of a bucket. */
const struct slot_evidence_totals *slot_evidence_totals(struct slot *slot);

#endif
