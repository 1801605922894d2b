/* See guard_priv.h. Called by the engine in every tick; the guards are asked about once a second. */
#include "evidence/guard_priv.h"

#include <math.h>
#include <stddef.h>

static const char *const names[] = { "guard_error", "guard_mean", "guard_spike", "guard_slow" };

const char *guard_name(enum guard guard)
{
    return names[guard];
}

static void add_side(struct guard_side *sum, const struct guard_side *part)
{
    sum->n += part->n;
    sum->e += part->e;
    sum->sum_us += part->sum_us;
}

static void add_sums(struct guard_sums *sum, const struct guard_sums *part)
{
    add_side(&sum->candidate, &part->candidate);
    add_side(&sum->baseline, &part->baseline);
}

bool guard_add(struct guard_windows *windows, const struct settings *settings,
               const struct guard_sums *tick, uint64_t dt_ms)
{
    uint64_t length_ms = (uint64_t)settings->guard_eval_ms;

    add_sums(&windows->open, tick);
    windows->elapsed_ms += dt_ms;
    if (windows->elapsed_ms < length_ms)
        return false;
    windows->next += windows->elapsed_ms / length_ms;
    windows->elapsed_ms %= length_ms;
    windows->pieces[windows->next % GUARD_PIECES] = windows->open;
    windows->numbers[windows->next % GUARD_PIECES] = windows->next;
    windows->open = (struct guard_sums){ 0 };
    return true;
}

void guard_sum(const struct guard_windows *windows, const struct settings *settings,
               double window_ms, struct guard_sums *out)
{
    double count = window_ms / settings->guard_eval_ms;

    *out = (struct guard_sums){ 0 };
    for (size_t i = 0; i < GUARD_PIECES; i++) {
        if (windows->numbers[i] > 0 && (double)(windows->next - windows->numbers[i]) < count)
            add_sums(out, &windows->pieces[i]);
    }
}

