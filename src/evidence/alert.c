/* See alert_priv.h. Called by the engine when the guards look. */
#include "evidence/alert_priv.h"

#include <stdio.h>

static double limit_of(const struct settings *settings, enum alert alert, unsigned level)
{
    switch (alert) {
    case ALERT_ERRORS: return level > 1 ? settings->alert_error_crit : settings->alert_error_warn;
    case ALERT_MEAN:
        return 1000 * (level > 1 ? settings->alert_mean_crit_ms : settings->alert_mean_warn_ms);
    case ALERT_COUNT: break;
    }
    return 0;
}

static double value_of(enum alert alert, const struct guard_side *side)
{
    return (double)(alert == ALERT_ERRORS ? side->e : side->sum_us) / (double)side->n;
}

static unsigned level_of(const struct settings *settings, enum alert alert, double value)
{
    for (unsigned level = 2; level > 0; level--) {
        double limit = limit_of(settings, alert, level);

        if (limit > 0 && value > limit)
            return level;
    }
    return 0;
}

/* Whether the level that was told has been left for good. */
static bool is_over(struct alert_state *state, enum alert alert, const struct settings *settings,
                    double value)
{
    double limit = limit_of(settings, alert, state->level);

    if (value >= settings->guard_hysteresis * limit) {
        state->below_ms = 0;
        return false;
    }
    state->below_ms += (uint64_t)settings->guard_eval_ms;
    return (double)state->below_ms >= settings->alert_clear_ms;
}

bool alert_judge(struct alert_state *state, enum alert alert, const struct settings *settings,
                 const struct guard_sums *sums, struct engine_event *out)
{
    unsigned told = state->level;
    unsigned level = 0;
    double value = 0;

    if ((double)sums->candidate.n < settings->alert_min_requests || sums->candidate.n == 0)
        return false;
    value = value_of(alert, &sums->candidate);
    level = level_of(settings, alert, value);
    if (level <= told && (told == 0 || !is_over(state, alert, settings, value)))
        return false;
    *state = (struct alert_state){ .level = level };
    *out = (struct engine_event){
        .action = level > 1   ? ENGINE_CRITICAL
                  : level > 0 ? ENGINE_WARNING
                              : ENGINE_CLEARED,
        .candidate_n = sums->candidate.n,
        .candidate_x = sums->candidate.e,
        .value = value,
        .limit = limit_of(settings, alert, level > 0 ? level : told),
        .top_bin = -1,
    };
    snprintf(out->trigger, sizeof out->trigger, "%s",
             alert == ALERT_ERRORS ? "alert_errors" : "alert_mean");
    return true;
}
