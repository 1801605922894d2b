/* What an engine shows: the advice about the next step, and all its numbers. Called by the control thread. */
#include <math.h>
#include <stdio.h>

#include "evidence/engine_priv.h"

static const char *const sum_names[SCHEDULE_SUMS] = { "errors", "p50", "p95" };

static double rate_of(const struct engine_state *state, unsigned sum)
{
    struct baseline_edge edges[BASELINE_EDGES];

    if (sum == SCHEDULE_ERRORS)
        return baseline_rate(&state->memory, &state->settings);
    baseline_edges(&state->memory, edges);
    return edges[sum == SCHEDULE_P50 ? BASELINE_P50 : BASELINE_P95].share_above;
}

/* A row begins its test anew with every block, and these beginnings add up to one in a horizon: what is beyond that
 * without a single error is the time alone, and no suspicion. */
static double find_hold_at(const struct engine_state *state)
{
    double horizons = (double)state->now_ms / state->settings.horizon_ms;

    return state->settings.hold_at + (horizons > 1 ? log(horizons) : 0);
}

/* What speaks against any step; false: nothing. */
static bool is_held(const struct engine_state *state, char *words)
{
    double hold_at = find_hold_at(state);

    for (unsigned i = 0; i < ROW_COUNT; i++) {
        const struct engine_row *at = &state->rows[i];

        if (!at->is_off && at->row.evidence >= hold_at) {
            snprintf(words, ENGINE_WORDS,
                     "suspicion: %s has evidence %.1f, a step is taken below %.1f",
                     row_table[i].name, at->row.evidence, hold_at);
            return true;
        }
    }
    if (state->candidate_probes.is_unhealthy) {
        snprintf(words, ENGINE_WORDS, "the candidate is unhealthy");
        return true;
    }
    if (engine_is_shared(state)) {
        snprintf(words, ENGINE_WORDS, "both slots are unfit");
        return true;
    }
    return false;
}

/* Whether all is proven; otherwise the words say what is not. */
static bool is_proven(const struct engine_state *state, char *words)
{
    for (unsigned i = 0; i < SCHEDULE_SUMS; i++) {
        if (schedule_is_proven(&state->schedule, &state->settings, i, rate_of(state, i)))
            continue;
        snprintf(words, ENGINE_WORDS, "%s %.1f of %.1f", sum_names[i], state->schedule.sums[i],
                 schedule_needed(&state->settings));
        return false;
    }
    snprintf(words, ENGINE_WORDS, "proven for %g %%", state->schedule.next);
    return true;
}

enum engine_advice engine_advise(const struct engine *engine, double next_weight,
                                 const char **reason)
{
    const struct engine_state *state = &engine->state;
    const struct schedule *schedule = &state->schedule;
    double dwell_ms = (double)(state->now_ms - schedule->start_ms);
    bool is_over = dwell_ms >= state->settings.max_dwell_ms;

    *reason = engine->words;
    if (state->is_rolled_back) {
        snprintf(engine->words, ENGINE_WORDS, "rolled back");
        return ENGINE_STAY;
    }
    if (is_held(state, engine->words))
        return ENGINE_HOLD_STEP;
    if (schedule->next <= 0) {
        snprintf(engine->words, ENGINE_WORDS, "there is no further step");
        return ENGINE_STAY;
    }
    if (next_weight > schedule->next) {
        snprintf(engine->words, ENGINE_WORDS, "the evidence is collected for %g %%",
                 schedule->next);
        return ENGINE_STAY;
    }
    if (is_proven(state, engine->words)) {
        if (dwell_ms >= state->settings.min_dwell_ms)
            return ENGINE_ADVANCE;
        snprintf(engine->words, ENGINE_WORDS, "%.0f of %.0f s at this weight", dwell_ms / 1000,
                 state->settings.min_dwell_ms / 1000);
        return ENGINE_STAY;
    }
    return is_over ? ENGINE_INCONCLUSIVE : ENGINE_STAY;
}

enum engine_advice engine_resolve(const struct settings *settings, enum engine_advice advice)
{
    if (advice != ENGINE_INCONCLUSIVE)
        return advice;
    if (settings->on_inconclusive >= 2)
        return ENGINE_ABORT_STEP;
    return settings->on_inconclusive >= 1 ? ENGINE_ADVANCE : ENGINE_STAY;
}

static void look_at_row(const struct engine_state *state, enum row_name name,
                        struct engine_row_view *out)
{
    const struct engine_row *at = &state->rows[name];
    struct row_rule rule = engine_rule(state, name, at->row.baseline_rate);
    uint64_t muted_until_ms = at->silence.muted_until_ms;

    *out = (struct engine_row_view){
        .name = row_table[name].name,
        .is_active = at->is_active,
        .evidence = at->row.evidence,
        .threshold = row_threshold(&rule),
        .muted_ms = muted_until_ms > state->now_ms ? muted_until_ms - state->now_ms : 0,
    };
}

static void look_at_guard(const struct engine_state *state, enum guard guard, double phi,
                          struct engine_guard_view *out)
{
    const struct guard_state *at = &state->guards.guards[guard];
    struct guard_ask ask = { .guard = guard, .phi = phi, .is_paired = !state->is_alone };
    uint64_t muted_until_ms = at->silence.muted_until_ms;
    struct guard_verdict verdict;
    bool is_on = guard_look(&state->guards, &state->settings, &ask, &verdict);

    *out = (struct engine_guard_view){
        .name = guard_name(guard),
        .is_on = is_on,
        .value = verdict.value,
        .limit = verdict.limit,
        .run = at->violated_count,
        .needed = (unsigned)state->settings.guard_consecutive,
        .muted_ms = muted_until_ms > state->now_ms ? muted_until_ms - state->now_ms : 0,
    };
}

static uint64_t window_left(const struct engine_state *state)
{
    uint64_t window_ms = (uint64_t)state->settings.auto_window_ms;
    uint64_t gone_ms = engine_full_ms(state);

    if (!state->is_full)
        return UINT64_MAX;
    return gone_ms < window_ms ? window_ms - gone_ms : 0;
}

void engine_look(const struct engine *engine, struct engine_view *out)
{
    const struct engine_state *state = &engine->state;

    *out = (struct engine_view){
        .now_ms = state->now_ms,
        .candidate_n = state->candidate_n,
        .candidate_e = state->candidate_e,
        .baseline_n = state->baseline_n,
        .baseline_e = state->baseline_e,
        .baseline_rate = baseline_rate(&state->memory, &state->settings),
        .phi = baseline_phi(&state->memory, &state->settings),
        .safety_needed = schedule_needed(&state->settings),
        .is_candidate_unhealthy = state->candidate_probes.is_unhealthy,
        .is_baseline_unhealthy = state->baseline_probes.is_unhealthy,
        .is_shared = engine_is_shared(state),
        .is_rolled_back = state->is_rolled_back,
        .full_ms = engine_full_ms(state),
        .window_left_ms = window_left(state),
        .dwell_ms = state->now_ms - state->schedule.start_ms,
        .next_weight = state->schedule.next,
    };
    for (unsigned i = 0; i < SCHEDULE_SUMS; i++)
        out->safety[i] = state->schedule.sums[i];
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if (!state->rows[i].is_off)
            look_at_row(state, i, &out->rows[out->row_count++]);
    }
    for (unsigned i = 0; i < GUARD_COUNT; i++)
        look_at_guard(state, i, out->phi, &out->guards[i]);
}
