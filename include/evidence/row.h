/*
 * One detector row: a sequential test with eight alternatives that may be looked at after every block for ever. Its
 * evidence is what speaks against "the candidate is no worse than the rule allows", in natural logarithms; it has
 * reached its end at the threshold. Values; pure.
 */
#ifndef EVIDENCE_ROW_H
#define EVIDENCE_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "evidence/settings.h"

enum { ROW_ALTERNATIVES = 8 };

struct row_counts {
    uint64_t candidate_n, candidate_x; /* x: bad, that is errors or slower than an edge */
    uint64_t baseline_n, baseline_x;
};

/* What the row allows and how fast it may decide. */
struct row_rule {
    double ratio,
        margin; /* allowed: ratio * baseline + margin; ratio 0: the baseline's count has no say */
    double sustain_ms;
    double budget; /* probability of a false alarm in the horizon */
};

struct row_block {
    struct row_counts counts;
    uint64_t start_ms, dt_ms;
    double baseline_rate; /* known before the block */
    double phi;           /* how much the evidence is weakened; 1: not */
};

struct row_alternative {
    double ell; /* its evidence */
    double tok; /* what a burst may still bring */
    double z;   /* of the run; 0: a run begins with the next block */
    uint64_t since_ms;
    struct row_counts before; /* of the row when the run began */
};

struct row {
    double evidence; /* the mean of the alternatives; minus infinity: none yet */
    double limit;    /* rate allowed in the last block */
    double phi;
    double baseline_rate;
    struct row_counts counts;
    struct row_alternative alternatives[ROW_ALTERNATIVES];
};

extern const double row_ladder[ROW_ALTERNATIVES]; /* the alternatives: log odds above the limit */

/* Evidence at which the row fires, and the whole of it that one sustain time may bring. */
double row_threshold(const struct row_rule *rule);
double row_height(const struct row_rule *rule, const struct settings *settings);

void row_reset(struct row *row, const struct row_rule *rule, const struct settings *settings);
void row_add(struct row *row, const struct row_rule *rule, const struct settings *settings,
             const struct row_block *block);

/* The run of the strongest alternative: since when, and what was counted in it. */
uint64_t row_run(const struct row *row, struct row_counts *out);

#endif
