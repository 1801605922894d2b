/*
 * The options of `db plan`, `db apply` and `db prove`: one table for all, of which each command takes some. Texts stay in
 * the words. Pure.
 */
#ifndef LINT_STEP_OPTIONS_PRIV_H
#define LINT_STEP_OPTIONS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "lint/lint.h"

enum step_command { STEP_PLAN = 1, STEP_APPLY = 2, STEP_PROVE = 4 };

struct step_options {
    struct lint_options lint; /* paths, transaction mode, format */
    const char *dsn;
    const char *passfile;
    const char *environment;
    const char *database; /* as configured; "" when only a DSN is known */
    const char *folder;   /* when no path is given */
    const char *epoch;    /* the daemon's, as it said it; "0" without one */
    const char
        *snapshot_words; /* why there is no fresh snapshot; NULL: there is one, or nobody knows */
    const char *reason;
    const char *token;
    const char *old_version;
    const char *corpus;
    const char *command;
    const char *cache;
    uint64_t lock_timeout_us;
    uint64_t retries;
    bool is_emergency;
    bool is_confirmed; /* --yes */
};

/* What stands behind "db plan" and such. */
struct step_words {
    enum step_command command;
    int count;
    char *const *list;
};

/* paths: room for count + 1. ERR_INVALID with a sentence in problem. */
MUST_CHECK int step_options_parse(const struct step_words *words, struct step_options *out,
                                  const char **paths, struct slice problem);

#endif
