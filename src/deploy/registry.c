/*
 * Plans: from configuration and decisions to objects, and from objects to a snapshot (picture.c builds it). See
 * registry_priv.h. Control thread.
 */
#include "deploy/registry_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "deploy/effective_priv.h"
#include "deploy/holdback_priv.h"
#include "deploy/names_priv.h"
#include "deploy/picture_priv.h"
#include "deploy/tenants_priv.h"
#include "health/health.h"
#include "net/loop.h"
#include "route/snapshot.h"

void registry_init(struct registry *registry, const struct deploy_options *options)
{
    *registry = (struct registry){
        .loop = options->loop,
        .health = options->health,
        .ops = options->ops,
        .ops_arg = options->ops_arg,
        .worker_count = options->worker_count,
    };
    TAILQ_INIT(&registry->services);
    retire_init(registry);
}

struct reg_slot *registry_find_slot(const struct reg_service *service, const char *name)
{
    struct reg_slot *slot = NULL;

    TAILQ_FOREACH(slot, &service->slots, link)
    if (strcmp(slot->slot->name, name) == 0)
        return slot;
    return NULL;
}

struct reg_target *registry_find_target(const struct reg_slot *slot, const char *name)
{
    struct reg_target *target = NULL;

    TAILQ_FOREACH(target, &slot->targets, link)
    if (strcmp(target->target->name, name) == 0)
        return target;
    return NULL;
}

/* The service of that name; first where it was in the configuration before. */
static struct reg_service *find_service(const struct registry *registry, size_t index,
                                        const char *name)
{
    struct reg_service *service = NULL;

    if (index < registry->service_count &&
        strcmp(registry->by_index[index]->service->name, name) == 0)
        return registry->by_index[index];
    if (registry->service_count == 0)
        return NULL; /* the first plan of all */
    TAILQ_FOREACH(service, &registry->services, link)
    if (strcmp(service->service->name, name) == 0)
        return service;
    return NULL;
}

static struct reg_service *need_service(struct registry *registry, size_t index, const char *name)
{
    struct reg_service *service = find_service(registry, index, name);

    if (service == NULL) {
        service = mem_zalloc(sizeof *service);
        service->service = service_new(name);
        service->is_new = true;
        TAILQ_INIT(&service->slots);
        TAILQ_INSERT_TAIL(&registry->services, service, link);
    }
    service->mark = registry->mark;
    return service;
}

static struct reg_slot *need_slot(struct registry *registry, struct reg_service *service,
                                  const char *name)
{
    struct reg_slot *slot = registry_find_slot(service, name);

    if (slot == NULL) {
        slot = mem_zalloc(sizeof *slot);
        slot->service = service;
        slot->slot = slot_new(service->service, name, registry->worker_count);
        slot->is_new = true;
        TAILQ_INIT(&slot->targets);
        TAILQ_INSERT_TAIL(&service->slots, slot, link);
        service->slot_count++;
    }
    slot->mark = registry->mark;
    return slot;
}

/* Where a target is: by its own text, by its name resolved now, or as it was. */
static int find_address(const struct reg_target *present, const struct effective *effective,
                        const struct names *names, struct address *out, const char **words)
{
    struct endpoint endpoint;
    int err = address_parse_endpoint(slice_from(effective->name), &endpoint);

    *words = "it is not an address";
    if (err == 0)
        err = address_from_endpoint(&endpoint, out);
    if (err != ERR_NOT_FOUND)
        return err;
    if (names != NULL) {
        err = names_find(names, effective->name, out, words);
        if (err == 0)
            return 0;
        /* A resolver that is silent takes nothing away; a name that is gone is an error. */
        if (err != ERR_AGAIN)
            return err;
    }
    if (present != NULL) {
        *out = present->target->address;
        return 0;
    }
    if (effective->decision != NULL && effective->decision->address[0] != '\0')
        return address_parse(slice_from(effective->decision->address), out);
    return names != NULL ? ERR_AGAIN : ERR_NOT_FOUND;
}

/* What a target is to be; where one differs it is another target. */
struct wish {
    struct address address;
    uint8_t proxy_protocol;
    struct tls_dialer *tls; /* NULL: plain */
};

static bool is_same(const struct reg_target *present, const struct wish *wish)
{
    return present != NULL && address_is_equal(&present->target->address, &wish->address) &&
           present->target->proxy_protocol == wish->proxy_protocol &&
           present->target->tls == wish->tls;
}

