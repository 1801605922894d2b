/* See evidence/row.h. Called by the engine and by cohorts for every closed block. */
#include "evidence/row.h"

#include <math.h>

#include "evidence/kernel_priv.h"

const double row_ladder[ROW_ALTERNATIVES] = { 0.15, 0.4, 0.8, 1.5, 2.5, 4, 6, 9 };

double row_threshold(const struct row_rule *rule)
{
    return log(1 / rule->budget);
}

double row_height(const struct row_rule *rule, const struct settings *settings)
{
    return row_threshold(rule) + log(settings->horizon_ms / settings->tick_ms);
}

void row_reset(struct row *row, const struct row_rule *rule, const struct settings *settings)
{
    double height = row_height(rule, settings);

    *row = (struct row){ .evidence = -INFINITY,
                         .limit = row->limit,
                         .phi = row->phi,
                         .baseline_rate = row->baseline_rate };
    for (size_t i = 0; i < ROW_ALTERNATIVES; i++) {
        row->alternatives[i].ell = -INFINITY;
        row->alternatives[i].tok = height * settings->burst_fraction;
    }
}

/* What the block says for the alternative, not more than `refill` if it is what it says it is: within one block it
 * is no longer the number of requests that makes the uncertainty. */
static double weigh(const struct row_rule *rule, const struct row_block *block, double offset,
                    double refill)
{
    struct kernel_block sample = { .candidate_n = (double)block->counts.candidate_n,
                                   .candidate_x = (double)block->counts.candidate_x,
                                   .baseline_n = (double)block->counts.baseline_n,
                                   .baseline_x = (double)block->counts.baseline_x };
    struct kernel_border border = { .ratio = rule->ratio, .margin = rule->margin };
    struct kernel_guess guess = { .baseline = kernel_clip(block->baseline_rate) };
    struct kernel_result result;
    double allowed = rule->ratio * guess.baseline + rule->margin;
    double odds = allowed / (1 - allowed) * exp(offset);

    if (!(allowed > 0 && allowed < 0.999))
        return 0;
    guess.candidate = kernel_clip(odds / (1 + odds));
    if (guess.candidate <= allowed)
        return 0;
    kernel_weigh(&sample, guess, border, &result);
    result.delta /= block->phi;
    result.expected /= block->phi;
    if (result.expected > refill)
        result.delta *= refill / result.expected;
    return result.delta;
}

static double mean_evidence(const struct row *row)
{
    double most = -INFINITY;
    double sum = 0;

    for (size_t i = 0; i < ROW_ALTERNATIVES; i++) {
        if (row->alternatives[i].ell > most)
            most = row->alternatives[i].ell;
    }
    if (most == -INFINITY)
        return most;
    for (size_t i = 0; i < ROW_ALTERNATIVES; i++)
        sum += exp(row->alternatives[i].ell - most);
    return most + log(sum / ROW_ALTERNATIVES);
}

void row_add(struct row *row, const struct row_rule *rule, const struct settings *settings,
             const struct row_block *block)
{
    double height = row_height(rule, settings);
    double burst = height * settings->burst_fraction;
    double refill = height * (double)block->dt_ms / rule->sustain_ms;
    double prior = log((double)block->dt_ms / settings->horizon_ms);

    for (size_t i = 0; i < ROW_ALTERNATIVES; i++) {
        struct row_alternative *at = &row->alternatives[i];
        double delta = weigh(rule, block, row_ladder[i], refill);

        at->tok = fmin(burst, at->tok + settings->refill_multiple * refill);
        if (delta > at->tok)
            delta = at->tok;
        if (delta > 0)
            at->tok -= delta;
        at->ell = delta + kernel_add_logs(at->ell, prior);
        if (at->z <= 0) {
            at->since_ms = block->start_ms;
            at->before = row->counts;
        }
        at->z = fmax(0, at->z + delta);
    }
    row->evidence = mean_evidence(row);
    row->baseline_rate = block->baseline_rate;
    row->limit = rule->ratio * kernel_clip(block->baseline_rate) + rule->margin;
    row->phi = block->phi;
    row->counts.candidate_n += block->counts.candidate_n;
    row->counts.candidate_x += block->counts.candidate_x;
    row->counts.baseline_n += block->counts.baseline_n;
    row->counts.baseline_x += block->counts.baseline_x;
}

uint64_t row_run(const struct row *row, struct row_counts *out)
{
    const struct row_alternative *best = &row->alternatives[0];

    for (size_t i = 1; i < ROW_ALTERNATIVES; i++) {
        if (row->alternatives[i].ell > best->ell)
            best = &row->alternatives[i];
    }
    *out = (struct row_counts){
        .candidate_n = row->counts.candidate_n - best->before.candidate_n,
        .candidate_x = row->counts.candidate_x - best->before.candidate_x,
        .baseline_n = row->counts.baseline_n - best->before.baseline_n,
        .baseline_x = row->counts.baseline_x - best->before.baseline_x,
    };
    return best->since_ms;
}
