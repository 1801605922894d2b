/*
 * Which slot of a service a request goes to: the rules in the order of route/steering.h, the first that yields a
 * slot wins. Workers, inside a read-side section; explain on the control thread. No allocation.
 */
#include "route/steer_priv.h"

#include <netinet/in.h>
#include <string.h>

#include "base/seal.h"

enum { IDENTITY_DIGITS = 16 };

static const struct slice nothing = { NULL, 0 };

static bool is_inside(const struct address_net *nets, unsigned count, const struct address *client)
{
    for (unsigned i = 0; i < count; i++)
        if (address_net_contains(&nets[i], client))
            return true;
    return false;
}

static bool is_off(const struct snapshot_service *service, uint32_t slot)
{
    return service->slots[slot].role == ROLE_OFF;
}

/* By name; SLOT_NONE: there is none of that name, or it is off. */
static uint32_t find_slot(const struct snapshot_service *service, struct slice name)
{
    for (uint32_t i = 0; i < service->slot_count; i++)
        if (slice_is_equal(slice_from(service->slots[i].slot->name), name))
            return is_off(service, i) ? SLOT_NONE : i;
    return SLOT_NONE;
}

/* Most requests have none of the headers of steering: one look at the lengths of their names tells. */
static uint64_t collect_lengths(const struct head *head)
{
    uint64_t lengths = 0;

    for (unsigned i = 0; i < head->field_count; i++)
        lengths |= UINT64_C(1) << (head->fields[i].name_len & 63);
    return lengths;
}

static struct slice find_header(const struct steer_case *steer, const char *name)
{
    struct slice wanted = slice_from(name);

    if ((steer->name_lengths >> (wanted.len & 63) & 1) == 0)
        return nothing;
    return head_value(steer->query->head, wanted);
}

/* "SLOT" or "SLOT:SECRET" with what the preview asks for. */
static bool is_granted(const struct preview *preview, struct slice secret,
                       const struct address *client)
{
    if (preview->from_count > 0 && !is_inside(preview->from, preview->from_count, client))
        return false;
    return preview->secret == NULL || seal_is_same(secret, slice_from(preview->secret));
}

static uint32_t try_preview(const struct steer_case *steer, struct slice value,
                            struct route_answer *out)
{
    struct slice name = nothing;

    if (value.len == 0 || !slice_next(&value, ':', &name))
        return SLOT_NONE;
    if (is_granted(&steer->service->steering->preview, value, steer->query->client))
        return find_slot(steer->service, name);
    out->is_preview_refused = true;
    return SLOT_NONE;
}

static uint32_t choose_preview(const struct steer_case *steer, struct route_answer *out)
{
    const struct preview *preview = &steer->service->steering->preview;
    uint32_t slot = SLOT_NONE;

    if (preview->header != NULL)
        slot = try_preview(steer, find_header(steer, preview->header), out);
    if (slot == SLOT_NONE && preview->cookie != NULL)
        slot =
            try_preview(steer, head_cookie(steer->query->head, slice_from(preview->cookie)), out);
    if (slot != SLOT_NONE) {
        out->is_preview = true;
        out->is_preview_refused = false;
    }
    return slot;
}

/* The seals of all slots are in the picture; comparing one with what came takes the same time wherever it differs. */
static uint32_t find_sealed(const struct snapshot_service *service, struct slice value)
{
    const struct chain *chain = &service->steering->chain;

    for (uint32_t i = 0; i < chain->value_count; i++)
        if (seal_is_same(slice_from(chain->values[i]), value))
            return is_off(service, i) ? SLOT_NONE : i;
    return SLOT_NONE;
}

/* Preview and chain may use one header: what the chain vouches for was no attempt at a preview. */
static uint32_t choose_chain(const struct steer_case *steer, struct route_answer *out)
{
    const struct chain *chain = &steer->service->steering->chain;
    struct slice value = nothing;
    uint32_t slot = SLOT_NONE;

    if (chain->header == NULL)
        return SLOT_NONE;
    value = find_header(steer, chain->header);
    if (value.len == 0)
        return SLOT_NONE;
    slot = find_sealed(steer->service, value);
    if (slot == SLOT_NONE && is_inside(chain->from, chain->from_count, steer->query->client))
        slot = find_slot(steer->service, value);
    if (slot != SLOT_NONE)
        out->is_preview_refused = false;
    return slot;
}

/* A name of a slot that this picture does not know leads nowhere. */
static uint32_t choose_pin(const struct steer_case *steer, const struct route_answer *out)
{
    const struct steering *steering = steer->service->steering;
    uint32_t slot = SLOT_NONE;
    int name = PINS_NONE;

    if (steering->pins == NULL || out->tenant.ptr == NULL)
        return SLOT_NONE;
    name = steer->is_counted ? pins_take(steering->pins, out->tenant, steer->query->worker)
                             : pins_find(steering->pins, out->tenant);
    if (name != PINS_NONE)
        slot = steering->pin_slots[name];
    return slot != SLOT_NONE && !is_off(steer->service, slot) ? slot : SLOT_NONE;
}

static struct slice find_client_bytes(const struct address *client)
{
    const struct in6_addr *in6 = &client->sa.in6.sin6_addr;

