/*
 * What could be seen at this traffic, and how soon: the second half of evidence/explanation.h. Called for `hold`
 * events and when people ask.
 */
#include <math.h>

#include "evidence/engine_priv.h"
#include "evidence/explanation.h"

enum { ROUNDS = 20 };

static const double hopeless_s = 6 * 3600;

/* Nats that one second brings to a row if the candidate errs at `rate`; 0: the row allows it. */
static double gain(const struct row_rule *rule, const struct explanation_traffic *traffic,
                   double rate)
{
    struct kernel_block second = { traffic->candidate_per_s, 0, traffic->baseline_per_s, 0 };
    struct kernel_border border = { .ratio = rule->ratio, .margin = rule->margin };
    struct kernel_guess guess = { .candidate = kernel_clip(rate),
                                  .baseline = kernel_clip(traffic->baseline_rate) };
    struct kernel_result result;

    if (guess.candidate <= rule->ratio * guess.baseline + rule->margin)
        return 0;
    kernel_weigh(&second, guess, border, &result);
    return result.expected;
}

/* The evidence that is needed, with what the start of a test and the mixing of alternatives cost, over the gain: the
 * start costs less the longer it takes, hence the rounds. */
static double time_of_row(const struct settings *settings, const struct row_rule *rule,
                          double gain_per_s)
{
    double time_s = 1;

    gain_per_s = fmin(gain_per_s, row_height(rule, settings) / (rule->sustain_ms / 1000));
    if (gain_per_s <= 0)
        return INFINITY;
    for (unsigned i = 0; i < ROUNDS; i++) {
        double start = fmax(0, log(settings->horizon_ms / 1000 / time_s));

        time_s = fmax(settings->tick_ms / 1000,
                      (row_threshold(rule) + start + log(ROW_ALTERNATIVES)) / gain_per_s);
    }
    return time_s;
}

double explanation_time_s(const struct settings *settings,
                          const struct explanation_traffic *traffic, double rate)
{
    bool is_alone = traffic->baseline_per_s <= 0;
    double best_s = INFINITY;

    for (unsigned i = 0; i < ROW_COUNT; i++) {
        double phi = row_table[i].is_dispersed ? fmax(1, traffic->phi) : 1;
        struct row_rule rule;

        if (row_table[i].edge != ROW_ERRORS || (is_alone && row_table[i].kind == ROW_TWO) ||
            (!is_alone && row_table[i].kind == ROW_HIST))
            continue;
        row_table_rule(i, settings, is_alone, traffic->baseline_rate, &rule);
        best_s = fmin(best_s, time_of_row(settings, &rule, gain(&rule, traffic, rate) / phi));
    }
    return best_s;
}

static void add_time(struct text *out, double time_s)
{
    if (time_s < 90)
        text_add_format(out, "%.*f s", time_s < 10 ? 1 : 0, time_s);
    else if (time_s < 5400)
        text_add_format(out, "%.0f min", time_s / 60);
    else
        text_add_format(out, "%.1f h", time_s / 3600);
}

void explanation_add_quiet(struct text *out, const struct engine_view *view,
                           const struct settings *settings,
                           const struct explanation_traffic *traffic)
{
    static const double rates[] = { 0.005, 0.01, 0.05, 1 };

    for (unsigned i = 0; i < view->row_count; i++) {
        const struct engine_row_view *row = &view->rows[i];

        if (isinf(row->evidence))
            text_add_format(out, "%s: nothing judged yet\n", row->name);
        else
            text_add_format(out, "%s: evidence %.2f of %.2f%s%s\n", row->name, row->evidence,
                            row->threshold, row->is_active ? "" : ", not judged now",
                            row->muted_ms > 0 ? ", silent" : "");
    }
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        double time_s = explanation_time_s(settings, traffic, rates[i]);

        if (time_s > hopeless_s) {
            text_add_format(out,
                            "a rise to %g%% cannot be seen at this traffic: raise the weight or "
                            "send test traffic\n",
                            100 * rates[i]);
            continue;
        }
        text_add_format(out, "a rise to %g%% would be seen within about ", 100 * rates[i]);
        add_time(out, time_s);
        text_add(out, "\n");
    }
}
