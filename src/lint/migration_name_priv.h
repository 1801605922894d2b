/*
 * What the name of a migration says: Flyway's V1.4.0__text.sql and its R, U, B; 20250131_name.sql, 0042_name.sql;
 * Prisma's folder/migration.sql; deploy/ verify/ revert/. Pure, any thread.
 */
#ifndef LINT_MIGRATION_NAME_PRIV_H
#define LINT_MIGRATION_NAME_PRIV_H

#include <stdbool.h>

#include "base/arena.h"
#include "lint/report.h"

enum { VERSION_PARTS_MAX = 16 };

/* Numbers of a version; those that are not there are 0. */
struct version {
    unsigned long long parts[VERSION_PARTS_MAX];
    unsigned count; /* as written; 0: there is none */
};

/* Which of the forms a name has. */
enum name_form { FORM_FLYWAY, FORM_DATED, FORM_NUMBERED, FORM_PRISMA, FORM_SQITCH, FORM_OTHER };

struct migration_name {
    enum name_form form;
    enum lint_kind kind;
    struct version version;
    const char *version_text; /* "1.4.0", or "" */
    const char *description;
    const char *problem; /* why the name is not what it seems to be, or NULL */
};

/* Texts lie in the arena. */
struct migration_name migration_name_of(struct arena *arena, const char *path);
int migration_name_compare_versions(const struct version *a, const struct version *b);

/* Digits separated by dots or underscores; false: something else is in it. */
bool migration_name_parse_version(struct slice text, struct version *out);

#endif
