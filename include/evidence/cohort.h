/*
 * A light judgement for one of many: the requests of one tenant on the slot it is pinned to, against all that the
 * other slot does. Only the two error rows with a baseline, with a share of the budget of its own; no latency,
 * guards, keys or probes. About a kilobyte and a quarter, a plain value; pure. It need not be looked at while its
 * tenant does nothing: totals go in, and time is absolute.
 */
#ifndef EVIDENCE_COHORT_H
#define EVIDENCE_COHORT_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/engine_event.h"
#include "evidence/row.h"

enum { COHORT_ROWS = 2 };

struct cohort_totals {
    uint64_t n, e; /* requests and errors since ever; they only grow */
};

struct cohort {
    double budget; /* false alarms per horizon */
    uint64_t block_ms, begun_ms;
    struct cohort_totals candidate, baseline; /* at the beginning of the block */
    struct row rows[COHORT_ROWS];
};

/* What a look needs beside the cohort's own state. */
struct cohort_look {
    uint64_t now_ms; /* monotonic; not before the last one */
    struct cohort_totals candidate, baseline;
    double
        baseline_rate; /* known before: engine_view.baseline_rate, or an estimate shared by all cohorts */
    double phi;        /* clustering of errors; 1: none */
};

/* budget: of the hour, e.g. false_rollback_per_hour over the number of cohorts. */
void cohort_init(struct cohort *cohort, const struct settings *settings, double budget,
                 const struct cohort_look *look);

/* Whether this tenant suffers from its slot; then the event says how, and the judgement begins anew. */
bool cohort_judge(struct cohort *cohort, const struct settings *settings,
                  const struct cohort_look *look, struct engine_event *out);

#endif
