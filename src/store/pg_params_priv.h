/*
 * The parameters of one attempt to connect: what the dsn says, addresses in place of names, and ours. Owner: who inits it.
 */
#ifndef STORE_PG_PARAMS_PRIV_H
#define STORE_PG_PARAMS_PRIV_H

#include "base/text.h"

struct db_spec;
struct name_lookup;

enum { PG_PARAMS_MAX = 64 };

struct pg_params {
    const char *keywords[PG_PARAMS_MAX + 1]; /* as PQconnectStartParams wants them */
    const char *values[PG_PARAMS_MAX + 1];
    unsigned count;
    unsigned
        host_count; /* of those that have an address; 0 with names in the dsn: there is nothing to connect to */
    void *options; /* libpq's, with the texts */
    struct text hosts;
    struct text addresses;
    struct text ports;
};

void pg_params_init(struct pg_params *params, const struct db_spec *spec,
                    const struct name_lookup *names);
void pg_params_fini(struct pg_params *params);

#endif
