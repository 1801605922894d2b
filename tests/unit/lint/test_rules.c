/* The table of rules against itself and against docs/migrations.md: src/lint/rule.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lint/rule.h"

static const unsigned least_points[LINT_CLASSES] = { 0, 1, 10, 20, 45, 50 };
static const unsigned most_points[LINT_CLASSES] = { 0, 5, 40, 45, 100, 50 };

Test(rules, points_fit_their_class)
{
    for (unsigned i = 0; i < LINT_RULES; i++) {
        const struct lint_rule *rule = rule_at((enum lint_rule_id)i);

        cr_expect_geq(rule->points, least_points[rule->class], "%s", rule->name);
        cr_expect_leq(rule->points, most_points[rule->class], "%s", rule->name);
        cr_expect_str_not_empty(rule->why, "%s says nothing", rule->name);
        cr_expect(rule->class != LINT_BLOCKS_WRITES || rule->instead[0] != '\0' ||
                      rule->lock == LINT_LOCK_ANY,
                  "%s blocks writes and offers nothing else", rule->name);
        cr_expect_eq(rule_find(slice_from(rule->name)), i, "%s is there twice", rule->name);
    }
}

Test(rules, words)
{
    cr_expect_eq(rule_find(SLICE("no-such-rule")), LINT_RULES);
    cr_expect_eq(rule_class_find(SLICE("blocks-writes")), LINT_BLOCKS_WRITES);
    cr_expect_eq(rule_class_find(SLICE("bad")), LINT_CLASSES);
    cr_expect_eq(rule_level_find(SLICE("critical")), LINT_CRITICAL);
    cr_expect_eq(rule_level_find(SLICE("")), LINT_LEVELS);
    cr_expect_eq(rule_find_squawk(SLICE("ban-drop-column"), 0), LINT_DROP_COLUMN);
    cr_expect_eq(rule_find_squawk(SLICE("ban-drop-column"), 1), LINT_RULES);
    cr_expect_eq(rule_find_squawk(SLICE("prefer-repack"), 1), LINT_CLUSTER);
    cr_expect_str_eq(rule_lock_name(LINT_LOCK_ROW_SHARE), "none");
    cr_expect_str_eq(rule_lock_blocks(LINT_LOCK_SRE), "writes");
    cr_expect_str_eq(rule_lock_blocks(LINT_LOCK_AE), "reads+writes");
    cr_expect_str_eq(rule_lock_blocks(LINT_LOCK_SUE), "schema");
}

Test(rules, levels_begin_where_they_should)
{
    static const struct {
        unsigned score;
        enum lint_level level;
    } rows[] = {
        { 0, LINT_LOW },   { 9, LINT_LOW },   { 10, LINT_MEDIUM },   { 29, LINT_MEDIUM },
        { 30, LINT_HIGH }, { 69, LINT_HIGH }, { 70, LINT_CRITICAL }, { 100, LINT_CRITICAL }
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(rule_level_of(rows[i].score), rows[i].level, "%u", rows[i].score);
}

/* The row of the page's table: | name | class | points | lock | duration | */
static void make_row(const struct lint_rule *rule, char *out, size_t size)
{
    snprintf(out, size, "| `%s` | %s | %u | %s | %s |", rule->name, rule_class_name(rule->class),
             rule->points, rule_lock_words(rule->lock), rule_duration_name(rule->duration));
}

/* SWITCHYARD_WRITE_REFERENCE=1 writes the rows anew, in the order of rule.def. */
Test(rules, page_has_the_table)
{
    static char page[128 * 1024];
    FILE *file = fopen(SOURCE_DIR "/docs/migrations.md", "rb");
    const char *write = getenv("SWITCHYARD_WRITE_REFERENCE");

    cr_assert_not_null(file, "docs/migrations.md");
    cr_assert_gt(fread(page, 1, sizeof page - 1, file), 0);
    fclose(file);
    for (unsigned i = 0; i < LINT_RULES; i++) {
        char row[200];

        make_row(rule_at((enum lint_rule_id)i), row, sizeof row);
        if (write != NULL)
            puts(row);
        else
            cr_expect_not_null(strstr(page, row), "docs/migrations.md lacks: %s", row);
    }
}
