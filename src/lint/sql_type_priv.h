/* Column types as a statement writes them, and whether changing one into another is harmless. Pure, any thread. */
#ifndef LINT_SQL_TYPE_PRIV_H
#define LINT_SQL_TYPE_PRIV_H

#include <stdbool.h>

#include "base/arena.h"
#include "lint/sql_tree_priv.h"

struct sql_type {
    const char *schema; /* "pg_catalog" is written "" */
    const char *name;   /* "int4", "varchar", "serial"; NULL: unknown */
    int mods[2];        /* length, or precision and scale; -1: not given */
    unsigned mod_count;
    bool is_array;
};

/* From the body of a TypeName; texts are copied into the arena. */
struct sql_type sql_type_of(struct arena *arena, const cJSON *type_name);

/* "character varying(20)" as format_type() writes it; parsed through the grammar. */
struct sql_type sql_type_parse(struct arena *arena, const char *words);
bool sql_type_is_serial(const struct sql_type *type);

/* Whether every value of `from` is one of `to` with the same bytes: no rewrite, and only wider. */
bool sql_type_widens(const struct sql_type *from, const struct sql_type *to);

/* Whether PostgreSQL changes one into the other without writing the table anew. */
bool sql_type_keeps_bytes(const struct sql_type *from, const struct sql_type *to);
bool sql_type_is_equal(const struct sql_type *a, const struct sql_type *b);

#endif
