/* The table of pinned tenants against a plain model, at its bounds, and what a change may touch. */
#include "route/pins.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "route/pins_priv.h"

enum { TENANTS = 5000, STEPS = 60000, WORKERS = 3 };

static struct slice name_tenant(unsigned number, char out[32])
{
    return slice_of(out, (size_t)snprintf(out, 32, "t%u", number));
}

Test(pins, finds_what_was_pinned)
{
    struct pins *pins = pins_new(1);

    cr_assert_eq(pins_find(pins, SLICE("acme")), PINS_NONE);
    cr_assert_eq(pins_set(pins, SLICE("acme"), "green"), 0);
    cr_assert_eq(pins_set(pins, SLICE("zeta"), "blue"), 0);
    cr_assert_eq(pins_set(pins, SLICE("beta"), "green"), 0);
    cr_assert_str_eq(pins_name(pins, pins_find(pins, SLICE("acme"))), "green");
    cr_assert_str_eq(pins_name(pins, pins_find(pins, SLICE("zeta"))), "blue");
    cr_assert_eq(pins_find(pins, SLICE("acme")), pins_find(pins, SLICE("beta")));
    cr_assert_eq(pins_find(pins, SLICE("Acme")), PINS_NONE);
    cr_assert_eq(pins_find(pins, SLICE("acm")), PINS_NONE);
    cr_assert_eq(pins_number(pins, "green"), pins_find(pins, SLICE("acme")));
    cr_assert_eq(pins_number(pins, "red"), PINS_NONE);
    cr_assert_eq(pins_count(pins), 3);
    cr_assert(pins_remove(pins, SLICE("acme")));
    cr_assert_not(pins_remove(pins, SLICE("acme")));
    cr_assert_eq(pins_find(pins, SLICE("acme")), PINS_NONE);
    cr_assert_eq(pins_count(pins), 2);
    pins_reclaim(pins);
    cr_assert_eq(pins_set(pins, SLICE("acme"), "blue"), 0);
    cr_assert_str_eq(pins_name(pins, pins_find(pins, SLICE("acme"))), "blue");
    pins_free(pins);
    pins_free(NULL);
}

Test(pins, refuses_what_is_no_id_and_no_name)
{
    struct pins *pins = pins_new(1);
    char long_id[TENANT_BYTES_MAX + 2];
    char long_name[PINS_NAME_SIZE + 1];

    memset(long_id, 'a', sizeof long_id);
    memset(long_name, 'b', sizeof long_name);
    long_name[PINS_NAME_SIZE] = '\0';
    cr_expect_eq(pins_set(pins, slice_of(long_id, TENANT_BYTES_MAX + 1), "blue"), ERR_INVALID);
    cr_expect_eq(pins_set(pins, SLICE(""), "blue"), ERR_INVALID);
    cr_expect_eq(pins_set(pins, SLICE("a b"), "blue"), ERR_INVALID);
    cr_expect_eq(pins_set(pins, SLICE("a"), ""), ERR_INVALID);
    cr_expect_eq(pins_set(pins, SLICE("a"), long_name), ERR_INVALID);
    cr_expect_eq(pins_count(pins), 0);
    cr_expect_eq(pins_number(pins, "blue"), PINS_NONE);
    cr_expect_eq(pins_set(pins, slice_of(long_id, TENANT_BYTES_MAX), "blue"), 0);
    cr_expect_eq(pins_find(pins, slice_of(long_id, TENANT_BYTES_MAX)), 0);
    cr_expect_eq(pins_find(pins, slice_of(long_id, TENANT_BYTES_MAX + 1)), PINS_NONE);
    cr_expect_not(pins_remove(pins, slice_of(long_id, TENANT_BYTES_MAX + 1)));
    cr_expect_not(pins_remove(pins, slice_of(NULL, 0)));
    pins_free(pins);
}

Test(pins, has_room_for_so_many_names)
{
    struct pins *pins = pins_new(1);
    char id[32];
    char name[32];

    for (unsigned i = 0; i < PINS_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "slot%u", i);
        cr_assert_eq(pins_set(pins, name_tenant(i, id), name), 0);
    }
    cr_assert_eq(pins_set(pins, SLICE("more"), "one-more"), ERR_FULL);
    cr_assert_eq(pins_find(pins, SLICE("more")), PINS_NONE);
    cr_assert_eq(pins_set(pins, SLICE("more"), "slot7"), 0);
    cr_assert_eq(pins_find(pins, SLICE("more")), 7);
    pins_free(pins);
}

struct model {
    int slot[TENANTS]; /* -1: not pinned */
    uint64_t requests[TENANTS];
    uint64_t errors[TENANTS];
    size_t count;
};

static const char *const slot_names[] = { "blue", "green", "staging" };

static void step(struct pins *pins, struct model *model, uint64_t random)
{
    unsigned who = (unsigned)(random >> 8) % TENANTS;
    unsigned worker = (unsigned)(random >> 40) % WORKERS;
    int slot = (int)((random >> 32) % 3);
    char id[32];
    struct slice tenant = name_tenant(who, id);

    switch (random % 8) {
    case 0:
    case 1:
    case 2:
        cr_assert_eq(pins_set(pins, tenant, slot_names[slot]), 0);
        model->count += model->slot[who] < 0;
        model->slot[who] = slot;
        break;
    case 3:
        cr_assert_eq(pins_remove(pins, tenant), model->slot[who] >= 0);
        model->count -= model->slot[who] >= 0;
        model->slot[who] = -1;
        model->requests[who] = model->errors[who] = 0;
        break;
    case 4:
        pins_count_error(pins, tenant, worker);
        model->errors[who] += model->slot[who] >= 0;
        break;
    case 5: pins_reclaim(pins); break;
    default:
        pins_take(pins, tenant, worker);
        model->requests[who] += model->slot[who] >= 0;
        break;
    }
}

