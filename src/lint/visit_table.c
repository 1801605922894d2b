/* CREATE TABLE, CREATE TABLE AS, views and indexes. Called by visit_statement. */
#include <stdio.h>
#include <string.h>

#include "lint/visit_column_priv.h"
#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

enum { WIDE_INDEX_COLUMNS = 3 };

/* A table that is being made. */
struct creation {
    struct visit *visit;
    struct entry *table;
    const char *relation;
    bool has_key;
};

static void create_foreign(const struct creation *make, const cJSON *constraint)
{
    struct sql_name target = sql_name_of_range(sql_get(constraint, "pktable"));
    struct entry *entry = visit_relation(make->visit, target);
    const char *relation = NULL;

    if (entry == make->table)
        return;
    relation = visit_lock(make->visit, target, LINT_LOCK_SRE);
    if (!visit_is_new(make->visit, entry))
        visit_find(make->visit, LINT_CREATE_TABLE_REFERENCES, relation, "");
}

static void create_constraint(struct creation *make, const cJSON *constraint, const char *column)
{
    const char *type = sql_text(constraint, "contype");

    make->has_key = make->has_key || strcmp(type, "CONSTR_PRIMARY") == 0;
    if (strcmp(type, "CONSTR_FOREIGN") == 0)
        create_foreign(make, constraint);
    if (strcmp(type, "CONSTR_GENERATED") == 0)
        visit_parallel(make->visit, make->relation, "generated columns are not replicated");
    if (strcmp(type, "CONSTR_CHECK") == 0 || strcmp(type, "CONSTR_PRIMARY") == 0 ||
        strcmp(type, "CONSTR_UNIQUE") == 0 || strcmp(type, "CONSTR_FOREIGN") == 0)
        visit_constraint_define(make->visit, make->table, constraint, column);
}

static void create_column(struct creation *make, const cJSON *column)
{
    const char *name = sql_text(column, "colname");
    const cJSON *item = NULL;
    struct column *added = NULL;

    make->visit->location = sql_int(column, "location");
    if (catalog_column(make->table, name) != NULL) {
        visit_find(make->visit, LINT_DUPLICATE_COLUMN, make->relation, name);
        return;
    }
    added = visit_column_define(make->visit, make->table, column);
    visit_column_style(make->visit, name, &added->type);
    cJSON_ArrayForEach(item, sql_get(column, "constraints"))
        create_constraint(make, sql_get(item, "Constraint"), name);
}

/* The columns that a primary key of the table names cannot be NULL. */
static void mark_keys(const struct creation *make, const cJSON *constraint)
{
    const cJSON *item = NULL;

    if (!sql_word(constraint, "contype", "CONSTR_PRIMARY"))
        return;
    cJSON_ArrayForEach(item, sql_get(constraint, "keys"))
    {
        struct column *column = catalog_column(make->table, sql_string(item));

        if (column != NULL)
            column->is_not_null = true;
    }
}

static void create_elements(struct creation *make, const cJSON *elements)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, elements)
    {
        const cJSON *body = sql_body(item);

        if (sql_is(item, "ColumnDef")) {
            create_column(make, body);
        } else if (sql_is(item, "Constraint")) {
            const char *column = sql_string(cJSON_GetArrayItem(sql_get(body, "keys"), 0));

            make->visit->location = sql_int(body, "location");
            create_constraint(make, body, column);
            mark_keys(make, body);
        } else {
            make->has_key = true; /* LIKE brings what we cannot see */
        }
    }
    make->visit->location = 0;
}

static void lock_parents(struct visit *visit, const cJSON *body)
{
    bool is_partition = sql_get(body, "partbound") != NULL;
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, sql_get(body, "inhRelations"))
    {
        struct sql_name parent = sql_name_of_range(sql_get(item, "RangeVar"));
        bool is_new = visit_is_new(visit, visit_relation(visit, parent));
        const char *relation =
            visit_lock(visit, parent, is_partition ? LINT_LOCK_AE : LINT_LOCK_SUE);

        if (is_partition && !is_new)
            visit_find(visit, LINT_CREATE_PARTITION, relation, "");
    }
}