static double ratio_of(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

/* A window that violates the rule, and whether the baseline's trouble forbids to act on it. */
struct finding {
    bool is_violated;
    bool is_vetoed;
};

static bool is_vetoed(const struct settings *settings, const struct guard_side *baseline,
                      double value, double limit)
{
    return settings->guard_shared_veto > 0 &&
           (double)baseline->n >= settings->guard_veto_min_requests && value > 0.5 * limit;
}

static struct finding judge_error(const struct settings *settings, struct guard_verdict *out,
                                  double phi)
{
    const struct guard_side *candidate = &out->sums.candidate;
    const struct guard_side *baseline = &out->sums.baseline;
    double rate = settings->guard_error_rate;
    double n = (double)candidate->n;

    out->value = ratio_of(candidate->e, candidate->n);
    out->limit = rate + settings->guard_sigma * sqrt(phi * rate * (1 - rate) / fmax(n, 1));
    return (struct finding){
        .is_violated = n >= settings->guard_error_min_requests &&
                       (double)candidate->e >= settings->guard_error_min_errors &&
                       out->value > out->limit,
        .is_vetoed = is_vetoed(settings, baseline, ratio_of(baseline->e, baseline->n), rate),
    };
}

static struct finding judge_mean(const struct settings *settings, struct guard_verdict *out)
{
    const struct guard_side *candidate = &out->sums.candidate;
    const struct guard_side *baseline = &out->sums.baseline;

    out->value = ratio_of(candidate->sum_us, candidate->n);
    out->limit = settings->guard_mean_ms * 1000;
    return (struct finding){
        .is_violated =
            (double)candidate->n >= settings->guard_mean_min_requests && out->value > out->limit,
        .is_vetoed =
            is_vetoed(settings, baseline, ratio_of(baseline->sum_us, baseline->n), out->limit),
    };
}

static struct finding judge_spike(const struct settings *settings, struct guard_verdict *out,
                                  double phi)
{
    const struct guard_side *candidate = &out->sums.candidate;
    const struct guard_side *baseline = &out->sums.baseline;
    double rate = ratio_of(candidate->e, candidate->n);
    double other = ratio_of(baseline->e, baseline->n);
    double least = settings->guard_spike_min_requests;
    double spread = rate * (1 - rate) / fmax((double)candidate->n, 1) +
                    other * (1 - other) / fmax((double)baseline->n, 1);

    out->value = rate - other;
    out->limit = settings->guard_spike + settings->guard_sigma * sqrt(phi * spread);
    return (struct finding){
        .is_violated = (double)candidate->n >= least && (double)baseline->n >= least &&
                       (double)candidate->e >= settings->guard_spike_min_errors &&
                       out->value > out->limit,
    };
}

/* The times are of successes: a baseline that errs must not look quick for it. */
static struct finding judge_slow(const struct settings *settings, struct guard_verdict *out)
{
    const struct guard_side *candidate = &out->sums.candidate;
    const struct guard_side *baseline = &out->sums.baseline;
    bool has_errors = settings->guard_slow_errors > 0;
    uint64_t candidate_n = candidate->n - (has_errors ? 0 : candidate->e);
    uint64_t baseline_n = baseline->n - (has_errors ? 0 : baseline->e);
    double mean = ratio_of(candidate->sum_us, candidate_n);
    double other = ratio_of(baseline->sum_us, baseline_n);
    double least = settings->guard_slow_min_requests;

    out->value = other > 0 ? mean / other : 0;
    out->limit = settings->guard_slow_ratio;
    return (struct finding){
        .is_violated = (double)candidate_n >= least && (double)baseline_n >= least &&
                       out->value > out->limit &&
                       mean - other >= settings->guard_slow_least_ms * 1000,
    };
}

static bool is_on(const struct settings *settings, enum guard guard, bool is_paired)
{
    switch (guard) {
    case GUARD_ERROR: return settings->guard_error_rate > 0;
    case GUARD_MEAN: return settings->guard_mean_ms > 0;
    case GUARD_SPIKE: return settings->guard_spike > 0 && is_paired;
    case GUARD_SLOW: return settings->guard_slow_ratio > 0 && is_paired;
    case GUARD_COUNT: break;
    }
    return false;
}

static double window_of(const struct settings *settings, enum guard guard)
{
    switch (guard) {
    case GUARD_ERROR: return settings->guard_error_window_ms;
    case GUARD_MEAN: return settings->guard_mean_window_ms;
    case GUARD_SPIKE: return settings->guard_spike_window_ms;
    case GUARD_SLOW: return settings->guard_slow_window_ms;
    case GUARD_COUNT: break;
    }
    return 0;
}

static struct finding judge(const struct settings *settings, enum guard guard,
                            struct guard_verdict *out, double phi)
{
    switch (guard) {
    case GUARD_ERROR: return judge_error(settings, out, phi);
    case GUARD_MEAN: return judge_mean(settings, out);
    case GUARD_SPIKE: return judge_spike(settings, out, phi);
    case GUARD_SLOW: return judge_slow(settings, out);
    case GUARD_COUNT: break;
    }
    return (struct finding){ 0 };
}

struct guard_verdict guard_judge(struct guard_windows *windows, const struct settings *settings,
                                 enum guard guard, double phi, bool is_paired)
{
    struct guard_state *state = &windows->guards[guard];
    struct guard_verdict verdict = { 0 };
    struct finding finding;

    if (!is_on(settings, guard, is_paired)) {
        state->violated_count = 0;
        return verdict;
    }
    guard_sum(windows, settings, window_of(settings, guard), &verdict.sums);
    finding = judge(settings, guard, &verdict, phi);
    if (finding.is_violated && !finding.is_vetoed)
        state->violated_count++;
    else if (!finding.is_violated && verdict.value < settings->guard_hysteresis * verdict.limit)
        state->violated_count = 0;
    verdict.fires = finding.is_violated && !finding.is_vetoed &&
                    state->violated_count >= settings->guard_consecutive;
    return verdict;
}

bool guard_look(const struct guard_windows *windows, const struct settings *settings,
                const struct guard_ask *ask, struct guard_verdict *out)
{
    struct finding finding;

    *out = (struct guard_verdict){ 0 };
    if (!is_on(settings, ask->guard, ask->is_paired))
        return false;
    guard_sum(windows, settings, window_of(settings, ask->guard), &out->sums);
    finding = judge(settings, ask->guard, out, ask->phi);
    out->fires = finding.is_violated && !finding.is_vetoed &&
                 windows->guards[ask->guard].violated_count >= settings->guard_consecutive;
    return true;
}

void guard_restart(struct guard_windows *windows)
{
    for (size_t i = 0; i < GUARD_PIECES; i++)
        windows->numbers[i] = 0;
    windows->open = (struct guard_sums){ 0 };
    for (unsigned i = 0; i < GUARD_COUNT; i++)
        windows->guards[i].violated_count = 0;
}
