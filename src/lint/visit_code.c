/* DO blocks and functions: SQL inside other code. Called by visit_statement. */
#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lint/lexer_priv.h"
#include "lint/sanitized_priv.h"
#include "lint/visit_kinds_priv.h"
#include "lint/visit_priv.h"

#if SANITIZED
#include <sanitizer/lsan_interface.h>
#endif

enum { CODE_MAX = 1 << 20, CODE_DEPTH_MAX = 200 };

/* A body that is walked; `judge` is called for each piece of SQL in it. */
struct code {
    struct visit *visit;
    void (*judge)(struct visit *visit, const char *sql, const char *where);
    unsigned depth;
};

static const cJSON *option_text(const cJSON *options, const char *name)
{
    const cJSON *value = sql_get(sql_option(options, name), "arg");

    if (sql_is(value, "List"))
        value = cJSON_GetArrayItem(sql_get(sql_body(value), "items"), 0);
    return value;
}

/* NULL: PostgreSQL's parser does not take it. */
static cJSON *parse_piece(struct lexer *lexer, size_t at)
{
    const struct lex_piece *piece = &lexer->pieces[at];
    cJSON *tree = NULL;
    char words[200];
    int character = 0;

    lexer->text[piece->end] = '\0';
    if (sql_tree_parse(lexer->text + piece->start, &tree, words, sizeof words, &character) !=
        SQL_PARSED)
        return NULL;
    return tree;
}

void visit_inner_sql(struct visit *visit, const char *sql, const char *where)
{
    struct visit saved = *visit;
    struct lexer lexer;

    visit->is_inner = true;
    visit->where = where;
    visit->location = 0;
    lexer_run(&lexer, slice_from(sql));
    for (size_t i = 0; i < lexer.piece_count; i++) {
        cJSON *tree = lexer.pieces[i].is_deep ? NULL : parse_piece(&lexer, i);

        if (tree == NULL)
            visit_find(visit, LINT_OPAQUE_CODE, "", "a statement in it cannot be read");
        else
            visit_statement(visit, sql_tree_statement(tree));
        cJSON_Delete(tree);
    }
    lexer_fini(&lexer);
    visit->is_inner = saved.is_inner;
    visit->where = saved.where;
    visit->location = saved.location;
}

static bool is_catalog_write(const char *kind, const cJSON *body)
{
    struct sql_name name = sql_name_of_range(sql_get(body, "relation"));

    if (strcmp(kind, "InsertStmt") != 0 && strcmp(kind, "UpdateStmt") != 0 &&
        strcmp(kind, "DeleteStmt") != 0)
        return false;
    return strcmp(name.schema, "pg_catalog") == 0 ||
           (name.schema[0] == '\0' && strncmp(name.name, "pg_", 3) == 0);
}

/* What would fail, or ruin the catalog, when the function is called one day. */
static enum lint_rule_id rule_for_later(const char *kind, const cJSON *body)
{
    static const char *const alone[] = { "CreatedbStmt", "DropdbStmt", "AlterSystemStmt",
                                         "CreateTableSpaceStmt", "DropTableSpaceStmt" };

    if (sql_flag(body, "concurrent") || sql_option_is_on(sql_get(body, "params"), "concurrently"))
        return LINT_CONCURRENTLY_IN_FUNCTION;
    if (is_catalog_write(kind, body))
        return LINT_SYSTEM_CATALOG_WRITE;
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        if (strcmp(kind, alone[i]) == 0)
            return LINT_NONTRANSACTIONAL_IN_TRANSACTION;
    if (strcmp(kind, "VacuumStmt") == 0 && sql_flag(body, "is_vacuumcmd"))
        return LINT_NONTRANSACTIONAL_IN_TRANSACTION;
    return LINT_RULES;
}

/* A function does nothing yet: what is wrong in it is said as advice, and nothing is told to the catalog. */
static void judge_later(struct visit *visit, const char *sql, const char *where)
{
    struct lexer lexer;

    lexer_run(&lexer, slice_from(sql));
    for (size_t i = 0; i < lexer.piece_count; i++) {
        cJSON *tree = NULL;
        const cJSON *node = NULL;
        enum lint_rule_id rule = LINT_RULES;

        if (!lexer.pieces[i].is_deep)
            tree = parse_piece(&lexer, i);
        node = sql_tree_statement(tree);
        rule = rule_for_later(sql_kind(node), sql_body(node));
        if (rule != LINT_RULES) {
            struct lint_finding *finding = NULL;

            visit->where = where;
            finding = visit_find(visit, rule, "", sql_kind(node));
            finding->class = LINT_ADVICE;
            finding->points = 1;
            visit->where = NULL;
        }
        cJSON_Delete(tree);
    }
    lexer_fini(&lexer);
}

/* The text of EXECUTE when it is a constant; NULL: it is put together at run time. *tree holds it. */
static const char *constant_of(const char *expression, cJSON **tree)
{
    char *sql = NULL;
    char words[200];
    int character = 0;
    const cJSON *select = NULL;
    const cJSON *target = NULL;

    sql = mem_format("SELECT %s", expression);
    if (sql_tree_parse(sql, tree, words, sizeof words, &character) == SQL_PARSED) {
        select = sql_get(sql_tree_statement(*tree), "SelectStmt");
        target = sql_get(cJSON_GetArrayItem(sql_get(select, "targetList"), 0), "ResTarget");
    }
    free(sql);
    target = sql_get(sql_get(sql_get(target, "val"), "A_Const"), "sval");
    return target != NULL ? sql_text(target, "sval") : NULL;
}

