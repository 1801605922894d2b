/* What the tests of this room share: see lint_check.h. */
#include "lint_check.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct slice check_fixture(void)
{
    static char bytes[65536];
    static size_t len;
    FILE *file = NULL;

    if (len > 0)
        return slice_of(bytes, len);
    file = fopen(SOURCE_DIR "/tests/unit/lint/vectors/fixture.sql", "rb");
    cr_assert_not_null(file);
    len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    cr_assert_gt(len, 0);
    return slice_of(bytes, len);
}

struct lint *check_run_with(const struct lint_options *options, const char *path, const char *sql)
{
    return lint_run_text(options, path, SLICE(""), slice_from(sql));
}

struct lint *check_run(const char *path, const char *sql)
{
    static struct lint_options options;

    lint_options_init(&options);
    return check_run_with(&options, path, sql);
}

const struct lint_file *check_file(const struct lint *lint)
{
    return lint_report_of(lint)->files;
}

unsigned check_count(const struct lint *lint, const char *rule)
{
    unsigned count = 0;

    for (const struct lint_statement *at = check_file(lint)->statements; at != NULL; at = at->next)
        for (const struct lint_finding *finding = at->findings; finding; finding = finding->next)
            count += strcmp(rule_at(finding->rule)->name, rule) == 0;
    return count;
}

const struct lint_finding *check_find(const struct lint *lint, const char *rule)
{
    for (const struct lint_statement *at = check_file(lint)->statements; at != NULL; at = at->next)
        for (const struct lint_finding *finding = at->findings; finding; finding = finding->next)
            if (strcmp(rule_at(finding->rule)->name, rule) == 0)
                return finding;
    return NULL;
}
