/* See schedule_priv.h. Called by the engine: every tick, and for every closed block with a baseline. */
#include "evidence/schedule_priv.h"

#include <math.h>

double schedule_next(const struct settings *settings, double weight)
{
    double most = 100 - settings->holdback_percent;

    for (size_t i = 0; i < settings->step_count; i++) {
        double step = fmin(settings->steps[i], most);

        if (step > weight)
            return step;
    }
    return 0;
}

void schedule_tick(struct schedule *schedule, const struct settings *settings,
                   const double weight[2], uint64_t before_ms)
{
    double next = weight[1] > weight[0] ? weight[1] : schedule_next(settings, weight[0]);
    bool is_same = weight[0] == schedule->weight; /* values that are set, never computed */

    if (schedule->has_begun && is_same && next == schedule->next)
        return;
    *schedule = (struct schedule){ .has_begun = true,
                                   .weight = weight[0],
                                   .next = next,
                                   .start_ms = schedule->has_begun && is_same ? schedule->start_ms
                                                                              : before_ms };
}

static struct kernel_border border_of(const struct schedule *schedule,
                                      const struct settings *settings, unsigned sum)
{
    double budget = sum == SCHEDULE_ERRORS ? settings->risk_budget : settings->latency_budget;

    return (struct kernel_border){ .ratio = 1, .margin = budget / (schedule->next / 100) };
}

/* The budget is so wide that nothing can exceed it. */
static bool is_wide(struct kernel_border border, double rate)
{
    return rate + border.margin >= 0.999;
}

void schedule_add(struct schedule *schedule, const struct settings *settings, unsigned sum,
                  const struct kernel_block *block, const double rate_and_phi[2])
{
    double rate = kernel_clip(rate_and_phi[0]);
    struct kernel_border border = border_of(schedule, settings, sum);
    struct kernel_result result;

    if (is_wide(border, rate))
        return;
    kernel_weigh(block, (struct kernel_guess){ .candidate = rate, .baseline = rate }, border,
                 &result);
    schedule->sums[sum] =
        fmax(schedule->sums[sum] + result.delta / rate_and_phi[1], settings->safe_floor);
}

double schedule_needed(const struct settings *settings)
{
    return log(1 / settings->advance_alpha);
}

bool schedule_is_proven(const struct schedule *schedule, const struct settings *settings,
                        unsigned sum, double rate)
{
    return is_wide(border_of(schedule, settings, sum), rate) ||
           schedule->sums[sum] >= schedule_needed(settings);
}
