/* See picture_priv.h. */
#include "deploy/picture_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/effective_priv.h"
#include "deploy/picture_extra_priv.h"
#include "deploy/picture_tally_priv.h"
#include "deploy/registry_priv.h"
#include "route/rate.h"
#include "route/slot_rules.h"
#include "route/snapshot.h"

struct picture {
    char *words;
    unsigned words_size;
    struct snapshot_service *services;
    size_t service_count;
    struct snapshot_slot *slots; /* of all services; room for all configured ones */
    size_t slot_count;
    struct picture_extra *extras; /* what the services borrow */
};

struct picture *picture_new(const struct config *config, char *words, unsigned words_size)
{
    struct picture *picture = mem_zalloc(sizeof *picture);
    size_t slots = 0;

    for (size_t i = 0; i < config->service_count; i++)
        slots += config->services[i].slot_count;
    picture->words = words;
    picture->words_size = words_size;
    picture->services = mem_grow(NULL, config->service_count + 1, sizeof *picture->services);
    picture->slots = mem_grow(NULL, slots + 1, sizeof *picture->slots);
    return picture;
}

void picture_free(struct picture *picture)
{
    for (size_t i = 0; i < picture->slot_count; i++)
        free(picture->slots[i].picks);
    picture_extra_free(picture->extras);
    free(picture->slots);
    free(picture->services);
    free(picture);
}

void picture_fail(struct picture *picture, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(picture->words, picture->words_size, format, args);
    va_end(args);
}

static const char **texts_of(const struct config_texts *texts)
{
    return (const char **)(void *)texts->items;
}

