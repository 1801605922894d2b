/*
 * The table of pinned tenants: see route/pins.h and pins_priv.h. Looking up and counting is what workers do, in a
 * read-side section; everything else is the control thread's. Nothing that a reader may see is freed before
 * pins_reclaim.
 */
#include "route/pins_priv.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

enum { PINS_MAGIC = 0x70696e73, FIRST_PLACES = 8 };

/* Stands where a pin was removed. */
static struct pin gone;

static uint64_t hash_of(struct slice tenant)
{
    return hash_bytes(0, tenant.ptr, tenant.len);
}

/* The upper bits of a hash choose the shard, the tag is the lower ones: its own lower bits are where a pin belongs
 * in the shard's array, so that a new array is filled without touching the pins. */
static size_t shard_of(uint64_t hash)
{
    return (size_t)(hash >> (64 - PINS_SHARD_BITS));
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)hash;
}

static struct pin *load_pin(const struct pins_place *place)
{
    return atomic_load_explicit(&place->pin, memory_order_acquire);
}

static struct pins_array *load_array(const struct pins_shard *shard)
{
    return atomic_load_explicit(&shard->array, memory_order_acquire);
}

static bool is_of(const struct pin *pin, struct slice tenant)
{
    return pin->len == tenant.len && memcmp(pin->id, tenant.ptr, tenant.len) == 0;
}

/* The place of the tenant's pin, or NULL. There is always a place that was never used, so that this ends. */
static struct pins_place *find_place(struct pins_array *array, uint32_t tag, struct slice tenant)
{
    if (array == NULL)
        return NULL;
    for (size_t at = tag & array->mask;; at = (at + 1) & array->mask) {
        struct pins_place *place = &array->places[at];
        const struct pin *pin = load_pin(place);

        if (pin == NULL)
            return NULL;
        if (pin != &gone && atomic_load_explicit(&place->tag, memory_order_relaxed) == tag &&
            is_of(pin, tenant))
            return place;
    }
}

/* Between finding the place and reading it again the control thread may remove the pin. */
static struct pin *find_pin(const struct pins *pins, struct slice tenant)
{
    uint64_t hash = 0;
    struct pins_place *place = NULL;
    struct pin *pin = NULL;

    if (tenant.len == 0 || tenant.len > TENANT_BYTES_MAX)
        return NULL;
    hash = hash_of(tenant);
    place = find_place(load_array(&pins->shards[shard_of(hash)]), tag_of(hash), tenant);
    if (place != NULL)
        pin = load_pin(place);
    return pin != &gone ? pin : NULL;
}

static size_t cells_at(const struct pin *pin)
{
    size_t align = alignof(struct pins_cell);

    return (sizeof *pin + pin->len + align - 1) / align * align;
}

static struct pins_cell *cell_of(const struct pin *pin, unsigned worker)
{
    return (struct pins_cell *)(void *)((uintptr_t)pin + cells_at(pin)) + worker;
}

static void add_one(_Atomic uint64_t *counter)
{
    uint64_t was = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, was + 1, memory_order_relaxed);
}

static int name_of(const struct pin *pin)
{
    return atomic_load_explicit(&pin->name, memory_order_relaxed);
}

int pins_find(const struct pins *pins, struct slice tenant)
{
    const struct pin *pin = find_pin(pins, tenant);

    return pin != NULL ? name_of(pin) : PINS_NONE;
}

int pins_take(struct pins *pins, struct slice tenant, unsigned worker)
{
    const struct pin *pin = find_pin(pins, tenant);

    CHECK(worker < pins->worker_count);
    if (pin == NULL)
        return PINS_NONE;
    if (pin->is_counted)
        add_one(&cell_of(pin, worker)->requests);
    return name_of(pin);
}

void pins_count_error(struct pins *pins, struct slice tenant, unsigned worker)
{
    const struct pin *pin = find_pin(pins, tenant);

    CHECK(worker < pins->worker_count);
    if (pin != NULL && pin->is_counted)
        add_one(&cell_of(pin, worker)->errors);
}

struct pins *pins_new(unsigned worker_count)
{
    struct pins *pins = mem_zalloc(sizeof *pins);

    CHECK(worker_count > 0);
    pins->magic = PINS_MAGIC;
    pins->worker_count = worker_count;
    pins->counted_max = PINS_COUNTED_BYTES / (worker_count * sizeof(struct pins_cell));
    return pins;
}

static void free_array(struct pins_array *array)
{
    for (size_t at = 0; array != NULL && at <= array->mask; at++) {
        struct pin *pin = load_pin(&array->places[at]);

        if (pin != &gone)
            free(pin);
    }
    free(array);
}

void pins_free(struct pins *pins)
{
    if (pins == NULL)
        return;
    CHECK(pins->magic == PINS_MAGIC);
    pins_reclaim(pins);
    for (size_t i = 0; i < PINS_SHARDS; i++)
        free_array(load_array(&pins->shards[i]));
    pins->magic = 0;
    free(pins);
}

static void retire(struct pins *pins, struct pins_old *old)
{
    old->next = pins->old;
    pins->old = old;
}

void pins_reclaim(struct pins *pins)
{
    while (pins->old != NULL) {
        struct pins_old *next = pins->old->next;

        free(pins->old);
        pins->old = next;
    }
}

/* Into the first place that was never used: the tag is there before the pin is. */
static void put_pin(struct pins_array *array, uint32_t tag, struct pin *pin)
{
    size_t at = tag & array->mask;

    while (load_pin(&array->places[at]) != NULL)
        at = (at + 1) & array->mask;
    atomic_store_explicit(&array->places[at].tag, tag, memory_order_relaxed);
    atomic_store_explicit(&array->places[at].pin, pin, memory_order_release);
}

