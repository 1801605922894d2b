/* The whole decision rule against its vectors, every number to nine digits. SWITCHYARD_VECTORS names another file. */
#include "unit/evidence/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/baseline_priv.h"
#include "evidence/book.h"
#include "evidence/counts.h"
#include "evidence/kernel_priv.h"
#include "evidence/row_table_priv.h"
#include "unit/evidence/vectors_engine.h"

static double at(const cJSON *list, int index)
{
    const cJSON *item = cJSON_GetArrayItem(list, index);

    cr_assert(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void run_bucket(const cJSON *test)
{
    static const char *const keys[] = { "kind", "name", "us", "expect", NULL };
    const cJSON *out = vectors_member(vectors_member(test, "expect"), "out");
    int count = cJSON_GetArraySize(vectors_member(test, "us"));

    vectors_know("bucket", test, keys);
    cr_assert_eq(cJSON_GetArraySize(out), count);
    for (int i = 0; i < count; i++) {
        const cJSON *row = cJSON_GetArrayItem(out, i);
        uint64_t us = (uint64_t)at(vectors_member(test, "us"), i);

        cr_assert_eq((double)us, at(row, 0));
        cr_assert_eq(counts_bucket(us), at(row, 1));
        cr_assert_eq((double)counts_edge_us(counts_bucket(us)), at(row, 2));
    }
}

static void run_kernel(const cJSON *test)
{
    static const char *const keys[] = { "kind", "name", "in", "expect", NULL };
    static const char *const ins[] = { "nC", "xC", "nB", "xB", "qC", "qB", "r", "d", NULL };
    static const char *const outs[] = { "piB", "piC", "delta", "K", NULL };
    const cJSON *in = vectors_member(test, "in");
    const cJSON *out = vectors_member(vectors_member(test, "expect"), "out");
    const char *name = vectors_text(test, "name");
    struct kernel_block block = { vectors_number(in, "nC"), vectors_number(in, "xC"),
                                  vectors_number(in, "nB"), vectors_number(in, "xB") };
    struct kernel_guess guess = { vectors_number(in, "qC"), vectors_number(in, "qB") };
    struct kernel_border border = { vectors_number(in, "r"), vectors_number(in, "d") };
    struct kernel_result result;

    vectors_know(name, test, keys);
    vectors_know(name, in, ins);
    vectors_know(name, out, outs);
    kernel_weigh(&block, guess, border, &result);
    vectors_compare(name, result.baseline_rate, vectors_member(out, "piB"));
    vectors_compare(name, result.candidate_rate, vectors_member(out, "piC"));
    vectors_compare(name, result.delta, vectors_member(out, "delta"));
    vectors_compare(name, result.expected, vectors_member(out, "K"));
}

static enum row_name find_row(const char *name)
{
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if (strcmp(row_table[i].name, name) == 0)
            return i;
    }
    cr_assert_fail("there is no row '%s'", name);
    return ROW_COUNT;
}

static void compare_alternatives(const char *name, const struct row *row, const cJSON *expect)
{
    for (int i = 0; i < ROW_ALTERNATIVES; i++) {
        vectors_compare(name, row->alternatives[i].ell,
                        cJSON_GetArrayItem(vectors_member(expect, "ell"), i));
        vectors_compare(name, row->alternatives[i].tok,
                        cJSON_GetArrayItem(vectors_member(expect, "tok"), i));
        vectors_compare(name, row->alternatives[i].z,
                        cJSON_GetArrayItem(vectors_member(expect, "z"), i));
    }
}

static void run_row(const cJSON *test)
{
    static const char *const keys[] = { "kind", "name", "row", "blocks", "expect", NULL };
    static const char *const outs[] = { "LE", "threshold", "height", "ell", "tok", "z", NULL };
    const cJSON *expect = vectors_member(test, "expect");
    const cJSON *blocks = vectors_member(test, "blocks");
    const char *name = vectors_text(test, "name");
    enum row_name which = find_row(vectors_text(test, "row"));
    struct settings settings;
    struct row_rule rule;
    struct row row = { 0 };

    vectors_know(name, test, keys);
    vectors_know(name, expect, outs);
    settings_default(&settings);
    row_table_rule(which, &settings, false, 0, &rule);
    row_reset(&row, &rule, &settings);
    for (int i = 0; i < cJSON_GetArraySize(blocks); i++) {
        const cJSON *in = cJSON_GetArrayItem(blocks, i);
        struct row_block block = {
            .counts = { (uint64_t)at(in, 0), (uint64_t)at(in, 1), (uint64_t)at(in, 2),
                        (uint64_t)at(in, 3) },
            .baseline_rate = at(in, 4),
            .dt_ms = (uint64_t)at(in, 5),
            .phi = at(in, 6),
        };

        cr_assert_eq(cJSON_GetArraySize(in), 7);
        row_table_rule(which, &settings, false, block.baseline_rate, &rule);
        row_add(&row, &rule, &settings, &block);
        vectors_compare(name, row.evidence, cJSON_GetArrayItem(vectors_member(expect, "LE"), i));
    }
    vectors_compare(name, row_threshold(&rule), vectors_member(expect, "threshold"));
    vectors_compare(name, row_height(&rule, &settings), vectors_member(expect, "height"));
    compare_alternatives(name, &row, expect);
}

/* The text before the colon and the reason. */
static const char *answer(struct book *book, const char *version, uint64_t now_ms)
{
    static const char *const answers[] = {
        [BOOK_ALLOWED] = "allowed",
        [BOOK_BLOCKED_VERSION] = "refused: version was rolled back, needs force",
        [BOOK_LIMIT] = "refused: rollback limit, needs operator reset",
        [BOOK_COOLDOWN] = "refused: cool-down",
    };
    struct settings settings;
    struct book_answer out;

    settings_default(&settings);
    book_may_start(book, &settings, (struct book_start){ version, now_ms, false }, &out);
    return answers[out.reason];
}

static void run_book(const cJSON *test)
{
    static const char *const keys[] = { "kind", "name", "ops", "expect", NULL };
    const cJSON *ops = vectors_member(test, "ops");
    const cJSON *out = vectors_member(vectors_member(test, "expect"), "out");
    struct settings settings;
    struct book book = { 0 };

    vectors_know("book", test, keys);
    settings_default(&settings);
    cr_assert_eq(cJSON_GetArraySize(ops), cJSON_GetArraySize(out));
    for (int i = 0; i < cJSON_GetArraySize(ops); i++) {
        const cJSON *op = cJSON_GetArrayItem(ops, i);
        const char *verb = cJSON_GetArrayItem(op, 0)->valuestring;
        const char *version = cJSON_GetArrayItem(op, 2)->valuestring;
        uint64_t now_ms = (uint64_t)at(op, 1);

        cr_assert_eq(cJSON_GetArraySize(op), 3);
        if (strcmp(verb, "rollback") == 0) {
            book_add(&book, &settings, version, now_ms);
            cr_assert(cJSON_IsNull(cJSON_GetArrayItem(out, i)));
        } else {
            cr_assert_str_eq(verb, "may");
            cr_assert_str_eq(answer(&book, version, now_ms),
                             cJSON_GetArrayItem(out, i)->valuestring, "operation %d", i);
        }
    }
}

struct kind {
    const char *name;
    void (*run)(const cJSON *test);
};

static const struct kind kinds[] = {
    { "bucket", run_bucket }, { "kernel", run_kernel },         { "row", run_row },
    { "book", run_book },     { "engine", vectors_run_engine },
};

static void run_case(const cJSON *test)
{
    const char *name = vectors_text(test, "kind");

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            kinds[i].run(test);
            return;
        }
    }
    cr_assert_fail("the kind '%s' is not known", name);
}

