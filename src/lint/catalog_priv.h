/*
 * What is known of the schema: from the baseline and from the statements before the one that is judged. Names are
 * looked up as PostgreSQL does with search_path = public. Owner: the run; all of it lies in the run's arena. One thread.
 */
#ifndef LINT_CATALOG_PRIV_H
#define LINT_CATALOG_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "lint/sql_tree_priv.h"
#include "lint/sql_type_priv.h"

enum entry_kind {
    ENTRY_TABLE, /* also partitioned and foreign */
    ENTRY_VIEW,
    ENTRY_MATVIEW,
    ENTRY_INDEX,
    ENTRY_SEQUENCE,
    ENTRY_ENUM,
    ENTRY_DOMAIN,
    ENTRY_TYPE, /* composite, range, base */
    ENTRY_FUNCTION,
    ENTRY_SCHEMA,
};

enum entry_space { SPACE_RELATION, SPACE_TYPE, SPACE_FUNCTION, SPACE_SCHEMA };

struct column {
    struct column *next;
    const char *name;
    struct sql_type type;
    bool is_not_null;
    bool has_default;
    bool is_gone;
    unsigned file; /* that added it; 0: the baseline */
};

enum constraint_kind { CONSTRAINT_CHECK, CONSTRAINT_UNIQUE, CONSTRAINT_FOREIGN, CONSTRAINT_OTHER };

struct constraint {
    struct constraint *next;
    const char *name;
    enum constraint_kind kind;
    bool is_valid;
    bool is_gone;
    const char *present;  /* the column of CHECK (column IS NOT NULL), or NULL */
    struct entry *refers; /* of a foreign key, or NULL */
    unsigned transaction; /* in which it was added */
};

/* Several of these fields belong to one kind only. */
struct entry {
    struct entry *chain; /* same hash */
    struct entry *all;   /* made before this one */
    enum entry_kind kind;
    const char *schema;
    const char *name;
    unsigned file;        /* that made it; 0: the baseline */
    unsigned transaction; /* in which its table was altered last */
    bool is_gone;
    bool is_unique;         /* of an index */
    bool is_constrained;    /* of a domain */
    struct sql_type base;   /* of a domain */
    struct entry *table;    /* of an index */
    struct column *columns; /* of tables */
    struct column *last_column;
    struct constraint *constraints;
    double rows; /* as the server estimates; < 0: unknown */
};

struct catalog;

struct catalog *catalog_new(struct arena *arena);
void catalog_free(struct catalog *catalog);

/* Where unqualified names go; text is kept. */
void catalog_set_schema(struct catalog *catalog, const char *schema);
const char *catalog_schema(const struct catalog *catalog);

/* Facts are complete: what is not in the catalog does not exist. */
void catalog_set_complete(struct catalog *catalog);
bool catalog_is_complete(const struct catalog *catalog);

enum entry_space catalog_space(enum entry_kind kind);

/* NULL when it is not known (or dropped). */
struct entry *catalog_find(const struct catalog *catalog, enum entry_space space,
                           struct sql_name name);

/* Adds or, when it is there already, gives what is there. Texts are copied. */
struct entry *catalog_add(struct catalog *catalog, enum entry_kind kind, struct sql_name name,
                          unsigned file);
void catalog_rename(struct catalog *catalog, struct entry *entry, const char *name);

/* The newest; older ones by entry->all. */
struct entry *catalog_newest(const struct catalog *catalog);

struct column *catalog_column(const struct entry *table, const char *name);
struct column *catalog_add_column(struct catalog *catalog, struct entry *table, const char *name,
                                  unsigned file);
struct constraint *catalog_constraint(const struct entry *table, const char *name);
struct constraint *catalog_add_constraint(struct catalog *catalog, struct entry *table,
                                          enum constraint_kind kind, const char *name);

/* A terminated copy in the arena. */
const char *catalog_text(struct arena *arena, const char *text);

/* At most 499 bytes, in the arena. */
const char *catalog_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Memory from the arena; the process ends when there is none. */
void *catalog_alloc(struct arena *arena, size_t size);

#endif
