/* See engine_codec_priv.h. Called by record.c and record_replay.c. A field that is added to the state belongs here. */
#include "evidence/engine_codec_priv.h"

#include "evidence/memory_priv.h"

static void walk_settings(struct walk *walk, struct settings *settings)
{
    uint32_t count = (uint32_t)settings->step_count;

#define SETTING(name, fallback, least, most, sentence) walk_double(walk, &settings->name);
#include "evidence/settings.def"
#undef SETTING
    walk_u32(walk, &count, SETTINGS_STEPS_MAX);
    settings->step_count = count;
    walk_doubles(walk, settings->steps, SETTINGS_STEPS_MAX);
}

static void walk_row_counts(struct walk *walk, struct row_counts *counts)
{
    walk_u64(walk, &counts->candidate_n);
    walk_u64(walk, &counts->candidate_x);
    walk_u64(walk, &counts->baseline_n);
    walk_u64(walk, &counts->baseline_x);
}

static void walk_silence(struct walk *walk, struct silence *silence)
{
    walk_u64(walk, &silence->muted_until_ms);
    walk_u64(walk, &silence->blocked_until_ms);
}

static void walk_row(struct walk *walk, struct engine_row *at)
{
    struct row *row = &at->row;

    walk_double(walk, &row->evidence);
    walk_double(walk, &row->limit);
    walk_double(walk, &row->phi);
    walk_double(walk, &row->baseline_rate);
    walk_row_counts(walk, &row->counts);
    for (unsigned i = 0; i < ROW_ALTERNATIVES; i++) {
        walk_double(walk, &row->alternatives[i].ell);
        walk_double(walk, &row->alternatives[i].tok);
        walk_double(walk, &row->alternatives[i].z);
        walk_u64(walk, &row->alternatives[i].since_ms);
        walk_row_counts(walk, &row->alternatives[i].before);
    }
    walk_silence(walk, &at->silence);
    walk_bool(walk, &at->is_active);
    walk_bool(walk, &at->is_off);
    walk_unsigned(walk, &at->candidate_bucket, COUNTS_BUCKETS - 1);
    walk_unsigned(walk, &at->baseline_bucket, COUNTS_BUCKETS - 1);
}

static void walk_bins(struct walk *walk, struct bins *bins)
{
    walk_doubles(walk, bins->n, COUNTS_BINS);
    walk_doubles(walk, bins->e, COUNTS_BINS);
    walk_u64s(walk, bins->out_until_ms, COUNTS_BINS);
    if (!walk->is_reading)
        return;
    bins->out_count = 0;
    for (unsigned i = 0; i < COUNTS_BINS; i++)
        bins->out_count += bins->out_until_ms[i] != 0;
}

static void walk_side(struct walk *walk, struct guard_side *side)
{
    walk_u64(walk, &side->n);
    walk_u64(walk, &side->e);
    walk_u64(walk, &side->sum_us);
}

static void walk_guards(struct walk *walk, struct guard_windows *windows)
{
    walk_u64(walk, &windows->elapsed_ms);
    walk_u64(walk, &windows->next);
    walk_side(walk, &windows->open.candidate);
    walk_side(walk, &windows->open.baseline);
    walk_u64s(walk, windows->numbers, GUARD_PIECES);
    for (unsigned i = 0; i < GUARD_PIECES; i++) {
        if (windows->numbers[i] == 0)
            continue;
        walk_side(walk, &windows->pieces[i].candidate);
        walk_side(walk, &windows->pieces[i].baseline);
    }
    for (unsigned i = 0; i < GUARD_COUNT; i++) {
        walk_unsigned(walk, &windows->guards[i].violated_count, UINT32_MAX);
        walk_silence(walk, &windows->guards[i].silence);
    }
}

static void walk_probes(struct walk *walk, struct probes *probes)
{
    walk_unsigned(walk, &probes->failed_count, UINT32_MAX);
    walk_unsigned(walk, &probes->good_count, UINT32_MAX);
    walk_bool(walk, &probes->is_unhealthy);
    walk_bool(walk, &probes->is_database_bad);
    walk_u64(walk, &probes->first_failed_ms);
    walk_u64(walk, &probes->database_bad_ms);
}

static void walk_block(struct walk *walk, struct baseline_block *block)
{
    walk_u64(walk, &block->n);
    walk_u64(walk, &block->e);
    walk_u64s(walk, block->buckets, COUNTS_BUCKETS);
}

static void walk_schedule(struct walk *walk, struct schedule *schedule)
{
    walk_bool(walk, &schedule->has_begun);
    walk_double(walk, &schedule->weight);
    walk_double(walk, &schedule->next);
    walk_u64(walk, &schedule->start_ms);
    walk_doubles(walk, schedule->sums, SCHEDULE_SUMS);
}

static void walk_clocks(struct walk *walk, struct engine_state *state)
{
    walk_u64(walk, &state->window.elapsed_ms);
    walk_u64(walk, &state->window.n);
    walk_u64(walk, &state->window.e);
    walk_u64(walk, &state->now_ms);
    walk_bool(walk, &state->has_mode);
    walk_bool(walk, &state->is_alone);
    walk_bool(walk, &state->is_rolled_back);
    walk_bool(walk, &state->is_full);
    walk_u64(walk, &state->full_since_ms);
    walk_u64(walk, &state->full_before_ms);
    walk_bool(walk, &state->has_first);
    walk_u64(walk, &state->first_ms);
    walk_double(walk, &state->weight);
    walk_u64(walk, &state->candidate_n);
    walk_u64(walk, &state->candidate_e);
    walk_u64(walk, &state->baseline_n);
    walk_u64(walk, &state->baseline_e);
    walk_bool(walk, &state->is_shared);
    walk_u64(walk, &state->shared_until_ms);
}

