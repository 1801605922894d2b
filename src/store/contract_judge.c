/* A contract beside what a look found: see contract_judge. Pure, any thread. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/contract_priv.h"
#include "store/look_body_priv.h"
#include "store/shape_priv.h"

enum { COLUMN_TYPE = 3, COLUMN_NOT_NULL, COLUMN_DEFAULT, COLUMN_GENERATED, COLUMN_KIND };

struct judge {
    const struct contract *contract;
    const struct look *look;
    struct text *out;
    size_t failures;
};

static void fail(struct judge *judge, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fail(struct judge *judge, const char *format, ...)
{
    char words[512];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    judge->failures++;
    text_add_format(judge->out, "%s\n", words);
}

static bool is_true(const PGresult *rows, int row, int column)
{
    return shape_text(rows, row, column)[0] == 't';
}

static int find(const PGresult *rows, const struct claim *claim, const char *part)
{
    const char *const keys[] = { claim->schema, claim->name, part };

    return shape_find(rows, keys, part != NULL ? 3 : 2);
}

static bool has_type(const struct claim *claim, const char *text)
{
    struct column_type is;

    if (claim->type_count == 0)
        return true;
    if (column_type_parse(text, &is) != 0)
        return false;
    for (unsigned i = 0; i < claim->type_count; i++)
        if (column_type_serves(&is, &claim->types[i]))
            return true;
    return false;
}

static void describe_type(const struct column_type *type, char *out, size_t size)
{
    bool has_modifiers = type->modifiers[0] != '\0';

    snprintf(out, size, "%s%s%s%s%s", type->base, has_modifiers ? "(" : "", type->modifiers,
             has_modifiers ? ")" : "", type->dimensions > 0 ? "[]" : "");
}

static void judge_type(struct judge *judge, const struct claim *claim, int row)
{
    const char *is = shape_text(judge->look->columns, row, COLUMN_TYPE);
    char wanted[224];

    if (has_type(claim, is))
        return;
    describe_type(&claim->types[0], wanted, sizeof wanted);
    fail(judge,
         "column %s.%s.%s is %s, the release needs %s: add a new column instead of changing one",
         claim->schema, claim->name, claim->part, is, wanted);
}

/* Of views the catalog says neither. */
static bool is_view(const PGresult *columns, int row)
{
    return strchr("vm", shape_text(columns, row, COLUMN_KIND)[0]) != NULL;
}

static void judge_column_rules(struct judge *judge, const struct claim *claim, int row)
{
    const PGresult *columns = judge->look->columns;
    bool is_not_null = is_true(columns, row, COLUMN_NOT_NULL);
    bool has_default = is_true(columns, row, COLUMN_DEFAULT);

    if (claim->nullable == CLAIM_YES && is_not_null)
        fail(judge,
             "column %s.%s.%s is NOT NULL, the release writes NULL: DROP NOT NULL until it "
             "is gone",
             claim->schema, claim->name, claim->part);
    if (claim->nullable == CLAIM_NO && !is_not_null)
        fail(judge,
             "column %s.%s.%s may be NULL, the release needs NOT NULL: fill it, then SET "
             "NOT NULL",
             claim->schema, claim->name, claim->part);
    if (claim->has_default == CLAIM_YES && !has_default)
        fail(judge, "column %s.%s.%s has no default, the release relies on one: SET DEFAULT",
             claim->schema, claim->name, claim->part);
    if (claim->has_default == CLAIM_NO && has_default)
        fail(judge, "column %s.%s.%s has a default, the release needs none: DROP DEFAULT",
             claim->schema, claim->name, claim->part);
}

static void judge_column(struct judge *judge, const struct claim *claim)
{
    int row = find(judge->look->columns, claim, claim->part);

    if (row < 0 && find(judge->look->columns, claim, NULL) < 0)
        return; /* the table says so */
    if (row < 0) {
        fail(judge, "column %s.%s.%s is missing: add it, or keep it until no release needs it",
             claim->schema, claim->name, claim->part);
        return;
    }
    judge_type(judge, claim, row);
    if (!is_view(judge->look->columns, row))
        judge_column_rules(judge, claim, row);
}

static bool is_claimed(const struct judge *judge, enum claim_stance stance,
                       const struct claim *whole, enum claim_kind kind, const char *part)
{
    struct claim like = *whole;
    char text[256];

    snprintf(text, sizeof text, "%s", part);
    like.stance = stance;
    like.kind = kind;
    like.part = text;
    return contract_find(judge->contract, &like) != NULL;
}

/* A column that the release does not know and an INSERT must name. */
static void judge_stranger(struct judge *judge, const struct claim *table, int row)
{
    const PGresult *columns = judge->look->columns;
    const char *name = shape_text(columns, row, 2);

    if (name[0] == '\0' || !is_true(columns, row, COLUMN_NOT_NULL) ||
        is_true(columns, row, COLUMN_DEFAULT) || is_true(columns, row, COLUMN_GENERATED) ||
        is_claimed(judge, CLAIM_NEEDS, table, CLAIM_COLUMN, name) ||
        is_claimed(judge, CLAIM_TOLERATES, table, CLAIM_COLUMN, name))
        return;
    fail(judge,
         "column %s.%s.%s is NOT NULL without a default and the release does not write it: give it "
         "a default or DROP NOT NULL",
         table->schema, table->name, name);
}

