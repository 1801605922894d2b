/* Which visitor judges which kind of statement, and what is judged in all of them. Called by lint.c. */
#include <string.h>

#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

typedef void (*visit_kind)(struct visit *visit, const cJSON *body);

/* Nothing that exists changes for anybody. */
static void visit_harmless(struct visit *visit, const cJSON *body)
{
    (void)visit;
    (void)body;
}

static void visit_role(struct visit *visit, const cJSON *body)
{
    visit_find(visit, LINT_ROLE_CHANGE, "", sql_text(body, "role"));
}

static void visit_replication(struct visit *visit, const cJSON *body)
{
    visit_find(visit, LINT_REPLICATION_OBJECT, "", "");
    (void)body;
}

static void visit_create_subscription(struct visit *visit, const cJSON *body)
{
    const cJSON *options = sql_get(body, "options");
    bool makes_slot =
        (sql_option(options, "create_slot") == NULL || sql_option_is_on(options, "create_slot")) &&
        (sql_option(options, "connect") == NULL || sql_option_is_on(options, "connect"));

    if (makes_slot)
        (void)visit_needs_no_transaction(visit, "CREATE SUBSCRIPTION with a slot", false);
    visit_find(visit, LINT_REPLICATION_OBJECT, "", "");
}

static void visit_drop_subscription(struct visit *visit, const cJSON *body)
{
    (void)visit_needs_no_transaction(visit, "DROP SUBSCRIPTION with a slot", false);
    visit_find(visit, LINT_REPLICATION_OBJECT, "", sql_text(body, "subname"));
}

static void visit_publication(struct visit *visit, const cJSON *body)
{
    const cJSON *item = NULL;

    visit_find(visit, LINT_REPLICATION_OBJECT, "", sql_text(body, "pubname"));
    cJSON_ArrayForEach(item, sql_get(body, "pubobjects"))
    {
        const cJSON *table =
            sql_get(sql_get(sql_get(item, "PublicationObjSpec"), "pubtable"), "relation");

        if (table != NULL)
            (void)visit_lock(visit, sql_name_of_range(table), LINT_LOCK_SUE);
    }
}

static void visit_alter_system(struct visit *visit, const cJSON *body)
{
    (void)visit_needs_no_transaction(visit, "ALTER SYSTEM", false);
    visit_find(visit, LINT_ALTER_SYSTEM, "", sql_text(sql_get(body, "setstmt"), "name"));
}

static void visit_alter_database(struct visit *visit, const cJSON *body)
{
    if (sql_option(sql_get(body, "options"), "tablespace") != NULL)
        (void)visit_needs_no_transaction(visit, "ALTER DATABASE SET TABLESPACE", false);
    visit_find(visit, LINT_ALTER_DATABASE, "", sql_text(body, "dbname"));
}

static void visit_drop_database(struct visit *visit, const cJSON *body)
{
    (void)visit_needs_no_transaction(visit, "DROP DATABASE", false);
    visit_find(visit, LINT_DROP_DATABASE, "", sql_text(body, "dbname"));
}

static void visit_create_database(struct visit *visit, const cJSON *body)
{
    (void)visit_needs_no_transaction(visit, "CREATE DATABASE", false);
    visit_find(visit, LINT_UNKNOWN_STATEMENT, "", sql_text(body, "dbname"));
}

static void visit_tablespace(struct visit *visit, const cJSON *body)
{
    (void)visit_needs_no_transaction(visit, "CREATE or DROP TABLESPACE", false);
    visit_find(visit, LINT_UNKNOWN_STATEMENT, "", sql_text(body, "tablespacename"));
}

static void visit_move_all(struct visit *visit, const cJSON *body)
{
    visit_find(visit, LINT_TABLE_REWRITE, "every table of the tablespace",
               sql_text(body, "new_tablespacename"));
    visit_rewrite(visit, NULL);
}

static void visit_drop_owned(struct visit *visit, const cJSON *body)
{
    const cJSON *role = cJSON_GetArrayItem(sql_get(body, "roles"), 0);

    visit_find(visit, LINT_DROP_OWNED, "", sql_text(sql_get(role, "RoleSpec"), "rolename"));
}