/* A new array without the removed ones, at most a third full; readers go on in the old one until they look again. */
static void renew(struct pins *pins, struct pins_shard *shard)
{
    struct pins_array *was = load_array(shard);
    struct pins_array *is = NULL;
    size_t size = FIRST_PLACES;

    while (size < (shard->count + 1) * 3)
        size *= 2;
    is = mem_zalloc(sizeof *is + size * sizeof is->places[0]);
    is->mask = size - 1;
    for (size_t at = 0; was != NULL && at <= was->mask; at++) {
        const struct pins_place *place = &was->places[at];
        struct pin *pin = load_pin(place);

        if (pin != NULL && pin != &gone)
            put_pin(is, atomic_load_explicit(&place->tag, memory_order_relaxed), pin);
    }
    shard->used = shard->count;
    atomic_store_explicit(&shard->array, is, memory_order_release);
    if (was != NULL)
        retire(pins, &was->old);
}

static struct pin *make_pin(struct pins *pins, struct slice tenant, int name)
{
    struct pin *pin = NULL;
    bool is_counted = pins->counted < pins->counted_max;
    size_t cells = is_counted ? pins->worker_count * sizeof(struct pins_cell) : 0;

    pin = mem_zalloc(sizeof *pin + tenant.len + alignof(struct pins_cell) + cells);
    pin->is_counted = is_counted;
    pin->len = (uint8_t)tenant.len;
    memcpy(pin->id, tenant.ptr, tenant.len);
    atomic_init(&pin->name, name);
    pins->counted += is_counted;
    return pin;
}

static void add_pin(struct pins *pins, struct slice tenant, int name)
{
    uint64_t hash = hash_of(tenant);
    struct pins_shard *shard = &pins->shards[shard_of(hash)];
    const struct pins_array *array = load_array(shard);

    if (array == NULL || (shard->used + 1) * 3 > (array->mask + 1) * 2)
        renew(pins, shard);
    put_pin(load_array(shard), tag_of(hash), make_pin(pins, tenant, name));
    shard->used++;
    shard->count++;
    pins->count++;
}

/* The number of the name, which is new perhaps; PINS_NONE: there are too many, or it is no name of a slot. */
static int take_name(struct pins *pins, const char *slot)
{
    int number = pins_number(pins, slot);
    size_t len = strlen(slot);

    if (number != PINS_NONE)
        return number;
    if (pins->name_count == PINS_NAMES_MAX)
        return PINS_NONE;
    memcpy(pins->names[pins->name_count], slot, len + 1);
    return (int)pins->name_count++;
}

int pins_add_name(struct pins *pins, const char *slot)
{
    if (slot[0] == '\0' || strlen(slot) >= PINS_NAME_SIZE)
        return ERR_INVALID;
    return take_name(pins, slot) == PINS_NONE ? ERR_FULL : 0;
}

int pins_set(struct pins *pins, struct slice tenant, const char *slot)
{
    struct pin *pin = NULL;
    int name = PINS_NONE;

    if (!tenant_is_valid(tenant) || slot[0] == '\0' || strlen(slot) >= PINS_NAME_SIZE)
        return ERR_INVALID;
    name = take_name(pins, slot);
    if (name == PINS_NONE)
        return ERR_FULL;
    pin = find_pin(pins, tenant);
    if (pin != NULL)
        atomic_store_explicit(&pin->name, name, memory_order_relaxed);
    else
        add_pin(pins, tenant, name);
    return 0;
}

bool pins_remove(struct pins *pins, struct slice tenant)
{
    uint64_t hash = hash_of(tenant);
    struct pins_shard *shard = &pins->shards[shard_of(hash)];
    struct pins_place *place = find_place(load_array(shard), tag_of(hash), tenant);
    struct pin *pin = NULL;

    if (place == NULL)
        return false;
    pin = load_pin(place);
    atomic_store_explicit(&place->pin, &gone, memory_order_release);
    shard->count--;
    pins->count--;
    pins->counted -= pin->is_counted;
    retire(pins, &pin->old);
    if (shard->count == 0)
        renew(pins, shard);
    return true;
}

size_t pins_count(const struct pins *pins)
{
    return pins->count;
}

const char *pins_name(const struct pins *pins, int number)
{
    CHECK(number >= 0 && (unsigned)number < pins->name_count);
    return pins->names[number];
}

unsigned pins_name_count(const struct pins *pins)
{
    return pins->name_count;
}

int pins_number(const struct pins *pins, const char *slot)
{
    for (unsigned i = 0; i < pins->name_count; i++)
        if (strcmp(pins->names[i], slot) == 0)
            return (int)i;
    return PINS_NONE;
}

static void fill_entry(const struct pins *pins, const struct pin *pin, struct pins_entry *out)
{
    *out = (struct pins_entry){ .tenant = slice_of(pin->id, pin->len),
                                .name = name_of(pin),
                                .is_counted = pin->is_counted };
    for (unsigned worker = 0; pin->is_counted && worker < pins->worker_count; worker++) {
        const struct pins_cell *cell = cell_of(pin, worker);

        out->requests += atomic_load_explicit(&cell->requests, memory_order_relaxed);
        out->errors += atomic_load_explicit(&cell->errors, memory_order_relaxed);
    }
}

bool pins_next(const struct pins *pins, struct pins_cursor *cursor, struct pins_entry *out)
{
    for (; cursor->part < PINS_SHARDS; cursor->part++, cursor->at = 0) {
        const struct pins_array *array = load_array(&pins->shards[cursor->part]);

        while (array != NULL && cursor->at <= array->mask) {
            const struct pin *pin = load_pin(&array->places[cursor->at++]);

            if (pin == NULL || pin == &gone)
                continue;
            fill_entry(pins, pin, out);
            return true;
        }
    }
    return false;
}
