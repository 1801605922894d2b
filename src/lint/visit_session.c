/* Transactions and settings of the session. Called by visit_statement. */
#include <stdlib.h>
#include <string.h>

#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

static void begin(struct visit *visit)
{
    if (visit->is_explicit || visit->file->wrap == LINT_WRAP) {
        visit_find(visit, LINT_TRANSACTION_NESTING, "", "BEGIN");
        return;
    }
    visit->is_explicit = true;
    visit->begun_at = visit->statement != NULL ? visit->statement->offset : 0;
    visit->transaction++;
}

static void end(struct visit *visit, const cJSON *body, const char *word)
{
    if (!visit->is_explicit)
        visit_find(visit, LINT_TRANSACTION_NESTING, "", word);
    visit->is_explicit = sql_flag(body, "chain") && visit->is_explicit;
    visit->has_local_timeout = false;
    visit->transaction++;
}

void visit_transaction(struct visit *visit, const cJSON *body)
{
    const char *kind = sql_text(body, "kind");

    if (visit->is_inner) /* a block of code may commit what came before it */
        return;
    if (strcmp(kind, "TRANS_STMT_BEGIN") == 0 || strcmp(kind, "TRANS_STMT_START") == 0)
        begin(visit);
    else if (strcmp(kind, "TRANS_STMT_COMMIT") == 0)
        end(visit, body, "COMMIT");
    else if (strcmp(kind, "TRANS_STMT_ROLLBACK") == 0)
        end(visit, body, "ROLLBACK");
    else if (strcmp(kind, "TRANS_STMT_PREPARE") == 0) {
        end(visit, body, "PREPARE TRANSACTION");
        visit_find(visit, LINT_UNKNOWN_STATEMENT, "", "PREPARE TRANSACTION");
    } else if (strcmp(kind, "TRANS_STMT_COMMIT_PREPARED") == 0 ||
               strcmp(kind, "TRANS_STMT_ROLLBACK_PREPARED") == 0) {
        (void)visit_needs_no_transaction(visit, "COMMIT or ROLLBACK PREPARED", false);
        visit_find(visit, LINT_UNKNOWN_STATEMENT, "", "COMMIT or ROLLBACK PREPARED");
    } else if (!visit_in_transaction(visit)) {
        visit_find(visit, LINT_TRANSACTION_NESTING, "", "SAVEPOINT");
    }
}

/* The first argument: a word, or "0" for a number that is zero. */
static const char *first_value(const cJSON *body)
{
    const cJSON *constant = sql_get(cJSON_GetArrayItem(sql_get(body, "args"), 0), "A_Const");
    const cJSON *number = sql_get(constant, "ival");

    if (number != NULL)
        return sql_int(number, "ival") != 0 ? "1" : "0";
    return sql_text(sql_get(constant, "sval"), "sval");
}

static void set_timeout(struct visit *visit, const cJSON *body, bool *session)
{
    bool is_set = sql_word(body, "kind", "VAR_SET_VALUE") && strtod(first_value(body), NULL) > 0;

    if (!sql_flag(body, "is_local"))
        *session = is_set;
    else if (visit_in_transaction(visit))
        visit->has_local_timeout = visit->has_local_timeout || is_set;
}

void visit_set(struct visit *visit, const cJSON *body)
{
    const char *name = sql_text(body, "name");

    if (strcmp(name, "lock_timeout") == 0)
        set_timeout(visit, body, &visit->has_lock_timeout);
    else if (strcmp(name, "statement_timeout") == 0)
        visit->has_statement_timeout = strtod(first_value(body), NULL) > 0;
    else if (strcmp(name, "search_path") == 0 && first_value(body)[0] != '\0')
        catalog_set_schema(visit->catalog, first_value(body));
    else if (strcmp(name, "session_replication_role") == 0 &&
             strcmp(first_value(body), "origin") != 0 && sql_word(body, "kind", "VAR_SET_VALUE"))
        visit_find(visit, LINT_SESSION_REPLICATION_ROLE, "", "");
}
