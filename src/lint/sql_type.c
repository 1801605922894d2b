/* Column types and their changes: see sql_type_priv.h. */
#include "lint/sql_type_priv.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lint/catalog_priv.h"

static bool is(const struct sql_type *type, const char *name)
{
    return type->name != NULL && type->schema[0] == '\0' && strcmp(type->name, name) == 0;
}

struct sql_type sql_type_of(struct arena *arena, const cJSON *type_name)
{
    struct sql_name name = sql_name_of_list(sql_get(type_name, "names"));
    struct sql_type type = { .schema = "", .mods = { -1, -1 } };
    const cJSON *item = NULL;

    if (name.name[0] == '\0')
        return type;
    if (strcmp(name.schema, "pg_catalog") != 0)
        type.schema = catalog_text(arena, name.schema);
    type.name = catalog_text(arena, name.name);
    type.is_array = sql_get(type_name, "arrayBounds") != NULL;
    cJSON_ArrayForEach(item, sql_get(type_name, "typmods"))
    {
        const cJSON *number = sql_get(sql_get(item, "A_Const"), "ival");

        if (type.mod_count < 2 && number != NULL)
            type.mods[type.mod_count++] = sql_int(number, "ival");
    }
    if (is(&type, "bpchar") && type.mod_count == 0 && sql_get(type_name, "typmods") == NULL)
        type.mods[type.mod_count++] = 1; /* "char" without a length */
    return type;
}

struct sql_type sql_type_parse(struct arena *arena, const char *words)
{
    struct sql_type type = { .schema = "", .mods = { -1, -1 } };
    char statement[300];
    char problem[80];
    cJSON *tree = NULL;
    int character = 0;

    snprintf(statement, sizeof statement, "SELECT NULL::%s", words);
    if (sql_tree_parse(statement, &tree, problem, sizeof problem, &character) == SQL_PARSED) {
        const cJSON *select = sql_get(sql_tree_statement(tree), "SelectStmt");
        const cJSON *target = cJSON_GetArrayItem(sql_get(select, "targetList"), 0);
        const cJSON *cast = sql_get(sql_get(sql_get(target, "ResTarget"), "val"), "TypeCast");

        type = sql_type_of(arena, sql_get(cast, "typeName"));
    }
    cJSON_Delete(tree);
    return type;
}

bool sql_type_is_serial(const struct sql_type *type)
{
    static const char *const names[] = { "serial",  "bigserial", "smallserial",
                                         "serial2", "serial4",   "serial8" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(type, names[i]))
            return true;
    return false;
}

/* numeric(5) is numeric(5,0). */
static int scale_of(const struct sql_type *type)
{
    return type->mod_count > 1 ? type->mods[1] : 0;
}

/* A length or precision that is not given has no limit. */
static bool is_at_least(const struct sql_type *to, const struct sql_type *from)
{
    int from_limit = from->mod_count > 0 ? from->mods[0] : INT_MAX;
    int to_limit = to->mod_count > 0 ? to->mods[0] : INT_MAX;

    return to_limit >= from_limit;
}

static bool is_text(const struct sql_type *type)
{
    return is(type, "text") || (is(type, "varchar") && type->mod_count == 0);
}

static bool widens_timed(const struct sql_type *from, const struct sql_type *to)
{
    static const char *const names[] = { "timestamp", "timestamptz", "time", "timetz", "interval" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(from, names[i]) && is(to, names[i])) {
            bool is_interval =
                i == 4; /* its first modifier says which fields, the second how exact */

            if (is_interval && (from->mod_count > 0) != (to->mod_count > 0))
                return to->mod_count == 0;
            if (is_interval && from->mod_count > 0)
                return from->mods[0] == to->mods[0] &&
                       (to->mod_count < 2 || (from->mod_count > 1 && to->mods[1] >= from->mods[1]));
            /* no precision is 6 */
            return (to->mod_count > 0 ? to->mods[0] : 6) >=
                   (from->mod_count > 0 ? from->mods[0] : 6);
        }
    return false;
}

bool sql_type_is_equal(const struct sql_type *a, const struct sql_type *b)
{
    if (a->name == NULL || b->name == NULL || a->is_array != b->is_array)
        return false;
    if (strcmp(a->name, b->name) != 0 || a->mod_count != b->mod_count)
        return false;
    return memcmp(a->mods, b->mods, sizeof a->mods) == 0;
}

bool sql_type_widens(const struct sql_type *from, const struct sql_type *to)
{
    if (from->name == NULL || to->name == NULL || from->is_array || to->is_array)
        return false;
    if ((is(from, "varchar") || is(from, "text")) && is_text(to))
        return true;
    if (is(from, "varchar") && is(to, "varchar"))
        return is_at_least(to, from);
    if (is(from, "numeric") && is(to, "numeric"))
        return to->mod_count == 0 ||
               (from->mod_count > 0 && is_at_least(to, from) && scale_of(from) == scale_of(to));
    if (is(from, "cidr") && is(to, "inet"))
        return true;
    return widens_timed(from, to);
}

bool sql_type_keeps_bytes(const struct sql_type *from, const struct sql_type *to)
{
    if (sql_type_is_equal(from, to) || sql_type_widens(from, to))
        return true;
    if (from->name == NULL || to->name == NULL || from->is_array || to->is_array)
        return false;
    if (is(from, "varbit") && is(to, "varbit"))
        return is_at_least(to, from);
    return is(from, "xml") && is_text(to);
}
