/* See picture_extra_priv.h. */
#include "deploy/picture_extra_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "deploy/holdback_priv.h"
#include "deploy/state_priv.h"

struct picture_extra {
    struct picture_extra *next;
    struct traffic traffic;
    struct steering steering;
    bool is_steered;
    struct tenant_source tenants[TENANT_SOURCES_MAX];
    const char **pass;
    char *health_path;
};

/* The health path is among the paths that go on in maintenance, whatever was configured. */
static void add_pass(struct picture_extra *extra, const struct config_service *configured)
{
    const struct config_texts *paths = &configured->maint.pass;
    size_t count = paths->count;

    extra->pass = mem_grow(NULL, count + 1, sizeof *extra->pass);
    for (size_t i = 0; i < count; i++)
        extra->pass[i] = paths->items[i];
    if (configured->health.path != NULL) {
        extra->health_path =
            mem_text_of(configured->health.path, strcspn(configured->health.path, "?"));
        extra->pass[count++] = extra->health_path;
    }
    extra->traffic.pass = extra->pass;
    extra->traffic.pass_count = (unsigned)count;
}

/* Maintenance is the stronger one: what it refuses need not wait. */
static void set_traffic(struct picture_extra *extra, const struct picture_service *wanted)
{
    const struct config_service *configured = wanted->configured;
    const struct state_service *decided = wanted->decided;
    const char *message =
        decided->maint.message[0] != '\0' ? decided->maint.message : configured->maint.message;
    struct traffic *traffic = &extra->traffic;

    traffic->pass_safe = configured->hold.pass_safe;
    traffic->hold_count = (uint32_t)configured->hold.count;
    traffic->hold_bytes = configured->hold.bytes;
    traffic->hold_us = configured->hold.max;
    traffic->release_rate = (uint32_t)configured->hold.rate;
    if (decided->hold.since_wall_us != 0)
        traffic->mode = TRAFFIC_HELD;
    if (decided->maint.since_wall_us == 0)
        return;
    traffic->mode = TRAFFIC_MAINT;
    traffic->retry_after_s = (uint32_t)((configured->maint.retry_after + 999999) / 1000000);
    traffic->message = message != NULL && message[0] != '\0' ? message : NULL;
    traffic->page = configured->maint.page_text;
    add_pass(extra, configured);
}

static enum tenant_kind tenant_kind_of(const struct config_tenant_source *source)
{
    switch (source->kind) {
    case CONFIG_TENANT_HEADER: return TENANT_HEADER;
    case CONFIG_TENANT_COOKIE: return TENANT_COOKIE;
    case CONFIG_TENANT_HOST_LABEL: return TENANT_HOST_LABEL;
    case CONFIG_TENANT_PATH_SEGMENT: return TENANT_PATH_SEGMENT;
    case CONFIG_TENANT_QUERY: return TENANT_QUERY;
    }
    CHECK(!"a source that the configuration does not know");
    return TENANT_HEADER;
}

static void set_tenants(struct picture_extra *extra, const struct picture_service *wanted)
{
    const struct config_tenant_sources *from = &wanted->configured->tenant.from;

    CHECK(from->count <= TENANT_SOURCES_MAX);
    for (size_t i = 0; i < from->count; i++)
        extra->tenants[i] = (struct tenant_source){
            .kind = tenant_kind_of(&from->items[i]),
            .index = from->items[i].index,
            .name = from->items[i].name,
        };
    extra->steering.tenant_count = (unsigned)from->count;
    extra->steering.tenants = extra->tenants;
    extra->steering.pins = from->count > 0 ? wanted->pins : NULL;
    extra->is_steered = extra->is_steered || from->count > 0;
}

static enum split_key_kind key_kind_of(const struct config_key *key)
{
    switch (key->kind) {
    case CONFIG_KEY_TENANT: return SPLIT_TENANT;
    case CONFIG_KEY_COOKIE: return SPLIT_COOKIE;
    case CONFIG_KEY_HEADER: return SPLIT_HEADER;
    case CONFIG_KEY_OWN_COOKIE: return SPLIT_OWN_COOKIE;
    case CONFIG_KEY_CLIENT_IP: return SPLIT_CLIENT_IP;
    }
    CHECK(!"a key that the configuration does not know");
    return SPLIT_CLIENT_IP;
}

static void set_split(struct picture_extra *extra, const struct picture_service *wanted)
{
    const struct config_service *configured = wanted->configured;
    const struct state_canary *canary = &wanted->decided->canary;
    const struct holdback *holdback = wanted->holdback;
    const struct config_keys *keys = &configured->canary.key;
    const char *name = holdback != NULL ? holdback->slot : canary->candidate;
    const struct config_slot *slot = config_find_slot(configured, slice_from(name));
    struct split *split = &extra->steering.split;

    split->candidate = SLOT_NONE;
    if (slot == NULL)
        return;
    CHECK(keys->count <= SPLIT_KEYS_MAX);
    *split = (struct split){
        .candidate = (uint32_t)(slot - configured->slots),
        .is_holdback = holdback != NULL,
        .share = holdback != NULL ? holdback->share : canary->share,
        .salt = holdback != NULL ? holdback->salt : canary->salt,
        .key_count = (unsigned)keys->count,
        .shield = configured->canary.shield,
    };
    for (size_t i = 0; i < keys->count; i++) {
        split->keys[i] = (struct split_key){
            .kind = key_kind_of(&keys->items[i]),
            .name = keys->items[i].name,
        };
        if (keys->items[i].kind == CONFIG_KEY_OWN_COOKIE) {
            split->own_cookie = configured->canary.cookie;
            split->own_secret = configured->canary.secret;
        }
    }
    extra->is_steered = true;
}

static void set_preview(struct picture_extra *extra, const struct config_preview *configured)
{
    if ((configured->header == NULL && configured->cookie == NULL) ||
        (configured->secret == NULL && configured->from.count == 0))
        return;
    extra->steering.preview = (struct preview){
        .header = configured->header,
        .cookie = configured->cookie,
        .secret = configured->secret,
        .from_count = (unsigned)configured->from.count,
        .from = configured->from.items,
    };
    extra->is_steered = true;
}

static void set_chain(struct picture_extra *extra, const struct config_group *group)
{
    const struct config_chain *configured = group != NULL ? &group->chain : NULL;

    if (configured == NULL || configured->header == NULL ||
        (configured->secret == NULL && configured->from.count == 0))
        return;
    extra->steering.chain = (struct chain){
        .header = configured->header,
        .group = group->name,
        .secret = configured->secret,
        .from_count = (unsigned)configured->from.count,
        .from = configured->from.items,
    };
    extra->is_steered = true;
}

struct picture_extra *picture_extra_new(struct picture_extra *others,
                                        const struct picture_service *wanted)
{
    struct picture_extra *extra = mem_zalloc(sizeof *extra);

    extra->next = others;
    set_traffic(extra, wanted);
    set_tenants(extra, wanted);
    set_split(extra, wanted);
    set_preview(extra, &wanted->configured->preview);
    set_chain(extra, wanted->group);
    return extra;
}

void picture_extra_free(struct picture_extra *extra)
{
    while (extra != NULL) {
        struct picture_extra *next = extra->next;

        free(extra->pass);
        free(extra->health_path);
        free(extra);
        extra = next;
    }
}

struct traffic picture_extra_traffic(const struct picture_extra *extra)
{
    return extra->traffic;
}

const struct steering *picture_extra_steering(const struct picture_extra *extra)
{
    return extra->is_steered ? &extra->steering : NULL;
}
