/* ADD COLUMN and ADD CONSTRAINT of ALTER TABLE. Called by visit_alter.c. */
#include <stdio.h>
#include <string.h>

#include "lint/visit_column_priv.h"
#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

static const cJSON *find_constraint(const cJSON *column, const char *kind)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, sql_get(column, "constraints"))
    {
        const cJSON *body = sql_get(item, "Constraint");

        if (sql_word(body, "contype", kind))
            return body;
    }
    return NULL;
}

/* The default's expression; DEFAULT NULL counts as none. */
static const cJSON *find_default(const cJSON *column)
{
    const cJSON *value = sql_get(find_constraint(column, "CONSTR_DEFAULT"), "raw_expr");
    const cJSON *inner = value;

    while (sql_is(inner, "TypeCast"))
        inner = sql_get(sql_body(inner), "arg");
    return sql_flag(sql_get(inner, "A_Const"), "isnull") ? NULL : value;
}

static const struct entry *find_type(const struct visit *visit, const struct sql_type *type)
{
    struct sql_name name = { .schema = type->schema, .name = type->name };

    return type->name != NULL ? catalog_find(visit->catalog, SPACE_TYPE, name) : NULL;
}

static bool is_named(const struct sql_type *type, const char *name)
{
    return type->name != NULL && type->schema[0] == '\0' && strcmp(type->name, name) == 0;
}

void visit_column_style(struct visit *visit, const char *name, const struct sql_type *type)
{
    bool is_integer = is_named(type, "int4") || is_named(type, "int2") ||
                      is_named(type, "serial") || is_named(type, "serial4") ||
                      is_named(type, "smallserial") || is_named(type, "serial2");

    if (is_integer)
        visit_find(visit, LINT_PREFER_BIGINT, "", name);
    if (sql_type_is_serial(type))
        visit_find(visit, LINT_PREFER_IDENTITY, "", name);
    if (is_named(type, "varchar") && type->mod_count > 0)
        visit_find(visit, LINT_PREFER_TEXT, "", name);
    if (is_named(type, "timestamp"))
        visit_find(visit, LINT_PREFER_TIMESTAMPTZ, "", name);
    if (is_named(type, "bpchar"))
        visit_find(visit, LINT_BAN_CHAR, "", name);
    if (is_named(type, "oid") || is_named(type, "lo"))
        visit_parallel(visit, "", "large objects are not replicated");
}

struct column *visit_column_define(struct visit *visit, struct entry *table, const cJSON *column)
{
    struct column *added =
        catalog_add_column(visit->catalog, table, sql_text(column, "colname"), visit->file_number);

    added->type = sql_type_of(visit->arena, sql_get(column, "typeName"));
    added->has_default = find_default(column) != NULL || sql_type_is_serial(&added->type) ||
                         find_constraint(column, "CONSTR_IDENTITY") != NULL;
    added->is_not_null = find_constraint(column, "CONSTR_NOTNULL") != NULL ||
                         find_constraint(column, "CONSTR_PRIMARY") != NULL ||
                         find_constraint(column, "CONSTR_IDENTITY") != NULL ||
                         sql_type_is_serial(&added->type);
    return added;
}

/* What the new column is called, and of what. */
struct addition {
    struct visit *visit;
    const char *relation;
    const char *name;
    const cJSON *column;
    const struct entry *table;
};

/* How each row gets its value: a rewrite, or nothing. */
static void judge_value(const struct addition *add, const struct sql_type *type)
{
    const cJSON *value = find_default(add->column);
    const cJSON *generated = find_constraint(add->column, "CONSTR_GENERATED");
    const struct entry *domain = find_type(add->visit, type);
    enum lint_rule_id rule = LINT_RULES;

    if (sql_type_is_serial(type))
        rule = LINT_ADD_COLUMN_SERIAL;
    else if (find_constraint(add->column, "CONSTR_IDENTITY") != NULL)
        rule = LINT_ADD_COLUMN_IDENTITY;
    else if (generated != NULL)
        rule = LINT_ADD_COLUMN_STORED_GENERATED;
    else if (value != NULL && visit_is_volatile(value))
        rule = LINT_ADD_COLUMN_VOLATILE_DEFAULT;
    else if (domain != NULL && domain->kind == ENTRY_DOMAIN && domain->is_constrained)
        rule = LINT_ADD_COLUMN_VOLATILE_DEFAULT;
    if (generated != NULL)
        visit_parallel(add->visit, add->relation, "generated columns are not replicated");
    if (rule == LINT_RULES)
        return;
    visit_find(add->visit, rule, add->relation, add->name);
    visit_rewrite(add->visit, add->table);
}

