/* What is asked of one database. A value; texts are the owner's and are copied by look_new. */
#ifndef STORE_LOOK_WISHES_H
#define STORE_LOOK_WISHES_H

#include <stdbool.h>
#include <stddef.h>

/* Where it stands which migrations were applied. */
enum look_history {
    LOOK_HISTORY_NONE,
    LOOK_HISTORY_AUTO, /* the first of the tables below that is there, in this order */
    LOOK_HISTORY_OWN, /* switchyard_control.schema_versions, else schema_versions on the search path */
    LOOK_HISTORY_SOURCE, /* schema_versions with the columns version and environment alone */
    LOOK_HISTORY_FLYWAY, /* flyway_schema_history */
    LOOK_HISTORY_PRISMA, /* _prisma_migrations */
    LOOK_HISTORY_SQL, /* history_sql: the first column is a version, a second one its environment */
};

/* A statement with one row. Its first column counts: true, or 0, is good; false, or another number, is not. */
struct look_wish_assertion {
    const char *name;
    const char *sql;
    bool is_compared; /* any value, which must be the same on both sides */
};

struct look_wishes {
    enum look_history history;
    const char *history_sql;
    const char *const
        *environments; /* names of the slots (or others) that this database belongs to */
    size_t environment_count;
    const char *subscription;     /* this database receives through it; NULL: none */
    const char *replication_slot; /* this database sends through it; NULL: none */
    bool has_heartbeat;           /* the row of switchyard.heartbeat goes with it */
    bool has_shape;               /* tables, columns, enums, indexes, functions: for contracts */
    bool has_integrity; /* invalid indexes, unvalidated constraints, sequences, long transactions */
    const struct look_wish_assertion *assertions;
    size_t assertion_count;
};

#endif
