/* DROP, RENAME, SET SCHEMA, OWNER TO: names that go or change. Called by visit_statement. */
#include <stdio.h>
#include <string.h>

#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

/* One object that is dropped. */
struct removal {
    struct visit *visit;
    const cJSON *body;
    const cJSON *object;
};

typedef void (*drop_kind)(struct removal *drop);

static bool is_cascade(const struct removal *drop)
{
    return sql_word(drop->body, "behavior", "DROP_CASCADE");
}

/* Every table that refers to this one is locked too, and so is every one it refers to. */
static void lock_related(struct visit *visit, const struct entry *table)
{
    for (struct entry *other = catalog_newest(visit->catalog); other != NULL; other = other->all)
        for (const struct constraint *at = other->constraints; at != NULL; at = at->next)
            if (!other->is_gone && !at->is_gone && at->refers == table && other != table)
                (void)visit_lock_entry(visit, other, LINT_LOCK_AE);
    for (const struct constraint *at = table->constraints; at != NULL; at = at->next)
        if (!at->is_gone && at->refers != NULL && at->refers != table)
            (void)visit_lock_entry(visit, at->refers, LINT_LOCK_AE);
}

/* IF EXISTS of what is known not to exist locks nothing. */
static const char *lock_dropped(struct removal *drop, struct sql_name name, enum lint_lock lock)
{
    if (sql_flag(drop->body, "missing_ok") && catalog_is_complete(drop->visit->catalog) &&
        visit_relation(drop->visit, name) == NULL)
        return visit_name(drop->visit, name);
    return visit_lock(drop->visit, name, lock);
}

static void drop_table(struct removal *drop)
{
    struct sql_name name = sql_name_of_list(drop->object);
    struct entry *entry = visit_relation(drop->visit, name);
    const char *relation = lock_dropped(drop, name, LINT_LOCK_AE);

    if (!visit_is_new(drop->visit, entry))
        visit_find(drop->visit, LINT_DROP_TABLE, relation, "");
    if (entry == NULL)
        return;
    lock_related(drop->visit, entry);
    entry->is_gone = true;
}

static void drop_view(struct removal *drop)
{
    struct sql_name name = sql_name_of_list(drop->object);
    struct entry *entry = visit_relation(drop->visit, name);
    const char *relation = lock_dropped(drop, name, LINT_LOCK_AE);

    if (!visit_is_new(drop->visit, entry))
        visit_find(drop->visit, LINT_DROP_VIEW, relation, "");
    if (entry != NULL)
        entry->is_gone = true;
}

static void drop_index(struct removal *drop)
{
    struct visit *visit = drop->visit;
    struct sql_name name = sql_name_of_list(drop->object);
    struct entry *entry = visit_relation(visit, name);
    bool is_concurrent = sql_flag(drop->body, "concurrent");
    enum lint_lock lock = is_concurrent ? LINT_LOCK_SUE : LINT_LOCK_AE;

    if (is_concurrent && visit_needs_no_transaction(visit, "DROP INDEX", true))
        return;
    if (entry != NULL && entry->table != NULL)
        (void)visit_lock_entry(visit, entry->table, lock);
    else
        (void)lock_dropped(drop, name, lock);
    if (!visit_is_new(visit, entry))
        visit_find(visit, is_concurrent ? LINT_DROP_INDEX_CONCURRENTLY : LINT_DROP_INDEX, "",
                   name.name);
    if (entry != NULL)
        entry->is_gone = true;
}

/* A function or a sequence: nobody waits for a table. */
static void drop_named(struct removal *drop, enum entry_space space, enum lint_rule_id rule)
{
    const cJSON *arguments = sql_get(drop->object, "ObjectWithArgs");
    struct sql_name name =
        sql_name_of_list(arguments != NULL ? sql_get(arguments, "objname") : drop->object);
    struct entry *entry = catalog_find(drop->visit->catalog, space, name);

    if (!visit_is_new(drop->visit, entry))
        visit_find(drop->visit, rule, "", name.name);
    if (entry != NULL)
        entry->is_gone = true;
}

static void drop_function(struct removal *drop)
{
    drop_named(drop, SPACE_FUNCTION, LINT_DROP_FUNCTION);
}

static void drop_sequence(struct removal *drop)
{
    drop_named(drop, SPACE_RELATION, LINT_DROP_SEQUENCE);
}