static void walk_aftermath(struct walk *walk, struct engine_aftermath *aftermath)
{
    walk_u64(walk, &aftermath->elapsed_ms);
    walk_bool(walk, &aftermath->is_asked);
    walk_double(walk, &aftermath->candidate_rate);
    walk_double(walk, &aftermath->baseline_rate);
    walk_u64(walk, &aftermath->n);
    walk_u64(walk, &aftermath->e);
}

void engine_codec_state(struct walk *walk, struct engine_state *state)
{
    walk_settings(walk, &state->settings);
    memory_walk(walk, &state->memory);
    walk_clocks(walk, state);
    for (unsigned i = 0; i < ROW_COUNT; i++)
        walk_row(walk, &state->rows[i]);
    walk_bins(walk, &state->bins);
    walk_guards(walk, &state->guards);
    for (unsigned i = 0; i < ALERT_COUNT; i++) {
        walk_unsigned(walk, &state->alerts[i].level, 2);
        walk_u64(walk, &state->alerts[i].below_ms);
    }
    walk_probes(walk, &state->candidate_probes);
    walk_probes(walk, &state->baseline_probes);
    walk_u64s(walk, state->quiet.at_ms, PROBES_QUIET_MAX);
    walk_u64s(walk, state->quiet.n, PROBES_QUIET_MAX);
    walk_unsigned(walk, &state->quiet.next, PROBES_QUIET_MAX - 1);
    for (unsigned i = 0; i < ENGINE_PROBE_RULES; i++)
        walk_silence(walk, &state->probe_silence[i]);
    walk_u64(walk, &state->block.start_ms);
    walk_block(walk, &state->block.candidate);
    walk_block(walk, &state->block.baseline);
    walk_schedule(walk, &state->schedule);
    walk_aftermath(walk, &state->aftermath);
}

void engine_codec_event(struct walk *walk, struct engine_event *event)
{
    uint32_t action = event->action;
    uint32_t top = (uint32_t)(event->top_bin + 1);

    walk_u32(walk, &action, ENGINE_UNHELPED);
    event->action = (enum engine_action)action;
    walk_text(walk, event->trigger, sizeof event->trigger);
    walk_u64(walk, &event->at_ms);
    walk_u64(walk, &event->since_ms);
    walk_double(walk, &event->weight);
    walk_u64(walk, &event->candidate_n);
    walk_u64(walk, &event->candidate_x);
    walk_u64(walk, &event->baseline_n);
    walk_u64(walk, &event->baseline_x);
    walk_double(walk, &event->baseline_rate);
    walk_double(walk, &event->limit);
    walk_double(walk, &event->value);
    walk_double(walk, &event->evidence);
    walk_double(walk, &event->threshold);
    walk_double(walk, &event->phi);
    walk_double(walk, &event->confirm);
    walk_double(walk, &event->candidate_edge_us);
    walk_double(walk, &event->baseline_edge_us);
    walk_double(walk, &event->budget_per_hour);
    walk_u32(walk, &top, COUNTS_BINS);
    event->top_bin = (int)top - 1;
    walk_u64(walk, &event->top_bin_n);
    walk_u64(walk, &event->top_bin_e);
}

static void walk_counts(struct walk *walk, struct counts *counts)
{
    walk_u64(walk, &counts->n);
    walk_u64(walk, &counts->e);
    walk_u64(walk, &counts->sum_us);
    walk_u32s(walk, counts->buckets, COUNTS_BUCKETS);
    walk_u32s(walk, (uint32_t *)(void *)counts->bins, 2 * COUNTS_BINS); /* n and e in turn */
}

/* All of a tick but the counts. */
static void walk_tick(struct walk *walk, struct engine_tick *tick, bool has[2])
{
    uint32_t candidate = tick->candidate_probe;
    uint32_t baseline = tick->baseline_probe;

    walk_u64(walk, &tick->dt_ms);
    walk_double(walk, &tick->weight);
    walk_double(walk, &tick->next_weight);
    walk_u32(walk, &candidate, ENGINE_PROBE_DB);
    walk_u32(walk, &baseline, ENGINE_PROBE_DB);
    tick->candidate_probe = (enum engine_probe)candidate;
    tick->baseline_probe = (enum engine_probe)baseline;
    walk_bool(walk, &has[0]);
    walk_bool(walk, &has[1]);
}

void engine_codec_write_tick(struct walk *walk, const struct engine_tick *tick)
{
    struct engine_tick copy = *tick;
    bool has[2] = { tick->candidate != NULL, tick->baseline != NULL };

    walk_tick(walk, &copy, has);
    if (tick->candidate != NULL) {
        struct counts counts = *tick->candidate;

        walk_counts(walk, &counts);
    }
    if (tick->baseline != NULL) {
        struct counts counts = *tick->baseline;

        walk_counts(walk, &counts);
    }
}

void engine_codec_read_tick(struct walk *walk, struct engine_codec_tick *out)
{
    bool has[2] = { false, false };

    out->tick = (struct engine_tick){ 0 };
    walk_tick(walk, &out->tick, has);
    if (has[0]) {
        walk_counts(walk, &out->candidate);
        out->tick.candidate = &out->candidate;
    }
    if (has[1]) {
        walk_counts(walk, &out->baseline);
        out->tick.baseline = &out->baseline;
    }
}
