/* The options of db lint: src/lint/lint_command.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "lint/lint_command.h"

static struct lint_options options;
static const char *paths[16];
static char problem[200];

static int parse(const char *const *words)
{
    char *copy[16];
    int count = 0;

    for (; words[count] != NULL; count++)
        copy[count] = (char *)(uintptr_t)words[count];
    problem[0] = '\0';
    return lint_command_parse(count, copy, &options, paths, slice_of(problem, sizeof problem));
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

Test(lint_command, options_and_paths)
{
    cr_assert_eq(parse(WORDS("a.sql", "--baseline", "b.sql", "--fail-on=caution", "-r", "--advice",
                             "--transaction", "wrap", "--max-level=critical", "-", "--", "-c.sql")),
                 0, "%s", problem);
    cr_expect_eq(options.path_count, 3);
    cr_expect_str_eq(options.paths[2], "-c.sql");
    cr_expect_str_eq(options.baseline, "b.sql");
    cr_expect_eq(options.fail_on, LINT_CAUTION);
    cr_expect_eq(options.max_level, LINT_CRITICAL);
    cr_expect_eq(options.wrap, LINT_WRAP);
    cr_expect(options.is_recursive && options.shows_advice);
    cr_assert_eq(parse(WORDS("a", "--max-size", "1m", "--max-time=5s", "--max-memory", "128m",
                             "--format", "gcc", "--strategy", "parallel", "--enable",
                             "require-table-schema,require-statement-timeout", "--pg-version=16")),
                 0, "%s", problem);
    cr_expect_eq(options.input_max_bytes, 1 << 20);
    cr_expect_eq(options.time_max_us, 5000000);
    cr_expect_eq(options.format, LINT_GCC);
    cr_expect(options.is_parallel);
    cr_expect(options.is_enabled[LINT_REQUIRE_TABLE_SCHEMA]);
    cr_expect_eq(options.pg_version, 16);
    cr_assert_eq(parse(WORDS("a", "--verify-with", "dbname=x", "--independent")), 0, "%s", problem);
    cr_expect_str_eq(options.baseline_dsn, "dbname=x");
    cr_expect(options.is_independent);
    cr_assert_eq(parse(WORDS("a", "--verify-with", "dbname=x", "--baseline", "b")), 0);
    cr_expect_null(options.baseline_dsn);
    cr_expect_lt(parse(WORDS("a", "--baseline-dsn", "dbname=x", "--baseline", "b")), 0);
}

Test(lint_command, what_is_refused)
{
    static const char *const words[][3] = {
        { "a", "--fail-on", "bad" },
        { "a", "--fail-on=safe", NULL },
        { "a", "--max-level", "worst" },
        { "a", "--transaction=some", NULL },
        { "a", "--strategy", "x" },
        { "a", "--pg-version", "9" },
        { "a", "--pg-version", "99" },
        { "a", "--max-size", "0" },
        { "a", "--max-size", "2g" },
        { "a", "--max-memory", "1m" },
        { "a", "--max-time", "0" },
        { "a", "--format", "xml" },
        { "a", "--enable", "drop-table" },
        { "a", "--unknown", NULL },
        { "a", "--baseline", NULL },
        { "--advice", NULL, NULL },
        { "a", "-x", NULL },
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *row[4] = { words[i][0], words[i][1], words[i][2], NULL };

        cr_expect_lt(parse(row), 0, "%zu", i);
        cr_expect_str_not_empty(problem, "%zu", i);
    }
}
