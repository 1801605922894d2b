/*
 * From the steering that control describes to the one that workers read: see steering_copy_priv.h. What can be
 * worked out once for a picture is worked out here: which slot a pin means, and the sealed values of the chain
 * header. Control thread; snapshot_build calls it.
 */
#include "route/steering_copy_priv.h"

#include <string.h>

#include "base/err.h"
#include "base/seal.h"
#include "route/snapshot_priv.h"

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

static int check_tenants(const struct steering *steering)
{
    if (steering->tenant_count > TENANT_SOURCES_MAX)
        return ERR_RANGE;
    for (unsigned i = 0; i < steering->tenant_count; i++) {
        const struct tenant_source *source = &steering->tenants[i];
        bool is_numbered = source->kind == TENANT_HOST_LABEL || source->kind == TENANT_PATH_SEGMENT;

        if (is_numbered ? source->index == 0 : is_empty(source->name))
            return ERR_INVALID;
    }
    return 0;
}

static bool is_key_good(const struct split *split, const struct split_key *key)
{
    switch (key->kind) {
    case SPLIT_TENANT:
    case SPLIT_CLIENT_IP: return true;
    case SPLIT_COOKIE:
    case SPLIT_HEADER: return !is_empty(key->name);
    case SPLIT_OWN_COOKIE: return !is_empty(split->own_cookie) && !is_empty(split->own_secret);
    }
    return false;
}

static int check_split(const struct split *split, unsigned slot_count)
{
    if (split->share > SPLIT_WHOLE || split->key_count > SPLIT_KEYS_MAX)
        return ERR_RANGE;
    if (split->candidate != SLOT_NONE && split->candidate >= slot_count)
        return ERR_INVALID;
    for (unsigned i = 0; i < split->key_count; i++)
        if (!is_key_good(split, &split->keys[i]))
            return ERR_INVALID;
    return 0;
}

/* Whoever may be believed must hold a secret or come from somewhere; an empty secret is none that anybody holds. */
static bool is_guarded(const char *secret, unsigned from_count)
{
    return secret != NULL ? secret[0] != '\0' : from_count > 0;
}

static int check_chain(const struct snapshot_service *service)
{
    const struct chain *chain = &service->steering->chain;
    char value[CHAIN_TEXT_MAX];

    if (chain->header == NULL)
        return 0;
    if (is_empty(chain->header) || !is_guarded(chain->secret, chain->from_count) ||
        (chain->secret != NULL && is_empty(chain->group)))
        return ERR_INVALID;
    for (unsigned i = 0; i < service->slot_count; i++)
        if (steering_chain_value(chain, service->slots[i].slot->name, value, sizeof value) == 0)
            return ERR_RANGE;
    return 0;
}

int steering_copy_check(const struct snapshot_service *service)
{
    const struct steering *steering = service->steering;
    const struct preview *preview = NULL;
    int err = 0;

    if (steering == NULL)
        return 0;
    preview = &steering->preview;
    if ((preview->header != NULL || preview->cookie != NULL) &&
        !is_guarded(preview->secret, preview->from_count))
        return ERR_INVALID;
    err = check_tenants(steering);
    if (err == 0)
        err = check_split(&steering->split, service->slot_count);
    return err == 0 ? check_chain(service) : err;
}

static void copy_tenants(struct arena *arena, struct steering *steering)
{
    struct tenant_source *copies =
        snapshot_copy_array(arena, steering->tenants, steering->tenant_count, sizeof *copies);

    for (unsigned i = 0; i < steering->tenant_count; i++)
        copies[i].name = snapshot_copy_text(arena, copies[i].name);
    steering->tenants = copies;
}

static void copy_split(struct arena *arena, struct split *split)
{
    for (unsigned i = 0; i < split->key_count; i++)
        split->keys[i].name = snapshot_copy_text(arena, split->keys[i].name);
    split->own_cookie = snapshot_copy_text(arena, split->own_cookie);
    split->own_secret = snapshot_copy_text(arena, split->own_secret);
}

static void copy_preview(struct arena *arena, struct preview *preview)
{
    preview->header = snapshot_copy_text(arena, preview->header);
    preview->cookie = snapshot_copy_text(arena, preview->cookie);
    preview->secret = snapshot_copy_text(arena, preview->secret);
    preview->from =
        snapshot_copy_array(arena, preview->from, preview->from_count, sizeof *preview->from);
}

static void make_values(struct arena *arena, struct chain *chain,
                        const struct snapshot_service *service)
{
    const char **values = snapshot_take(arena, service->slot_count, sizeof *values);

    for (unsigned i = 0; i < service->slot_count; i++) {
        char value[CHAIN_TEXT_MAX];
        const char *slot = service->slots[i].slot->name;

        CHECK(steering_chain_value(chain, slot, value, sizeof value) > 0);
        values[i] = snapshot_copy_text(arena, value);
    }
    chain->values = values;
    chain->value_count = service->slot_count;
}

static void copy_chain(struct arena *arena, struct chain *chain,
                       const struct snapshot_service *service)
{
    chain->value_count = 0;
    chain->values = NULL;
    chain->header = snapshot_copy_text(arena, chain->header);
    chain->group = snapshot_copy_text(arena, chain->group);
    chain->secret = snapshot_copy_text(arena, chain->secret);
    chain->from = snapshot_copy_array(arena, chain->from, chain->from_count, sizeof *chain->from);
    if (chain->header != NULL && chain->secret != NULL)
        make_values(arena, chain, service);
}

static void make_pin_slots(struct steering *steering, const struct snapshot_service *service)
{
    for (unsigned i = 0; i < PINS_NAMES_MAX; i++)
        steering->pin_slots[i] = SLOT_NONE;
    for (unsigned i = 0; steering->pins != NULL && i < service->slot_count; i++) {
        int number = pins_number(steering->pins, service->slots[i].slot->name);

        if (number != PINS_NONE)
            steering->pin_slots[number] = i;
    }
}

const struct steering *steering_copy_into(struct arena *arena,
                                          const struct snapshot_service *service)
{
    struct steering *copy = NULL;

    if (service->steering == NULL)
        return NULL;
    copy = snapshot_copy_array(arena, service->steering, 1, sizeof *copy);
    copy_tenants(arena, copy);
    copy_split(arena, &copy->split);
    copy_preview(arena, &copy->preview);
    copy_chain(arena, &copy->chain, service);
    make_pin_slots(copy, service);
    return copy;
}

/* The copy lies in memory of ours; only its readers may not write to it. */
static void wipe(const char *secret)
{
    if (secret != NULL)
        explicit_bzero((void *)(uintptr_t)secret, strlen(secret));
}

void steering_copy_wipe(const struct steering *copy)
{
    if (copy == NULL)
        return;
    wipe(copy->split.own_secret);
    wipe(copy->preview.secret);
    wipe(copy->chain.secret);
    for (unsigned i = 0; i < copy->chain.value_count; i++)
        wipe(copy->chain.values[i]);
}
