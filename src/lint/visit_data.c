/* Statements that read or change rows. Called by visit_statement. */
#include <string.h>

#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"
#include "lint/volatility_priv.h"

static bool is_system(struct sql_name name)
{
    if (strcmp(name.schema, "pg_catalog") == 0 || strcmp(name.schema, "information_schema") == 0)
        return true;
    return name.schema[0] == '\0' && strncmp(name.name, "pg_", 3) == 0;
}

/* What changes rows inside WITH runs as a statement of its own would. */
static void visit_with(struct visit *visit, const cJSON *body)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, sql_get(sql_get(body, "withClause"), "ctes"))
    {
        const cJSON *query = sql_get(sql_get(item, "CommonTableExpr"), "ctequery");

        if (sql_is(query, "UpdateStmt"))
            visit_update(visit, sql_body(query));
        else if (sql_is(query, "DeleteStmt"))
            visit_delete(visit, sql_body(query));
        else if (sql_is(query, "InsertStmt"))
            visit_insert(visit, sql_body(query));
    }
}

/* The relation that is written to; NULL when there is nothing more to say about it. */
static const char *begin_write(struct visit *visit, struct sql_name name)
{
    const char *relation = visit_lock(visit, name, LINT_LOCK_ROW_EXCLUSIVE);

    if (is_system(name))
        visit_find(visit, LINT_SYSTEM_CATALOG_WRITE, relation, "");
    return is_system(name) || visit_is_new(visit, visit_relation(visit, name)) ? NULL : relation;
}

/* Names in a list of ResTarget nodes that come twice. */
static void find_twice(struct visit *visit, const char *relation, const cJSON *targets)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, targets)
    {
        const char *name = sql_text(sql_get(item, "ResTarget"), "name");
        bool has_path = sql_get(sql_get(item, "ResTarget"), "indirection") != NULL;
        const cJSON *before = targets->child;

        while (before != item &&
               (has_path || strcmp(sql_text(sql_get(before, "ResTarget"), "name"), name) != 0))
            before = before->next;
        if (before != item && name[0] != '\0')
            visit_find(visit, LINT_DUPLICATE_ASSIGNMENT, relation, name);
        if (before != item)
            return; /* once is enough, and long lists stay cheap */
    }
}

static bool touches_new_columns_only(const struct visit *visit, const struct entry *table,
                                     const cJSON *targets)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, targets)
    {
        const char *name = sql_text(sql_get(item, "ResTarget"), "name");

        if (!visit_is_new_column(visit, catalog_column(table, name)))
            return false;
    }
    return true;
}

void visit_update(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    const struct entry *entry = visit_relation(visit, name);
    const cJSON *targets = sql_get(body, "targetList");
    const cJSON *where = sql_get(body, "whereClause");
    bool is_limited = where != NULL && !visit_is_always_true(where);
    const char *relation = begin_write(visit, name);

    visit_with(visit, body);
    find_twice(visit, visit_name(visit, name), targets);
    if (relation == NULL)
        return;
    if (visit_in_transaction(visit) && entry != NULL && entry->transaction == visit->transaction)
        visit_find(visit, LINT_BACKFILL_IN_DDL_TRANSACTION, relation, "");
    if (touches_new_columns_only(visit, entry, targets))
        visit_find(visit, is_limited ? LINT_BACKFILL : LINT_BACKFILL_UNBATCHED, relation, "");
    else
        visit_find(visit, is_limited ? LINT_UPDATE_WHERE : LINT_UPDATE_WITHOUT_WHERE, relation, "");
}

void visit_delete(struct visit *visit, const cJSON *body)
{
    const cJSON *where = sql_get(body, "whereClause");
    bool is_limited = where != NULL && !visit_is_always_true(where);
    const char *relation = begin_write(visit, sql_name_of_range(sql_get(body, "relation")));

    visit_with(visit, body);
    if (relation != NULL)
        visit_find(visit, is_limited ? LINT_DELETE_WHERE : LINT_DELETE_WITHOUT_WHERE, relation, "");
}

/* A SELECT that reads from somewhere: how many rows it gives is not written down. */
static bool reads_rows(const cJSON *select)
{
    if (select == NULL)
        return false;
    if (sql_get(select, "fromClause") != NULL)
        return true;
    return reads_rows(sql_get(select, "larg")) || reads_rows(sql_get(select, "rarg"));
}