static void walk_dynamic(struct code *code, const char *expression, const char *where)
{
    cJSON *tree = NULL;
    const char *sql = constant_of(expression, &tree);

    if (sql != NULL) {
        code->judge(code->visit, sql, where);
    } else if (code->judge == visit_inner_sql) {
        code->visit->where = where;
        visit_find(code->visit, LINT_DYNAMIC_SQL, "", "EXECUTE of an expression");
        code->visit->where = NULL;
    }
    cJSON_Delete(tree);
}

static const char *expression_of(const cJSON *body, const char *member)
{
    return sql_text(sql_get(sql_get(body, member), "PLpgSQL_expr"), "query");
}

/* One node of the tree: which of its members hold SQL. */
static void walk_node(struct code *code, const cJSON *node)
{
    static const struct {
        const char *kind;
        const char *member;
        bool is_dynamic;
    } rows[] = {
        { "PLpgSQL_stmt_execsql", "sqlstmt", false },
        { "PLpgSQL_stmt_perform", "expr", false },
        { "PLpgSQL_stmt_call", "expr", false },
        { "PLpgSQL_stmt_fors", "query", false },
        { "PLpgSQL_stmt_return_query", "query", false },
        { "PLpgSQL_stmt_dynexecute", "query", true },
        { "PLpgSQL_stmt_dynfors", "query", true },
        { "PLpgSQL_stmt_return_query", "dynquery", true },
    };
    char where[60];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *sql =
            strcmp(node->string, rows[i].kind) == 0 ? expression_of(node, rows[i].member) : "";

        snprintf(where, sizeof where, "(in line %d of the code)", sql_int(node, "lineno"));
        if (sql[0] != '\0' && rows[i].is_dynamic)
            walk_dynamic(code, sql, where);
        else if (sql[0] != '\0')
            code->judge(code->visit, sql, where);
    }
}

static void walk_code(struct code *code, const cJSON *node)
{
    const cJSON *item = NULL;

    if (code->depth == CODE_DEPTH_MAX)
        return;
    code->depth++;
    cJSON_ArrayForEach(item, node)
    {
        if (item->string != NULL)
            walk_node(code, item);
        if (item->child != NULL)
            walk_code(code, item);
    }
    code->depth--;
}

/* The library forgets an empty text of its own when the code has an error in it. */
static void forget_leaks(bool is_begin)
{
#if SANITIZED
    if (is_begin)
        __lsan_disable();
    else
        __lsan_enable();
#else
    (void)is_begin;
#endif
}

/* False: the parser of plpgsql, which is stricter than PostgreSQL, does not take it. */
static bool walk_plpgsql(struct code *code, const char *text)
{
    PgQueryPlpgsqlParseResult result = { 0 };
    cJSON *tree = NULL;

    if (strlen(text) > CODE_MAX)
        return false;
    forget_leaks(true);
    result = pg_query_parse_plpgsql(text);
    forget_leaks(false);
    if (result.error == NULL)
        tree = cJSON_Parse(result.plpgsql_funcs);
    pg_query_free_plpgsql_parse_result(result);
    if (tree == NULL)
        return false;
    walk_code(code, tree);
    cJSON_Delete(tree);
    return true;
}

void visit_do(struct visit *visit, const cJSON *body)
{
    struct code code = { .visit = visit, .judge = visit_inner_sql };
    const cJSON *arguments = sql_get(body, "args");
    const cJSON *language = option_text(arguments, "language");
    bool is_plpgsql = language == NULL || strcmp(sql_string(language), "plpgsql") == 0;

    if (option_text(arguments, "as") == NULL)
        return;
    if (visit->is_inner) {
        visit_find(visit, LINT_OPAQUE_CODE, "", "a DO block inside other code");
        return;
    }
    visit->is_inner = true;
    if (!is_plpgsql)
        visit_find(visit, LINT_OPAQUE_CODE, "", "a DO block in a language other than plpgsql");
    else if (!walk_plpgsql(&code, visit->text))
        visit_find(visit, LINT_OPAQUE_CODE, "", "a DO block that cannot be read");
    visit->is_inner = false;
}

void visit_function(struct visit *visit, const cJSON *body)
{
    struct code code = { .visit = visit, .judge = judge_later };
    const cJSON *options = sql_get(body, "options");
    const cJSON *language = option_text(options, "language");
    const cJSON *source = option_text(options, "as");
    struct sql_name name = sql_name_of_list(sql_get(body, "funcname"));
    struct entry *entry = catalog_find(visit->catalog, SPACE_FUNCTION, name);
    bool is_known = entry != NULL || !catalog_is_complete(visit->catalog);

    if (sql_flag(body, "replace") && is_known && !visit_is_new(visit, entry))
        visit_find(visit, LINT_REPLACE_FUNCTION, "", name.name);
    if (sql_get(body, "sql_body") != NULL)
        visit_newer(visit, 14, "a body of SQL without quotes");
    if (entry == NULL)
        (void)catalog_add(visit->catalog, ENTRY_FUNCTION, name, visit->file_number);
    if (visit->is_silent || visit->is_inner || source == NULL || sql_get(body, "sql_body") != NULL)
        return;
    visit->is_inner = true;
    if (language != NULL && strcmp(sql_string(language), "plpgsql") == 0)
        (void)walk_plpgsql(&code, visit->text);
    else if (language != NULL && strcmp(sql_string(language), "sql") == 0)
        judge_later(visit, sql_string(source), "(in the function)");
    visit->is_inner = false;
}
