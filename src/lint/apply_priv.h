/*
 * Runs the statements of one file in a database: in one transaction where the server lets them, else one by one; waits
 * for locks for a short time only, and tries again. What became of it is kept in switchyard_control.schema_versions. In
 * processes of switchctl only.
 */
#ifndef LINT_APPLY_PRIV_H
#define LINT_APPLY_PRIV_H

#include "base/check.h"
#include "base/text.h"
#include "lint/lint.h"

struct pg_conn;

struct apply_order {
    const struct lint_file *file; /* judged, with its bytes */
    const char *environment;
    const char *actor;
    uint64_t lock_timeout_us;
    uint64_t retries;
};

struct apply_result {
    unsigned done;  /* statements that stay applied */
    unsigned count; /* of them all */
    unsigned tries;
    bool is_whole; /* in one transaction */
    uint64_t duration_us;
    char words[512]; /* of a failure, with its line */
};

/* 0: all of it was applied and recorded. ERR_INVALID: it cannot be run here (variables of psql and such); ERR_TIMEOUT: a
 * lock was not to be had; ERR_IO: a statement failed. words say which and what stays. */
MUST_CHECK int apply_run(struct pg_conn *server, const struct apply_order *order,
                         struct apply_result *out);

#endif