/* CASCADE takes the columns of that type along. */
static void drop_type(struct removal *drop)
{
    struct visit *visit = drop->visit;
    const cJSON *type_name = sql_get(drop->object, "TypeName");
    struct sql_name name = sql_name_of_list(sql_get(type_name, "names"));
    struct entry *entry = catalog_find(visit->catalog, SPACE_TYPE, name);
    struct lint_finding *finding = NULL;

    if (!visit_is_new(visit, entry))
        finding = visit_find(visit, LINT_DROP_TYPE, "", name.name);
    if (entry == NULL)
        return;
    for (struct entry *table = catalog_newest(visit->catalog); table != NULL; table = table->all)
        for (struct column *at = table->columns; at != NULL && is_cascade(drop); at = at->next)
            if (!table->is_gone && !at->is_gone && at->type.name != NULL &&
                strcmp(at->type.name, entry->name) == 0) {
                (void)visit_lock_entry(visit, table, LINT_LOCK_AE);
                at->is_gone = true;
                if (finding != NULL)
                    finding->lock = LINT_LOCK_AE;
            }
    entry->is_gone = true;
}

static void drop_schema(struct removal *drop)
{
    struct visit *visit = drop->visit;
    const char *schema = sql_string(drop->object);
    struct entry *entry = catalog_find(visit->catalog, SPACE_SCHEMA,
                                       (struct sql_name){ .schema = "", .name = schema });
    struct lint_finding *finding = NULL;

    if (!visit_is_new(visit, entry))
        finding = visit_find(visit, LINT_DROP_SCHEMA, "", schema);
    for (struct entry *at = catalog_newest(visit->catalog); at != NULL; at = at->all) {
        if (at->is_gone || strcmp(at->schema, schema) != 0 || !is_cascade(drop))
            continue;
        if (at->kind == ENTRY_TABLE || at->kind == ENTRY_VIEW || at->kind == ENTRY_MATVIEW) {
            (void)visit_lock_entry(visit, at, LINT_LOCK_AE);
            if (finding != NULL)
                finding->lock = LINT_LOCK_AE;
        }
        at->is_gone = true;
    }
    if (entry != NULL)
        entry->is_gone = true;
}

/* "schema.table.trigger": the last name is the trigger's, those before it the table's. */
static struct sql_name table_of(const cJSON *list, const char **last)
{
    const cJSON *items = sql_get(sql_body(list), "items");
    int count = cJSON_GetArraySize(items);
    struct sql_name table = { .schema = "", .name = "" };

    *last = sql_string(cJSON_GetArrayItem(items, count - 1));
    if (count > 1)
        table.name = sql_string(cJSON_GetArrayItem(items, count - 2));
    if (count > 2)
        table.schema = sql_string(cJSON_GetArrayItem(items, count - 3));
    return table;
}

static void drop_of_table(struct removal *drop, enum lint_rule_id rule)
{
    const char *name = "";
    struct sql_name table = table_of(drop->object, &name);
    const char *relation = visit_lock(drop->visit, table, LINT_LOCK_AE);

    if (!visit_is_new(drop->visit, visit_relation(drop->visit, table)))
        visit_find(drop->visit, rule, relation, name);
}

static void drop_trigger(struct removal *drop)
{
    drop_of_table(drop, LINT_DROP_TRIGGER);
}

static void drop_policy(struct removal *drop)
{
    drop_of_table(drop, LINT_DROP_POLICY);
}

static void drop_extension(struct removal *drop)
{
    visit_find(drop->visit, LINT_DROP_EXTENSION, "", sql_string(drop->object));
}

static void drop_publication(struct removal *drop)
{
    visit_find(drop->visit, LINT_REPLICATION_OBJECT, "", sql_string(drop->object));
}

static void drop_other(struct removal *drop)
{
    struct sql_name name = sql_name_of_list(drop->object);

    if (name.name[0] == '\0')
        name.name = sql_string(drop->object);
    visit_find(drop->visit, LINT_DROP_OTHER, "", name.name);
}

static const struct {
    const char *type;
    drop_kind drop;
} drops[] = {
    { "OBJECT_TABLE", drop_table },         { "OBJECT_FOREIGN_TABLE", drop_table },
    { "OBJECT_VIEW", drop_view },           { "OBJECT_MATVIEW", drop_view },
    { "OBJECT_INDEX", drop_index },         { "OBJECT_FUNCTION", drop_function },
    { "OBJECT_PROCEDURE", drop_function },  { "OBJECT_ROUTINE", drop_function },
    { "OBJECT_AGGREGATE", drop_function },  { "OBJECT_TYPE", drop_type },
    { "OBJECT_DOMAIN", drop_type },         { "OBJECT_SEQUENCE", drop_sequence },
    { "OBJECT_SCHEMA", drop_schema },       { "OBJECT_TRIGGER", drop_trigger },
    { "OBJECT_RULE", drop_trigger },        { "OBJECT_POLICY", drop_policy },
    { "OBJECT_EXTENSION", drop_extension }, { "OBJECT_PUBLICATION", drop_publication },
};