void visit_create_table(struct visit *visit, const cJSON *body)
{
    const cJSON *range = sql_get(body, "relation");
    struct sql_name name = sql_name_of_range(range);
    struct creation make = { .visit = visit, .relation = visit_name(visit, name) };
    bool is_temporary = sql_word(range, "relpersistence", "t");
    bool is_known = visit_relation(visit, name) != NULL;

    visit_repeatable(visit, sql_flag(body, "if_not_exists") || is_temporary);
    if (is_known && sql_flag(body, "if_not_exists"))
        return;
    if (sql_word(range, "relpersistence", "u"))
        visit_parallel(visit, make.relation, "an UNLOGGED table is not replicated");
    lock_parents(visit, body);
    make.table = catalog_add(visit->catalog, ENTRY_TABLE, name, visit->file_number);
    make.has_key = is_temporary || sql_get(body, "inhRelations") != NULL ||
                   sql_get(body, "ofTypename") != NULL;
    if (is_known)
        return; /* PostgreSQL will refuse it; IF EXISTS before it may have been meant */
    create_elements(&make, sql_get(body, "tableElts"));
    create_elements(&make, sql_get(body, "constraints"));
    if (!make.has_key) {
        struct lint_finding *finding = visit_find(visit, LINT_NO_PRIMARY_KEY, make.relation, "");

        if (visit->options->is_parallel) {
            finding->class = LINT_BREAKS_ROLLBACK;
            finding->points = 60;
        }
    }
}

void visit_create_table_as(struct visit *visit, const cJSON *body)
{
    const cJSON *range = sql_get(sql_get(body, "into"), "rel");
    struct sql_name name = sql_name_of_range(range);
    bool is_view = sql_word(body, "objtype", "OBJECT_MATVIEW");
    bool is_temporary = sql_word(range, "relpersistence", "t");

    visit_repeatable(visit, sql_flag(body, "if_not_exists") || is_temporary);
    if (visit_relation(visit, name) != NULL)
        return;
    (void)catalog_add(visit->catalog, is_view ? ENTRY_MATVIEW : ENTRY_TABLE, name,
                      visit->file_number);
    if (!is_view && !is_temporary)
        visit_find(visit, LINT_NO_PRIMARY_KEY, visit_name(visit, name), "");
}

void visit_view(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "view"));
    struct entry *entry = visit_relation(visit, name);
    bool is_replacing =
        sql_flag(body, "replace") && (entry != NULL || !catalog_is_complete(visit->catalog));

    if (is_replacing && !visit_is_new(visit, entry)) {
        const char *relation = visit_lock(visit, name, LINT_LOCK_AE);

        visit_find(visit, LINT_REPLACE_VIEW, relation, "");
    }
    (void)catalog_add(visit->catalog, ENTRY_VIEW, name,
                      is_replacing && entry == NULL ? UNKNOWN_FILE : visit->file_number);
}

/* PostgreSQL's own name for an index without one, near enough for words. */
static void index_name(const cJSON *body, struct sql_name table, char *out, size_t size)
{
    const cJSON *first = cJSON_GetArrayItem(sql_get(body, "indexParams"), 0);
    const char *column = sql_text(sql_get(first, "IndexElem"), "name");

    if (sql_text(body, "idxname")[0] != '\0')
        snprintf(out, size, "%s", sql_text(body, "idxname"));
    else
        snprintf(out, size, "%.90s_%.90s_idx", table.name, column[0] != '\0' ? column : "expr");
}

static void define_index(struct visit *visit, const cJSON *body, struct sql_name table,
                         const char *name)
{
    struct entry *entry = NULL;

    entry =
        catalog_add(visit->catalog, ENTRY_INDEX,
                    (struct sql_name){ .schema = table.schema, .name = name }, visit->file_number);
    entry->table = visit_relation(visit, table);
    entry->is_unique = sql_flag(body, "unique");
}

void visit_index(struct visit *visit, const cJSON *body)
{
    struct sql_name table = sql_name_of_range(sql_get(body, "relation"));
    bool is_concurrent = sql_flag(body, "concurrent");
    bool is_guarded = sql_flag(body, "if_not_exists");
    bool is_new = visit_is_new(visit, visit_relation(visit, table));
    const char *relation = visit_name(visit, table);
    char name[256];

    index_name(body, table, name, sizeof name);
    visit_repeatable(visit, is_guarded);
    if (is_concurrent && visit_needs_no_transaction(visit, "CREATE INDEX", true))
        return;
    (void)visit_lock(visit, table, is_concurrent ? LINT_LOCK_SUE : LINT_LOCK_SHARE);
    if (is_concurrent && is_guarded)
        visit_find(visit, LINT_CONCURRENT_INDEX_IF_NOT_EXISTS, relation, name);
    else if (!is_concurrent && !is_new)
        visit_find(visit, LINT_CREATE_INDEX_NONCONCURRENT, relation, name);
    if (!sql_flag(body, "unique") &&
        cJSON_GetArraySize(sql_get(body, "indexParams")) > WIDE_INDEX_COLUMNS)
        visit_find(visit, LINT_WIDE_INDEX, relation, name);
    define_index(visit, body, table, name);
}
