/*
 * One database as it was configured, in memory of its own, and its hosts taken apart: which of them are names that have to
 * be resolved before libpq is asked, because it would do that itself, and wait. A value.
 */
#ifndef STORE_DB_SPEC_PRIV_H
#define STORE_DB_SPEC_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"

struct db_host {
    char *text;   /* name, address or folder of a socket; "" is libpq's default */
    char *port;   /* "" is libpq's default */
    bool is_name; /* to be resolved */
};

struct db_spec {
    struct store_database is; /* texts of its own */
    struct db_host *hosts;
    size_t host_count;
    bool has_names; /* one of them is a name */
};

struct db_spec *db_spec_new(const struct store_database *database);
void db_spec_free(struct db_spec *spec);
bool db_spec_is_same(const struct store_database *a, const struct store_database *b);

#endif