    if (client->len == 0 || address_is_unix(client))
        return nothing;
    if (client->sa.any.sa_family == AF_INET)
        return slice_of((const char *)&client->sa.in.sin_addr, sizeof client->sa.in.sin_addr);
    if (IN6_IS_ADDR_V4MAPPED(in6))
        return slice_of((const char *)in6->s6_addr + 12, 4);
    return slice_of((const char *)in6->s6_addr, sizeof in6->s6_addr);
}

static bool is_identity(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!(id.ptr[i] >= '0' && id.ptr[i] <= '9') && !(id.ptr[i] >= 'a' && id.ptr[i] <= 'f'))
            return false;
    return id.len == IDENTITY_DIGITS;
}

static void write_identity(uint64_t number, char out[IDENTITY_DIGITS + 1])
{
    for (unsigned i = 0; i < IDENTITY_DIGITS; i++)
        out[i] = "0123456789abcdef"[number >> (4 * (IDENTITY_DIGITS - 1 - i)) & 15];
    out[IDENTITY_DIGITS] = '\0';
}

/* The identity in our cookie "ID.TAG" when we have sealed it, else a new one. */
static struct slice take_identity(const struct split *split, const struct route_query *query,
                                  struct route_answer *out)
{
    struct slice rest = head_cookie(query->head, slice_from(split->own_cookie));
    struct slice id = nothing;

    if (slice_next(&rest, '.', &id) && is_identity(id) &&
        seal_is_good(slice_from(split->own_secret), id, rest)) {
        memcpy(out->identity, id.ptr, IDENTITY_DIGITS);
        out->identity[IDENTITY_DIGITS] = '\0';
    } else {
        write_identity(query->random, out->identity);
        out->is_new_identity = true;
    }
    return slice_of(out->identity, IDENTITY_DIGITS);
}

static struct slice find_key(const struct steer_case *steer, const struct split_key *key,
                             struct route_answer *out)
{
    const struct split *split = &steer->service->steering->split;
    const struct route_query *query = steer->query;

    switch (key->kind) {
    case SPLIT_TENANT: return out->tenant;
    case SPLIT_COOKIE: return head_cookie(query->head, slice_from(key->name));
    case SPLIT_HEADER: return find_header(steer, key->name);
    case SPLIT_OWN_COOKIE: return take_identity(split, query, out);
    case SPLIT_CLIENT_IP: return find_client_bytes(query->client);
    }
    return nothing;
}

/* Nobody is held back on a slot that cannot answer. */
static bool has_fit_target(const struct snapshot_slot *slot)
{
    for (unsigned i = 0; i < slot->pick_count; i++) {
        enum verdict verdict = target_verdict(slot->picks[i].target);

        if (slot->picks[i].order == ORDER_READY && verdict != VERDICT_DOWN &&
            verdict != VERDICT_MISDEPLOYED)
            return true;
    }
    return false;
}

/* A candidate that is live already, off, staging or draining gets nobody by share. */
static bool may_split(const struct snapshot_service *service)
{
    uint32_t candidate = service->steering->split.candidate;
    enum role role = ROLE_OFF;

    if (candidate == SLOT_NONE || candidate == service->active)
        return false;
    role = service->slots[candidate].role;
    if (service->steering->split.is_holdback && !has_fit_target(&service->slots[candidate]))
        return false;
    return role != ROLE_OFF && role != ROLE_STAGING && role != ROLE_DRAINING;
}

static bool is_of_candidate(const struct steer_case *steer, struct route_answer *out)
{
    const struct split *split = &steer->service->steering->split;
    struct slice key = nothing;

    if (split->share == 0 || !may_split(steer->service))
        return false;
    for (unsigned i = 0; i < split->key_count && key.len == 0; i++)
        key = find_key(steer, &split->keys[i], out);
    if (key.len == 0)
        return false;
    if (split->is_holdback) /* the other end of the same order: nobody moves who was moved before */
        return !split_takes(split->salt, key, SPLIT_WHOLE - split->share);
    return split_takes(split->salt, key, split->share);
}

static uint32_t choose_by_rules(const struct steer_case *steer, struct route_answer *out)
{
    const struct snapshot_service *service = steer->service;
    uint32_t slot = choose_preview(steer, out);

    out->rule = RULE_PREVIEW;
    if (slot != SLOT_NONE)
        return slot;
    slot = choose_chain(steer, out);
    out->rule = RULE_CHAIN;
    if (slot != SLOT_NONE)
        return slot;
    out->rule = RULE_SLOT_HOST;
    if (steer->host_slot != SLOT_NONE && !is_off(service, steer->host_slot))
        return steer->host_slot;
    slot = choose_pin(steer, out);
    out->rule = RULE_TENANT;
    if (slot != SLOT_NONE)
        return slot;
    out->rule = RULE_CANARY;
    if (is_of_candidate(steer, out))
        return service->steering->split.candidate;
    out->rule = RULE_ACTIVE;
    return service->active;
}

uint32_t steer_choose(struct steer_case *steer, struct route_answer *out)
{
    const struct snapshot_service *service = steer->service;
    const struct steering *steering = service->steering;
    uint32_t slot = service->active;

    steer->name_lengths = collect_lengths(steer->query->head);
    out->rule = RULE_SHIELD;
    out->tenant = tenant_find(steering->tenants, steering->tenant_count, steer->query->head);
    if (!steer->query->live_only)
        slot = choose_by_rules(steer, out);
    out->is_candidate = slot == steering->split.candidate && slot != service->active;
    return slot;
}
