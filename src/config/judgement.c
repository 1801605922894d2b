/* See config/judgement.h: guard, evidence, canary and rollout of a service as settings. Pure. */
#include "config/judgement.h"

#include <string.h>

#include "config/config.h"
#include "config/option_decimal_priv.h"

/* Where the error rate guard is off, its row has nothing to fire at below nearly all requests failing. */
static const double no_absolute = 0.99;
static const double never_ms = 1e12;

static double as_ms(uint64_t us)
{
    return (double)us / 1000;
}

static double as_number(uint64_t millionths)
{
    return (double)millionths / OPTION_DECIMAL_ONE;
}

static void add_guard(const struct config_guard *guard, struct settings *out)
{
    out->guard_error_rate = as_number(guard->error_rate);
    out->error_absolute = guard->error_rate > 0 ? as_number(guard->error_rate) : no_absolute;
    out->guard_mean_ms = as_ms(guard->mean_latency);
    out->guard_spike = as_number(guard->error_increase);
    out->guard_slow_ratio = as_number(guard->latency_increase);
    out->guard_slow_errors = 0; /* a baseline that errs is not a quick one */
    out->health_fail_ms = guard->unhealthy_for > 0 ? as_ms(guard->unhealthy_for) : never_ms;
    out->db_fail_ms = guard->database_for > 0 ? as_ms(guard->database_for) : never_ms;
    out->auto_rollback = guard->automatic ? 1 : 0;
    out->auto_window_ms = as_ms(guard->window);
    out->guard_consecutive = (double)guard->consecutive;
    out->guard_sigma = as_number(guard->sigma);
    out->guard_shared_veto = guard->shared_veto ? 1 : 0;
    out->alert_error_warn = as_number(guard->warn_errors);
    out->alert_error_crit = as_number(guard->critical_errors);
    out->alert_mean_warn_ms = as_ms(guard->warn_latency);
    out->alert_mean_crit_ms = as_ms(guard->critical_latency);
    out->cooldown_ms = as_ms(guard->cooldown);
    out->max_rollbacks = (double)guard->max_rollbacks;
    out->rollback_memory_ms = as_ms(guard->memory);
}

static void add_windows(const struct config_guard *guard, struct settings *out)
{
    out->guard_error_window_ms = as_ms(guard->error.time);
    out->guard_error_min_requests = (double)guard->error.requests;
    out->guard_error_min_errors = (double)guard->error.errors;
    out->guard_mean_window_ms = as_ms(guard->mean.time);
    out->guard_mean_min_requests = (double)guard->mean.requests;
    out->guard_spike_window_ms = as_ms(guard->increase.time);
    out->guard_spike_min_requests = (double)guard->increase.requests;
    out->guard_spike_min_errors = (double)guard->increase.errors;
    out->guard_slow_window_ms = as_ms(guard->slow.time);
    out->guard_slow_min_requests = (double)guard->slow.requests;
    out->guard_slow_least_ms = as_ms(guard->slow_least);
}

static void add_rows(const struct config_rules *rules, struct settings *out)
{
    out->tick_ms = as_ms(rules->tick);
    out->false_rollback_per_hour = as_number(rules->false_rollback_per_hour);
    out->min_errors = (double)rules->min_errors;
    out->error_ratio = as_number(rules->error_ratio);
    out->error_margin = as_number(rules->error_margin);
    out->error_sustain_ms = as_ms(rules->error_sustain);
    out->gross_ratio = as_number(rules->gross_ratio);
    out->gross_margin = as_number(rules->gross_margin);
    out->gross_sustain_ms = as_ms(rules->gross_sustain);
    out->hist_ratio = as_number(rules->hist_ratio);
    out->hist_margin = as_number(rules->hist_margin);
    out->hist_least_requests = (double)rules->prior_requests;
    out->hist_from_percent = 100 * as_number(rules->hist_from);
    out->latency_tolerance = as_number(rules->latency_tolerance);
    out->latency_sustain_ms = as_ms(rules->latency_sustain);
    out->latency_gross_tolerance = as_number(rules->latency_gross_tolerance);
    out->latency_gross_sustain_ms = as_ms(rules->latency_gross_sustain);
    out->latency_warn_tolerance = as_number(rules->latency_warn_tolerance);
    out->latency_least_ms = as_ms(rules->latency_least);
    out->latency_warmup_ms = as_ms(rules->latency_warmup);
}

static void add_background(const struct config_rules *rules, struct settings *out)
{
    out->baseline_half_life_ms = as_ms(rules->baseline_half_life);
    out->baseline_silent_ms = as_ms(rules->baseline_silent);
    out->prior_error_rate = as_number(rules->prior_error_rate);
    out->prior_requests = (double)rules->prior_requests;
    out->confirm_nats = as_number(rules->confirm_nats);
    out->confirm_ms = as_ms(rules->confirm_time);
    out->mute_ms = as_ms(rules->mute);
    out->concentration = rules->concentration ? 1 : 0;
    out->conc_share = as_number(rules->concentration_share);
    out->quarantine_ms = as_ms(rules->concentration_time);
    out->health_fall = (double)rules->unhealthy_fall;
    out->health_rise = (double)rules->unhealthy_rise;
    out->health_quiet_ms = as_ms(rules->unhealthy_quiet);
    out->health_evidence = as_number(rules->unhealthy_evidence);
    out->shared_grace_ms = as_ms(rules->shared_grace);
    out->min_dwell_ms = as_ms(rules->min_dwell);
    out->max_dwell_ms = as_ms(rules->max_dwell);
    out->risk_budget = as_number(rules->risk_budget);
    out->latency_budget = as_number(rules->latency_budget);
    out->advance_alpha = as_number(rules->advance_alpha);
}

/* Behind the last share everybody follows, also where the list does not say so: without it no evidence would be
 * collected for the cutover. */
static void add_steps(const struct config_canary *canary, struct settings *out)
{
    size_t count = canary->steps.count;

    if (count == 0)
        return;
    out->step_count = count < SETTINGS_STEPS_MAX ? count : SETTINGS_STEPS_MAX;
    for (size_t i = 0; i < out->step_count; i++)
        out->steps[i] = canary->steps.items[i] / 100.0;
    if (out->steps[out->step_count - 1] >= 100)
        return;
    out->step_count += out->step_count < SETTINGS_STEPS_MAX;
    out->steps[out->step_count - 1] = 100;
}

static double find_policy(enum config_inconclusive policy)
{
    switch (policy) {
    case CONFIG_INCONCLUSIVE_HOLD: return 0;
    case CONFIG_INCONCLUSIVE_ADVANCE: return 1;
    case CONFIG_INCONCLUSIVE_ABORT: return 2;
    }
    return 0;
}

void judgement_settings(const struct config_service *service, struct settings *out)
{
    settings_default(out);
    add_guard(&service->guard, out);
    add_windows(&service->guard, out);
    add_rows(&service->evidence.rules, out);
    add_background(&service->evidence.rules, out);
    add_steps(&service->canary, out);
    out->on_inconclusive = find_policy(service->rollout.on_inconclusive);
    out->inflight_error_ms = as_ms(service->evidence.inflight_error);
}
