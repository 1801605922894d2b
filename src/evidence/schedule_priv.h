/*
 * May the next step be taken? The evidence that it is safe: that at the next weight not more than a budget of all
 * requests would fail or be slow in addition. Collected at one weight for one next weight. Part of an engine; pure.
 */
#ifndef EVIDENCE_SCHEDULE_PRIV_H
#define EVIDENCE_SCHEDULE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/kernel_priv.h"
#include "evidence/settings.h"

enum { SCHEDULE_ERRORS, SCHEDULE_P50, SCHEDULE_P95, SCHEDULE_SUMS };

struct schedule {
    bool has_begun;
    double weight, next; /* percent; next 0: there is no further step */
    uint64_t start_ms;   /* of the step */
    double sums[SCHEDULE_SUMS];
};

/* The first of the steps beyond a weight, in percent; 0: there is none. What is held back is left out. */
double schedule_next(const struct settings *settings, double weight);

/* A tick at this weight, and the weight it shall lead to (0: by the settings). Another one starts the step anew. */
void schedule_tick(struct schedule *schedule, const struct settings *settings,
                   const double weight[2], uint64_t before_ms);

/* What one block says about one sum: bad ones of both slots, the baseline's rate, the clustering. */
void schedule_add(struct schedule *schedule, const struct settings *settings, unsigned sum,
                  const struct kernel_block *block, const double rate_and_phi[2]);

double schedule_needed(const struct settings *settings);

/* By its evidence, or because at the baseline's rate the budget is so wide that nothing can exceed it. */
bool schedule_is_proven(const struct schedule *schedule, const struct settings *settings,
                        unsigned sum, double rate);

#endif
