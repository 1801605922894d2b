/*
 * The rows that an engine has: what each one compares, what it allows, which share of the budget it has. One static
 * table; the numbers that users may change come from the settings. Pure.
 */
#ifndef EVIDENCE_ROW_TABLE_PRIV_H
#define EVIDENCE_ROW_TABLE_PRIV_H

#include <stdbool.h>

#include "evidence/row.h"

enum row_kind {
    ROW_TWO,  /* candidate and baseline in the same block */
    ROW_ABS,  /* the candidate alone, against a fixed rate */
    ROW_HIST, /* the candidate alone, against what is remembered */
    ROW_LAT,  /* latency: like ROW_TWO while there is a baseline, else like ROW_HIST */
};

enum row_name {
    ROW_ERR_MOD,
    ROW_ERR_GROSS,
    ROW_ERR_ABS,
    ROW_HIST_MOD,
    ROW_HIST_GROSS,
    ROW_LAT50,
    ROW_LAT95,
    ROW_LAT99,
    ROW_LAT999,
    ROW_LAT50X3,
    ROW_LAT99X3,
    ROW_LAT50WARN,
    ROW_COUNT,
};

enum { ROW_ERRORS = -1 };

struct row_entry {
    const char *name;
    enum row_kind kind;
    double share; /* of false_rollback_per_hour */
    int edge;     /* of the baseline's latency (baseline_priv.h); ROW_ERRORS: bad is an error */
    bool is_dispersed; /* its evidence is weakened by the clustering of errors */
    bool is_hold;      /* it only holds */
};

extern const struct row_entry row_table[ROW_COUNT];

/* What a row allows while there is a baseline, and without one. rate: of the baseline, for what is relative to it. */
void row_table_rule(enum row_name name, const struct settings *settings, bool is_alone, double rate,
                    struct row_rule *out);
double row_table_tolerance(enum row_name name, const struct settings *settings, bool is_alone);

#endif
