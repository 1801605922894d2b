/* See evidence/engine.h. Called by the control thread in every tick, and by replays. */
#include "evidence/engine_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

bool engine_is_shared(const struct engine_state *state)
{
    return state->is_shared && state->now_ms <= state->shared_until_ms;
}

uint64_t engine_full_ms(const struct engine_state *state)
{
    return state->full_before_ms + (state->is_full ? state->now_ms - state->full_since_ms : 0);
}

struct row_rule engine_rule(const struct engine_state *state, enum row_name name, double rate)
{
    struct row_rule rule;

    row_table_rule(name, &state->settings, state->is_alone, rate, &rule);
    return rule;
}

void engine_restart_row(struct engine_state *state, enum row_name name)
{
    struct row_rule rule = engine_rule(state, name, 0);

    row_reset(&state->rows[name].row, &rule, &state->settings);
}

struct engine *engine_new(const struct settings *settings)
{
    struct engine *engine = mem_zalloc(sizeof *engine);

    engine->words = mem_zalloc(ENGINE_WORDS);
    engine->state.settings = *settings;
    engine_begin(engine);
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    free(engine->words);
    free(engine);
}

struct engine *engine_clone(const struct engine *engine)
{
    struct engine *clone = mem_zalloc(sizeof *clone);

    clone->words = mem_zalloc(ENGINE_WORDS);
    clone->state = engine->state;
    return clone;
}

void engine_configure(struct engine *engine, const struct settings *settings)
{
    engine->state.settings = *settings;
}

int engine_restrict(struct engine *engine, const char *const *rows, size_t count)
{
    bool is_used[ROW_COUNT] = { false };

    for (size_t i = 0; i < count; i++) {
        unsigned row = 0;

        while (row < ROW_COUNT && strcmp(row_table[row].name, rows[i]) != 0)
            row++;
        if (row == ROW_COUNT)
            return ERR_NOT_FOUND;
        is_used[row] = true;
    }
    for (unsigned i = 0; i < ROW_COUNT; i++)
        engine->state.rows[i].is_off = !is_used[i];
    return 0;
}

void engine_memory(const struct engine *engine, struct memory *out)
{
    *out = engine->state.memory;
}

void engine_remember(struct engine *engine, const struct memory *memory)
{
    engine->state.memory = *memory;
}

void engine_begin(struct engine *engine)
{
    struct engine_state *state = &engine->state;
    struct settings settings = state->settings;
    bool is_off[ROW_COUNT];

    for (unsigned i = 0; i < ROW_COUNT; i++)
        is_off[i] = state->rows[i].is_off;
    memset((char *)state + offsetof(struct engine_state, now_ms), 0,
           sizeof *state - offsetof(struct engine_state, now_ms));
    state->window = (struct baseline_window){ 0 };
    state->settings = settings;
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        state->rows[i].is_off = is_off[i];
        engine_restart_row(state, i);
    }
}

void engine_resume(struct engine *engine, uint64_t full_ms)
{
    engine->state.full_before_ms = full_ms;
}

static void observe(struct engine_state *state, uint64_t dt_ms, const struct counts *baseline)
{
    struct baseline_block block = { 0 };
    uint64_t watched[3] = { dt_ms, 0, 0 };

    if (baseline != NULL) {
        block.n = watched[1] = baseline->n;
        block.e = watched[2] = baseline->e < baseline->n ? baseline->e : baseline->n;
        for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
            block.buckets[i] = baseline->buckets[i];
    }
    baseline_add(&state->memory, &state->settings, &block, dt_ms);
    baseline_watch(&state->memory, &state->settings, &state->window, watched, true);
}

void engine_observe(struct engine *engine, uint64_t dt_ms, const struct counts *baseline)
{
    observe(&engine->state, dt_ms, baseline);
}

/* After a rollback: the baseline carries all; did it help? */
static void watch_aftermath(struct engine_state *state, const struct engine_tick *tick,
                            struct engine_output *out)
{
    struct engine_aftermath *aftermath = &state->aftermath;
    struct engine_event event = { .confirm = NAN, .top_bin = -1 };
    double rate = 0;

    state->now_ms += tick->dt_ms;
    observe(state, tick->dt_ms, tick->baseline);
    if (!aftermath->is_asked)
        return;
    aftermath->elapsed_ms += tick->dt_ms;
    if (tick->baseline != NULL) {
        aftermath->n += tick->baseline->n;
        aftermath->e += tick->baseline->e;
    }
    if ((double)aftermath->elapsed_ms < state->settings.help_ms)
        return;
    aftermath->is_asked = false;
    rate = (double)aftermath->e / fmax(1, (double)aftermath->n);
    if ((double)aftermath->e < state->settings.min_errors || rate <= aftermath->candidate_rate)
        return;
    event.baseline_n = aftermath->n;
    event.baseline_x = aftermath->e;
    event.baseline_rate = aftermath->baseline_rate;
    event.value = rate;
    event.limit = aftermath->candidate_rate;
    event.since_ms = state->now_ms - aftermath->elapsed_ms;
    snprintf(event.trigger, sizeof event.trigger, "rollback_did_not_help");
    acting_emit(state, ENGINE_UNHELPED, &event, out);
}

