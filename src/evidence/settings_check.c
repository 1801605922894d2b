/* Rules that can never fire or contradict each other: evidence/settings.h. Called when a configuration is read. */
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "evidence/guard_priv.h"
#include "evidence/probes_priv.h"
#include "evidence/settings.h"

/* `is_bad` settles it: the setting, what is wrong, what to do. */
struct rule {
    int is_bad;
    const char *words;
};

static int check_rules(const struct rule *rules, size_t count, char words[SETTINGS_WORDS])
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].is_bad) {
            snprintf(words, SETTINGS_WORDS, "%s", rules[i].words);
            return ERR_RANGE;
        }
    }
    return 0;
}

static int check_steps(const struct settings *settings, char words[SETTINGS_WORDS])
{
    double before = 0;

    for (size_t i = 0; i < settings->step_count; i++) {
        double step = settings->steps[i];

        if (!(step > before) || step > 100) {
            snprintf(words, SETTINGS_WORDS,
                     "steps: %g must be more than %g and at most 100: give them in rising order",
                     step, before);
            return ERR_RANGE;
        }
        before = step;
    }
    if (settings->step_count > 0)
        return 0;
    snprintf(words, SETTINGS_WORDS, "steps: give at least one, e.g. 100");
    return ERR_RANGE;
}

static int is_long(const struct settings *settings, double window_ms)
{
    return window_ms < settings->guard_eval_ms ||
           window_ms > GUARD_PIECES * settings->guard_eval_ms;
}

static int check_windows(const struct settings *settings, char words[SETTINGS_WORDS])
{
    const struct rule rules[] = {
        { is_long(settings, settings->guard_error_window_ms),
          "guard_error_window_ms: give 1 to 600 times guard_eval_ms" },
        { is_long(settings, settings->guard_mean_window_ms),
          "guard_mean_window_ms: give 1 to 600 times guard_eval_ms" },
        { is_long(settings, settings->guard_spike_window_ms),
          "guard_spike_window_ms: give 1 to 600 times guard_eval_ms" },
        { is_long(settings, settings->guard_slow_window_ms),
          "guard_slow_window_ms: give 1 to 600 times guard_eval_ms" },
        { is_long(settings, settings->alert_window_ms),
          "alert_window_ms: give 1 to 600 times guard_eval_ms" },
        { settings->guard_eval_ms < settings->tick_ms,
          "guard_eval_ms: the guards cannot look more often than each tick; raise it to tick_ms" },
        { settings->dispersion_window_ms < settings->tick_ms,
          "dispersion_window_ms: no piece is shorter than a tick; raise it to tick_ms" },
        { settings->horizon_ms <= settings->tick_ms, "horizon_ms: must be longer than tick_ms" },
    };

    return check_rules(rules, sizeof rules / sizeof *rules, words);
}

/* A border at or beyond 0.999 leaves no rate that would be too high. */
static int is_out_of_reach(const struct settings *settings, double ratio, double margin)
{
    return ratio * settings->prior_error_rate + margin >= 0.999 || (ratio <= 0 && margin <= 0);
}

static int check_rows(const struct settings *settings, char words[SETTINGS_WORDS])
{
    double sustain = fmin(fmin(settings->error_sustain_ms, settings->gross_sustain_ms),
                          fmin(settings->latency_sustain_ms, settings->latency_gross_sustain_ms));
    const struct rule rules[] = {
        { settings->tick_ms * 3 > sustain, "tick_ms: more than a third of a sustain time; raise "
                                           "the sustain times or lower tick_ms" },
        { is_out_of_reach(settings, settings->error_ratio, settings->error_margin),
          "error_ratio, error_margin: err_mod can never fire; lower them" },
        { is_out_of_reach(settings, settings->gross_ratio, settings->gross_margin),
          "gross_ratio, gross_margin: err_gross can never fire; lower them" },
        { is_out_of_reach(settings, settings->hist_ratio, settings->hist_margin),
          "hist_ratio, hist_margin: hist_mod can never fire; lower them" },
        { settings->confirm_nats <= settings->shared_nats,
          "confirm_nats: must be more than shared_nats" },
    };

    return check_rules(rules, sizeof rules / sizeof *rules, words);
}

static int is_upside_down(double warn, double crit)
{
    return warn > 0 && crit > 0 && crit < warn;
}

static int check_rest(const struct settings *settings, char words[SETTINGS_WORDS])
{
    double inconclusive = settings->on_inconclusive;
    const struct rule rules[] = {
        { is_upside_down(settings->alert_error_warn, settings->alert_error_crit),
          "alert_error_crit: must not be less than alert_error_warn" },
        { is_upside_down(settings->alert_mean_warn_ms, settings->alert_mean_crit_ms),
          "alert_mean_crit_ms: must not be less than alert_mean_warn_ms" },
        { settings->max_dwell_ms < settings->min_dwell_ms,
          "max_dwell_ms: must not be less than min_dwell_ms" },
        { inconclusive != floor(inconclusive), "on_inconclusive: give hold, advance or abort" },
    };

    return check_rules(rules, sizeof rules / sizeof *rules, words);
}

int settings_check(const struct settings *settings, char words[SETTINGS_WORDS])
{
    int err = check_steps(settings, words);

    if (err == 0)
        err = check_windows(settings, words);
    if (err == 0)
        err = check_rows(settings, words);
    if (err == 0)
        err = check_rest(settings, words);
    return err;
}