static void visit_reassign(struct visit *visit, const cJSON *body)
{
    const cJSON *role = cJSON_GetArrayItem(sql_get(body, "roles"), 0);

    visit_find(visit, LINT_CHANGE_OWNER, "", sql_text(sql_get(role, "RoleSpec"), "rolename"));
}

static void visit_create_extension(struct visit *visit, const cJSON *body)
{
    visit_repeatable(visit, sql_flag(body, "if_not_exists"));
    visit_find(visit, LINT_CREATE_EXTENSION, "", sql_text(body, "extname"));
}

static void visit_alter_extension(struct visit *visit, const cJSON *body)
{
    visit_find(visit, LINT_UNKNOWN_STATEMENT, "", sql_text(body, "extname"));
}

static void visit_alter_sequence(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "sequence"));
    const struct entry *entry = visit_relation(visit, name);
    const cJSON *options = sql_get(body, "options");
    bool is_ownership = cJSON_GetArraySize(options) == 1 && sql_option(options, "owned_by") != NULL;

    if (!visit_is_new(visit, entry) && !is_ownership)
        visit_find(visit, LINT_ALTER_SEQUENCE, "", name.name);
}

static void visit_explain(struct visit *visit, const cJSON *body)
{
    if (sql_option_is_on(sql_get(body, "options"), "analyze"))
        visit_statement(visit, sql_get(body, "query"));
}

static void visit_statistics(struct visit *visit, const cJSON *body)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, sql_get(body, "relations"))(void)
        visit_lock(visit, sql_name_of_range(sql_get(item, "RangeVar")), LINT_LOCK_SUE);
}

static void visit_foreign_table(struct visit *visit, const cJSON *body)
{
    const cJSON *base = sql_get(body, "base");
    struct sql_name name = sql_name_of_range(sql_get(base != NULL ? base : body, "relation"));

    (void)catalog_add(visit->catalog, ENTRY_TABLE, name, visit->file_number);
}

