/*
 * What follows when a row, a guard or a probe wants a rollback: the checks in their order, and the event with the
 * numbers. Called by the parts of engine_tick.
 */
#include <math.h>
#include <stdio.h>

#include "evidence/engine_priv.h"

/* How sure the baseline is that the candidate's errors are its own: positive for, negative against. */
static double testify(const struct row_counts *run, double baseline_rate)
{
    double rate = kernel_clip(baseline_rate);
    double other = kernel_clip((double)run->candidate_x / (double)run->candidate_n);

    if (other <= rate)
        return -INFINITY;
    return (double)run->baseline_x * log(rate / other) +
           (double)(run->baseline_n - run->baseline_x) * (log1p(-rate) - log1p(-other));
}

static void set_trigger(struct engine_event *event, const char *name)
{
    snprintf(event->trigger, sizeof event->trigger, "%s", name);
}

void acting_emit(struct engine_state *state, enum engine_action action, struct engine_event *event,
                 struct engine_output *out)
{
    event->action = action;
    event->at_ms = state->now_ms;
    event->weight = state->weight;
    if (out->count < ENGINE_EVENTS_MAX)
        out->events[out->count++] = *event;
}

static void set_top(const struct engine_state *state, struct engine_event *event, int top)
{
    event->top_bin = top;
    event->top_bin_n = top < 0 ? 0 : (uint64_t)llround(state->bins.n[top]);
    event->top_bin_e = top < 0 ? 0 : (uint64_t)llround(state->bins.e[top]);
}

static bool is_window_over(const struct engine_state *state)
{
    return state->is_full && (double)engine_full_ms(state) >= state->settings.auto_window_ms;
}

/* What the next minute is compared with, to tell whether it helped. */
static void begin_aftermath(struct engine_state *state, const struct engine_event *event,
                            double candidate_rate)
{
    state->aftermath = (struct engine_aftermath){
        .candidate_rate = candidate_rate,
        .baseline_rate = baseline_rate(&state->memory, &state->settings),
    };
    state->aftermath.is_asked =
        candidate_rate > state->aftermath.baseline_rate && event->candidate_x > 0;
}

enum acting acting_fire(struct engine_state *state, struct silence *silence,
                        struct engine_event *event, struct engine_output *out)
{
    uint64_t mute_ms = (uint64_t)state->settings.mute_ms;

    if (state->settings.auto_rollback <= 0 || is_window_over(state)) {
        acting_emit(state, ENGINE_ALERT, event, out);
        silence->muted_until_ms = state->now_ms + mute_ms;
        return ACTING_ALERTED;
    }
    if (!probes_is_fit(&state->baseline_probes)) {
        if (state->now_ms >= silence->blocked_until_ms) {
            acting_emit(state, ENGINE_BLOCKED, event, out);
            silence->blocked_until_ms = state->now_ms + mute_ms;
        }
        return ACTING_BLOCKED;
    }
    acting_emit(state, ENGINE_ROLLBACK, event, out);
    state->is_rolled_back = true;
    return ACTING_ROLLED_BACK;
}

/* --- rows --- */

static void describe_row(const struct engine_state *state, enum row_name name,
                         struct row_counts *run, struct engine_event *event)
{
    const struct engine_row *at = &state->rows[name];
    struct row_rule rule = engine_rule(state, name, at->row.baseline_rate);

    *event = (struct engine_event){
        .since_ms = row_run(&at->row, run),
        .candidate_n = run->candidate_n,
        .candidate_x = run->candidate_x,
        .baseline_n = run->baseline_n,
        .baseline_x = run->baseline_x,
        .baseline_rate = at->row.baseline_rate,
        .limit = at->row.limit,
        .evidence = at->row.evidence,
        .threshold = row_threshold(&rule),
        .phi = at->row.phi,
        .confirm = NAN,
        .budget_per_hour = rule.budget * 3600000 / state->settings.horizon_ms,
        .top_bin = -1,
    };
    set_trigger(event, row_table[name].name);
    if (row_table[name].edge == ROW_ERRORS) {
        set_top(state, event, bins_top(&state->bins));
    } else {
        event->candidate_edge_us = (double)counts_edge_us(at->candidate_bucket);
        event->baseline_edge_us = (double)counts_edge_us(at->baseline_bucket);
    }
}

