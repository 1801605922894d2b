/* Maintenance, triggers, rules, policies, rights: what is left of the statements about tables. Called by
 * visit_statement. */
#include <string.h>

#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

/* REINDEX DATABASE, SCHEMA, SYSTEM: one transaction per table. */
static void reindex_many(struct visit *visit, bool is_concurrent)
{
    if (visit_needs_no_transaction(visit, "REINDEX", is_concurrent) || is_concurrent)
        return;
    visit_find(visit, LINT_REINDEX_NONCONCURRENT, "", "");
    for (struct entry *at = catalog_newest(visit->catalog); at != NULL; at = at->all)
        if (!at->is_gone && at->kind == ENTRY_TABLE)
            (void)visit_lock_entry(visit, at, LINT_LOCK_SHARE);
}

void visit_reindex(struct visit *visit, const cJSON *body)
{
    bool is_concurrent = sql_option_is_on(sql_get(body, "params"), "concurrently");
    const cJSON *range = sql_get(body, "relation");
    struct sql_name name = sql_name_of_range(range);
    struct entry *entry = range != NULL ? visit_relation(visit, name) : NULL;
    const char *relation = NULL;

    if (range == NULL) {
        reindex_many(visit, is_concurrent);
        return;
    }
    if (is_concurrent && visit_needs_no_transaction(visit, "REINDEX", true))
        return;
    if (entry != NULL && entry->kind == ENTRY_INDEX && entry->table != NULL)
        entry = entry->table;
    relation = entry != NULL
                   ? visit_lock_entry(visit, entry, is_concurrent ? LINT_LOCK_SUE : LINT_LOCK_SHARE)
                   : visit_lock(visit, name, is_concurrent ? LINT_LOCK_SUE : LINT_LOCK_SHARE);
    if (!is_concurrent && !visit_is_new(visit, entry))
        visit_find(visit, LINT_REINDEX_NONCONCURRENT, relation, name.name);
}

void visit_vacuum(struct visit *visit, const cJSON *body)
{
    bool is_vacuum = sql_flag(body, "is_vacuumcmd");
    bool is_full = is_vacuum && sql_option_is_on(sql_get(body, "options"), "full");
    const cJSON *item = NULL;

    if (is_vacuum && visit_needs_no_transaction(visit, "VACUUM", false))
        return;
    if (is_full && sql_get(body, "rels") == NULL)
        visit_find(visit, LINT_VACUUM_FULL, "the whole database", "");
    cJSON_ArrayForEach(item, sql_get(body, "rels"))
    {
        struct sql_name name =
            sql_name_of_range(sql_get(sql_get(item, "VacuumRelation"), "relation"));
        struct entry *entry = visit_relation(visit, name);
        const char *relation = visit_lock(visit, name, is_full ? LINT_LOCK_AE : LINT_LOCK_SUE);

        if (is_full && !visit_is_new(visit, entry)) {
            visit_find(visit, LINT_VACUUM_FULL, relation, "");
            visit_rewrite(visit, entry);
        }
    }
}

void visit_cluster(struct visit *visit, const cJSON *body)
{
    const cJSON *range = sql_get(body, "relation");
    struct sql_name name = sql_name_of_range(range);
    struct entry *entry = visit_relation(visit, name);

    if (range == NULL) {
        if (!visit_needs_no_transaction(visit, "CLUSTER", false))
            visit_find(visit, LINT_CLUSTER, "the whole database", "");
        return;
    }
    (void)visit_lock(visit, name, LINT_LOCK_AE);
    if (visit_is_new(visit, entry))
        return;
    visit_find(visit, LINT_CLUSTER, visit_name(visit, name), "");
    visit_rewrite(visit, entry);
}

void visit_refresh(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    struct entry *entry = visit_relation(visit, name);
    bool is_concurrent = sql_flag(body, "concurrent");
    const char *relation =
        visit_lock(visit, name, is_concurrent ? LINT_LOCK_EXCLUSIVE : LINT_LOCK_AE);

    if (visit_is_new(visit, entry))
        return;
    visit_find(visit, is_concurrent ? LINT_REFRESH_MATVIEW_CONCURRENTLY : LINT_REFRESH_MATVIEW,
               relation, "");
    if (!is_concurrent)
        visit_rewrite(visit, entry);
}