static void require_same(const struct pins *pins, const struct model *model)
{
    struct pins_cursor cursor = { 0 };
    struct pins_entry entry;
    size_t seen = 0;

    cr_assert_eq(pins_count(pins), model->count);
    for (unsigned who = 0; who < TENANTS; who++) {
        char id[32];
        int number = pins_find(pins, name_tenant(who, id));

        cr_assert_eq(number == PINS_NONE, model->slot[who] < 0);
        if (number != PINS_NONE)
            cr_assert_str_eq(pins_name(pins, number), slot_names[model->slot[who]]);
    }
    while (pins_next(pins, &cursor, &entry)) {
        unsigned who = (unsigned)strtoul(entry.tenant.ptr + 1, NULL, 10);

        cr_assert(who < TENANTS && model->slot[who] >= 0);
        cr_assert(entry.is_counted);
        cr_assert_eq(entry.requests, model->requests[who]);
        cr_assert_eq(entry.errors, model->errors[who]);
        seen++;
    }
    cr_assert_eq(seen, model->count);
}

/* Moving a pin keeps its counters, removing it forgets them. */
Test(pins, agrees_with_a_plain_model)
{
    static struct model model;
    struct pins *pins = pins_new(WORKERS);
    uint64_t random = 42;

    memset(model.slot, -1, sizeof model.slot);
    for (unsigned i = 0; i < STEPS; i++) {
        step(pins, &model, hash_random(&random));
        if (i % 20000 == 19999)
            require_same(pins, &model);
    }
    for (unsigned who = 0; who < TENANTS; who++) {
        char id[32];

        pins_remove(pins, name_tenant(who, id));
        model.slot[who] = -1;
    }
    model.count = 0;
    require_same(pins, &model);
    pins_free(pins);
}

/* One pin more may renew one of the shards' arrays, which stays small: nothing of the size of the table is copied. */
Test(pins, changes_a_small_part_only)
{
    struct pins *pins = pins_new(1);
    struct pins_array *arrays[PINS_SHARDS];
    char id[32];

    for (unsigned i = 0; i < 200000; i++)
        cr_assert_eq(pins_set(pins, name_tenant(i, id), "green"), 0);
    pins_reclaim(pins);
    for (unsigned i = 200000; i < 201000; i++) {
        unsigned changed = 0;

        for (size_t part = 0; part < PINS_SHARDS; part++)
            arrays[part] = pins->shards[part].array;
        cr_assert_eq(pins_set(pins, name_tenant(i, id), "green"), 0);
        for (size_t part = 0; part < PINS_SHARDS; part++) {
            changed += arrays[part] != pins->shards[part].array;
            cr_assert_lt(pins->shards[part].array->mask, 4096);
        }
        cr_assert_leq(changed, 1);
    }
    pins_free(pins);
}

/* Beyond the room for counters tenants are pinned all the same. */
Test(pins, counts_while_there_is_room)
{
    struct pins *pins = pins_new(2);
    struct pins_cursor cursor = { 0 };
    struct pins_entry entry;
    uint64_t requests = 0;

    pins->counted_max = 2;
    cr_assert_eq(pins_set(pins, SLICE("a"), "green"), 0);
    cr_assert_eq(pins_set(pins, SLICE("b"), "green"), 0);
    cr_assert_eq(pins_set(pins, SLICE("c"), "green"), 0);
    for (unsigned worker = 0; worker < 2; worker++) {
        cr_assert_eq(pins_take(pins, SLICE("a"), worker), 0);
        cr_assert_eq(pins_take(pins, SLICE("c"), worker), 0);
        pins_count_error(pins, SLICE("c"), worker);
    }
    while (pins_next(pins, &cursor, &entry)) {
        cr_expect_eq(entry.is_counted, entry.tenant.ptr[0] != 'c');
        cr_expect_eq(entry.errors, 0);
        requests += entry.requests;
    }
    cr_expect_eq(requests, 2);
    pins_remove(pins, SLICE("a"));
    cr_assert_eq(pins_set(pins, SLICE("d"), "green"), 0);
    cr_assert_eq(pins->counted, 2);
    pins_free(pins);
}

Test(pins, knows_names_before_the_first_pin)
{
    struct pins *pins = pins_new(1);
    char long_name[PINS_NAME_SIZE + 1];

    memset(long_name, 'b', sizeof long_name);
    long_name[PINS_NAME_SIZE] = '\0';
    cr_expect_eq(pins_name_count(pins), 0);
    cr_expect_eq(pins_add_name(pins, "green"), 0);
    cr_expect_eq(pins_add_name(pins, "green"), 0);
    cr_expect_eq(pins_name_count(pins), 1);
    cr_expect_eq(pins_number(pins, "green"), 0);
    cr_expect_eq(pins_add_name(pins, ""), ERR_INVALID);
    cr_expect_eq(pins_add_name(pins, long_name), ERR_INVALID);
    cr_expect_eq(pins_name_count(pins), 1);
    pins_free(pins);
}