/* A row that looks at the candidate alone needs the baseline's word while there is one. Whether it has it. */
static bool is_confirmed(struct engine_state *state, enum row_name name,
                         const struct row_counts *run, struct engine_event *event,
                         struct engine_output *out)
{
    const struct settings *settings = &state->settings;
    bool is_old = (double)(state->now_ms - event->since_ms) > settings->confirm_ms;
    bool is_silent = (double)run->baseline_n <= settings->confirm_few;

    if (state->is_alone || (row_table[name].kind != ROW_ABS && row_table[name].kind != ROW_HIST))
        return true;
    event->confirm = testify(run, event->baseline_rate);
    if (event->confirm >= settings->confirm_nats || (is_old && is_silent && event->confirm >= 0))
        return true;
    if (event->confirm <= settings->shared_nats) {
        acting_emit(state, ENGINE_SHARED, event, out);
        engine_restart_row(state, name);
        state->rows[name].silence.muted_until_ms = state->now_ms + (uint64_t)settings->mute_ms;
    }
    return false;
}

/* Whether the errors are one key's; then it is left out from now on, and counting starts anew. */
static bool set_apart(struct engine_state *state, double limit, struct engine_event *event,
                      struct engine_output *out)
{
    int key = bins_find_culprit(&state->bins, &state->settings, limit);

    if (key < 0)
        return false;
    set_top(state, event, key);
    acting_emit(state, ENGINE_CONCENTRATED, event, out);
    bins_leave_out(&state->bins, (unsigned)key,
                   state->now_ms + (uint64_t)state->settings.quarantine_ms);
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if (row_table[i].edge == ROW_ERRORS)
            engine_restart_row(state, i);
    }
    guard_restart(&state->guards);
    return true;
}

/* Where next to nothing is remembered, the past is no witness: then it is said, and the rows that need none decide. */
static bool has_past(const struct engine_state *state, enum row_name name)
{
    return row_table[name].kind != ROW_HIST ||
           state->memory.n >= state->settings.hist_least_requests;
}

void acting_row(struct engine_state *state, enum row_name name, struct engine_output *out)
{
    struct engine_row *at = &state->rows[name];
    bool is_errors = row_table[name].edge == ROW_ERRORS;
    struct engine_event event;
    struct row_counts run;

    describe_row(state, name, &run, &event);
    if (event.evidence < event.threshold ||
        (is_errors && (double)run.candidate_x < state->settings.min_errors) ||
        !is_confirmed(state, name, &run, &event, out))
        return;
    if (is_errors && set_apart(state, event.limit, &event, out))
        return;
    if (row_table[name].is_hold) {
        acting_emit(state, ENGINE_HOLD, &event, out);
        engine_restart_row(state, name);
        return;
    }
    if (!has_past(state, name)) {
        acting_emit(state, ENGINE_ALERT, &event, out);
        at->silence.muted_until_ms = state->now_ms + (uint64_t)state->settings.mute_ms;
        engine_restart_row(state, name);
        return;
    }
    switch (acting_fire(state, &at->silence, &event, out)) {
    case ACTING_ALERTED: engine_restart_row(state, name); break;
    case ACTING_BLOCKED: break;
    case ACTING_ROLLED_BACK:
        begin_aftermath(state, &event,
                        is_errors ? (double)run.candidate_x / (double)run.candidate_n : 0);
        break;
    }
}

/* --- guards --- */

static void describe_guard(const struct engine_state *state, enum guard guard,
                           const struct guard_verdict *verdict, struct engine_event *event)
{
    *event = (struct engine_event){
        .candidate_n = verdict->sums.candidate.n,
        .candidate_x = verdict->sums.candidate.e,
        .baseline_n = verdict->sums.baseline.n,
        .baseline_x = verdict->sums.baseline.e,
        .baseline_rate = baseline_rate(&state->memory, &state->settings),
        .limit = verdict->limit,
        .value = verdict->value,
        .phi = baseline_phi(&state->memory, &state->settings),
        .confirm = NAN,
        .top_bin = -1,
    };
    set_trigger(event, guard_name(guard));
}

