/* The cells of the evidence: see route/slot_evidence.h and slot_evidence_priv.h. Counting is on the way of every
 * request, folding on the control thread some times a second for every slot. */
#include "route/slot_evidence_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "route/slot.h"

enum { CACHE_LINE = 64 };

struct slot_evidence *slot_evidence_new(unsigned worker_count)
{
    struct slot_evidence *evidence = NULL;
    size_t cells = worker_count * sizeof evidence->cells[0];

    CHECK(worker_count > 0 && worker_count <= ROUTE_WORKERS_MAX);
    evidence = mem_zalloc_aligned(CACHE_LINE, sizeof *evidence + cells);
    evidence->worker_count = worker_count;
    return evidence;
}

void slot_evidence_free(struct slot_evidence *evidence)
{
    free(evidence);
}

static void add_32(_Atomic uint32_t *counter)
{
    uint32_t was = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, was + 1, memory_order_relaxed);
}

static void add_64(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t was = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, was + more, memory_order_relaxed);
}

/* The lines were written: says so to control. */
static void touch(struct evidence_cell *cell, uint64_t lines)
{
    uint32_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
    uint64_t touched = atomic_load_explicit(&cell->touched, memory_order_relaxed);

    if (turn != atomic_load_explicit(&cell->seen, memory_order_relaxed)) {
        atomic_store_explicit(&cell->touched_before, touched, memory_order_release);
        atomic_store_explicit(&cell->touched, lines, memory_order_release);
        atomic_store_explicit(&cell->seen, turn, memory_order_release);
    } else if ((lines & ~touched) != 0) {
        atomic_store_explicit(&cell->touched, touched | lines, memory_order_release);
    }
}

static void end_request(struct evidence_cell *cell)
{
    uint64_t n = atomic_load_explicit(&cell->n, memory_order_relaxed);

    atomic_store_explicit(&cell->n, n + 1, memory_order_release);
}

void slot_evidence_success(struct slot *slot, unsigned worker, unsigned bin, uint64_t us)
{
    struct evidence_cell *cell = &slot->evidence->cells[worker];
    unsigned bucket = counts_bucket(us);

    bin %= COUNTS_BINS;
    add_32(&cell->buckets[bucket]);
    add_32(&cell->bins[bin].n);
    add_64(&cell->sum_us, us);
    touch(cell, UINT64_C(1) << bucket / LINE_BUCKETS | UINT64_C(1) << BINS_LINE);
    end_request(cell);
}

void slot_evidence_error(struct slot *slot, unsigned worker, unsigned bin)
{
    struct evidence_cell *cell = &slot->evidence->cells[worker];

    bin %= COUNTS_BINS;
    add_32(&cell->bins[bin].n);
    add_32(&cell->bins[bin].e);
    add_64(&cell->e, 1);
    touch(cell, UINT64_C(1) << BINS_LINE);
    end_request(cell);
}

void slot_evidence_stall(struct slot *slot, unsigned worker, unsigned bin)
{
    add_64(&slot->evidence->cells[worker].stalled, 1);
    slot_evidence_error(slot, worker, bin);
}

/* Lines that may have changed in the cell since it was asked last; 0: no request has ended. */
static uint64_t ask_cell(struct slot_evidence *evidence, unsigned worker)
{
    struct evidence_cell *cell = &evidence->cells[worker];
    uint64_t n = atomic_load_explicit(&cell->n, memory_order_acquire);
    uint32_t seen = 0;
    uint64_t lines = 0;

    if (n == evidence->seen[worker])
        return 0;
    evidence->seen[worker] = n;
    seen = atomic_load_explicit(&cell->seen, memory_order_acquire);
    lines = atomic_load_explicit(&cell->touched, memory_order_acquire);
    lines |= atomic_load_explicit(&cell->touched_before, memory_order_acquire);
    if (seen == atomic_load_explicit(&cell->turn, memory_order_relaxed))
        atomic_store_explicit(&cell->turn, seen + 1, memory_order_release);
    return lines;
}

/* Adds what a 32-bit sum over the workers has grown by, also over its wrap; true: it has. */
static bool follow(uint64_t *total, uint32_t sum)
{
    uint32_t more = sum - (uint32_t)*total;

    *total += more;
    return more != 0;
}

static bool follow_bucket(struct slot_evidence *evidence, unsigned at)
{
    uint32_t sum = 0;

    for (unsigned worker = 0; worker < evidence->worker_count; worker++)
        sum += atomic_load_explicit(&evidence->cells[worker].buckets[at], memory_order_relaxed);
    return follow(&evidence->totals.buckets[at], sum);
}

