/* One piece of SQL through the linter, for the tests of this room. */
#ifndef TEST_LINT_CHECK_H
#define TEST_LINT_CHECK_H

#include <stdbool.h>

#include "lint/lint.h"

/* The fixture that vectors are judged against; read once. */
struct slice check_fixture(void);

/* Judges sql as `path` with the default options; lint_free it. */
struct lint *check_run(const char *path, const char *sql);
struct lint *check_run_with(const struct lint_options *options, const char *path, const char *sql);

/* The finding of that rule in the only file, or NULL. */
const struct lint_finding *check_find(const struct lint *lint, const char *rule);
unsigned check_count(const struct lint *lint, const char *rule);
const struct lint_file *check_file(const struct lint *lint);

#endif
