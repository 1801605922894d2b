/* The inside of a run, for the parts that fill the catalog or compare with a server. Owner: lint_run's caller. */
#ifndef LINT_LINT_PRIV_H
#define LINT_LINT_PRIV_H

#include "lint/history_check_priv.h"
#include "lint/visit_priv.h"

/* Owner: the caller of lint_run. Ends by lint_free. */
struct lint {
    const struct lint_options *options;
    struct arena arena;
    struct catalog *catalog;
    struct visit visit;
    struct applied_list applied;
    struct lint_report report;
    struct lint_file *own_files; /* baseline and such */
    struct text dump;            /* of --baseline-dsn */
    const struct lint_file *last_versioned;
    const char *trouble;
};

#endif
