/*
 * The end of objects that no picture names any more: a target goes when nothing holds it or its drain deadline
 * has come (then what holds it is cut off), after every worker has evicted it; a slot when its targets are
 * gone, a service when its slots are. Looked at ten times a second while there is anything. Control thread.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "deploy/registry_priv.h"
#include "health/health.h"
#include "net/loop.h"
#include "net/timer.h"

enum { LOOK_MS = 100 };

static void on_look(void *arg);

void retire_init(struct registry *registry)
{
    TAILQ_INIT(&registry->retired);
    TAILQ_INIT(&registry->retired_slots);
    TAILQ_INIT(&registry->retired_services);
    registry->timer = timer_new(registry->loop, on_look, registry);
}

void retire_target(struct registry *registry, struct reg_target *target)
{
    TAILQ_REMOVE(&target->slot->targets, target, link);
    TAILQ_INSERT_TAIL(&registry->retired, target, link);
    target->deadline_us = loop_now_us(registry->loop) + target->slot->service->drain_us;
    if (target->is_watched)
        health_forget(registry->health, target->target);
    target->is_watched = false;
}

void retire_slot(struct registry *registry, struct reg_slot *slot)
{
    TAILQ_REMOVE(&slot->service->slots, slot, link);
    TAILQ_INSERT_TAIL(&registry->retired_slots, slot, link);
}

void retire_service(struct registry *registry, struct reg_service *service)
{
    TAILQ_REMOVE(&registry->services, service, link);
    TAILQ_INSERT_TAIL(&registry->retired_services, service, link);
}

static void on_evicted(void *arg)
{
    struct reg_target *target = arg;

    target->is_evicted = true;
}

/* Idle connections when nothing is busy; all of them at the deadline. */
static void evict_target(struct registry *registry, struct reg_target *target)
{
    bool is_busy = target_in_flight(target->target) > 0;

    if (is_busy && loop_now_us(registry->loop) < target->deadline_us)
        return;
    target->is_evicting = true;
    if (registry->ops == NULL || registry->ops->evict == NULL)
        target->is_evicted = true;
    else
        registry->ops->evict(registry->ops_arg, target->target, is_busy, on_evicted, target);
}

static void free_target(struct registry *registry, struct reg_target *target)
{
    TAILQ_REMOVE(&registry->retired, target, link);
    target->slot->target_count--;
    target_free(target->target);
    free(target);
}

static void free_slot(struct registry *registry, struct reg_slot *slot)
{
    TAILQ_REMOVE(&registry->retired_slots, slot, link);
    slot->service->slot_count--;
    slot_free(slot->slot);
    free(slot);
}

static void free_service(struct registry *registry, struct reg_service *service)
{
    TAILQ_REMOVE(&registry->retired_services, service, link);
    service_free(service->service);
    free(service);
}

static void free_what_is_done(struct registry *registry)
{
    struct reg_target *target = NULL;
    struct reg_target *next_target = NULL;
    struct reg_slot *slot = NULL;
    struct reg_slot *next_slot = NULL;
    struct reg_service *service = NULL;
    struct reg_service *next_service = NULL;

    for (target = TAILQ_FIRST(&registry->retired); target != NULL; target = next_target) {
        next_target = TAILQ_NEXT(target, link);
        if (target->is_evicted && target_in_flight(target->target) == 0)
            free_target(registry, target);
    }
    for (slot = TAILQ_FIRST(&registry->retired_slots); slot != NULL; slot = next_slot) {
        next_slot = TAILQ_NEXT(slot, link);
        if (slot->target_count == 0 && slot_queued(slot->slot) == 0 &&
            slot_in_flight(slot->slot) == 0)
            free_slot(registry, slot);
    }
    for (service = TAILQ_FIRST(&registry->retired_services); service != NULL;
         service = next_service) {
        next_service = TAILQ_NEXT(service, link);
        if (service->slot_count == 0 && atomic_load(&service->service->counts.held) == 0)
            free_service(registry, service);
    }
}

void retire_start(struct registry *registry)
{
    if (TAILQ_EMPTY(&registry->retired) && TAILQ_EMPTY(&registry->retired_slots) &&
        TAILQ_EMPTY(&registry->retired_services))
        timer_disarm(registry->timer);
    else if (!timer_is_armed(registry->timer))
        timer_arm(registry->timer, LOOK_MS);
}

static void on_look(void *arg)
{
    struct registry *registry = arg;
    struct reg_target *target = NULL;

    TAILQ_FOREACH(target, &registry->retired, link)
    if (!target->is_evicting)
        evict_target(registry, target);
    free_what_is_done(registry);
    retire_start(registry);
}

void retire_fini(struct registry *registry)
{
    struct reg_target *target = NULL;
    struct reg_slot *slot = NULL;
    struct reg_service *service = NULL;

    timer_free(registry->timer);
    while ((target = TAILQ_FIRST(&registry->retired)) != NULL)
        free_target(registry, target);
    while ((slot = TAILQ_FIRST(&registry->retired_slots)) != NULL)
        free_slot(registry, slot);
    while ((service = TAILQ_FIRST(&registry->retired_services)) != NULL)
        free_service(registry, service);
}
