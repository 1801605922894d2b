/* Comments that speak to the linter: src/lint/annotation.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "lint_check.h"

#define DROP "ALTER TABLE t DROP COLUMN c;"

static const struct {
    const char *sql;
    enum lint_class class;
    unsigned unused; /* complaints about the comment */
    const char *reason;
} cases[] = {
    { "-- switchyard:ignore drop-column -- unused since v1\n" DROP, LINT_SAFE, 0,
      "unused since v1" },
    { "/* switchyard:ignore drop-column -- gone */\n" DROP, LINT_SAFE, 0, "gone" },
    { DROP " -- switchyard:ignore drop-column -- behind it", LINT_SAFE, 0, "behind it" },
    { "-- switchyard:ignore-file drop-column -- all of it\nSELECT 1;\n" DROP, LINT_SAFE, 0,
      "all of it" },
    { "-- switchyard:ignore rename-column, drop-column -- two\n" DROP, LINT_SAFE, 1, "two" },
    { "-- switchyard:ignore drop-column -- first\n-- more words\n" DROP, LINT_SAFE, 0, "first" },
    { "-- squawk-ignore ban-drop-column -- as there\n" DROP, LINT_SAFE, 0, "as there" },
    { "-- squawk-ignore prefer-something-else\n" DROP, LINT_BREAKS_ROLLBACK, 0, NULL },
    { "-- switchyard:ignore drop-column\n" DROP, LINT_BREAKS_ROLLBACK, 1, NULL },
    { "-- switchyard:ignore drop-column --\n" DROP, LINT_BREAKS_ROLLBACK, 1, NULL },
    { "-- switchyard:ignore drop-colum -- typing\n" DROP, LINT_BREAKS_ROLLBACK, 1, NULL },
    { "-- switchyard:ignore -- nothing named\n" DROP, LINT_BREAKS_ROLLBACK, 1, NULL },
    { DROP "\n-- switchyard:ignore drop-column -- too late\n", LINT_BREAKS_ROLLBACK, 1, NULL },
    { DROP "\n-- switchyard:ignore drop-column -- next\nSELECT 1;", LINT_BREAKS_ROLLBACK, 1, NULL },
    { "-- switchyard:ignore parse-error -- no\nSELEC 1;", LINT_INVALID, 1, NULL },
    { "-- switchyard:ignore psql-meta-command\nSELECT 1;", LINT_SAFE, 1, NULL },
    { "SELECT '-- switchyard:ignore drop-column -- a string';" DROP, LINT_BREAKS_ROLLBACK, 0,
      NULL },
    { "-- switchyard:contract after=v1.3.0\n" DROP, LINT_CAUTION, 0, NULL },
    { "-- switchyard:contract\n" DROP, LINT_BREAKS_ROLLBACK, 1, NULL },
    { "-- switchyard:transaction=sometimes\n" DROP, LINT_BREAKS_ROLLBACK, 1, NULL },
    { "-- switchyard:something\n" DROP, LINT_BREAKS_ROLLBACK, 1, NULL },
    { "-- switchyard:transaction=wrap\nCREATE INDEX CONCURRENTLY i ON t (c);", LINT_INVALID, 0,
      NULL },
};

Test(annotation, cases)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lint *lint = check_run("x.sql", cases[i].sql);
        const struct lint_finding *finding = check_find(lint, "drop-column");

        cr_expect_eq(check_file(lint)->class, cases[i].class, "%zu %s: %s", i, cases[i].sql,
                     rule_class_name(check_file(lint)->class));
        cr_expect_eq(check_count(lint, "unused-ignore"), cases[i].unused, "%zu %s: %u", i,
                     cases[i].sql, check_count(lint, "unused-ignore"));
        if (cases[i].reason != NULL) {
            cr_assert_not_null(finding, "%zu", i);
            cr_expect(finding->is_suppressed);
            cr_expect_str_eq(finding->reason, cases[i].reason, "%zu", i);
        } else if (finding != NULL) {
            cr_expect_not(finding->is_suppressed, "%zu", i);
        }
        lint_free(lint);
    }
}

Test(annotation, suppressed_points_are_shown_apart)
{
    struct lint *lint = check_run("x.sql", cases[0].sql);

    cr_expect_lt(check_file(lint)->score, 10);
    cr_expect_geq(check_file(lint)->score_unsuppressed, 75);
    cr_expect_eq(check_file(lint)->suppressed_count, 1);
    lint_free(lint);
}

Test(annotation, reasons_can_be_optional)
{
    struct lint_options options;
    struct lint *lint = NULL;

    lint_options_init(&options);
    options.is_reason_optional = true;
    lint = check_run_with(&options, "x.sql", "-- switchyard:ignore drop-column\n" DROP);
    cr_expect_eq(check_file(lint)->class, LINT_SAFE);
    lint_free(lint);
}
