/*
 * The parse tree of one statement as libpg_query writes it: JSON objects, one member for the kind of a node; members
 * that are zero, false or empty are left out. Absent members read as such, so that chains of calls need no checks.
 * One thread.
 */
#ifndef LINT_SQL_TREE_PRIV_H
#define LINT_SQL_TREE_PRIV_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/slice.h"

/* "schema.name"; schema is "" when it is not given. Valid as long as the tree. */
struct sql_name {
    const char *schema;
    const char *name;
};

/* How an attempt to parse ended. */
enum sql_parse { SQL_PARSED, SQL_ERROR, SQL_TOO_DEEP };

/* Parses one statement. SQL_PARSED: *tree is the list of its parse (cJSON_Delete). SQL_ERROR: words holds
 * PostgreSQL's message and *character the 1-based place of it in characters (0: none). */
enum sql_parse sql_tree_parse(const char *text, cJSON **tree, char *words, unsigned size,
                              int *character);

/* The first statement's node of a parsed list: { "SelectStmt": {..} }, or NULL. */
const cJSON *sql_tree_statement(const cJSON *tree);

/* The kind of a node and what is in it: "SelectStmt", {..}. */
const char *sql_kind(const cJSON *node);
const cJSON *sql_body(const cJSON *node);
bool sql_is(const cJSON *node, const char *kind);

const cJSON *sql_get(const cJSON *body, const char *member);
const char *sql_text(const cJSON *body, const char *member); /* "" when absent */
int sql_int(const cJSON *body, const char *member);
bool sql_flag(const cJSON *body, const char *member);
bool sql_word(const cJSON *body, const char *member, const char *value);

/* The String node's text, or "". */
const char *sql_string(const cJSON *node);

/* The last and the one but last of a list of String nodes. */
struct sql_name sql_name_of_list(const cJSON *list);
struct sql_name sql_name_of_range(const cJSON *range_var); /* the body of a RangeVar */

/* The option of a list of DefElem nodes, or NULL; a bare option and true, on, 1 are on. */
const cJSON *sql_option(const cJSON *list, const char *name);
bool sql_option_is_on(const cJSON *list, const char *name);

/* Calls visit for the body of every node of that kind under node, until it answers true; whether one did. */
bool sql_find(const cJSON *node, const char *kind, bool (*visit)(void *arg, const cJSON *body),
              void *arg);

#endif