static void judge_presence(const struct addition *add, const struct sql_type *type)
{
    bool is_filled = find_default(add->column) != NULL || sql_type_is_serial(type) ||
                     find_constraint(add->column, "CONSTR_IDENTITY") != NULL ||
                     find_constraint(add->column, "CONSTR_GENERATED") != NULL;
    bool is_required = find_constraint(add->column, "CONSTR_NOTNULL") != NULL ||
                       find_constraint(add->column, "CONSTR_PRIMARY") != NULL;

    if (!is_required || is_filled)
        return;
    visit_find(add->visit, LINT_ADD_REQUIRED_COLUMN, add->relation, add->name);
    visit_parallel(add->visit, add->relation, "the other side sends no value for it");
}

static void judge_constraints(const struct addition *add)
{
    const cJSON *foreign = find_constraint(add->column, "CONSTR_FOREIGN");

    if (find_constraint(add->column, "CONSTR_UNIQUE") != NULL ||
        find_constraint(add->column, "CONSTR_PRIMARY") != NULL)
        visit_find(add->visit, LINT_ADD_COLUMN_UNIQUE, add->relation, add->name);
    if (find_constraint(add->column, "CONSTR_CHECK") != NULL)
        visit_find(add->visit, LINT_ADD_COLUMN_CHECK, add->relation, add->name);
    if (foreign == NULL)
        return;
    visit_find(add->visit,
               find_default(add->column) != NULL ? LINT_ADD_COLUMN_REFERENCES_DEFAULT
                                                 : LINT_ADD_COLUMN_REFERENCES,
               add->relation, add->name);
    (void)visit_lock(add->visit, sql_name_of_range(sql_get(foreign, "pktable")), LINT_LOCK_SRE);
}

void visit_add_column(struct visit *visit, struct sql_name table, const cJSON *column)
{
    struct entry *entry = visit_relation(visit, table);
    struct addition add = { .visit = visit,
                            .relation = visit_name(visit, table),
                            .name = sql_text(column, "colname"),
                            .column = column,
                            .table = entry };
    struct sql_type type = sql_type_of(visit->arena, sql_get(column, "typeName"));

    if (catalog_column(entry, add.name) != NULL) {
        if (!visit->is_inner) /* code may look before it adds */
            visit_find(visit, LINT_DUPLICATE_COLUMN, add.relation, add.name);
        return;
    }
    if (!visit_is_new(visit, entry)) {
        judge_value(&add, &type);
        judge_presence(&add, &type);
        judge_constraints(&add);
        if (is_named(&type, "json"))
            visit_find(visit, LINT_ADD_COLUMN_JSON, add.relation, add.name);
    }
    visit_column_style(visit, add.name, &type);
    if (entry == NULL) /* known by this column only, so that a backfill is seen as one */
        entry = catalog_add(visit->catalog, ENTRY_TABLE, table, UNKNOWN_FILE);
    (void)visit_column_define(visit, entry, column);
}

/* The column of CHECK (column IS NOT NULL), or NULL. */
static const char *present_column(const cJSON *expression)
{
    const cJSON *test = sql_get(expression, "NullTest");
    const cJSON *reference = sql_get(sql_get(test, "arg"), "ColumnRef");
    const cJSON *fields = sql_get(reference, "fields");

    if (test == NULL || !sql_word(test, "nulltesttype", "IS_NOT_NULL"))
        return NULL;
    return cJSON_GetArraySize(fields) == 1 ? sql_string(cJSON_GetArrayItem(fields, 0)) : NULL;
}

