/*
 * What the releases in the slots of a configuration ask of their databases: contracts and ranges, read with it. One that
 * cannot be used is kept with its words: the gate is unknown then, and the configuration is good. Control thread.
 */
#ifndef DEPLOY_CONTRACTS_PRIV_H
#define DEPLOY_CONTRACTS_PRIV_H

#include <stddef.h>

#include "store/schema_range.h"

struct config;
struct contract;
struct contracts;

struct contracts_slot {
    struct contract *contract; /* NULL: none */
    char *trouble;             /* why what is configured cannot be used; NULL: it can */
    bool has_range;
    struct schema_range range;
};

/* Reads the files (blocking, as the configuration is). */
struct contracts *contracts_read(const struct config *config);
void contracts_free(struct contracts *contracts); /* NULL is allowed */

/* By the indexes of the configuration that they were read with. */
const struct contracts_slot *contracts_at(const struct contracts *contracts, size_t service,
                                          size_t slot);

#endif
