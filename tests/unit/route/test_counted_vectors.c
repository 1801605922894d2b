/*
 * The engine cases of the vectors once more, with every request of them counted as workers count it: each becomes a
 * success or an error of a slot, in the cell of one of several workers, and what the fold gives is what the engine gets.
 * Events, checks, advice and end must come out as they are written, to nine digits. What a vector leaves out
 * (latencies, keys) is no evidence there: it is counted all the same, and cleared behind the fold.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "route/slot.h"
#include "route/slot_evidence.h"
#include "unit/evidence/vectors.h"
#include "unit/evidence/vectors_engine.h"

enum { WORKERS = 4 };

/* A slot that is counted on. */
struct counted {
    struct slot *slot;
    struct slot_evidence_mark mark;
    struct counts out;
    unsigned worker; /* that has the next request */
    unsigned key;    /* of the next request, where the vector names none */
    uint64_t requests;
};

struct counted_pair {
    struct counted candidate, baseline;
};

/* The successes of a tick in the order of their buckets: how long each takes, so that buckets and sum come out. */
struct latencies {
    const struct counts *counts;
    bool has_buckets;
    unsigned bucket;
    uint32_t given; /* of the bucket */
    uint64_t left;  /* successes */
    uint64_t spare_us;
};

static uint64_t floor_us(unsigned bucket)
{
    return bucket == 0 ? 0 : counts_edge_us(bucket - 1);
}

static struct latencies begin_latencies(const struct counts *counts)
{
    struct latencies out = { .counts = counts, .left = counts->n - counts->e };
    uint64_t least_us = 0;
    uint64_t successes = 0;

    for (unsigned i = 0; i < COUNTS_BUCKETS; i++) {
        least_us += counts->buckets[i] * floor_us(i);
        successes += counts->buckets[i];
    }
    out.has_buckets = successes > 0;
    cr_assert(!out.has_buckets || successes == out.left, "a success has a bucket, or none has");
    out.spare_us = counts->sum_us > least_us ? counts->sum_us - least_us : 0;
    return out;
}

static uint64_t next_latency(struct latencies *of)
{
    uint64_t most_us = of->spare_us;
    uint64_t us = 0;

    if (of->has_buckets) {
        for (; of->given == of->counts->buckets[of->bucket]; of->given = 0)
            of->bucket++;
        of->given++;
        us = floor_us(of->bucket);
        if (most_us > counts_edge_us(of->bucket) - 1 - us)
            most_us = counts_edge_us(of->bucket) - 1 - us;
    } else if (of->left > 0) {
        most_us = of->spare_us / of->left;
    }
    of->left--;
    of->spare_us -= most_us;
    return us + most_us;
}

static void count_one(struct counted *on, bool is_error, unsigned key, struct latencies *latencies)
{
    unsigned worker = on->worker++ % WORKERS;

    on->requests++;
    if (!is_error)
        slot_evidence_success(on->slot, worker, key, next_latency(latencies));
    else if (on->requests % 3 == 0)
        slot_evidence_stall(on->slot, worker, key);
    else
        slot_evidence_error(on->slot, worker, key);
}

static void count_all(struct counted *on, const struct counts *counts)
{
    struct latencies latencies = begin_latencies(counts);
    uint64_t n = counts->n;
    uint64_t e = counts->e;

    for (unsigned key = 0; key < COUNTS_BINS; key++) {
        for (uint32_t i = 0; i < counts->bins[key].n; i++)
            count_one(on, i < counts->bins[key].e, key, &latencies);
        n -= counts->bins[key].n;
        e -= counts->bins[key].e;
    }
    for (uint64_t i = 0; i < n; i++)
        count_one(on, i < e, on->key++ % COUNTS_BINS, &latencies);
}

/* What was counted is what was folded; what the vector does not tell of is taken away. */
static void compare(struct counts *folded, const struct counts *counts)
{
    bool has_buckets = false;
    bool has_bins = false;

    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        has_buckets = has_buckets || counts->buckets[i] > 0;
    for (unsigned i = 0; i < COUNTS_BINS; i++)
        has_bins = has_bins || counts->bins[i].n > 0;
    cr_assert_eq(folded->n, counts->n);
    cr_assert_eq(folded->e, counts->e);
    if (has_buckets)
        cr_assert_arr_eq(folded->buckets, counts->buckets, sizeof counts->buckets);
    else
        memset(folded->buckets, 0, sizeof folded->buckets);
    if (has_bins)
        cr_assert_arr_eq(folded->bins, counts->bins, sizeof counts->bins);
    else
        memset(folded->bins, 0, sizeof folded->bins);
    if (!has_buckets && counts->n > counts->e)
        cr_assert_eq(folded->sum_us, counts->sum_us);
}

static const struct counts *take(void *arg, bool is_candidate, const struct counts *counts)
{
    static const struct counts nothing;
    struct counted_pair *pair = arg;
    struct counted *on = is_candidate ? &pair->candidate : &pair->baseline;

    if (counts != NULL)
        count_all(on, counts);
    (void)slot_evidence_fold(on->slot, &on->mark, &on->out);
    compare(&on->out, counts != NULL ? counts : &nothing);
    return &on->out;
}

static uint64_t run(const cJSON *test)
{
    static struct counted_pair pair;
    struct vectors_way way = { .take = take, .arg = &pair };
    uint64_t requests = 0;

    memset(&pair, 0, sizeof pair);
    pair.candidate.slot = slot_new(NULL, "green", WORKERS);
    pair.baseline.slot = slot_new(NULL, "blue", WORKERS);
    vectors_run_engine_through(test, &way);
    requests = pair.candidate.requests + pair.baseline.requests;
    cr_assert_eq(slot_evidence_totals(pair.candidate.slot)->n, pair.candidate.requests);
    slot_free(pair.candidate.slot);
    slot_free(pair.baseline.slot);
    return requests;
}

Test(counted_vectors, come_out_to_nine_digits_through_the_cells_of_workers)
{
    cJSON *root = vectors_load();
    const cJSON *test = NULL;
    uint64_t requests = 0;
    unsigned count = 0;

    cJSON_ArrayForEach(test, vectors_member(root, "cases"))
    {
        if (strcmp(vectors_text(test, "kind"), "engine") != 0)
            continue;
        requests += run(test);
        count++;
    }
    cr_assert_gt(count, 0);
    cr_assert_gt(requests, 100 * count);
    cJSON_Delete(root);
}