void visit_insert(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    const cJSON *conflict = sql_get(body, "onConflictClause");
    const char *relation = begin_write(visit, name);

    visit_with(visit, body);
    find_twice(visit, visit_name(visit, name), sql_get(body, "cols"));
    find_twice(visit, visit_name(visit, name), sql_get(conflict, "targetList"));
    if (reads_rows(sql_get(sql_get(body, "selectStmt"), "SelectStmt")))
        visit_find(visit, LINT_INSERT_SELECT, visit_name(visit, name), "");
    if (relation != NULL && sql_word(conflict, "action", "ONCONFLICT_UPDATE"))
        visit_find(visit, LINT_UPDATE_WHERE, relation, "");
}

void visit_merge(struct visit *visit, const cJSON *body)
{
    const char *relation = begin_write(visit, sql_name_of_range(sql_get(body, "relation")));

    visit_newer(visit, 15, "MERGE");
    visit_with(visit, body);
    if (relation != NULL)
        visit_find(visit, LINT_MERGE, relation, "");
}

void visit_copy(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    const cJSON *query = sql_get(body, "query");

    if (query != NULL) {
        visit_statement(visit, query);
        return;
    }
    if (!sql_flag(body, "is_from"))
        return;
    (void)begin_write(visit, name);
    visit_find(visit, LINT_COPY_FROM, visit_name(visit, name), "");
}

void visit_truncate(struct visit *visit, const cJSON *body)
{
    bool is_cascade = sql_word(body, "behavior", "DROP_CASCADE");
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, sql_get(body, "relations"))
    {
        const cJSON *range = sql_get(item, "RangeVar");
        struct sql_name name = sql_name_of_range(range);
        const struct entry *entry = visit_relation(visit, name);
        const char *relation = visit_lock(visit, name, LINT_LOCK_AE);

        visit->location = sql_int(range, "location");
        if (visit_is_new(visit, entry))
            continue;
        visit_find(visit, is_cascade ? LINT_TRUNCATE_CASCADE : LINT_TRUNCATE, relation, "");
        visit_rewrite(visit, entry);
    }
    visit->location = 0;
}

/* --- functions that are called for what they do --- */

static void note_set_config(struct visit *visit, const cJSON *arguments)
{
    const cJSON *name = sql_get(sql_get(cJSON_GetArrayItem(arguments, 0), "A_Const"), "sval");
    const cJSON *value = sql_get(sql_get(cJSON_GetArrayItem(arguments, 1), "A_Const"), "sval");
    const char *words = sql_text(value, "sval");

    if (sql_word(name, "sval", "lock_timeout") && strcmp(words, "0") != 0)
        visit->has_local_timeout = true;
    if (sql_word(name, "sval", "search_path") && words[0] != '\0' && strchr(words, ',') == NULL)
        catalog_set_schema(visit->catalog, words);
}

static bool judge_call(void *arg, const cJSON *body)
{
    struct visit *visit = arg;
    struct sql_name name = sql_name_of_list(sql_get(body, "funcname"));

    visit->location = sql_int(body, "location");
    if (strcmp(name.name, "set_config") == 0)
        note_set_config(visit, sql_get(body, "args"));
    if (strcmp(name.name, "setval") == 0)
        visit_find(visit, LINT_SETVAL, "", "setval");
    else if (!volatility_is_stable(name) && !volatility_is_harmless(name))
        visit_find(visit, LINT_OPAQUE_FUNCTION_CALL, "", name.name);
    if (strncmp(name.name, "lo_", 3) == 0)
        visit_parallel(visit, "", "large objects are not replicated");
    return false;
}

void visit_select(struct visit *visit, const cJSON *body)
{
    const cJSON *into = sql_get(sql_get(body, "intoClause"), "rel");

    visit_with(visit, body);
    (void)sql_find(body, "FuncCall", judge_call, visit);
    visit->location = 0;
    if (into != NULL && !visit->is_inner) /* inside plpgsql INTO names variables */
        (void)catalog_add(visit->catalog, ENTRY_TABLE, sql_name_of_range(into), visit->file_number);
}

void visit_call(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_list(sql_get(sql_get(body, "funccall"), "funcname"));

    visit_find(visit, LINT_OPAQUE_FUNCTION_CALL, "", name.name);
}
