/* Types: enums, composites, domains. Called by visit_statement. */
#include <string.h>

#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

static struct entry *define_type(struct visit *visit, const cJSON *list, enum entry_kind kind)
{
    struct sql_name name = sql_name_of_list(list);
    struct entry *entry = catalog_add(visit->catalog, kind, name, visit->file_number);

    entry->transaction = visit->transaction;
    return entry;
}

void visit_create_enum(struct visit *visit, const cJSON *body)
{
    (void)define_type(visit, sql_get(body, "typeName"), ENTRY_ENUM);
}

void visit_create_type(struct visit *visit, const cJSON *body)
{
    const cJSON *composite = sql_get(body, "typevar");
    struct sql_name name = composite != NULL ? sql_name_of_range(composite)
                                             : sql_name_of_list(sql_get(body, "typeName"));

    if (name.name[0] != '\0')
        (void)catalog_add(visit->catalog, ENTRY_TYPE, name, visit->file_number);
}

void visit_alter_enum(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_list(sql_get(body, "typeName"));
    struct entry *entry = catalog_find(visit->catalog, SPACE_TYPE, name);
    const char *label = sql_text(body, "newVal");
    bool is_new = visit_is_new(visit, entry);
    struct enum_label *added = NULL;

    if (sql_get(body, "oldVal") != NULL) {
        if (!is_new) {
            visit_find(visit, LINT_RENAME_ENUM_VALUE, "", name.name);
            visit_parallel(visit, "", "the other side has the old label");
        }
        return;
    }
    visit_repeatable(visit, sql_flag(body, "skipIfNewValExists"));
    if (!is_new) {
        visit_find(visit,
                   sql_get(body, "newValNeighbor") != NULL ? LINT_ENUM_VALUE_POSITION
                                                           : LINT_ENUM_ADD_VALUE,
                   "", name.name);
        visit_parallel(visit, "", "the other side lacks the new enum value");
    }
    if (!visit_in_transaction(visit) || (is_new && entry->transaction == visit->transaction))
        return; /* PostgreSQL allows it for a type of the same transaction */
    added = catalog_alloc(visit->arena, sizeof *added);
    *added = (struct enum_label){ .next = visit->labels,
                                  .label = catalog_text(visit->arena, label),
                                  .transaction = visit->transaction };
    visit->labels = added;
}

void visit_alter_type_object(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));
    struct entry *entry = catalog_find(visit->catalog, SPACE_TYPE, name);
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, sql_get(body, "cmds"))
    {
        bool adds = sql_word(sql_get(item, "AlterTableCmd"), "subtype", "AT_AddColumn");

        if (!visit_is_new(visit, entry))
            visit_find(visit, adds ? LINT_ALTER_TYPE_ADD_ATTRIBUTE : LINT_ALTER_COMPOSITE_TYPE, "",
                       name.name);
    }
}

static bool is_condition(const cJSON *constraint)
{
    return sql_word(constraint, "contype", "CONSTR_CHECK") ||
           sql_word(constraint, "contype", "CONSTR_NOTNULL");
}

void visit_create_domain(struct visit *visit, const cJSON *body)
{
    struct entry *entry = define_type(visit, sql_get(body, "domainname"), ENTRY_DOMAIN);
    const cJSON *item = NULL;

    entry->base = sql_type_of(visit->arena, sql_get(body, "typeName"));
    cJSON_ArrayForEach(item, sql_get(body, "constraints")) entry->is_constrained =
        entry->is_constrained || is_condition(sql_get(item, "Constraint"));
    if (entry->is_constrained)
        visit_find(visit, LINT_CREATE_DOMAIN_CONSTRAINT, "", entry->name);
}

/* Whatever is checked anew is checked in every table with a column of the domain. */
static void lock_users(struct visit *visit, const struct entry *domain)
{
    for (struct entry *table = catalog_newest(visit->catalog); table != NULL; table = table->all)
        for (const struct column *at = table->columns; at != NULL && !table->is_gone; at = at->next)
            if (!at->is_gone && at->type.name != NULL && domain != NULL &&
                strcmp(at->type.name, domain->name) == 0)
                (void)visit_lock_entry(visit, table, LINT_LOCK_SHARE);
}

void visit_alter_domain(struct visit *visit, const cJSON *body)
{
    struct sql_name name = sql_name_of_list(sql_get(body, "typeName"));
    struct entry *entry = catalog_find(visit->catalog, SPACE_TYPE, name);
    const char *what = sql_text(body, "subtype");
    bool is_lazy = sql_flag(sql_get(sql_get(body, "def"), "Constraint"), "skip_validation");
    enum lint_rule_id rule = LINT_ALTER_DOMAIN_OTHER;
    struct lint_finding *finding = NULL;

    if (strcmp(what, "O") == 0)
        rule = LINT_ALTER_DOMAIN_NOT_NULL;
    else if (strcmp(what, "C") == 0)
        rule =
            is_lazy ? LINT_ALTER_DOMAIN_ADD_CONSTRAINT_NOT_VALID : LINT_ALTER_DOMAIN_ADD_CONSTRAINT;
    if (!visit_is_new(visit, entry))
        finding = visit_find(visit, rule, "", name.name);
    if (strcmp(what, "V") == 0 && finding != NULL)
        finding->lock = LINT_LOCK_SHARE;
    if (strcmp(what, "O") == 0 || strcmp(what, "V") == 0 || (strcmp(what, "C") == 0 && !is_lazy))
        lock_users(visit, entry);
    if (entry != NULL && (strcmp(what, "O") == 0 || strcmp(what, "C") == 0))
        entry->is_constrained = true;
}