static struct tls_dialer *find_dialer(const struct registry *registry, const struct reg_slot *slot,
                                      const struct config_slot *configured)
{
    if (configured->tls.ciphers == NULL)
        return NULL;
    CHECK(registry->ops != NULL && registry->ops->dialer != NULL); /* never in clear instead */
    return registry->ops->dialer(registry->ops_arg, slot->service->service->name, slot->slot->name);
}

struct need {
    struct tls_dialer *tls; /* of the slot */
    struct reg_target *target;
    const char *words; /* why there is none */
};

static int need_target(struct registry *registry, struct reg_slot *slot,
                       const struct effective *effective, const struct names *names,
                       struct need *out)
{
    struct reg_target *target = registry_find_target(slot, effective->name);
    struct wish wish = {
        .proxy_protocol = effective->configured != NULL ? effective->configured->proxy_protocol : 0,
        .tls = out->tls,
    };
    int err = find_address(target, effective, names, &wish.address, &out->words);

    if (err != 0)
        return err;
    if (!is_same(target, &wish)) {
        target = mem_zalloc(sizeof *target);
        target->slot = slot;
        target->target =
            target_new(slot->slot, effective->name, &wish.address, registry->worker_count);
        target->target->proxy_protocol = wish.proxy_protocol;
        target->target->tls = wish.tls;
        target->is_new = true;
        /* At the head: it is found before the one of the same name that it replaces. */
        TAILQ_INSERT_HEAD(&slot->targets, target, link);
        slot->target_count++;
    }
    target->mark = registry->mark;
    out->target = target;
    return 0;
}

static int plan_slot(struct registry *registry, const struct plan *plan, size_t index,
                     const struct config_slot *configured, struct picture *picture)
{
    struct reg_service *service = plan->by_index[index];
    struct reg_slot *slot = need_slot(registry, service, configured->name);
    struct tls_dialer *tls = find_dialer(registry, slot, configured);
    struct effective *list = NULL;
    size_t count = effective_targets(configured, plan->decisions->services[index], &list);
    int err = 0;

    picture_add_slot(picture, slot->slot, configured);
    for (size_t i = 0; i < count && err == 0; i++) {
        struct need need = { .tls = tls };

        err = need_target(registry, slot, &list[i], plan->names, &need);
        if (err == 0)
            picture_add_target(picture, need.target->target, &list[i]);
        else
            picture_fail(picture, "target %s of %s/%s has no address: %s", list[i].name,
                         service->service->name, configured->name, need.words);
    }
    free(list);
    return err;
}

static int plan_service(struct registry *registry, struct plan *plan, size_t index,
                        struct picture *picture)
{
    const struct config *config = plan->config;
    const struct config_service *configured = &config->services[index];
    size_t group = config_group_of(config, configured);
    struct picture_service wanted = {
        .configured = configured,
        .decided = plan->decisions->services[index],
        .group = group < config->group_count ? &config->groups[group] : NULL,
        .pins = plan->tenants != NULL ? tenants_table(plan->tenants, index) : NULL,
    };
    struct holdback holdback;
    int err = 0;

    if (holdback_find(config, plan->decisions, index, &holdback))
        wanted.holdback = &holdback;
    plan->by_index[index] = need_service(registry, index, configured->name);
    wanted.service = plan->by_index[index]->service;
    err = picture_add_service(picture, &wanted);
    for (size_t i = 0; i < configured->slot_count && err == 0; i++)
        err = plan_slot(registry, plan, index, &configured->slots[i], picture);
    return err;
}

int registry_plan(struct registry *registry, struct plan *plan)
{
    size_t count = plan->config->service_count;
    struct picture *picture = picture_new(plan->config, plan->words, plan->words_size);
    int err = 0;

    CHECK(plan->decisions->service_count == count);
    registry->mark++;
    plan->by_index = mem_grow(NULL, count + 1, sizeof *plan->by_index);
    for (size_t i = 0; i < count && err == 0; i++)
        err = plan_service(registry, plan, i, picture);
    if (err == 0)
        err = picture_build(picture, plan->decisions->epoch, &plan->snapshot);
    picture_free(picture);
    if (err != 0)
        registry_abort(registry, plan);
    return err;
}

static void drop_new_targets(struct reg_slot *slot)
{
    struct reg_target *target = NULL;
    struct reg_target *next = NULL;

    for (target = TAILQ_FIRST(&slot->targets); target != NULL; target = next) {
        next = TAILQ_NEXT(target, link);
        if (!target->is_new)
            continue;
        TAILQ_REMOVE(&slot->targets, target, link);
        slot->target_count--;
        target_free(target->target);
        free(target);
    }
}

