/* See kernel_priv.h. Called by the rows and by the schedule, once for every alternative of every closed block. */
#include "evidence/kernel_priv.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static const double rate_least = 1e-6;
static const double rate_most = 0.999;

enum { HALVINGS_MAX = 200, STEPS_MAX = 40 };

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

/* The rate of the baseline at which the border is nearest to the guess: there `slope` is zero, and it falls. */
struct projection {
    const struct kernel_block *block;
    struct kernel_guess guess;
    struct kernel_border border;
};

static double slope(const struct projection *at, double rate)
{
    double candidate = at->border.ratio * rate + at->border.margin;

    return at->border.ratio * pull(at->block->candidate_n, at->guess.candidate, candidate) +
           pull(at->block->baseline_n, at->guess.baseline, rate);
}

/* One step of Newton's on the slope times both spreads, which is a polynomial without poles. */
static double step(const struct projection *at, double x)
{
    double ratio = at->border.ratio;
    double n = ratio * at->block->candidate_n;
    double m = at->block->baseline_n;
    double y = ratio * x + at->border.margin;
    double off_y = at->guess.candidate - y;
    double off_x = at->guess.baseline - x;
    double value = n * off_y * x * (1 - x) + m * off_x * y * (1 - y);
    double change = n * (off_y * (1 - 2 * x) - ratio * x * (1 - x)) +
                    m * (off_x * ratio * (1 - 2 * y) - y * (1 - y));

    return x - value / change;
}

/* Near the zero in few steps. It lies between the baseline's own rate and the one whose border is the candidate's;
 * where between them depends on how much each sample knows. */
static double approach(const struct projection *at, double most)
{
    double own = at->guess.baseline;
    double other = fmax(0, (at->guess.candidate - at->border.margin) / at->border.ratio);
    double low = fmin(own, other);
    double high = fmin(fmax(own, other), most);
    double limit = at->border.ratio * own + at->border.margin;
    double candidate =
        at->border.ratio * at->border.ratio * at->block->candidate_n * own * (1 - own);
    double baseline = at->block->baseline_n * limit * (1 - limit);
    double x = own + (other - own) * candidate / (candidate + baseline);

    if (!(x > low && x < high))
        x = 0.5 * (low + high);
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        double before = x;

        if (slope(at, x) > 0)
            low = x;
        else
            high = x;
        x = step(at, x);
        if (!(x > low && x < high))
            x = 0.5 * (low + high);
        if (fabs(x - before) <= 1e-9 * x)
            break;
    }
    return x;
}

/* Ends between which the zero is, as close to what was found as the signs confirm it. */
static void enclose(const struct projection *at, double near, double ends[2])
{
    static const double widths[] = { 1e-15, 3e-14, 1e-12 };
    bool is_above = false;
    bool is_below = false;

    for (size_t i = 0; i < sizeof widths / sizeof *widths && !(is_above && is_below); i++) {
        double low = near * (1 - widths[i]);
        double high = near * (1 + widths[i]);

        if (!is_below && low > ends[0]) {
            is_below = slope(at, low) > 0;
            ends[is_below ? 0 : 1] = low;
        }
        if (!is_above && high < ends[1]) {
            is_above = !(slope(at, high) > 0);
            ends[is_above ? 1 : 0] = high;
        }
    }
}

/* The interval is halved until no number lies between its ends: a less exact zero would show in the ninth digit of
 * sums over a run. */
static double project(const struct kernel_block *block, struct kernel_guess guess,
                      struct kernel_border border)
{
    struct projection at = { block, guess, border };
    double ends[2] = { 0, fmin(1, (1 - border.margin) / border.ratio) };

    enclose(&at, approach(&at, ends[1]), ends);
    for (unsigned i = 0; i < HALVINGS_MAX; i++) {
        double middle = 0.5 * (ends[0] + ends[1]);

        if (middle <= ends[0] || middle >= ends[1])
            break;
        if (slope(&at, middle) > 0)
            ends[0] = middle;
        else
            ends[1] = middle;
    }
    return 0.5 * (ends[0] + ends[1]);
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
