/*
 * The proof itself, in a process that may be killed at any time: whoever started it drops the scratch database. Called by
 * prove_command.c.
 */
#ifndef LINT_PROVE_PRIV_H
#define LINT_PROVE_PRIV_H

#include "lint/step_options_priv.h"

enum { PROVE_NAME_SIZE = 64 };

struct prove_order {
    struct step_options options;
    char scratch[PROVE_NAME_SIZE]; /* the name of the database that is made */
};

/* 0: everything works; 3: something does not, and what was printed; 1: it could not be tried. */
int prove_run(const struct prove_order *order, struct lint_progress *progress);

/* "postgresql://…" of another database of that server, for DATABASE_URL; the caller frees. NULL: the DSN is none. */
char *prove_url(const char *dsn, const char *database);

#endif
