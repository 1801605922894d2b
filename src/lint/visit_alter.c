/* ALTER TABLE, ALTER INDEX, ALTER VIEW ..: each of their commands. Called by visit_statement. */
#include <stdio.h>
#include <string.h>

#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

/* What a command works on. */
struct alter {
    struct visit *visit;
    struct sql_name table;
    struct entry *entry; /* NULL: unknown */
    const char *relation;
    const cJSON *command;
    bool is_new;
};

typedef void (*alter_command)(struct alter *alter);

static const char *column_name(const struct alter *alter)
{
    return sql_text(alter->command, "name");
}

/* Notes the lock; a finding only when somebody else can see the table. */
static struct lint_finding *find(struct alter *alter, enum lint_rule_id rule, const char *name)
{
    if (alter->is_new)
        return NULL;
    return visit_find(alter->visit, rule, alter->relation, name);
}

static void take_lock(struct alter *alter, enum lint_lock lock)
{
    (void)visit_lock(alter->visit, alter->table, lock);
}

static void alter_add_column(struct alter *alter)
{
    const cJSON *definition = sql_get(sql_get(alter->command, "def"), "ColumnDef");

    take_lock(alter, LINT_LOCK_AE);
    visit_repeatable(alter->visit, alter->is_new || sql_flag(alter->command, "missing_ok"));
    if (sql_flag(alter->command, "missing_ok") &&
        catalog_column(alter->entry, sql_text(definition, "colname")) != NULL)
        return;
    visit_add_column(alter->visit, alter->table, definition);
}

static void alter_drop_column(struct alter *alter)
{
    struct column *column = catalog_column(alter->entry, column_name(alter));

    take_lock(alter, LINT_LOCK_AE);
    visit_repeatable(alter->visit, alter->is_new || sql_flag(alter->command, "missing_ok"));
    if (!visit_is_new_column(alter->visit, column))
        find(alter, LINT_DROP_COLUMN, column_name(alter));
    if (column != NULL)
        column->is_gone = true;
}

/* USING that names the column itself, perhaps cast to the new type, changes nothing. */
static bool is_trivial_using(const struct alter *alter, const cJSON *using,
                             const struct sql_type *to)
{
    const cJSON *cast = sql_get(using, "TypeCast");
    const cJSON *reference = sql_get(cast != NULL ? sql_get(cast, "arg") : using, "ColumnRef");
    const cJSON *field = cJSON_GetArrayItem(sql_get(reference, "fields"), 0);
    struct sql_type type = { .schema = "" };

    if (using == NULL)
        return true;
    if (strcmp(sql_string(field), column_name(alter)) != 0)
        return false;
    if (cast == NULL)
        return true;
    type = sql_type_of(alter->visit->arena, sql_get(cast, "typeName"));
    return sql_type_is_equal(&type, to);
}

/* A domain without constraints has the bytes of its base type. */
static struct sql_type without_domain(const struct alter *alter, const struct sql_type *type)
{
    struct sql_name name = { .schema = type->schema, .name = type->name };
    const struct entry *entry =
        type->name != NULL ? catalog_find(alter->visit->catalog, SPACE_TYPE, name) : NULL;

    if (entry != NULL && entry->kind == ENTRY_DOMAIN && !entry->is_constrained)
        return entry->base;
    return *type;
}

static void alter_type(struct alter *alter)
{
    struct visit *visit = alter->visit;
    const cJSON *definition = sql_get(sql_get(alter->command, "def"), "ColumnDef");
    const cJSON *using = sql_get(definition, "raw_default");
    bool has_collation = sql_get(definition, "collClause") != NULL;
    struct sql_type to = sql_type_of(visit->arena, sql_get(definition, "typeName"));
    struct sql_type plain = without_domain(alter, &to);
    struct column *column = catalog_column(alter->entry, column_name(alter));
    struct sql_type from = column != NULL ? column->type : (struct sql_type){ .schema = "" };
    bool is_same = sql_type_is_equal(&from, &to);
    bool widens = using == NULL && !has_collation && (is_same || sql_type_widens(&from, &to));

    take_lock(alter, LINT_LOCK_AE);
    from = without_domain(alter, &from);
    if (column != NULL)
        column->type = to;
    if (visit_is_new_column(visit, column))
        return;
    find(alter, widens ? LINT_WIDEN_COLUMN_TYPE : LINT_CHANGE_COLUMN_TYPE, column_name(alter));
    if (!is_same)
        visit_parallel(visit, alter->relation,
                       "the other side may not be able to store the values");
    if (!sql_type_keeps_bytes(&from, &plain) || !is_trivial_using(alter, using, &to))
        visit_rewrite(visit, alter->entry);
}