static const struct {
    const char *kind;
    visit_kind visit;
} kinds[] = {
    { "AlterTableStmt", visit_alter_table },
    { "CreateStmt", visit_create_table },
    { "CreateForeignTableStmt", visit_foreign_table },
    { "CreateTableAsStmt", visit_create_table_as },
    { "ViewStmt", visit_view },
    { "IndexStmt", visit_index },
    { "DropStmt", visit_drop },
    { "RenameStmt", visit_rename },
    { "AlterObjectSchemaStmt", visit_set_schema },
    { "AlterOwnerStmt", visit_owner },
    { "TruncateStmt", visit_truncate },
    { "UpdateStmt", visit_update },
    { "DeleteStmt", visit_delete },
    { "InsertStmt", visit_insert },
    { "MergeStmt", visit_merge },
    { "CopyStmt", visit_copy },
    { "SelectStmt", visit_select },
    { "CallStmt", visit_call },
    { "DoStmt", visit_do },
    { "CreateFunctionStmt", visit_function },
    { "CreateEnumStmt", visit_create_enum },
    { "AlterEnumStmt", visit_alter_enum },
    { "CompositeTypeStmt", visit_create_type },
    { "CreateRangeStmt", visit_create_type },
    { "CreateDomainStmt", visit_create_domain },
    { "AlterDomainStmt", visit_alter_domain },
    { "TransactionStmt", visit_transaction },
    { "VariableSetStmt", visit_set },
    { "ReindexStmt", visit_reindex },
    { "VacuumStmt", visit_vacuum },
    { "ClusterStmt", visit_cluster },
    { "RefreshMatViewStmt", visit_refresh },
    { "LockStmt", visit_lock_table },
    { "CreateTrigStmt", visit_trigger },
    { "RuleStmt", visit_rule },
    { "CreatePolicyStmt", visit_policy },
    { "AlterPolicyStmt", visit_policy },
    { "GrantStmt", visit_grant },
    { "AlterDefaultPrivilegesStmt", visit_grant },
    { "GrantRoleStmt", visit_role },
    { "CreateRoleStmt", visit_role },
    { "AlterRoleStmt", visit_role },
    { "AlterRoleSetStmt", visit_role },
    { "DropRoleStmt", visit_role },
    { "DropOwnedStmt", visit_drop_owned },
    { "ReassignOwnedStmt", visit_reassign },
    { "CommentStmt", visit_comment },
    { "CreateSeqStmt", visit_sequence },
    { "AlterSeqStmt", visit_alter_sequence },
    { "CreateSchemaStmt", visit_schema },
    { "CreateExtensionStmt", visit_create_extension },
    { "AlterExtensionStmt", visit_alter_extension },
    { "CreatePublicationStmt", visit_publication },
    { "AlterPublicationStmt", visit_publication },
    { "CreateSubscriptionStmt", visit_create_subscription },
    { "AlterSubscriptionStmt", visit_replication },
    { "DropSubscriptionStmt", visit_drop_subscription },
    { "AlterSystemStmt", visit_alter_system },
    { "AlterDatabaseStmt", visit_alter_database },
    { "AlterDatabaseSetStmt", visit_alter_database },
    { "AlterDatabaseRefreshCollStmt", visit_alter_database },
    { "CreatedbStmt", visit_create_database },
    { "DropdbStmt", visit_drop_database },
    { "CreateTableSpaceStmt", visit_tablespace },
    { "DropTableSpaceStmt", visit_tablespace },
    { "AlterTableMoveAllStmt", visit_move_all },
    { "ExplainStmt", visit_explain },
    { "CreateStatsStmt", visit_statistics },
    { "AlterStatsStmt", visit_harmless },
    { "DefineStmt", visit_harmless },
    { "VariableShowStmt", visit_harmless },
    { "ConstraintsSetStmt", visit_harmless },
    { "NotifyStmt", visit_harmless },
    { "ListenStmt", visit_harmless },
    { "UnlistenStmt", visit_harmless },
    { "CheckPointStmt", visit_harmless },
    { "DiscardStmt", visit_harmless },
    { "DeallocateStmt", visit_harmless },
    { "SecLabelStmt", visit_harmless },
};

/* What is looked for in every statement that runs in the transaction in which an enum got a value. */
static bool uses_label(void *arg, const cJSON *body)
{
    struct visit *visit = arg;
    const char *text = sql_text(sql_get(body, "sval"), "sval");
    const struct enum_label *at = visit->labels;

    while (at != NULL && (at->transaction != visit->transaction || strcmp(at->label, text) != 0))
        at = at->next;
    if (at == NULL)
        return false;
    visit->location = sql_int(body, "location");
    visit_find(visit, LINT_ENUM_VALUE_USED_IN_TRANSACTION, "", text);
    visit->location = 0;
    return true;
}

/* What stays when the rest of the file fails; settings and reading leave nothing behind. */
static bool is_lasting(const char *kind)
{
    static const char *const fleeting[] = { "VariableSetStmt", "VariableShowStmt",
                                            "TransactionStmt", "SelectStmt" };

    for (size_t i = 0; i < sizeof fleeting / sizeof fleeting[0]; i++)
        if (strcmp(kind, fleeting[i]) == 0)
            return false;
    return true;
}

void visit_statement(struct visit *visit, const cJSON *node)
{
    const char *kind = sql_kind(node);
    bool had_concurrently = visit->has_concurrently;
    size_t at = 0;

    if (visit->labels != NULL && visit_in_transaction(visit))
        (void)sql_find(node, "A_Const", uses_label, visit);
    while (at < sizeof kinds / sizeof kinds[0] && strcmp(kinds[at].kind, kind) != 0)
        at++;
    visit->has_concurrently = false;
    if (at < sizeof kinds / sizeof kinds[0])
        kinds[at].visit(visit, sql_body(node));
    else
        visit_find(visit, LINT_UNKNOWN_STATEMENT, "", kind);
    if (!visit->has_concurrently && is_lasting(kind))
        visit->has_transactional = true;
    visit->has_concurrently = visit->has_concurrently || had_concurrently;
}