static uint32_t clamp_u32(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct policy make_policy(const struct config_service *configured)
{
    return (struct policy){
        .body_us = configured->timeouts.body,
        .connect_us = configured->timeouts.connect,
        .response_us = configured->timeouts.response,
        .idle_us = configured->timeouts.idle,
        .keepalive_us = configured->timeouts.keepalive,
        .pool_idle_us = configured->pool.idle_timeout,
        .body_limit = configured->limits.body,
        .head_bytes = (uint32_t)configured->limits.head,
        .target_bytes = (uint32_t)configured->limits.target,
        .fields = (uint16_t)configured->limits.fields,
        .pool_max = (uint32_t)configured->pool.idle,
        .pool_requests = (uint32_t)configured->pool.requests,
        .attempts = (uint8_t)configured->retry.attempts,
        .via = configured->forward.via,
        .x_forwarded = configured->forward.x_forwarded,
        .epoch_header = configured->forward.epoch_header,
        .health = configured->health.enabled,
        .https_redirect = configured->https_redirect,
        .shield = configured->canary.shield,
        .retry_budget = (uint8_t)configured->retry.budget,
        .body_rate = clamp_u32(configured->limits.body_rate),
        .client_rate = (uint32_t)configured->limits.client_rate,
        .client_burst =
            (uint32_t)(configured->limits.client_burst != 0 ? configured->limits.client_burst
                                                            : configured->limits.client_rate),
        .tunnel_us = configured->timeouts.tunnel,
        .inflight_error_us =
            least(configured->evidence.inflight_error, configured->timeouts.response),
        .evidence = configured->evidence.enabled,
    };
}

static enum balance balance_of(const struct config_service *configured)
{
    switch (configured->balance) {
    case CONFIG_BALANCE_ROUND_ROBIN: return BALANCE_ROUND_ROBIN;
    case CONFIG_BALANCE_LEAST_REQUESTS: return BALANCE_LEAST_REQUESTS;
    case CONFIG_BALANCE_RANDOM: return BALANCE_RANDOM;
    case CONFIG_BALANCE_HASH: return BALANCE_HASH;
    }
    CHECK(!"a balance that the configuration does not know");
    return BALANCE_ROUND_ROBIN;
}

static enum hash_key hash_key_of(const struct config_service *configured)
{
    switch (configured->hash.kind) {
    case CONFIG_HASH_CLIENT_IP: return HASH_CLIENT_IP;
    case CONFIG_HASH_HEADER: return HASH_HEADER;
    case CONFIG_HASH_COOKIE: return HASH_COOKIE;
    }
    CHECK(!"a hash key that the configuration does not know");
    return HASH_CLIENT_IP;
}

static struct evidence_key evidence_key_of(const struct config_service *configured)
{
    const struct config_evidence_key *key = &configured->evidence.key;

    switch (key->kind) {
    case CONFIG_EVIDENCE_CLIENT_IP: return (struct evidence_key){ .kind = EVIDENCE_CLIENT_IP };
    case CONFIG_EVIDENCE_HEADER:
        return (struct evidence_key){ .kind = EVIDENCE_HEADER, .name = key->name };
    case CONFIG_EVIDENCE_TENANT: return (struct evidence_key){ .kind = EVIDENCE_TENANT };
    case CONFIG_EVIDENCE_PATH: return (struct evidence_key){ .kind = EVIDENCE_PATH };
    }
    CHECK(!"a key of the evidence that the configuration does not know");
    return (struct evidence_key){ .kind = EVIDENCE_CLIENT_IP };
}

static enum role role_of(const struct config_slot *configured)
{
    switch (configured->role) {
    case CONFIG_ROLE_NONE: return ROLE_STANDBY;
    case CONFIG_ROLE_STAGING: return ROLE_STAGING;
    case CONFIG_ROLE_OFF: return ROLE_OFF;
    }
    CHECK(!"a role that the configuration does not know");
    return ROLE_OFF;
}

int picture_add_service(struct picture *picture, const struct picture_service *wanted)
{
    const struct config_service *configured = wanted->configured;
    const char *active = wanted->decided->active;
    const struct config_slot *slot = config_find_slot(configured, slice_from(active));

    if (slot == NULL) {
        picture_fail(picture, "service %s has no slot %s", configured->name, active);
        return ERR_NOT_FOUND;
    }
    picture->extras = picture_extra_new(picture->extras, wanted);
    picture->services[picture->service_count++] = (struct snapshot_service){
        .service = wanted->service,
        .policy = make_policy(configured),
        .balance = balance_of(configured),
        .hash_key = hash_key_of(configured),
        .hash_name = configured->hash.name,
        .evidence_key = evidence_key_of(configured),
        .refuse_unfit = configured->when_unfit == CONFIG_UNFIT_REFUSE,
        .host_count = (unsigned)configured->hosts.count,
        .hosts = texts_of(&configured->hosts),
        .path_count = (unsigned)configured->paths.count,
        .paths = texts_of(&configured->paths),
        .slots = &picture->slots[picture->slot_count],
        .active = (unsigned)(slot - configured->slots),
        .traffic = picture_extra_traffic(picture->extras),
        .steering = picture_extra_steering(picture->extras),
        .slow_start_us = configured->slow_start,
        .strip_prefix = configured->strip_prefix,
    };
    return 0;
}

void picture_add_slot(struct picture *picture, struct slot *slot,
                      const struct config_slot *configured)
{
    struct snapshot_service *service = &picture->services[picture->service_count - 1];
    enum role role = role_of(configured);

    if (service->slot_count == service->active)
        role = ROLE_LIVE;
    else if (service->steering != NULL && !service->steering->split.is_holdback &&
             service->steering->split.candidate == service->slot_count)
        role = ROLE_CANDIDATE;
    service->slot_count++;
    picture->slots[picture->slot_count++] = (struct snapshot_slot){
        .slot = slot,
        .role = role,
        .version = configured->version,
        .circuit = {
            .max_requests = (uint32_t)configured->max_requests,
            .queue = (uint32_t)configured->queue,
            .queue_us = configured->queue_timeout,
        },
        .host_count = (unsigned)configured->hosts.count,
        .hosts = texts_of(&configured->hosts),
    };
}

void picture_add_target(struct picture *picture, struct target *target,
                        const struct effective *effective)
{
    const struct config_target *configured = effective->configured;
    struct snapshot_slot *slot = &picture->slots[picture->slot_count - 1];

    slot->picks = mem_grow(slot->picks, slot->pick_count + 1, sizeof *slot->picks);
    slot->picks[slot->pick_count++] = (struct pick){
        .target = target,
        .weight = effective->weight,
        .order = effective->order,
        .max_requests = configured != NULL ? configured->max_requests : 0,
        .max_connections = configured != NULL ? configured->max_connections : 0,
    };
}

int picture_build(struct picture *picture, uint64_t epoch, struct snapshot **out)
{
    struct snapshot_input input = {
        .epoch = epoch,
        .service_count = (unsigned)picture->service_count,
        .services = picture->services,
    };
    int err = snapshot_build(&input, out);

    if (err == ERR_EXISTS)
        picture_fail(picture, "two services or slots claim the same host and path");
    else if (err != 0)
        picture_fail(picture, "the routing table cannot be built: %s", err_name(err));
    return err;
}

static const char *const *lines_of(const struct config_texts *texts)
{
    return (const char *const *)(void *)texts->items;
}

static struct slot_rules rules_of(const struct config_headers *headers)
{
    return (struct slot_rules){
        .request = {
            .set_count = headers->request_set.count,
            .set = lines_of(&headers->request_set),
            .add_count = headers->request_add.count,
            .add = lines_of(&headers->request_add),
            .remove_count = headers->request_remove.count,
            .remove = lines_of(&headers->request_remove),
        },
        .response = {
            .set_count = headers->response_set.count,
            .set = lines_of(&headers->response_set),
            .add_count = headers->response_add.count,
            .add = lines_of(&headers->response_add),
            .remove_count = headers->response_remove.count,
            .remove = lines_of(&headers->response_remove),
        },
    };
}

void picture_equip(struct reg_service *service, const struct config_service *configured)
{
    struct slot_rules rules = rules_of(&configured->headers);

    /* Once made it stays: workers of the picture in force use it. */
    if (configured->limits.client_rate > 0 && service->service->rate == NULL)
        service->service->rate = rate_new((unsigned)configured->limits.clients);
    for (size_t i = 0; i < configured->slot_count; i++) {
        const struct config_slot *slot = &configured->slots[i];
        struct slot_rules own = rules_of(&slot->headers);
        struct slot *place = registry_find_slot(service, slot->name)->slot;

        slot_rules_put(place, &rules, &own);
        picture_tally_put(place, configured);
    }
}

void picture_name_versions(struct reg_service *service, const struct config_service *configured)
{
    for (size_t i = 0; i < configured->slot_count; i++) {
        const struct config_slot *slot = &configured->slots[i];
        struct slot *named = registry_find_slot(service, slot->name)->slot;

        snprintf(named->version, sizeof named->version, "%s",
                 slot->version != NULL ? slot->version : "");
    }
}