/* CHECK (column IS NOT NULL) that has been validated. */
static bool is_present(const struct entry *table, const char *column)
{
    const struct constraint *at = table != NULL ? table->constraints : NULL;

    for (; at != NULL; at = at->next)
        if (at->is_valid && !at->is_gone && at->present != NULL && strcmp(at->present, column) == 0)
            return true;
    return false;
}

static void alter_set_not_null(struct alter *alter)
{
    struct column *column = catalog_column(alter->entry, column_name(alter));

    take_lock(alter, LINT_LOCK_AE);
    if (!visit_is_new_column(alter->visit, column) && (column == NULL || !column->is_not_null)) {
        find(alter,
             is_present(alter->entry, column_name(alter)) ? LINT_SET_NOT_NULL_VALIDATED
                                                          : LINT_SET_NOT_NULL,
             column_name(alter));
        visit_parallel(alter->visit, alter->relation, "the other side may still hold NULLs");
    }
    if (column != NULL)
        column->is_not_null = true;
}

static void alter_drop_not_null(struct alter *alter)
{
    struct column *column = catalog_column(alter->entry, column_name(alter));

    take_lock(alter, LINT_LOCK_AE);
    if (!visit_is_new_column(alter->visit, column))
        find(alter, LINT_DROP_NOT_NULL, column_name(alter));
    if (column != NULL)
        column->is_not_null = false;
}

static void alter_default(struct alter *alter)
{
    struct column *column = catalog_column(alter->entry, column_name(alter));
    bool is_set = sql_get(alter->command, "def") != NULL;

    take_lock(alter, LINT_LOCK_AE);
    if (visit_is_new_column(alter->visit, column)) {
        /* nobody relies on it yet */
    } else if (is_set) {
        find(alter, LINT_SET_DEFAULT, column_name(alter));
    } else {
        find(alter,
             column != NULL && column->is_not_null ? LINT_DROP_DEFAULT_REQUIRED : LINT_DROP_DEFAULT,
             column_name(alter));
    }
    if (column != NULL)
        column->has_default = is_set;
}

static void alter_add_constraint(struct alter *alter)
{
    visit_add_constraint(alter->visit, alter->table,
                         sql_get(sql_get(alter->command, "def"), "Constraint"));
}

static void alter_drop_constraint(struct alter *alter)
{
    struct constraint *constraint = catalog_constraint(alter->entry, column_name(alter));
    bool is_unique = constraint != NULL && constraint->kind == CONSTRAINT_UNIQUE;

    take_lock(alter, LINT_LOCK_AE);
    if (constraint != NULL && constraint->refers != NULL)
        (void)visit_lock_entry(alter->visit, constraint->refers, LINT_LOCK_AE);
    visit_repeatable(alter->visit, alter->is_new || sql_flag(alter->command, "missing_ok"));
    find(alter, is_unique ? LINT_DROP_CONSTRAINT_UNIQUE : LINT_DROP_CONSTRAINT, column_name(alter));
    if (constraint != NULL)
        constraint->is_gone = true;
}

static void alter_validate(struct alter *alter)
{
    struct constraint *constraint = catalog_constraint(alter->entry, column_name(alter));
    bool is_fresh = constraint != NULL && constraint->transaction == alter->visit->transaction;

    take_lock(alter, LINT_LOCK_SUE);
    find(alter, is_fresh ? LINT_VALIDATE_IN_SAME_TRANSACTION : LINT_VALIDATE_CONSTRAINT,
         column_name(alter));
    if (constraint != NULL)
        constraint->is_valid = true;
}

static void alter_owner(struct alter *alter)
{
    take_lock(alter, LINT_LOCK_AE);
    find(alter, LINT_CHANGE_OWNER, "");
}

static void alter_storage(struct alter *alter)
{
    take_lock(alter, LINT_LOCK_AE);
    find(alter, LINT_TABLE_REWRITE, sql_text(alter->command, "subtype") + 3);
    if (sql_word(alter->command, "subtype", "AT_SetUnLogged"))
        visit_parallel(alter->visit, alter->relation, "an UNLOGGED table is not replicated");
    visit_rewrite(alter->visit, alter->entry);
}