/* Whether the guards are to be asked on: counting was not started anew, nothing was rolled back. */
static bool act_on_guard(struct engine_state *state, enum guard guard,
                         const struct guard_verdict *verdict, struct engine_output *out)
{
    struct guard_state *at = &state->guards.guards[guard];
    bool is_errors = guard == GUARD_ERROR || guard == GUARD_SPIKE;
    struct engine_event event;

    describe_guard(state, guard, verdict, &event);
    if (is_errors)
        set_top(state, &event, bins_top(&state->bins));
    if (is_errors && set_apart(state, state->settings.error_absolute, &event, out))
        return false;
    switch (acting_fire(state, &at->silence, &event, out)) {
    case ACTING_ALERTED: at->violated_count = 0; break;
    case ACTING_BLOCKED: break;
    case ACTING_ROLLED_BACK:
        begin_aftermath(state, &event, (double)event.candidate_x / (double)event.candidate_n);
        return false;
    }
    return true;
}

void acting_guards(struct engine_state *state, struct engine_output *out)
{
    double phi = baseline_phi(&state->memory, &state->settings);
    bool goes_on = !state->is_rolled_back;

    for (unsigned i = 0; i < GUARD_COUNT && goes_on; i++) {
        struct guard_state *at = &state->guards.guards[i];
        struct guard_verdict verdict;

        if (at->silence.muted_until_ms > 0 && state->now_ms <= at->silence.muted_until_ms)
            continue;
        verdict = guard_judge(&state->guards, &state->settings, i, phi, !state->is_alone);
        if (verdict.fires && !engine_is_shared(state))
            goes_on = act_on_guard(state, i, &verdict, out);
    }
}

/* --- probes --- */

static bool has_suspicion(const struct engine_state *state)
{
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        const struct engine_row *at = &state->rows[i];

        if (!at->is_off && row_table[i].edge == ROW_ERRORS &&
            at->row.evidence >= state->settings.health_evidence)
            return true;
    }
    return false;
}

/* The rules in their order; the last one is about the database. */
static bool is_probe_rule_met(const struct engine_state *state, unsigned rule)
{
    const struct settings *settings = &state->settings;
    const struct probes *probes = &state->candidate_probes;
    double unhealthy_ms = (double)(state->now_ms - probes->first_failed_ms);

    if (rule == ENGINE_PROBE_RULES - 1)
        return probes->is_database_bad &&
               (double)(state->now_ms - probes->database_bad_ms) >= settings->db_fail_ms;
    if (!probes->is_unhealthy)
        return false;
    if (rule == 0)
        return has_suspicion(state);
    if (rule == 1)
        return unhealthy_ms >= settings->health_quiet_ms &&
               probes_is_quiet(&state->quiet, settings, state->now_ms);
    return unhealthy_ms >= settings->health_fail_ms;
}

static void see_shared(struct engine_state *state, struct engine_output *out)
{
    struct engine_event event = { .confirm = NAN, .top_bin = -1 };

    if (probes_is_fit(&state->candidate_probes) || probes_is_fit(&state->baseline_probes))
        return;
    if (!engine_is_shared(state)) {
        set_trigger(&event, "health");
        event.since_ms = state->now_ms;
        acting_emit(state, ENGINE_SHARED, &event, out);
    }
    state->is_shared = true;
    state->shared_until_ms = state->now_ms + (uint64_t)state->settings.shared_grace_ms;
}

void acting_probes(struct engine_state *state, struct engine_output *out)
{
    static const char *const triggers[ENGINE_PROBE_RULES] = { "health_and_errors",
                                                              "health_no_traffic", "health_fail",
                                                              "db_fail" };
    struct guard_sums sums;

    see_shared(state, out);
    if (engine_is_shared(state))
        return;
    for (unsigned i = 0; i < ENGINE_PROBE_RULES && !state->is_rolled_back; i++) {
        struct silence *silence = &state->probe_silence[i];
        struct engine_event event = { .confirm = NAN, .top_bin = -1 };

        if (!is_probe_rule_met(state, i) ||
            (silence->muted_until_ms > 0 && state->now_ms <= silence->muted_until_ms))
            continue;
        guard_sum(&state->guards, &state->settings, state->settings.alert_window_ms, &sums);
        event.candidate_n = sums.candidate.n;
        event.candidate_x = sums.candidate.e;
        event.baseline_n = sums.baseline.n;
        event.baseline_x = sums.baseline.e;
        event.since_ms = i == ENGINE_PROBE_RULES - 1 ? state->candidate_probes.database_bad_ms
                                                     : state->candidate_probes.first_failed_ms;
        set_trigger(&event, triggers[i]);
        if (acting_fire(state, silence, &event, out) == ACTING_ROLLED_BACK)
            begin_aftermath(state, &event,
                            (double)event.candidate_x / fmax(1, (double)event.candidate_n));
    }
}
