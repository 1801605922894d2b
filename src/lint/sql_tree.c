/* Reading parse trees: see sql_tree_priv.h. */
#include "lint/sql_tree_priv.h"

#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum sql_parse sql_tree_parse(const char *text, cJSON **tree, char *words, unsigned size,
                              int *character)
{
    PgQueryParseResult result = pg_query_parse(text);
    enum sql_parse outcome = SQL_PARSED;

    *tree = NULL;
    if (result.error != NULL) {
        if (strcmp(result.error->message, "out of memory") == 0)
            abort(); /* no answer is better than a wrong one: whoever started us says which limit it was */
        outcome = SQL_ERROR;
        snprintf(words, size, "%s", result.error->message);
        *character = result.error->cursorpos;
    } else {
        *tree = cJSON_Parse(result.parse_tree);
        if (*tree == NULL)
            outcome = SQL_TOO_DEEP;
    }
    pg_query_free_parse_result(result);
    return outcome;
}

const cJSON *sql_tree_statement(const cJSON *tree)
{
    const cJSON *first = cJSON_GetArrayItem(sql_get(tree, "stmts"), 0);

    return sql_get(first, "stmt");
}

const char *sql_kind(const cJSON *node)
{
    return cJSON_IsObject(node) && node->child != NULL ? node->child->string : "";
}

const cJSON *sql_body(const cJSON *node)
{
    return cJSON_IsObject(node) ? node->child : NULL;
}

bool sql_is(const cJSON *node, const char *kind)
{
    return strcmp(sql_kind(node), kind) == 0;
}

const cJSON *sql_get(const cJSON *body, const char *member)
{
    return cJSON_GetObjectItemCaseSensitive(body, member);
}

const char *sql_text(const cJSON *body, const char *member)
{
    const cJSON *value = sql_get(body, member);

    return cJSON_IsString(value) ? value->valuestring : "";
}

int sql_int(const cJSON *body, const char *member)
{
    const cJSON *value = sql_get(body, member);

    return cJSON_IsNumber(value) ? value->valueint : 0;
}

bool sql_flag(const cJSON *body, const char *member)
{
    return cJSON_IsTrue(sql_get(body, member));
}

bool sql_word(const cJSON *body, const char *member, const char *value)
{
    return strcmp(sql_text(body, member), value) == 0;
}

const char *sql_string(const cJSON *node)
{
    return sql_text(sql_get(node, "String"), "sval");
}

struct sql_name sql_name_of_list(const cJSON *list)
{
    struct sql_name name = { .schema = "", .name = "" };
    const cJSON *item = NULL;

    if (sql_is(list, "List"))
        list = sql_get(sql_body(list), "items");
    cJSON_ArrayForEach(item, list)
    {
        if (!sql_is(item, "String"))
            continue;
        name.schema = name.name;
        name.name = sql_string(item);
    }
    return name;
}

struct sql_name sql_name_of_range(const cJSON *range_var)
{
    return (struct sql_name){ .schema = sql_text(range_var, "schemaname"),
                              .name = sql_text(range_var, "relname") };
}

const cJSON *sql_option(const cJSON *list, const char *name)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, list)
    {
        const cJSON *body = sql_get(item, "DefElem");

        if (sql_word(body, "defname", name))
            return body;
    }
    return NULL;
}

bool sql_option_is_on(const cJSON *list, const char *name)
{
    static const char *const off[] = { "false", "off", "0" };
    const cJSON *option = sql_option(list, name);
    const cJSON *value = sql_get(option, "arg");

    if (option == NULL || value == NULL)
        return option != NULL;
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        if (strcmp(sql_string(value), off[i]) == 0)
            return false;
    if (sql_is(value, "Integer"))
        return sql_int(sql_body(value), "ival") != 0;
    if (sql_is(value, "Boolean"))
        return sql_flag(sql_body(value), "boolval");
    return true;
}

bool sql_find(const cJSON *node, const char *kind, bool (*visit)(void *arg, const cJSON *body),
              void *arg)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, node)
    {
        if (item->string != NULL && strcmp(item->string, kind) == 0 && visit(arg, item))
            return true;
        if (item->child != NULL && sql_find(item, kind, visit, arg))
            return true;
    }
    return false;
}
