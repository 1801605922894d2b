/* See evidence/cohort.h. Called by the control thread for tenants that did something since the last tick. */
#include "evidence/cohort.h"

#include <math.h>
#include <stdio.h>

#include "evidence/row_table_priv.h"

static const enum row_name names[COHORT_ROWS] = { ROW_ERR_MOD, ROW_ERR_GROSS };

static struct row_rule rule_of(const struct cohort *cohort, const struct settings *settings,
                               unsigned which)
{
    double shares = row_table[names[0]].share + row_table[names[1]].share;
    struct row_rule rule;

    row_table_rule(names[which], settings, false, 0, &rule);
    rule.budget = cohort->budget * row_table[names[which]].share / shares;
    return rule;
}

static void restart(struct cohort *cohort, const struct settings *settings)
{
    for (unsigned i = 0; i < COHORT_ROWS; i++) {
        struct row_rule rule = rule_of(cohort, settings, i);

        row_reset(&cohort->rows[i], &rule, settings);
    }
}

static void begin_block(struct cohort *cohort, const struct cohort_look *look)
{
    cohort->block_ms = look->now_ms;
    cohort->candidate = look->candidate;
    cohort->baseline = look->baseline;
}

void cohort_init(struct cohort *cohort, const struct settings *settings, double budget,
                 const struct cohort_look *look)
{
    *cohort = (struct cohort){ .budget = budget, .begun_ms = look->now_ms };
    begin_block(cohort, look);
    restart(cohort, settings);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void describe(const struct cohort *cohort, const struct settings *settings, unsigned which,
                     struct engine_event *out)
{
    const struct row *row = &cohort->rows[which];
    struct row_rule rule = rule_of(cohort, settings, which);
    struct row_counts run;
    uint64_t since_ms = row_run(row, &run);

    *out = (struct engine_event){
        .action = ENGINE_ROLLBACK,
        .at_ms = cohort->block_ms - cohort->begun_ms,
        .since_ms = since_ms - cohort->begun_ms,
        .weight = 100,
        .candidate_n = run.candidate_n,
        .candidate_x = run.candidate_x,
        .baseline_n = run.baseline_n,
        .baseline_x = run.baseline_x,
        .baseline_rate = row->baseline_rate,
        .limit = row->limit,
        .evidence = row->evidence,
        .threshold = row_threshold(&rule),
        .phi = row->phi,
        .confirm = NAN,
        .budget_per_hour = rule.budget * 3600000 / settings->horizon_ms,
        .top_bin = -1,
    };
    snprintf(out->trigger, sizeof out->trigger, "%s", row_table[names[which]].name);
}

static void close_block(struct cohort *cohort, const struct settings *settings,
                        const struct cohort_look *look)
{
    struct row_block block = {
        .start_ms = cohort->block_ms,
        .dt_ms = look->now_ms - cohort->block_ms,
        .baseline_rate = look->baseline_rate,
    };

    block.counts.candidate_n = look->candidate.n - cohort->candidate.n;
    block.counts.baseline_n = look->baseline.n - cohort->baseline.n;
    block.counts.candidate_x =
        least(look->candidate.e - cohort->candidate.e, block.counts.candidate_n);
    block.counts.baseline_x = least(look->baseline.e - cohort->baseline.e, block.counts.baseline_n);
    for (unsigned i = 0; i < COHORT_ROWS; i++) {
        struct row_rule rule = rule_of(cohort, settings, i);

        block.phi = row_table[names[i]].is_dispersed ? fmax(1, look->phi) : 1;
        row_add(&cohort->rows[i], &rule, settings, &block);
    }
    begin_block(cohort, look);
}

bool cohort_judge(struct cohort *cohort, const struct settings *settings,
                  const struct cohort_look *look, struct engine_event *out)
{
    uint64_t age_ms = look->now_ms - cohort->block_ms;

    if (age_ms == 0 || look->candidate.n == cohort->candidate.n ||
        (look->baseline.n == cohort->baseline.n && (double)age_ms < settings->baseline_silent_ms))
        return false;
    close_block(cohort, settings, look);
    for (unsigned i = 0; i < COHORT_ROWS; i++) {
        describe(cohort, settings, i, out);
        if (out->evidence >= out->threshold && (double)out->candidate_x >= settings->min_errors) {
            restart(cohort, settings);
            return true;
        }
    }
    return false;
}