void visit_lock_table(struct visit *visit, const cJSON *body)
{
    int mode = sql_int(body, "mode"); /* PostgreSQL's numbers are ours */
    enum lint_lock lock = LINT_LOCK_AE;
    const cJSON *item = NULL;

    if (mode >= LINT_LOCK_ACCESS_SHARE && mode <= LINT_LOCK_AE)
        lock = (enum lint_lock)mode;
    cJSON_ArrayForEach(item, sql_get(body, "relations"))
    {
        struct sql_name name = sql_name_of_range(sql_get(item, "RangeVar"));
        const char *relation = visit_lock(visit, name, lock);

        if (lock >= LINT_LOCK_SHARE && !visit_is_new(visit, visit_relation(visit, name)))
            visit_find(visit, LINT_LOCK_TABLE, relation, "")->lock = lock;
    }
}

/* Triggers, rules and policies belong to a table; "relation" or "table" names it. */
static void change_of_table(struct visit *visit, const cJSON *range, enum lint_rule_id rule,
                            const char *name)
{
    struct sql_name table = sql_name_of_range(range);
    const char *relation = visit_lock(visit, table, rule_at(rule)->lock);

    if (!visit_is_new(visit, visit_relation(visit, table)))
        visit_find(visit, rule, relation, name);
}

void visit_trigger(struct visit *visit, const cJSON *body)
{
    change_of_table(visit, sql_get(body, "relation"), LINT_CREATE_TRIGGER,
                    sql_text(body, "trigname"));
}

void visit_rule(struct visit *visit, const cJSON *body)
{
    change_of_table(visit, sql_get(body, "relation"), LINT_CREATE_RULE, sql_text(body, "rulename"));
}

void visit_policy(struct visit *visit, const cJSON *body)
{
    change_of_table(visit, sql_get(body, "table"), LINT_CHANGE_POLICY,
                    sql_text(body, "policy_name"));
}

void visit_grant(struct visit *visit, const cJSON *body)
{
    const cJSON *action = sql_get(body, "action"); /* of ALTER DEFAULT PRIVILEGES */

    if (!sql_flag(action != NULL ? action : body, "is_grant"))
        visit_find(visit, LINT_REVOKE_PRIVILEGE, "", "");
}

/* A comment on a table or a column locks the table against other changes of its shape. */
void visit_comment(struct visit *visit, const cJSON *body)
{
    const char *type = sql_text(body, "objtype");
    const cJSON *items = sql_get(sql_get(sql_get(body, "object"), "List"), "items");
    int skip = 0;
    int count = cJSON_GetArraySize(items);
    struct sql_name name = { .schema = "", .name = "" };

    if (strcmp(type, "OBJECT_COLUMN") == 0)
        skip = 1;
    else if (strcmp(type, "OBJECT_TABLE") != 0 && strcmp(type, "OBJECT_VIEW") != 0 &&
             strcmp(type, "OBJECT_MATVIEW") != 0 && strcmp(type, "OBJECT_FOREIGN_TABLE") != 0)
        return;
    if (count - skip < 1)
        return;
    name.name = sql_string(cJSON_GetArrayItem(items, count - skip - 1));
    if (count - skip > 1)
        name.schema = sql_string(cJSON_GetArrayItem(items, count - skip - 2));
    (void)visit_lock(visit, name, LINT_LOCK_SUE);
}

void visit_sequence(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "sequence"));
    struct entry *entry = visit_relation(visit, name);

    visit_repeatable(visit, sql_flag(body, "if_not_exists"));
    if (entry == NULL)
        (void)catalog_add(visit->catalog, ENTRY_SEQUENCE, name, visit->file_number);
}

void visit_schema(struct visit *visit, const cJSON *body)
{
    struct sql_name name = { .schema = "", .name = sql_text(body, "schemaname") };
    const cJSON *item = NULL;

    visit_repeatable(visit, sql_flag(body, "if_not_exists"));
    (void)catalog_add(visit->catalog, ENTRY_SCHEMA, name, visit->file_number);
    cJSON_ArrayForEach(item, sql_get(body, "schemaElts")) visit_statement(visit, item);
}