void visit_drop(struct visit *visit, const cJSON *body)
{
    struct removal drop = { .visit = visit, .body = body };
    drop_kind kind = drop_other;

    for (size_t i = 0; i < sizeof drops / sizeof drops[0]; i++)
        if (sql_word(body, "removeType", drops[i].type))
            kind = drops[i].drop;
    visit_repeatable(visit, sql_flag(body, "missing_ok"));
    cJSON_ArrayForEach(drop.object, sql_get(body, "objects")) kind(&drop);
}

/* --- names that change --- */

/* Renaming a column of a table, an attribute of a type, or a column of a view. */
static void rename_column(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    struct entry *entry = visit_relation(visit, name);
    bool is_table = sql_word(body, "relationType", "OBJECT_TABLE") ||
                    sql_word(body, "relationType", "OBJECT_FOREIGN_TABLE");
    struct column *column = catalog_column(entry, sql_text(body, "subname"));
    const char *relation = visit_lock(visit, name, LINT_LOCK_AE);

    if (!visit_is_new(visit, entry) && !visit_is_new_column(visit, column)) {
        visit_find(visit, is_table ? LINT_RENAME_COLUMN : LINT_RENAME_OBJECT, relation,
                   sql_text(body, "subname"))
            ->lock = LINT_LOCK_AE;
        visit_parallel(visit, relation, "the other side knows the old name");
    }
    if (column != NULL)
        column->name = catalog_text(visit->arena, sql_text(body, "newname"));
}

static void rename_shown(struct visit *visit, const cJSON *body, enum lint_rule_id rule)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    struct entry *entry = visit_relation(visit, name);
    bool is_sequence = sql_word(body, "renameType", "OBJECT_SEQUENCE") ||
                       (entry != NULL && entry->kind == ENTRY_SEQUENCE);
    const char *relation =
        is_sequence ? visit_name(visit, name) : visit_lock(visit, name, LINT_LOCK_AE);

    if (!visit_is_new(visit, entry)) {
        visit_find(visit, rule, relation, name.name)->lock =
            is_sequence ? LINT_LOCK_NONE : LINT_LOCK_AE;
        visit_parallel(visit, relation, "the other side knows the old name");
    }
    if (entry != NULL)
        catalog_rename(visit->catalog, entry, sql_text(body, "newname"));
}

static void rename_index(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    struct entry *entry = visit_relation(visit, name);

    if (!visit_is_new(visit, entry))
        visit_find(visit, LINT_RENAME_INDEX, "", name.name);
    if (entry != NULL)
        catalog_rename(visit->catalog, entry, sql_text(body, "newname"));
}

/* ALTER TABLE may name a view or an index as well. */
static void rename_relation(struct visit *visit, const cJSON *body, enum lint_rule_id rule)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    struct entry *entry = visit_relation(visit, name);

    if (entry != NULL && entry->kind == ENTRY_INDEX) {
        rename_index(visit, body);
        return;
    }
    if (entry != NULL && entry->kind != ENTRY_TABLE)
        rule = LINT_RENAME_OBJECT;
    rename_shown(visit, body, rule);
}
static void rename_constraint(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    struct entry *entry = visit_relation(visit, name);
    struct constraint *constraint = catalog_constraint(entry, sql_text(body, "subname"));
    const char *relation = visit_lock(visit, name, LINT_LOCK_AE);

    if (!visit_is_new(visit, entry))
        visit_find(visit, LINT_RENAME_CONSTRAINT, relation, sql_text(body, "subname"));
    if (constraint != NULL)
        constraint->name = catalog_text(visit->arena, sql_text(body, "newname"));
}