/* Weight, mode, and the clocks that hang on them. */
static void set_weight(struct engine_state *state, const struct engine_tick *tick,
                       uint64_t before_ms)
{
    bool is_alone = tick->weight >= 100;

    state->weight = tick->weight;
    if (state->has_mode && is_alone != state->is_alone)
        state->block = (struct engine_block){ .start_ms = before_ms };
    state->has_mode = true;
    state->is_alone = is_alone;
    if (tick->weight >= state->settings.full_percent && !state->is_full)
        state->full_since_ms = before_ms;
    state->is_full = tick->weight >= state->settings.full_percent;
    if (!state->is_full)
        state->full_before_ms = 0;
    schedule_tick(&state->schedule, &state->settings,
                  (const double[]){ tick->weight, tick->next_weight }, before_ms);
}

static void count_sides(struct engine_state *state, const struct engine_tick *tick,
                        uint64_t before_ms, struct engine_side sides[2])
{
    const struct counts *candidate = tick->candidate;
    const struct counts *baseline = state->is_alone ? NULL : tick->baseline;

    if (candidate != NULL) {
        state->candidate_n += candidate->n;
        state->candidate_e += candidate->e;
    }
    if (baseline != NULL) {
        state->baseline_n += baseline->n;
        state->baseline_e += baseline->e;
    }
    if (!state->has_first && candidate != NULL && candidate->n > 0) {
        state->has_first = true;
        state->first_ms = before_ms;
    }
    bins_add(&state->bins, &state->settings, (struct bins_now){ state->now_ms, tick->dt_ms },
             candidate != NULL ? candidate->bins : NULL);
    sides[0].counts = candidate;
    sides[1].counts = baseline;
    bins_subtract(&state->bins, candidate, &sides[0].n, &sides[0].e);
    bins_subtract(&state->bins, baseline, &sides[1].n, &sides[1].e);
}

static void ask_probes(struct engine_state *state, const struct engine_tick *tick,
                       uint64_t candidate_n, struct engine_output *out)
{
    probes_add(&state->candidate_probes, &state->settings, tick->candidate_probe, state->now_ms);
    probes_add(&state->baseline_probes, &state->settings, tick->baseline_probe, state->now_ms);
    probes_quiet_add(&state->quiet, state->now_ms, candidate_n);
    acting_probes(state, out);
}

static void ask_guards(struct engine_state *state, const struct engine_side sides[2],
                       uint64_t dt_ms, struct engine_output *out)
{
    struct guard_sums sums = {
        .candidate = { sides[0].n, sides[0].e,
                       sides[0].counts != NULL ? sides[0].counts->sum_us : 0 },
        .baseline = { sides[1].n, sides[1].e,
                      sides[1].counts != NULL ? sides[1].counts->sum_us : 0 },
    };
    struct engine_event event;

    if (!guard_add(&state->guards, &state->settings, &sums, dt_ms))
        return;
    guard_sum(&state->guards, &state->settings, state->settings.alert_window_ms, &sums);
    for (unsigned i = 0; i < ALERT_COUNT; i++) {
        if (alert_judge(&state->alerts[i], i, &state->settings, &sums, &event))
            acting_emit(state, event.action, &event, out);
    }
    acting_guards(state, out);
}

unsigned engine_tick(struct engine *engine, const struct engine_tick *tick,
                     struct engine_event events[ENGINE_EVENTS_MAX])
{
    struct engine_state *state = &engine->state;
    struct engine_output out = { .events = events };
    struct engine_side sides[2];
    uint64_t before_ms = state->now_ms;
    uint64_t watched[3] = { tick->dt_ms };

    if (state->is_rolled_back) {
        watch_aftermath(state, tick, &out);
        return out.count;
    }
    state->now_ms += tick->dt_ms;
    set_weight(state, tick, before_ms);
    count_sides(state, tick, before_ms, sides);
    ask_probes(state, tick, sides[0].n, &out);
    ask_guards(state, sides, tick->dt_ms, &out);
    judging_tick(state, sides, &out);
    watched[1] = sides[1].n;
    watched[2] = sides[1].e;
    baseline_watch(&state->memory, &state->settings, &state->window, watched, !state->is_alone);
    return out.count;
}