static bool follow_bin(struct slot_evidence *evidence, unsigned at)
{
    uint32_t n = 0;
    uint32_t e = 0;
    bool is_changed = false;

    for (unsigned worker = 0; worker < evidence->worker_count; worker++) {
        struct evidence_bin *bin = &evidence->cells[worker].bins[at];

        e += atomic_load_explicit(&bin->e, memory_order_relaxed);
        n += atomic_load_explicit(&bin->n, memory_order_relaxed);
    }
    is_changed = follow(&evidence->totals.bins[at].n, n);
    return follow(&evidence->totals.bins[at].e, e) || is_changed;
}

static bool follow_line(struct slot_evidence *evidence, unsigned line)
{
    bool is_changed = false;

    if (line < BUCKET_LINES) {
        for (unsigned i = 0; i < LINE_BUCKETS; i++)
            is_changed |= follow_bucket(evidence, line * LINE_BUCKETS + i);
        return is_changed;
    }
    for (unsigned i = 0; i < COUNTS_BINS; i++)
        is_changed |= follow_bin(evidence, i);
    return is_changed;
}

static void follow_sums(struct slot_evidence *evidence)
{
    struct slot_evidence_totals *totals = &evidence->totals;

    totals->n = totals->e = totals->sum_us = totals->stalled = 0;
    for (unsigned worker = 0; worker < evidence->worker_count; worker++) {
        const struct evidence_cell *cell = &evidence->cells[worker];

        totals->n += evidence->seen[worker];
        totals->e += atomic_load_explicit(&cell->e, memory_order_relaxed);
        totals->sum_us += atomic_load_explicit(&cell->sum_us, memory_order_relaxed);
        totals->stalled += atomic_load_explicit(&cell->stalled, memory_order_relaxed);
    }
}

/* Brings the totals to what the cells say. */
static void refresh(struct slot_evidence *evidence)
{
    uint64_t lines = 0;

    for (unsigned worker = 0; worker < evidence->worker_count; worker++)
        lines |= ask_cell(evidence, worker);
    if (lines == 0)
        return;
    evidence->fold++;
    follow_sums(evidence);
    for (; lines != 0; lines &= lines - 1) {
        unsigned line = (unsigned)__builtin_ctzll(lines);

        if (follow_line(evidence, line))
            evidence->changed[line] = evidence->fold;
    }
}

static uint32_t cut(uint64_t count)
{
    return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

static void give_bin(const struct slot_evidence_bin *total, struct slot_evidence_bin *given,
                     struct counts_bin *out)
{
    uint64_t n = total->n - given->n;
    uint64_t e = total->e - given->e;

    e = e < n ? e : n;
    given->n += n;
    given->e += e;
    *out = (struct counts_bin){ .n = cut(n), .e = cut(e) };
}

static void give_line(const struct slot_evidence_totals *totals, struct slot_evidence_totals *given,
                      unsigned line, struct counts *out)
{
    if (line < BUCKET_LINES) {
        for (unsigned i = line * LINE_BUCKETS; i < (line + 1) * LINE_BUCKETS; i++) {
            out->buckets[i] = cut(totals->buckets[i] - given->buckets[i]);
            given->buckets[i] = totals->buckets[i];
        }
        return;
    }
    for (unsigned i = 0; i < COUNTS_BINS; i++)
        give_bin(&totals->bins[i], &given->bins[i], &out->bins[i]);
}

bool slot_evidence_fold(struct slot *slot, struct slot_evidence_mark *mark, struct counts *out)
{
    struct slot_evidence *evidence = slot->evidence;
    const struct slot_evidence_totals *totals = &evidence->totals;
    struct slot_evidence_totals *given = &mark->given;

    memset(out, 0, sizeof *out);
    refresh(evidence);
    if (mark->fold == evidence->fold)
        return false;
    out->n = totals->n - given->n;
    out->e = totals->e - given->e;
    out->e = out->e < out->n ? out->e : out->n;
    out->sum_us = totals->sum_us - given->sum_us;
    given->n += out->n;
    given->e += out->e;
    given->sum_us += out->sum_us;
    for (unsigned line = 0; line < EVIDENCE_LINES; line++)
        if (evidence->changed[line] > mark->fold)
            give_line(totals, given, line, out);
    mark->fold = evidence->fold;
    return true;
}

const struct slot_evidence_totals *slot_evidence_totals(struct slot *slot)
{
    refresh(slot->evidence);
    return &slot->evidence->totals;
}
