/* See tenant_table_priv.h. */
#include "deploy/tenant_table_priv.h"

#include <stdlib.h>

#include "base/mem.h"

/* Tables that no worker sees count nothing. */
enum { NO_WORKERS = 1 };

/* The list of overruled tenants is a set: all have this for a slot. */
static const char overruled_mark[] = "!";

struct tenant_base *tenant_base_new(uint64_t hash)
{
    struct tenant_base *base = mem_zalloc(sizeof *base);

    base->refs = 1;
    base->hash = hash;
    base->pins = pins_new(NO_WORKERS);
    return base;
}

struct tenant_base *tenant_base_ref(struct tenant_base *base)
{
    if (base != NULL)
        base->refs++;
    return base;
}

void tenant_base_unref(struct tenant_base *base)
{
    if (base == NULL || --base->refs > 0)
        return;
    pins_free(base->pins);
    free(base);
}

void tenant_table_init(struct tenant_table *table, unsigned worker_count)
{
    *table = (struct tenant_table){ .live = pins_new(worker_count) };
}

void tenant_table_fini(struct tenant_table *table)
{
    pins_free(table->live);
    pins_free(table->overruled);
    tenant_base_unref(table->base);
    *table = (struct tenant_table){ 0 };
}

const char *tenant_table_find(const struct tenant_table *table, struct slice tenant)
{
    int number = pins_find(table->live, tenant);

    return number != PINS_NONE ? pins_name(table->live, number) : NULL;
}

static bool is_in(const struct pins *pins, struct slice tenant)
{
    return pins != NULL && pins_find(pins, tenant) != PINS_NONE;
}

static bool is_configured(const struct tenant_table *table, struct slice tenant)
{
    return table->base != NULL && is_in(table->base->pins, tenant);
}

/* Of a tenant that is pinned: by a decision? */
static bool is_decided(const struct tenant_table *table, struct slice tenant)
{
    return !is_configured(table, tenant) || is_in(table->overruled, tenant);
}

static void overrule(struct tenant_table *table, struct slice tenant)
{
    if (table->overruled == NULL)
        table->overruled = pins_new(NO_WORKERS);
    CHECK(pins_set(table->overruled, tenant, overruled_mark) == 0);
}

enum tenant_op tenant_table_unpin(const struct tenant_table *table, struct slice tenant)
{
    return is_configured(table, tenant) || is_in(table->overruled, tenant) ? TENANT_OP_HIDE
                                                                           : TENANT_OP_UNPIN;
}

static int apply_pin(struct tenant_table *table, struct slice tenant, const char *slot)
{
    bool was_pinned = is_in(table->live, tenant);
    bool was_decided = was_pinned && is_decided(table, tenant);
    bool was_hidden = !was_pinned && is_in(table->overruled, tenant);
    int err = pins_set(table->live, tenant, slot);

    if (err != 0)
        return err;
    if (is_configured(table, tenant))
        overrule(table, tenant);
    table->decided += !was_decided;
    table->hidden -= was_hidden;
    return 0;
}

static void apply_unpin(struct tenant_table *table, struct slice tenant, bool is_hiding)
{
    bool was_pinned = is_in(table->live, tenant);
    bool was_hidden = !was_pinned && is_in(table->overruled, tenant);

    table->decided -= was_pinned && is_decided(table, tenant);
    if (was_pinned)
        pins_remove(table->live, tenant);
    table->hidden -= was_hidden;
    if (is_hiding)
        overrule(table, tenant);
    else if (table->overruled != NULL)
        pins_remove(table->overruled, tenant);
    table->hidden += is_hiding;
}

int tenant_table_apply(struct tenant_table *table, enum tenant_op op, struct slice tenant,
                       const char *slot)
{
    switch (op) {
    case TENANT_OP_PIN: return apply_pin(table, tenant, slot);
    case TENANT_OP_UNPIN: apply_unpin(table, tenant, false); return 0;
    case TENANT_OP_HIDE: apply_unpin(table, tenant, true); return 0;
    }
    CHECK(!"no operation on pins");
    return 0;
}

int tenant_table_rebase(struct tenant_table *table, struct tenant_base *base)
{
    struct pins_cursor cursor = { 0 };
    struct pins_entry entry;
    int err = 0;

    CHECK(table->base == NULL);
    table->base = tenant_base_ref(base);
    if (base == NULL)
        return 0;
    while (err == 0 && pins_next(base->pins, &cursor, &entry)) {
        if (is_in(table->live, entry.tenant))
            overrule(table, entry.tenant);
        else if (!is_in(table->overruled, entry.tenant))
            err = pins_set(table->live, entry.tenant, pins_name(base->pins, entry.name));
    }
    return err;
}

int tenant_table_extract(const struct tenant_table *from, struct tenant_table *to)
{
    struct tenant_walk walk = { 0 };
    int err = 0;

    CHECK(to->base == NULL);
    while (err == 0 && tenant_table_next(from, &walk)) {
        if (!is_in(to->live, walk.tenant) && !is_in(to->overruled, walk.tenant))
            err = tenant_table_apply(to, walk.op, walk.tenant, walk.slot);
    }
    return err;
}

bool tenant_table_next(const struct tenant_table *table, struct tenant_walk *walk)
{
    struct pins_entry entry;

    while (pins_next(table->live, &walk->live, &entry)) {
        if (!is_decided(table, entry.tenant))
            continue;
        walk->op = TENANT_OP_PIN;
        walk->tenant = entry.tenant;
        walk->slot = pins_name(table->live, entry.name);
        return true;
    }
    while (table->overruled != NULL && pins_next(table->overruled, &walk->overruled, &entry)) {
        if (is_in(table->live, entry.tenant))
            continue;
        walk->op = TENANT_OP_HIDE;
        walk->tenant = entry.tenant;
        walk->slot = NULL;
        return true;
    }
    return false;
}

void tenant_table_reclaim(struct tenant_table *table)
{
    pins_reclaim(table->live);
    if (table->overruled != NULL)
        pins_reclaim(table->overruled);
}