void visit_constraint_define(struct visit *visit, struct entry *table, const cJSON *constraint,
                             const char *column)
{
    enum constraint_kind kind = CONSTRAINT_OTHER;
    const char *present = NULL;
    struct constraint *added = NULL;
    char name[200];

    snprintf(name, sizeof name, "%s", sql_text(constraint, "conname"));
    if (sql_word(constraint, "contype", "CONSTR_CHECK")) {
        kind = CONSTRAINT_CHECK;
        present = present_column(sql_get(constraint, "raw_expr"));
        if (name[0] == '\0')
            snprintf(name, sizeof name, "%.90s%s%.90s_check", table->name, column[0] ? "_" : "",
                     column);
    } else if (sql_word(constraint, "contype", "CONSTR_PRIMARY")) {
        kind = CONSTRAINT_UNIQUE;
        if (name[0] == '\0')
            snprintf(name, sizeof name, "%.150s_pkey", table->name);
    } else if (sql_word(constraint, "contype", "CONSTR_UNIQUE")) {
        kind = CONSTRAINT_UNIQUE;
        if (name[0] == '\0')
            snprintf(name, sizeof name, "%.90s_%.90s_key", table->name, column);
    } else if (sql_word(constraint, "contype", "CONSTR_FOREIGN")) {
        kind = CONSTRAINT_FOREIGN;
        if (name[0] == '\0')
            snprintf(name, sizeof name, "%.90s_%.90s_fkey", table->name, column);
    }
    added = catalog_add_constraint(visit->catalog, table, kind, name);
    added->is_valid = !sql_flag(constraint, "skip_validation");
    added->present = present != NULL ? catalog_text(visit->arena, present) : NULL;
    added->transaction = visit->transaction;
    if (kind == CONSTRAINT_FOREIGN)
        added->refers = visit_relation(visit, sql_name_of_range(sql_get(constraint, "pktable")));
}

/* The rule, and the lock on the table. */
static enum lint_rule_id judge_constraint(const cJSON *constraint, enum lint_lock *lock)
{
    bool is_lazy = sql_flag(constraint, "skip_validation");
    bool has_index = sql_text(constraint, "indexname")[0] != '\0';

    *lock = LINT_LOCK_AE;
    if (sql_word(constraint, "contype", "CONSTR_CHECK"))
        return is_lazy ? LINT_ADD_CHECK_NOT_VALID : LINT_ADD_CHECK_CONSTRAINT;
    if (sql_word(constraint, "contype", "CONSTR_EXCLUSION"))
        return LINT_ADD_EXCLUSION_CONSTRAINT;
    if (sql_word(constraint, "contype", "CONSTR_FOREIGN")) {
        *lock = LINT_LOCK_SRE;
        return is_lazy ? LINT_ADD_FOREIGN_KEY_NOT_VALID : LINT_ADD_FOREIGN_KEY;
    }
    if (has_index)
        return LINT_CONSTRAINT_USING_INDEX;
    if (sql_word(constraint, "contype", "CONSTR_PRIMARY"))
        return LINT_ADD_PRIMARY_KEY;
    return sql_word(constraint, "contype", "CONSTR_UNIQUE") ? LINT_ADD_UNIQUE_CONSTRAINT
                                                            : LINT_ALTER_TABLE_OTHER;
}

/* The keys of a table constraint: "pk_attrs" and such are lists of names. */
static const char *first_key(const cJSON *constraint)
{
    const char *const lists[] = { "keys", "fk_attrs" };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (sql_get(constraint, lists[i]) != NULL)
            return sql_string(cJSON_GetArrayItem(sql_get(constraint, lists[i]), 0));
    return "";
}

void visit_add_constraint(struct visit *visit, struct sql_name table, const cJSON *constraint)
{
    struct entry *entry = visit_relation(visit, table);
    enum lint_lock lock = LINT_LOCK_AE;
    enum lint_rule_id rule = judge_constraint(constraint, &lock);
    const char *relation = visit_lock(visit, table, lock);
    const char *name = sql_text(constraint, "conname");

    if (sql_word(constraint, "contype", "CONSTR_FOREIGN"))
        (void)visit_lock(visit, sql_name_of_range(sql_get(constraint, "pktable")), LINT_LOCK_SRE);
    if (!visit_is_new(visit, entry))
        visit_find(visit, rule, relation, name[0] != '\0' ? name : first_key(constraint));
    if (entry == NULL)
        entry = catalog_add(visit->catalog, ENTRY_TABLE, table, UNKNOWN_FILE);
    visit_constraint_define(visit, entry, constraint, first_key(constraint));
}