/* Triggers, policies and rules have a table; types, functions and the rest have none. */
static void rename_named(struct visit *visit, const cJSON *body)
{
    const cJSON *object = sql_get(body, "object");
    const cJSON *range = sql_get(body, "relation");
    const cJSON *arguments = sql_get(object, "ObjectWithArgs");
    struct sql_name name =
        sql_name_of_list(arguments != NULL ? sql_get(arguments, "objname") : object);
    enum entry_space space = arguments != NULL ? SPACE_FUNCTION : SPACE_TYPE;
    struct entry *entry = NULL;

    if (range != NULL) {
        const char *relation = visit_lock(visit, sql_name_of_range(range), LINT_LOCK_AE);

        visit_find(visit, LINT_ALTER_TABLE_OTHER, relation, "a trigger, rule or policy is renamed");
        return;
    }
    if (name.name[0] == '\0')
        name.name = sql_string(object);
    if (name.name[0] == '\0')
        name.name = sql_text(body, "subname");
    entry = catalog_find(visit->catalog, space, name);
    if (!visit_is_new(visit, entry))
        visit_find(visit, LINT_RENAME_OBJECT, "", name.name);
    if (entry != NULL)
        catalog_rename(visit->catalog, entry, sql_text(body, "newname"));
}

void visit_rename(struct visit *visit, const cJSON *body)
{
    const char *type = sql_text(body, "renameType");

    if (strcmp(type, "OBJECT_COLUMN") == 0)
        rename_column(visit, body);
    else if (strcmp(type, "OBJECT_TABLE") == 0 || strcmp(type, "OBJECT_FOREIGN_TABLE") == 0)
        rename_relation(visit, body, LINT_RENAME_TABLE);
    else if (strcmp(type, "OBJECT_VIEW") == 0 || strcmp(type, "OBJECT_MATVIEW") == 0 ||
             strcmp(type, "OBJECT_SEQUENCE") == 0)
        rename_relation(visit, body, LINT_RENAME_OBJECT);
    else if (strcmp(type, "OBJECT_INDEX") == 0)
        rename_index(visit, body);
    else if (strcmp(type, "OBJECT_TABCONSTRAINT") == 0)
        rename_constraint(visit, body);
    else if (strcmp(type, "OBJECT_SCHEMA") == 0)
        visit_find(visit, LINT_RENAME_SCHEMA, "", sql_text(body, "subname"));
    else if (strcmp(type, "OBJECT_ROLE") == 0)
        visit_find(visit, LINT_ROLE_CHANGE, "", sql_text(body, "subname"));
    else if (strcmp(type, "OBJECT_DATABASE") == 0)
        visit_find(visit, LINT_ALTER_DATABASE, "", sql_text(body, "subname"));
    else if (strcmp(type, "OBJECT_ATTRIBUTE") == 0)
        visit_find(visit, LINT_ALTER_COMPOSITE_TYPE, "",
                   sql_text(sql_get(body, "relation"), "relname"));
    else
        rename_named(visit, body);
}

void visit_set_schema(struct visit *visit, const cJSON *body)
{
    const cJSON *range = sql_get(body, "relation");
    const cJSON *object = sql_get(body, "object");
    const cJSON *arguments = sql_get(object, "ObjectWithArgs");
    bool is_table = range != NULL && !sql_word(body, "objectType", "OBJECT_SEQUENCE");
    struct sql_name name = sql_name_of_range(range);
    struct entry *entry = range != NULL ? visit_relation(visit, name) : NULL;

    if (range == NULL) {
        name = sql_name_of_list(arguments != NULL ? sql_get(arguments, "objname") : object);
        visit_find(visit, LINT_SET_SCHEMA, "", name.name)->lock = LINT_LOCK_NONE;
        return;
    }
    if (is_table)
        (void)visit_lock(visit, name, LINT_LOCK_AE);
    if (!visit_is_new(visit, entry)) {
        visit_find(visit, LINT_SET_SCHEMA, visit_name(visit, name), "")->lock =
            is_table ? LINT_LOCK_AE : LINT_LOCK_NONE;
        visit_parallel(visit, visit_name(visit, name), "the other side knows the old name");
    }
    if (entry != NULL)
        entry->schema = catalog_text(visit->arena, sql_text(body, "newschema"));
}

void visit_owner(struct visit *visit, const cJSON *body)
{
    const cJSON *object = sql_get(body, "object");
    const cJSON *arguments = sql_get(object, "ObjectWithArgs");
    struct sql_name name =
        sql_name_of_list(arguments != NULL ? sql_get(arguments, "objname") : object);

    if (sql_word(body, "objectType", "OBJECT_PUBLICATION") ||
        sql_word(body, "objectType", "OBJECT_SUBSCRIPTION"))
        visit_find(visit, LINT_REPLICATION_OBJECT, "", "");
    if (name.name[0] == '\0')
        name.name = sql_string(object);
    visit_find(visit, LINT_CHANGE_OWNER, "", name.name);
}