static void drop_new_slots(struct reg_service *service)
{
    struct reg_slot *slot = NULL;
    struct reg_slot *next = NULL;

    for (slot = TAILQ_FIRST(&service->slots); slot != NULL; slot = next) {
        next = TAILQ_NEXT(slot, link);
        drop_new_targets(slot);
        if (!slot->is_new)
            continue;
        TAILQ_REMOVE(&service->slots, slot, link);
        service->slot_count--;
        slot_free(slot->slot);
        free(slot);
    }
}

void registry_abort(struct registry *registry, struct plan *plan)
{
    struct reg_service *service = NULL;
    struct reg_service *next = NULL;

    snapshot_free(plan->snapshot);
    free(plan->by_index);
    *plan = (struct plan){ 0 };
    for (service = TAILQ_FIRST(&registry->services); service != NULL; service = next) {
        next = TAILQ_NEXT(service, link);
        drop_new_slots(service);
        if (!service->is_new)
            continue;
        TAILQ_REMOVE(&registry->services, service, link);
        service_free(service->service);
        free(service);
    }
}

static void watch_target(struct registry *registry, struct reg_target *target,
                         const struct config_service *configured)
{
    target->is_new = false;
    if (registry->health == NULL)
        return;
    picture_watch(registry->health, target->target, configured);
    target->is_watched = true;
}

/* What the plan did not mark is in no picture any more. */
static void settle_slot(struct registry *registry, struct reg_slot *slot,
                        const struct config_service *configured)
{
    struct reg_target *target = NULL;
    struct reg_target *next = NULL;

    for (target = TAILQ_FIRST(&slot->targets); target != NULL; target = next) {
        next = TAILQ_NEXT(target, link);
        if (target->mark == registry->mark)
            watch_target(registry, target, configured);
        else
            retire_target(registry, target);
    }
    if (slot->mark != registry->mark)
        retire_slot(registry, slot);
    else
        slot->is_new = false;
}

static void settle_service(struct registry *registry, struct reg_service *service,
                           const struct config_service *configured)
{
    struct reg_slot *slot = NULL;
    struct reg_slot *next = NULL;

    if (configured != NULL)
        service->drain_us = configured->drain.requests;
    for (slot = TAILQ_FIRST(&service->slots); slot != NULL; slot = next) {
        next = TAILQ_NEXT(slot, link);
        settle_slot(registry, slot, configured);
    }
    if (service->mark != registry->mark)
        retire_service(registry, service);
    else
        service->is_new = false;
}

/* Nobody can look at the old picture any more. */
static void tell_workers(struct registry *registry, const struct plan *plan,
                         const struct snapshot *old)
{
    const struct deploy_ops *ops = registry->ops;

    if (ops == NULL)
        return;
    if (ops->published != NULL)
        ops->published(registry->ops_arg);
    if (ops->drain_tunnels != NULL)
        farewell_tell(registry, plan, old, plan->snapshot);
}

void registry_commit(struct registry *registry, struct plan *plan)
{
    struct snapshot *old = NULL;
    struct reg_service *service = NULL;
    struct reg_service *next = NULL;

    for (size_t i = 0; i < plan->config->service_count; i++)
        picture_equip(plan->by_index[i], &plan->config->services[i]);
    old = snapshot_publish(plan->snapshot);
    rcu_grace_period();
    if (old != NULL)
        tell_workers(registry, plan, old);
    snapshot_free(old);
    for (size_t i = 0; i < plan->config->service_count; i++) {
        picture_name_versions(plan->by_index[i], &plan->config->services[i]);
        settle_service(registry, plan->by_index[i], &plan->config->services[i]);
    }
    for (service = TAILQ_FIRST(&registry->services); service != NULL; service = next) {
        next = TAILQ_NEXT(service, link);
        if (service->mark != registry->mark)
            settle_service(registry, service, NULL);
    }
    free(registry->by_index);
    registry->by_index = plan->by_index;
    registry->service_count = plan->config->service_count;
    *plan = (struct plan){ 0 };
    retire_start(registry);
}

void registry_fini(struct registry *registry)
{
    struct reg_service *service = NULL;
    struct reg_service *next = NULL;
    struct snapshot *old = snapshot_publish(NULL);

    rcu_grace_period();
    snapshot_free(old);
    registry->mark++;
    for (service = TAILQ_FIRST(&registry->services); service != NULL; service = next) {
        next = TAILQ_NEXT(service, link);
        settle_service(registry, service, NULL);
    }
    free(registry->by_index);
    registry->by_index = NULL;
    registry->service_count = 0;
    retire_fini(registry);
}