static void alter_trigger_state(struct alter *alter)
{
    const char *name = sql_text(alter->command, "name");
    struct lint_finding *finding = NULL;

    take_lock(alter, LINT_LOCK_SRE);
    finding = find(alter, LINT_DISABLE_TRIGGER, name[0] != '\0' ? name : "ALL");
    if (finding == NULL || strstr(sql_text(alter->command, "subtype"), "User") != NULL)
        return;
    if (name[0] == '\0' || strcmp(name, "switchyard_fence") == 0) {
        finding->class = LINT_BREAKS_ROLLBACK; /* the fence of a managed cutover with it */
        finding->points = 60;
    }
}

static void alter_row_security(struct alter *alter)
{
    const char *subtype = sql_text(alter->command, "subtype");
    bool is_on =
        strcmp(subtype, "AT_EnableRowSecurity") == 0 || strcmp(subtype, "AT_ForceRowSecurity") == 0;

    take_lock(alter, LINT_LOCK_AE);
    find(alter, is_on ? LINT_ENABLE_RLS : LINT_DISABLE_RLS, "");
}

static void alter_identity(struct alter *alter)
{
    struct column *column = catalog_column(alter->entry, column_name(alter));

    take_lock(alter, LINT_LOCK_AE);
    if (!visit_is_new_column(alter->visit, column))
        find(alter, LINT_IDENTITY_CHANGE, column_name(alter));
}

static void alter_expression(struct alter *alter)
{
    take_lock(alter, LINT_LOCK_AE);
    if (!visit_is_new_column(alter->visit, catalog_column(alter->entry, column_name(alter))))
        find(alter, LINT_DROP_EXPRESSION, column_name(alter));
}

static void alter_detach(struct alter *alter)
{
    const cJSON *part = sql_get(sql_get(alter->command, "def"), "PartitionCmd");
    struct sql_name child = sql_name_of_range(sql_get(part, "name"));
    bool is_concurrent = sql_flag(part, "concurrent") ||
                         sql_word(alter->command, "subtype", "AT_DetachPartitionFinalize");
    enum lint_lock lock = is_concurrent ? LINT_LOCK_SUE : LINT_LOCK_AE;

    if (sql_flag(part, "concurrent"))
        visit_newer(alter->visit, 14, "DETACH PARTITION .. CONCURRENTLY");
    if (sql_flag(part, "concurrent") &&
        visit_needs_no_transaction(alter->visit, "DETACH PARTITION", true))
        return;
    take_lock(alter, lock);
    (void)visit_lock(alter->visit, child, lock);
    if (!visit_is_new(alter->visit, visit_relation(alter->visit, child)))
        find(alter, is_concurrent ? LINT_DETACH_PARTITION_CONCURRENTLY : LINT_DETACH_PARTITION,
             child.name);
}

static void alter_attach(struct alter *alter)
{
    const cJSON *part = sql_get(sql_get(alter->command, "def"), "PartitionCmd");
    struct sql_name child = sql_name_of_range(sql_get(part, "name"));
    struct lint_finding *finding = NULL;

    take_lock(alter, LINT_LOCK_SUE);
    (void)visit_lock(alter->visit, child, LINT_LOCK_AE);
    finding = find(alter, LINT_ATTACH_PARTITION, child.name);
    if (finding != NULL)
        finding->lock = visit_is_new(alter->visit, visit_relation(alter->visit, child))
                            ? LINT_LOCK_SUE
                            : LINT_LOCK_AE;
}

static void alter_replica_identity(struct alter *alter)
{
    take_lock(alter, LINT_LOCK_AE);
    find(alter, LINT_REPLICA_IDENTITY, "");
}

/* Statistics and storage parameters: nobody who reads or writes waits. */
static void alter_settings(struct alter *alter)
{
    take_lock(alter, LINT_LOCK_SUE);
}

static void alter_other(struct alter *alter)
{
    struct lint_finding *finding = NULL;

    take_lock(alter, LINT_LOCK_AE);
    finding = find(alter, LINT_ALTER_TABLE_OTHER, sql_text(alter->command, "subtype") + 3);
    if (finding != NULL)
        finding->lock = LINT_LOCK_AE;
}

