/* What is known of the schema: see catalog_priv.h. */
#include "lint/catalog_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

enum { BUCKETS = 16384 };

struct catalog {
    struct arena *arena;
    struct entry *newest;
    const char *schema;
    bool is_complete;
    struct entry *buckets[BUCKETS];
};

void *catalog_alloc(struct arena *arena, size_t size)
{
    void *memory = arena_alloc(arena, size);

    CHECK(memory != NULL); /* the arena of a run has no limit of its own */
    memset(memory, 0, size);
    return memory;
}

const char *catalog_text(struct arena *arena, const char *text)
{
    size_t len = strlen(text);
    char *copy = catalog_alloc(arena, len + 1);

    memcpy(copy, text, len);
    return copy;
}

const char *catalog_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    char words[500];

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    return catalog_text(arena, words);
}

struct catalog *catalog_new(struct arena *arena)
{
    struct catalog *catalog = mem_zalloc(sizeof *catalog);

    catalog->arena = arena;
    catalog->schema = "public";
    return catalog;
}

void catalog_free(struct catalog *catalog)
{
    free(catalog);
}

void catalog_set_schema(struct catalog *catalog, const char *schema)
{
    catalog->schema = catalog_text(catalog->arena, schema);
}

const char *catalog_schema(const struct catalog *catalog)
{
    return catalog->schema;
}

void catalog_set_complete(struct catalog *catalog)
{
    catalog->is_complete = true;
}

bool catalog_is_complete(const struct catalog *catalog)
{
    return catalog->is_complete;
}

struct entry *catalog_newest(const struct catalog *catalog)
{
    return catalog->newest;
}

enum entry_space catalog_space(enum entry_kind kind)
{
    switch (kind) {
    case ENTRY_TABLE:
    case ENTRY_VIEW:
    case ENTRY_MATVIEW:
    case ENTRY_INDEX:
    case ENTRY_SEQUENCE: return SPACE_RELATION;
    case ENTRY_ENUM:
    case ENTRY_DOMAIN:
    case ENTRY_TYPE: return SPACE_TYPE;
    case ENTRY_FUNCTION: return SPACE_FUNCTION;
    case ENTRY_SCHEMA: return SPACE_SCHEMA;
    }
    return SPACE_RELATION;
}

static size_t bucket_of(enum entry_space space, const char *name)
{
    return hash_bytes((uint64_t)space + 1, name, strlen(name)) % BUCKETS;
}

struct entry *catalog_find(const struct catalog *catalog, enum entry_space space,
                           struct sql_name name)
{
    const char *schema = name.schema[0] != '\0' ? name.schema : catalog->schema;
    struct entry *entry = catalog->buckets[bucket_of(space, name.name)];

    for (; entry != NULL; entry = entry->chain)
        if (!entry->is_gone && catalog_space(entry->kind) == space &&
            strcmp(entry->name, name.name) == 0 && strcmp(entry->schema, schema) == 0)
            return entry;
    return NULL;
}

static void link_entry(struct catalog *catalog, struct entry *entry)
{
    size_t bucket = bucket_of(catalog_space(entry->kind), entry->name);

    entry->chain = catalog->buckets[bucket];
    catalog->buckets[bucket] = entry;
}

struct entry *catalog_add(struct catalog *catalog, enum entry_kind kind, struct sql_name name,
                          unsigned file)
{
    struct entry *entry = catalog_find(catalog, catalog_space(kind), name);

    if (entry != NULL)
        return entry;
    entry = catalog_alloc(catalog->arena, sizeof *entry);
    entry->kind = kind;
    entry->schema =
        catalog_text(catalog->arena, name.schema[0] != '\0' ? name.schema : catalog->schema);
    entry->name = catalog_text(catalog->arena, name.name);
    entry->file = file;
    entry->rows = -1;
    entry->all = catalog->newest;
    catalog->newest = entry;
    link_entry(catalog, entry);
    return entry;
}

void catalog_rename(struct catalog *catalog, struct entry *entry, const char *name)
{
    size_t bucket = bucket_of(catalog_space(entry->kind), entry->name);
    struct entry **at = &catalog->buckets[bucket];

    while (*at != NULL && *at != entry)
        at = &(*at)->chain;
    if (*at != NULL)
        *at = entry->chain;
    entry->name = catalog_text(catalog->arena, name);
    link_entry(catalog, entry);
}

struct column *catalog_column(const struct entry *table, const char *name)
{
    struct column *column = table != NULL ? table->columns : NULL;

    while (column != NULL && (column->is_gone || strcmp(column->name, name) != 0))
        column = column->next;
    return column;
}

struct column *catalog_add_column(struct catalog *catalog, struct entry *table, const char *name,
                                  unsigned file)
{
    struct column *column = catalog_alloc(catalog->arena, sizeof *column);

    column->name = catalog_text(catalog->arena, name);
    column->file = file;
    if (table->last_column != NULL)
        table->last_column->next = column;
    else
        table->columns = column;
    table->last_column = column;
    return column;
}

struct constraint *catalog_constraint(const struct entry *table, const char *name)
{
    struct constraint *constraint = table != NULL ? table->constraints : NULL;

    while (constraint != NULL && (constraint->is_gone || strcmp(constraint->name, name) != 0))
        constraint = constraint->next;
    return constraint;
}

struct constraint *catalog_add_constraint(struct catalog *catalog, struct entry *table,
                                          enum constraint_kind kind, const char *name)
{
    struct constraint *constraint = catalog_alloc(catalog->arena, sizeof *constraint);

    constraint->name = catalog_text(catalog->arena, name);
    constraint->kind = kind;
    constraint->is_valid = true;
    constraint->next = table->constraints;
    table->constraints = constraint;
    return constraint;
}
