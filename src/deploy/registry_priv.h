/*
 * The live objects (services, slots, targets) behind the pictures. A plan looks at a configuration and decisions,
 * reuses every object that did not change (so that counters, health and pools survive), makes what is missing
 * and builds the snapshot. Committing a plan publishes it and retires what no picture names any more; aborting
 * it leaves no trace. Control thread.
 */
#ifndef DEPLOY_REGISTRY_PRIV_H
#define DEPLOY_REGISTRY_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/address.h"
#include "base/check.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "deploy/farewell_priv.h"
#include "deploy/state_priv.h"

struct names;
struct tenants;

struct reg_target {
    TAILQ_ENTRY(reg_target) link;
    struct reg_slot *slot;
    struct target *target;
    unsigned mark; /* of the plan that uses it */
    bool is_new;   /* made by the present plan */
    bool is_watched;
    /* once retired: */
    bool is_evicting;
    bool is_evicted;
    uint64_t deadline_us; /* then busy ones are cut off, too */
};
TAILQ_HEAD(reg_targets, reg_target);

struct reg_slot {
    TAILQ_ENTRY(reg_slot) link;
    struct reg_service *service;
    struct slot *slot;
    unsigned mark;
    bool is_new;
    unsigned target_count; /* live and retired */
    enum farewell farewell;
    struct reg_targets targets;
};
TAILQ_HEAD(reg_slots, reg_slot);

struct reg_service {
    TAILQ_ENTRY(reg_service) link;
    struct service *service;
    unsigned mark;
    bool is_new;
    unsigned slot_count; /* live and retired */
    uint64_t drain_us;
    struct reg_slots slots;
};
TAILQ_HEAD(reg_services, reg_service);

struct registry {
    struct loop *loop;
    struct health *health; /* may be NULL */
    const struct deploy_ops *ops;
    void *ops_arg;
    unsigned worker_count;
    unsigned mark;
    struct reg_services services;
    struct reg_service **by_index; /* of the configuration in force */
    size_t service_count;
    struct reg_targets retired;
    struct reg_slots retired_slots;
    struct reg_services retired_services;
    struct timer *timer; /* runs while something is retired */
};

/* What is wanted, and then what came of it. */
struct plan {
    const struct config *config;
    const struct decisions *decisions; /* one service per configured one, in its order */
    const struct names *names;         /* resolved; NULL: targets by name keep their address */
    const struct tenants *tenants;
    char *words; /* filled in when the plan cannot be made */
    unsigned words_size;
    struct reg_service **by_index; /* config->service_count */
    struct snapshot *snapshot;
};

void registry_init(struct registry *registry, const struct deploy_options *options);

/* The workers and the writer have ended: everything goes at once, the published snapshot as well. */
void registry_fini(struct registry *registry);

/* From the wanted part of the plan to its objects and snapshot; ERR_* and words: nothing was changed. Commit publishes,
 * waits for the grace period, retires and tells health; the plan is empty then. */
MUST_CHECK int registry_plan(struct registry *registry, struct plan *plan);
void registry_abort(struct registry *registry, struct plan *plan);
void registry_commit(struct registry *registry, struct plan *plan);
struct reg_slot *registry_find_slot(const struct reg_service *service, const char *name);
struct reg_target *registry_find_target(const struct reg_slot *slot, const char *name);

/* Internal to the room: the two halves of retirement (retire.c). */
void retire_target(struct registry *registry, struct reg_target *target);
void retire_slot(struct registry *registry, struct reg_slot *slot);
void retire_service(struct registry *registry, struct reg_service *service);
void retire_init(struct registry *registry);
void retire_start(struct registry *registry);
void retire_fini(struct registry *registry);

#endif