Test(vectors, every_case_comes_out_to_nine_digits)
{
    cJSON *root = vectors_load();
    const cJSON *test = NULL;
    unsigned count = 0;

    cJSON_ArrayForEach(test, vectors_member(root, "cases"))
    {
        run_case(test);
        count++;
    }
    if (getenv("SWITCHYARD_VECTORS") == NULL)
        cr_assert_eq(count, 64);
    cr_assert_gt(count, 0);
    cJSON_Delete(root);
}

Test(vectors, the_defaults_are_those_of_the_settings)
{
    cJSON *root = vectors_load();
    const cJSON *option = NULL;
    char words[SETTINGS_WORDS] = "";

    cJSON_ArrayForEach(option, vectors_member(root, "defaults"))
    {
        struct settings expected;
        struct settings settings;

        settings_default(&expected);
        settings_default(&settings);
        cr_assert_eq(vectors_set(&settings, option, words), 0, "%s", words);
        cr_assert_arr_eq(&settings, &expected, sizeof settings, "%s", option->string);
    }
    cJSON_Delete(root);
}

/* One row of the table: name, kind, metric, r, d, tau, sustain, share, and r, d, tau without a baseline. */
static void compare_row(const cJSON *row)
{
    static const double quantiles[BASELINE_EDGES] = { 0.5, 0.95, 0.99, 0.999 };
    static const char *const kind_names[] = { "two", "abs", "hist", "lat" };
    const char *name = cJSON_GetArrayItem(row, 0)->valuestring;
    const char *kind = cJSON_GetArrayItem(row, 1)->valuestring;
    enum row_name which = find_row(name);
    bool is_lat = strcmp(kind, "lat") == 0;
    bool is_paired = is_lat || strcmp(kind, "two") == 0;
    struct settings settings;
    struct row_rule paired;
    struct row_rule alone;
    double rate = 0.25;

    settings_default(&settings);
    row_table_rule(which, &settings, false, rate, &paired);
    row_table_rule(which, &settings, true, rate, &alone);
    cr_assert_str_eq(kind, kind_names[row_table[which].kind]);
    cr_assert_eq(paired.sustain_ms, at(row, 6), "%s", name);
    cr_assert_float_eq(paired.budget, 0.001 * at(row, 7), 1e-15, "%s", name);
    cr_assert_eq(row_table[which].is_hold,
                 strcmp(cJSON_GetArrayItem(row, 11)->valuestring, "hold") == 0);
    if (is_paired) {
        cr_assert_eq(paired.ratio, at(row, 3), "%s", name);
        cr_assert_eq(paired.margin, at(row, 4), "%s", name);
    } else {
        cr_assert_eq(paired.ratio, 0, "%s", name);
    }
    if (strcmp(kind, "two") != 0) {
        cr_assert_eq(alone.ratio, 0, "%s", name);
        cr_assert_float_eq(alone.margin, at(row, 8) * rate + at(row, 9), 1e-15, "%s", name);
    }
    if (!is_lat)
        return;
    cr_assert_eq(quantiles[row_table[which].edge], at(row, 2), "%s", name);
    cr_assert_eq(row_table_tolerance(which, &settings, false), at(row, 5), "%s", name);
    cr_assert_eq(row_table_tolerance(which, &settings, true), at(row, 10), "%s", name);
}

Test(vectors, the_rows_are_those_of_the_table)
{
    cJSON *root = vectors_load();
    const cJSON *row = NULL;
    int i = 0;

    cr_assert_eq(cJSON_GetArraySize(vectors_member(root, "rows")), ROW_COUNT);
    cJSON_ArrayForEach(row, vectors_member(root, "rows")) compare_row(row);
    for (i = 0; i < ROW_ALTERNATIVES; i++)
        cr_assert_eq(row_ladder[i], at(vectors_member(root, "ladder"), i));
    cJSON_Delete(root);
}
