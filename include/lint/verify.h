/*
 * The linter compared with a real server: each statement runs in a scratch database, and the locks and rewrites that
 * PostgreSQL shows are compared with what was said. Blocks; in the linter's own process only.
 */
#ifndef LINT_VERIFY_H
#define LINT_VERIFY_H

#include "base/check.h"
#include "base/text.h"
#include "lint/lint.h"

/*
 * Runs the files of lint (their bytes are still there) in a database that is made for it on the server of dsn and
 * dropped afterwards; the schema is that of `baseline` (DDL; empty: nothing but what the files make). Appends one line
 * per difference and per statement that PostgreSQL refuses although it was not called invalid, or does not although it
 * was. *differences counts them. A negative ERR_* and a line in out when the server cannot be used.
 */
MUST_CHECK int verify_run(const struct lint *lint, const char *dsn, struct slice baseline,
                          struct text *out, unsigned *differences);

#endif
