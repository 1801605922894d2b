/*
 * One block of an engine: requests are collected until both slots have done something, then every row is asked, the
 * evidence of safety grows, and only then the memory of the baseline learns of the block. Called by engine_tick.
 */
#include <math.h>

#include "evidence/engine_priv.h"

/* How many successes are beyond each bucket, and how many there are. */
struct beyond {
    uint64_t count;
    uint64_t above[COUNTS_BUCKETS];
};

struct judging {
    struct engine_state *state;
    struct baseline_edge edges[BASELINE_EDGES];
    struct beyond candidate, baseline;
    struct row_block block; /* for error rows; others change the counts */
};

static void sum_up(const struct baseline_block *block, struct beyond *out)
{
    uint64_t sum = 0;

    for (unsigned i = COUNTS_BUCKETS; i-- > 0;) {
        out->above[i] = sum;
        sum += block->buckets[i];
    }
    out->count = sum;
}

static void add_side(struct baseline_block *block, const struct engine_side *side)
{
    block->n += side->n;
    block->e += side->e;
    for (unsigned i = 0; side->counts != NULL && i < COUNTS_BUCKETS; i++)
        block->buckets[i] += side->counts->buckets[i];
}

static bool is_full(const struct engine_state *state)
{
    const struct engine_block *block = &state->block;

    return block->candidate.n >= 1 &&
           (state->is_alone || block->baseline.n >= 1 ||
            (double)(state->now_ms - block->start_ms) >= state->settings.baseline_silent_ms);
}

static bool is_wanted(const struct engine_state *state, enum row_name name)
{
    const struct engine_row *row = &state->rows[name];

    if (row->is_off ||
        (row->silence.muted_until_ms > 0 && state->now_ms <= row->silence.muted_until_ms))
        return false;
    switch (row_table[name].kind) {
    case ROW_TWO: return !state->is_alone;
    case ROW_ABS: return true;
    case ROW_HIST: return state->weight >= state->settings.hist_from_percent;
    case ROW_LAT:
        return state->has_first &&
               (double)(state->now_ms - state->first_ms) >= state->settings.latency_warmup_ms;
    }
    return false;
}

/* The block as a latency row sees it; false: too little is remembered. */
static bool look_at_latency(struct judging *judging, enum row_name name, struct row_block *block)
{
    struct engine_state *state = judging->state;
    struct engine_row *row = &state->rows[name];
    const struct baseline_edge *edge = &judging->edges[row_table[name].edge];

    if (!edge->is_known)
        return false;
    row->baseline_bucket = edge->bucket;
    row->candidate_bucket =
        baseline_beyond(edge->bucket, row_table_tolerance(name, &state->settings, state->is_alone),
                        state->settings.latency_least_ms);
    block->baseline_rate = edge->share_above;
    block->phi = 1;
    block->counts = (struct row_counts){
        .candidate_n = judging->candidate.count,
        .candidate_x = judging->candidate.above[row->candidate_bucket],
        .baseline_n = state->is_alone ? 0 : judging->baseline.count,
        .baseline_x = state->is_alone ? 0 : judging->baseline.above[edge->bucket],
    };
    return true;
}

static void ask_row(struct judging *judging, enum row_name name)
{
    struct engine_state *state = judging->state;
    struct engine_row *row = &state->rows[name];
    struct row_block block = judging->block;
    struct row_rule rule;

    row->is_active = is_wanted(state, name);
    if (row->is_active && row_table[name].edge != ROW_ERRORS)
        row->is_active = look_at_latency(judging, name, &block);
    if (!row->is_active)
        return;
    if (!row_table[name].is_dispersed)
        block.phi = 1;
    rule = engine_rule(state, name, block.baseline_rate);
    row_add(&row->row, &rule, &state->settings, &block);
}

static void add_safety(struct judging *judging, unsigned sum, const struct row_counts *counts,
                       const double rate_and_phi[2])
{
    struct engine_state *state = judging->state;
    struct kernel_block sample = { (double)counts->candidate_n, (double)counts->candidate_x,
                                   (double)counts->baseline_n, (double)counts->baseline_x };

    if (counts->candidate_n >= 1 && counts->baseline_n >= 1)
        schedule_add(&state->schedule, &state->settings, sum, &sample, rate_and_phi);
}

static void grow_safe(struct judging *judging)
{
    struct engine_state *state = judging->state;
    static const unsigned edge_of[SCHEDULE_SUMS] = {
        [SCHEDULE_P50] = BASELINE_P50, [SCHEDULE_P95] = BASELINE_P95
    };

    if (state->is_alone)
        return;
    add_safety(judging, SCHEDULE_ERRORS, &judging->block.counts,
               (const double[]){ judging->block.baseline_rate, judging->block.phi });
    for (unsigned sum = SCHEDULE_P50; sum <= SCHEDULE_P95; sum++) {
        const struct baseline_edge *edge = &judging->edges[edge_of[sum]];
        unsigned beyond = baseline_beyond(edge->bucket, state->settings.latency_tolerance,
                                          state->settings.latency_least_ms);
        struct row_counts counts = {
            .candidate_n = judging->candidate.count,
            .candidate_x = judging->candidate.above[beyond],
            .baseline_n = judging->baseline.count,
            .baseline_x = judging->baseline.above[edge->bucket],
        };

        if (edge->is_known)
            add_safety(judging, sum, &counts, (const double[]){ edge->share_above, 1 });
    }
}

static void close_block(struct engine_state *state, struct engine_output *out)
{
    struct engine_block *block = &state->block;
    uint64_t dt_ms = state->now_ms - block->start_ms;
    struct judging judging = {
        .state = state,
        .block = { .counts = { block->candidate.n, block->candidate.e, block->baseline.n,
                               block->baseline.e },
                   .start_ms = block->start_ms,
                   .dt_ms = dt_ms,
                   .baseline_rate = baseline_rate(&state->memory, &state->settings),
                   .phi = baseline_phi(&state->memory, &state->settings) },
    };

    baseline_edges(&state->memory, judging.edges);
    sum_up(&block->candidate, &judging.candidate);
    sum_up(&block->baseline, &judging.baseline);
    for (unsigned i = 0; i < ROW_COUNT; i++)
        ask_row(&judging, i);
    grow_safe(&judging);
    if (!state->is_alone)
        baseline_add(&state->memory, &state->settings, &block->baseline, dt_ms);
    *block = (struct engine_block){ .start_ms = state->now_ms };
    for (unsigned i = 0; i < ROW_COUNT && !state->is_rolled_back; i++) {
        if (state->rows[i].is_active)
            acting_row(state, i, out);
    }
}

void judging_tick(struct engine_state *state, const struct engine_side sides[2],
                  struct engine_output *out)
{
    if (engine_is_shared(state)) {
        state->block = (struct engine_block){ .start_ms = state->now_ms };
        return;
    }
    add_side(&state->block.candidate, &sides[0]);
    add_side(&state->block.baseline, &sides[1]);
    if (is_full(state))
        close_block(state, out);
}