static const struct {
    const char *subtype;
    alter_command visit;
} commands[] = {
    { "AT_AddColumn", alter_add_column },
    { "AT_DropColumn", alter_drop_column },
    { "AT_AlterColumnType", alter_type },
    { "AT_SetNotNull", alter_set_not_null },
    { "AT_DropNotNull", alter_drop_not_null },
    { "AT_ColumnDefault", alter_default },
    { "AT_AddConstraint", alter_add_constraint },
    { "AT_DropConstraint", alter_drop_constraint },
    { "AT_ValidateConstraint", alter_validate },
    { "AT_ChangeOwner", alter_owner },
    { "AT_SetLogged", alter_storage },
    { "AT_SetUnLogged", alter_storage },
    { "AT_SetTableSpace", alter_storage },
    { "AT_SetAccessMethod", alter_storage },
    { "AT_EnableTrig", alter_trigger_state },
    { "AT_EnableAlwaysTrig", alter_trigger_state },
    { "AT_EnableReplicaTrig", alter_trigger_state },
    { "AT_DisableTrig", alter_trigger_state },
    { "AT_EnableTrigAll", alter_trigger_state },
    { "AT_DisableTrigAll", alter_trigger_state },
    { "AT_EnableTrigUser", alter_trigger_state },
    { "AT_DisableTrigUser", alter_trigger_state },
    { "AT_EnableRowSecurity", alter_row_security },
    { "AT_DisableRowSecurity", alter_row_security },
    { "AT_ForceRowSecurity", alter_row_security },
    { "AT_NoForceRowSecurity", alter_row_security },
    { "AT_AddIdentity", alter_identity },
    { "AT_SetIdentity", alter_identity },
    { "AT_DropIdentity", alter_identity },
    { "AT_DropExpression", alter_expression },
    { "AT_DetachPartition", alter_detach },
    { "AT_DetachPartitionFinalize", alter_detach },
    { "AT_AttachPartition", alter_attach },
    { "AT_ReplicaIdentity", alter_replica_identity },
    { "AT_SetStatistics", alter_settings },
    { "AT_SetRelOptions", alter_settings },
    { "AT_ResetRelOptions", alter_settings },
    { "AT_ClusterOn", alter_settings },
    { "AT_DropCluster", alter_settings },
    { "AT_SetOptions", alter_settings },
    { "AT_ResetOptions", alter_settings },
};

/* ALTER INDEX, ALTER SEQUENCE and ALTER VIEW share the node: what is locked is not a table. */
static bool is_table_like(const cJSON *body)
{
    return sql_word(body, "objtype", "OBJECT_TABLE") ||
           sql_word(body, "objtype", "OBJECT_FOREIGN_TABLE") ||
           sql_word(body, "objtype", "OBJECT_VIEW") || sql_word(body, "objtype", "OBJECT_MATVIEW");
}

static void visit_command(struct alter *alter)
{
    const char *subtype = sql_text(alter->command, "subtype");

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].subtype, subtype) == 0) {
            commands[i].visit(alter);
            return;
        }
    alter_other(alter);
}

/* An index is altered: its table is not. */
static void visit_alter_index(struct alter *alter)
{
    if (sql_word(alter->command, "subtype", "AT_AttachPartition") ||
        sql_word(alter->command, "subtype", "AT_SetRelOptions") ||
        sql_word(alter->command, "subtype", "AT_ResetRelOptions") ||
        sql_word(alter->command, "subtype", "AT_SetStatistics"))
        return;
    (void)find(alter, LINT_ALTER_TABLE_OTHER, sql_text(alter->command, "subtype") + 3);
}

static int location_of(const cJSON *command)
{
    const cJSON *definition = sql_body(sql_get(command, "def"));

    return sql_int(definition, "location");
}

void visit_alter_table(struct visit *visit, const cJSON *body)
{
    struct alter alter = { .visit = visit };
    const cJSON *item = NULL;

    if (sql_word(body, "objtype", "OBJECT_TYPE")) {
        visit_alter_type_object(visit, body);
        return;
    }
    alter.table = sql_name_of_range(sql_get(body, "relation"));
    alter.entry = visit_relation(visit, alter.table);
    alter.relation = visit_name(visit, alter.table);
    alter.is_new = visit_is_new(visit, alter.entry);
    if (alter.entry == NULL && sql_flag(body, "missing_ok") && catalog_is_complete(visit->catalog))
        return; /* IF EXISTS of what is known not to exist */
    cJSON_ArrayForEach(item, sql_get(body, "cmds"))
    {
        alter.command = sql_get(item, "AlterTableCmd");
        visit->location = location_of(alter.command);
        if (is_table_like(body))
            visit_command(&alter);
        else
            visit_alter_index(&alter);
    }
    visit->location = 0;
    if (alter.entry != NULL && is_table_like(body))
        alter.entry->transaction = visit->transaction;
}
