/* Names of migration files: src/lint/migration_name.c, and their order and history: src/lint/history_check.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "lint/history_check_priv.h"
#include "lint/migration_name_priv.h"
#include "lint_check.h"

static const struct {
    const char *path;
    enum name_form form;
    enum lint_kind kind;
    const char *version;
    const char *description;
    bool has_problem;
} names[] = {
    { "db/V1.4.0__add_orders.sql", FORM_FLYWAY, LINT_VERSIONED, "1.4.0", "add_orders", false },
    { "V1_4_0__x.sql", FORM_FLYWAY, LINT_VERSIONED, "1.4.0", "x", false },
    { "V007__x.sql", FORM_FLYWAY, LINT_VERSIONED, "007", "x", false },
    { "V1.4.0_x.sql", FORM_FLYWAY, LINT_VERSIONED, "1.4.0", "", true },
    { "V1__.sql", FORM_FLYWAY, LINT_VERSIONED, "1", "", true },
    { "V1a__x.sql", FORM_FLYWAY, LINT_VERSIONED, "", "x", true },
    { "R__views.sql", FORM_FLYWAY, LINT_REPEATABLE, "", "views", false },
    { "U2__back.sql", FORM_FLYWAY, LINT_UNDO, "2", "back", false },
    { "B3__all.sql", FORM_FLYWAY, LINT_BASELINE, "3", "all", false },
    { "20250131_add.sql", FORM_DATED, LINT_VERSIONED, "20250131", "add", false },
    { "20250131120000_add.sql", FORM_DATED, LINT_VERSIONED, "20250131120000", "add", false },
    { "0042_add.sql", FORM_NUMBERED, LINT_VERSIONED, "0042", "add", false },
    { "p/20250131120000_init/migration.sql", FORM_PRISMA, LINT_VERSIONED, "20250131120000", "init",
      false },
    { "deploy/users.sql", FORM_SQITCH, LINT_OTHER, "", "users", false },
    { "revert/users.sql", FORM_SQITCH, LINT_UNDO, "", "users", false },
    { "Views.sql", FORM_OTHER, LINT_OTHER, "", "", false },
    { "schema.sql", FORM_OTHER, LINT_OTHER, "", "", false },
    { "-", FORM_OTHER, LINT_OTHER, "", "", false },
    { "12.sql", FORM_OTHER, LINT_OTHER, "", "", false },
};

Test(migration_name, forms)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct migration_name name = migration_name_of(&arena, names[i].path);

        cr_expect_eq(name.form, names[i].form, "%s: %d", names[i].path, name.form);
        cr_expect_eq(name.kind, names[i].kind, "%s", names[i].path);
        cr_expect_str_eq(name.version_text, names[i].version, "%s: %s", names[i].path,
                         name.version_text);
        cr_expect_str_eq(name.description, names[i].description, "%s", names[i].path);
        cr_expect_eq(name.problem != NULL, names[i].has_problem, "%s", names[i].path);
    }
    arena_reset(&arena);
}

static int compare(const char *a, const char *b)
{
    struct version left;
    struct version right;

    cr_assert(migration_name_parse_version(slice_from(a), &left));
    cr_assert(migration_name_parse_version(slice_from(b), &right));
    return migration_name_compare_versions(&left, &right);
}

Test(migration_name, versions_are_numbers)
{
    struct version version;

    cr_expect_eq(compare("1.3.0", "1_3"), 0);
    cr_expect_eq(compare("01.3", "1.03"), 0);
    cr_expect_lt(compare("1.9", "1.10"), 0);
    cr_expect_gt(compare("2", "1.99.99"), 0);
    cr_expect_not(migration_name_parse_version(SLICE(""), &version));
    cr_expect_not(migration_name_parse_version(SLICE("1..2"), &version));
    cr_expect_not(migration_name_parse_version(SLICE("1."), &version));
    cr_expect_not(migration_name_parse_version(SLICE("99999999999999999999"), &version));
    cr_expect_not(
        migration_name_parse_version(SLICE("1.2.3.4.5.6.7.8.9.1.2.3.4.5.6.7.8"), &version));
}

Test(migration_name, bad_name_is_a_finding)
{
    struct lint *lint = check_run("V1.4.0_x.sql", "SELECT 1;");

    cr_expect_not_null(check_find(lint, "bad-file-name"));
    cr_expect_eq(check_file(lint)->class, LINT_CAUTION);
    lint_free(lint);
}

Test(migration_name, small_version_with_a_great_change)
{
    struct lint *lint = check_run("V1.4.1__x.sql", "DROP TABLE t;");

    cr_expect_not_null(check_find(lint, "version-class-mismatch"));
    cr_expect_eq(check_file(lint)->finding_count, 2);
    lint_free(lint);
    lint = check_run("V2.0.0__x.sql", "DROP TABLE t;");
    cr_expect_null(check_find(lint, "version-class-mismatch"));
    lint_free(lint);
    lint = check_run("0042_x.sql", "DROP TABLE t;");
    cr_expect_null(check_find(lint, "version-class-mismatch"));
    lint_free(lint);
}

Test(history_check, reads_lists)
{
    struct applied_list list;
    unsigned line = 0;

    cr_expect(history_check_read(
        SLICE("# all\n1.2\n\n v1.3.0 "
              "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"),
        &list, &line));
    cr_expect_eq(list.count, 2);
    history_check_fini(&list);
    cr_expect_not(history_check_read(SLICE("1.2\nx\n"), &list, &line));
    cr_expect_eq(line, 2);
    history_check_fini(&list);
    cr_expect_not(history_check_read(SLICE("1.2 beef\n"), &list, &line));
    history_check_fini(&list);
}
