/*
 * The pins of one scope (a group, or a service that is in none) with their origin: the configured ones are the
 * base, what was decided at run time wins over them. One table holds both, because workers look at one; what tells
 * them apart is the list of overruled tenants. Control thread; while a table is being written down, the
 * writer's thread reads it and nobody changes it.
 */
#ifndef DEPLOY_TENANT_TABLE_PRIV_H
#define DEPLOY_TENANT_TABLE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "route/pins.h"

/* Configured pins; shared by tables. Ends by tenant_base_unref of the last one. */
struct tenant_base {
    unsigned refs;
    uint64_t hash; /* of the files that it was made of */
    struct pins *pins;
};

/* Of the union of several files the first one that names a tenant counts. */
struct tenant_base *tenant_base_new(uint64_t hash);
struct tenant_base *tenant_base_ref(struct tenant_base *base); /* NULL stays NULL */
void tenant_base_unref(struct tenant_base *base);

enum tenant_op {
    TENANT_OP_PIN = '+',
    TENANT_OP_UNPIN = '-',
    TENANT_OP_HIDE = '!', /* unpin, although the configuration pins it */
};

struct tenant_table {
    struct pins *live;        /* all that is pinned now */
    struct tenant_base *base; /* NULL: nothing is configured */
    struct pins
        *overruled; /* configured tenants that were decided on, and hidden ones; NULL: none */
    size_t decided; /* pins of live that are run-time decisions */
    size_t hidden;  /* overruled and not in live */
};

void tenant_table_init(struct tenant_table *table, unsigned worker_count);
void tenant_table_fini(struct tenant_table *table);

/* The slot that a tenant is pinned to; NULL: none. Valid as long as the table. */
const char *tenant_table_find(const struct tenant_table *table, struct slice tenant);

/* What taking away this tenant's pin is: plainly that, or a decision against the configuration. */
enum tenant_op tenant_table_unpin(const struct tenant_table *table, struct slice tenant);

/* slot: of a PIN. ERR_INVALID: no id; ERR_FULL: too many slot names. The other two never fail. */
MUST_CHECK int tenant_table_apply(struct tenant_table *table, enum tenant_op op,
                                  struct slice tenant, const char *slot);

/* Puts configured pins under a table that has none; takes a reference. ERR_FULL: too many slot names. */
MUST_CHECK int tenant_table_rebase(struct tenant_table *table, struct tenant_base *base);

/* Adds what was decided in `from` where `to`, which has no base yet, knows nothing of the tenant. ERR_FULL. */
MUST_CHECK int tenant_table_extract(const struct tenant_table *from, struct tenant_table *to);

/* What was decided at run time, one by one; start with a zeroed walk. */
struct tenant_walk {
    struct pins_cursor live;
    struct pins_cursor overruled;
    enum tenant_op op; /* PIN, HIDE */
    struct slice tenant;
    const char *slot; /* of a PIN */
};
bool tenant_table_next(const struct tenant_table *table, struct tenant_walk *walk);

/* After a grace period behind the last change. */
void tenant_table_reclaim(struct tenant_table *table);

#endif
