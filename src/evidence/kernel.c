/* See kernel_priv.h. Called by the rows and by the schedule, once for every alternative of every closed block. */
#include "evidence/kernel_priv.h"

#include <math.h>
#include <stdbool.h>

static const double rate_least = 1e-6;
static const double rate_most = 0.999;

enum { HALVINGS_MAX = 200 };

double kernel_clip(double rate)
{
    return rate < rate_least ? rate_least : rate > rate_most ? rate_most : rate;
}

double kernel_add_logs(double a, double b)
{
    double high = a > b ? a : b;
    double low = a > b ? b : a;

    if (low == -INFINITY)
        return high;
    return high + log1p(exp(low - high));
}

/* How far n requests pull the rate from `at` towards the guess. */
static double pull(double n, double guess, double at)
{
    double spread = at * (1 - at);

    return spread > 0 ? n * (guess - at) / spread : -INFINITY;
}

/* The rate of the baseline where the border is nearest to the guess: `pull` falls, so the interval is halved until
 * no number lies between its ends. A less exact root would show in the ninth digit of sums over a run. */
static double project(const struct kernel_block *block, struct kernel_guess guess,
                      struct kernel_border border)
{
    double low = 0;
    double high = (1 - border.margin) / border.ratio;

    if (high > 1)
        high = 1;
    for (unsigned i = 0; i < HALVINGS_MAX; i++) {
        double middle = 0.5 * (low + high);
        double candidate = border.ratio * middle + border.margin;

        if (middle <= low || middle >= high)
            break;
        if (border.ratio * pull(block->candidate_n, guess.candidate, candidate) +
                pull(block->baseline_n, guess.baseline, middle) >
            0)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

/* Adds what one sample says for `guess` and against `border`. */
static void add_sample(struct kernel_result *out, const double sample[2], double guess,
                       double border)
{
    double bad = log(guess / border);
    double good = log1p(-guess) - log1p(-border);

    out->delta += sample[1] * bad + (sample[0] - sample[1]) * good;
    out->expected += sample[0] * (guess * bad + (1 - guess) * good);
}

void kernel_weigh(const struct kernel_block *block, struct kernel_guess guess,
                  struct kernel_border border, struct kernel_result *out)
{
    bool is_pair = border.ratio > 0;

    *out =
        (struct kernel_result){ .candidate_rate = border.margin, .baseline_rate = guess.baseline };
    if (block->candidate_n <= 0 || (is_pair && block->baseline_n <= 0))
        return;
    if (is_pair) {
        out->baseline_rate = project(block, guess, border);
        out->candidate_rate = border.ratio * out->baseline_rate + border.margin;
        add_sample(out, (const double[]){ block->baseline_n, block->baseline_x }, guess.baseline,
                   out->baseline_rate);
    }
    add_sample(out, (const double[]){ block->candidate_n, block->candidate_x }, guess.candidate,
               out->candidate_rate);
}