/* Without a word about columns nothing is known of what an INSERT names. */
static void judge_table(struct judge *judge, const struct claim *claim)
{
    const char *const keys[] = { claim->schema, claim->name };
    int row = find(judge->look->columns, claim, NULL);

    if (row < 0) {
        fail(judge, "table %s.%s is missing: create it, or a view of that name", claim->schema,
             claim->name);
        return;
    }
    if (!claim->is_written || is_view(judge->look->columns, row) || !claim->has_columns)
        return;
    for (; row >= 0; row = shape_next(judge->look->columns, row, keys, 2))
        judge_stranger(judge, claim, row);
}

static void judge_enum(struct judge *judge, const struct claim *claim)
{
    const char *const keys[] = { claim->schema, claim->name };
    int row = find(judge->look->enums, claim, NULL);

    if (row < 0)
        fail(judge, "enum %s.%s is missing: CREATE TYPE", claim->schema, claim->name);
    for (; claim->is_closed && row >= 0; row = shape_next(judge->look->enums, row, keys, 2)) {
        const char *label = shape_text(judge->look->enums, row, 2);

        if (!is_claimed(judge, CLAIM_NEEDS, claim, CLAIM_LABEL, label) &&
            !is_claimed(judge, CLAIM_TOLERATES, claim, CLAIM_LABEL, label))
            fail(judge,
                 "enum %s.%s has the label '%s', which the release does not know: teach it the "
                 "label first, or name it under tolerates",
                 claim->schema, claim->name, label);
    }
}

static void judge_label(struct judge *judge, const struct claim *claim)
{
    if (find(judge->look->enums, claim, NULL) >= 0 &&
        find(judge->look->enums, claim, claim->part) < 0)
        fail(judge, "enum %s.%s has no label '%s': ALTER TYPE … ADD VALUE", claim->schema,
             claim->name, claim->part);
}

static void judge_index(struct judge *judge, const struct claim *claim)
{
    const PGresult *indexes = judge->look->indexes;
    int row = find(indexes, claim, NULL);

    if (row >= 0 && claim->part[0] != '\0' && strcmp(shape_text(indexes, row, 2), claim->part) != 0)
        row = -1;
    if (row < 0)
        fail(judge, "index %s.%s%s%s is missing: CREATE INDEX CONCURRENTLY", claim->schema,
             claim->name, claim->part[0] != '\0' ? " on " : "", claim->part);
    else if (!is_true(indexes, row, 3))
        fail(judge, "index %s.%s is invalid: drop it and build it again CONCURRENTLY",
             claim->schema, claim->name);
}

static bool has_function(const struct judge *judge, const struct claim *claim)
{
    return find(judge->look->functions, claim, claim->part) >= 0;
}

static void judge_needed(struct judge *judge, const struct claim *claim)
{
    switch (claim->kind) {
    case CLAIM_TABLE: judge_table(judge, claim); return;
    case CLAIM_COLUMN: judge_column(judge, claim); return;
    case CLAIM_ENUM: judge_enum(judge, claim); return;
    case CLAIM_LABEL: judge_label(judge, claim); return;
    case CLAIM_INDEX: judge_index(judge, claim); return;
    case CLAIM_FUNCTION: break;
    }
    if (!has_function(judge, claim))
        fail(judge, "function %s.%s%s%s%s is missing: create it", claim->schema, claim->name,
             claim->part != NULL ? "(" : "", claim->part != NULL ? claim->part : "",
             claim->part != NULL ? ")" : "");
}

static void judge_forbidden(struct judge *judge, const struct claim *claim)
{
    const char *remedy = "drop it by a contract migration";

    switch (claim->kind) {
    case CLAIM_TABLE:
        if (find(judge->look->columns, claim, NULL) >= 0)
            fail(judge, "table %s.%s must not be there: %s", claim->schema, claim->name, remedy);
        return;
    case CLAIM_COLUMN:
        if (find(judge->look->columns, claim, claim->part) >= 0)
            fail(judge, "column %s.%s.%s must not be there: %s", claim->schema, claim->name,
                 claim->part, remedy);
        return;
    case CLAIM_ENUM: return; /* its labels are what is meant */
    case CLAIM_LABEL:
        if (find(judge->look->enums, claim, claim->part) >= 0)
            fail(judge, "enum %s.%s must not have the label '%s'", claim->schema, claim->name,
                 claim->part);
        return;
    case CLAIM_INDEX:
        if (find(judge->look->indexes, claim, NULL) >= 0)
            fail(judge, "index %s.%s must not be there: %s", claim->schema, claim->name, remedy);
        return;
    case CLAIM_FUNCTION: break;
    }
    if (has_function(judge, claim))
        fail(judge, "function %s.%s must not be there: %s", claim->schema, claim->name, remedy);
}

size_t contract_judge(const struct contract *contract, const struct look *look, struct text *out)
{
    struct judge judge = { .contract = contract, .look = look, .out = out };

    CHECK(look->shape.is_known);
    for (size_t i = 0; i < contract->claim_count; i++) {
        const struct claim *claim = &contract->claims[i];

        if (claim->stance == CLAIM_NEEDS)
            judge_needed(&judge, claim);
        else if (claim->stance == CLAIM_FORBIDS)
            judge_forbidden(&judge, claim);
    }
    return judge.failures;
}
