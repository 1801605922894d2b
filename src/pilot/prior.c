/* See prior_priv.h. Called by lookout.c. */
#include "pilot/prior_priv.h"

#include <math.h>
#include <string.h>

#include "evidence/counts.h"

static const double half_life_ms = 10000;

void prior_observe(struct prior *prior, const struct counts *live, uint64_t dt_ms)
{
    double left = exp2(-(double)dt_ms / half_life_ms);

    prior->n = prior->n * left + (double)live->n;
    prior->e = prior->e * left + (double)live->e;
}

void prior_begin(struct prior *prior, uint64_t now_us)
{
    prior->left_n = prior->n;
    prior->left_e = prior->e;
    prior->left_us = now_us;
    prior->n = prior->e = 0;
}

static bool is_about_errors(const char *trigger)
{
    static const char *const prefixes[] = { "err_", "hist_", "guard_error" };

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(trigger, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

bool prior_is_no_better(const struct prior *prior, const struct settings *settings,
                        const struct engine_event *event, uint64_t now_us)
{
    double before = 0;
    double after = 0;

    if (prior->left_us == 0 || event->candidate_n == 0 || !is_about_errors(event->trigger) ||
        prior->left_n < settings->guard_veto_min_requests ||
        (double)(now_us - prior->left_us) > settings->baseline_half_life_ms * 1000)
        return false;
    before = prior->left_e / prior->left_n;
    after = (double)event->candidate_x / (double)event->candidate_n;
    return before > 0 && after <= before * settings->error_ratio;
}
