/*
 * Decisions about targets: ready, drain, maint, weight, add, remove. The last ready target of a live slot is not
 * taken away without force. Control thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "deploy/deploy_priv.h"
#include "deploy/effective_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/names_priv.h"

struct place {
    size_t service;
    size_t slot;
    const struct config_slot *configured;
    bool exists;
    struct effective target; /* when it exists */
};

static bool find_place(struct deploy *deploy, struct ticket *ticket, struct place *out)
{
    const struct change *change = &ticket->change;
    const struct config *config = deploy->config;
    const struct config_service *service = config_find_service(config, slice_from(change->name));
    struct effective *list = NULL;
    size_t count = 0;

    if (service == NULL) {
        judge_refuse(ticket, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "",
                     "there is no service %s; see: switchctl status", change->name);
        return false;
    }
    *out = (struct place){ .service = (size_t)(service - config->services) };
    out->configured = config_find_slot(service, slice_from(change->slot));
    if (out->configured == NULL) {
        judge_refuse(ticket, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "",
                     "service %s has no slot %s; see: switchctl slots %s", change->name,
                     change->slot, change->name);
        return false;
    }
    out->slot = (size_t)(out->configured - service->slots);
    count = effective_targets(out->configured, deploy->working.services[out->service], &list);
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, change->target) == 0) {
            out->exists = true;
            out->target = list[i];
        }
    free(list);
    return true;
}

/* The decision about the target for writing; made when there is none yet. */
static struct state_target *own_decision(struct deploy *deploy, const struct ticket *ticket,
                                         const struct place *place)
{
    struct state_service *service = decisions_own(&deploy->working, place->service);
    struct state_target *target =
        state_service_target(service, ticket->change.slot, ticket->change.target);

    return target != NULL
               ? target
               : state_service_add_target(service, ticket->change.slot, ticket->change.target);
}

/* A decision that says what the configuration says is none. */
static void prune(struct deploy *deploy, const struct place *place, struct state_target *target)
{
    const struct config_target *configured = effective_configured(place->configured, target->name);

    if (target->has_order && target->order == ORDER_READY)
        target->has_order = false;
    if (target->has_weight && configured != NULL && target->weight == configured->weight)
        target->has_weight = false;
    if (!target->is_added && !target->is_removed && !target->has_order && !target->has_weight)
        state_service_drop_target(deploy->working.services[place->service], target);
}

static enum judgement finish(struct deploy *deploy, struct ticket *ticket, const char *what)
{
    const struct change *change = &ticket->change;

    deploy->working.epoch++;
    return judge_done(ticket, "%s/%s %s: %s, epoch %llu", change->name, change->slot,
                      change->target, what, (unsigned long long)deploy->working.epoch);
}

/* Of a live slot, somebody must be left. */
static bool is_last_ready(const struct deploy *deploy, const struct place *place)
{
    struct gate_fit fit;

    if (gate_active(deploy, place->service) != place->slot || place->target.order != ORDER_READY)
        return false;
    gate_count_fit(deploy, place->service, place->slot, &fit);
    return fit.up + fit.unknown + fit.down <= 1;
}

static enum judgement refuse_last(struct ticket *ticket)
{
    const struct change *change = &ticket->change;

    return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "target",
                        "%s is the last ready target of %s/%s, which is live; --force --reason "
                        "takes it away all the same",
                        change->target, change->name, change->slot);
}

static enum judgement set_order(struct deploy *deploy, struct ticket *ticket,
                                const struct place *place, enum order order)
{
    struct state_target *target = NULL;

    if (place->target.order == order)
        return judge_same(ticket, "%s is %s already", ticket->change.target, order_name(order));
    if (order != ORDER_READY && is_last_ready(deploy, place) && !gate_is_forced(ticket))
        return refuse_last(ticket);
    target = own_decision(deploy, ticket, place);
    target->has_order = true;
    target->order = order;
    prune(deploy, place, target);
    return finish(deploy, ticket, order_name(order));
}

static enum judgement set_weight(struct deploy *deploy, struct ticket *ticket,
                                 const struct place *place)
{
    uint32_t weight = ticket->change.weight;
    struct state_target *target = NULL;
    char what[32];

    if (weight > STATE_WEIGHT_MAX)
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "", "a weight is 0 to %d",
                            STATE_WEIGHT_MAX);
    if (place->target.weight == weight)
        return judge_same(ticket, "%s has the weight %u already", ticket->change.target, weight);
    target = own_decision(deploy, ticket, place);
    target->has_weight = true;
    target->weight = weight;
    prune(deploy, place, target);
    snprintf(what, sizeof what, "weight %u", weight);
    return finish(deploy, ticket, what);
}

/* The address of a new target as text; false: the result says why not. */
static bool find_new_address(struct ticket *ticket, char *out)
{
    struct endpoint endpoint;
    struct address address;
    const char *words = "";
    int err = address_parse_endpoint(slice_from(ticket->change.target), &endpoint);

    if (err != 0 || (!endpoint.is_unix && endpoint.port == 0)) {
        judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                     "%s is not an address: host:port, [IPv6]:port or unix:/path",
                     ticket->change.target);
        return false;
    }
    if (!endpoint.is_name)
        err = address_from_endpoint(&endpoint, &address);
    else
        err = ticket->names != NULL
                  ? names_find(ticket->names, ticket->change.target, &address, &words)
                  : ERR_AGAIN;
    if (err != 0) {
        judge_refuse(ticket, OUTCOME_REFUSED, FAULT_NAME_UNKNOWN, "", "%s has no address: %s",
                     ticket->change.target, words);
        return false;
    }
    address_format(&address, out);
    return true;
}

static enum judgement add(struct deploy *deploy, struct ticket *ticket, const struct place *place)
{
    const struct state_service *service = deploy->working.services[place->service];
    struct state_target *target = NULL;
    char address[ADDRESS_TEXT_SIZE];

    if (place->exists)
        return judge_same(ticket, "%s is a target of %s/%s already", ticket->change.target,
                          ticket->change.name, ticket->change.slot);
    if (ticket->change.weight > STATE_WEIGHT_MAX)
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "", "a weight is 1 to %d",
                            STATE_WEIGHT_MAX);
    if (service->target_count >= STATE_TARGETS_MAX)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_OVERLOADED, "",
                            "%s has too many targets decided at run time; write them into the "
                            "configuration",
                            ticket->change.name);
    if (!find_new_address(ticket, address))
        return JUDGED_REFUSED;
    target = own_decision(deploy, ticket, place);
    target->is_removed = false;
    target->is_added = effective_configured(place->configured, target->name) == NULL;
    if (target->is_added)
        memcpy(target->address, address, sizeof target->address);
    if (ticket->change.weight > 0) {
        target->has_weight = true;
        target->weight = ticket->change.weight;
    }
    prune(deploy, place, target);
    return finish(deploy, ticket, "added");
}

static enum judgement take_out(struct deploy *deploy, struct ticket *ticket,
                               const struct place *place)
{
    struct state_target *target = NULL;

    if (is_last_ready(deploy, place) && !gate_is_forced(ticket))
        return refuse_last(ticket);
    target = own_decision(deploy, ticket, place);
    target->is_removed = place->target.configured != NULL;
    target->is_added = false;
    target->has_order = false;
    target->has_weight = false;
    prune(deploy, place, target);
    return finish(deploy, ticket, "removed");
}

enum judgement targets_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct place place;

    if (!find_place(deploy, ticket, &place))
        return JUDGED_REFUSED;
    if (ticket->change.kind == CHANGE_TARGET_ADD)
        return add(deploy, ticket, &place);
    if (!place.exists)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "",
                            "%s/%s has no target %s; see: switchctl targets %s",
                            ticket->change.name, ticket->change.slot, ticket->change.target,
                            ticket->change.name);
    switch (ticket->change.kind) {
    case CHANGE_TARGET_READY: return set_order(deploy, ticket, &place, ORDER_READY);
    case CHANGE_TARGET_DRAIN: return set_order(deploy, ticket, &place, ORDER_DRAIN);
    case CHANGE_TARGET_MAINT: return set_order(deploy, ticket, &place, ORDER_MAINT);
    case CHANGE_TARGET_WEIGHT: return set_weight(deploy, ticket, &place);
    case CHANGE_TARGET_REMOVE: return take_out(deploy, ticket, &place);
    case CHANGE_TARGET_ADD:
    case CHANGE_SWITCH:
    case CHANGE_ROLLBACK:
    case CHANGE_LOCK_ACQUIRE:
    case CHANGE_LOCK_RELEASE:
    case CHANGE_RELOAD:
    case CHANGE_CANARY_START:
    case CHANGE_CANARY_SET:
    case CHANGE_CANARY_STEP:
    case CHANGE_CANARY_PAUSE:
    case CHANGE_CANARY_RESUME:
    case CHANGE_CANARY_ABORT:
    case CHANGE_CANARY_PROMOTE:
    case CHANGE_TENANT_PIN:
    case CHANGE_TENANT_UNPIN:
    case CHANGE_TENANT_LOAD:
    case CHANGE_PAUSE:
    case CHANGE_RESUME:
    case CHANGE_MAINT_ON:
    case CHANGE_MAINT_OFF:
    case CHANGE_ROLLOUT_START:
    case CHANGE_ROLLOUT_PAUSE:
    case CHANGE_ROLLOUT_RESUME:
    case CHANGE_ROLLOUT_ADVANCE:
    case CHANGE_ROLLOUT_ABORT:
    case CHANGE_ROLLOUT_PHASE:
    case CHANGE_CONFIRM:
    case CHANGE_APPROVE:
    case CHANGE_REJECT:
    case CHANGE_CHECK:
    case CHANGE_RELEASE: break;
    }
    CHECK(!"not a change of a target");
    return JUDGED_REFUSED;
}

static void on_resolved(void *arg, struct names *names)
{
    struct ticket *ticket = arg;

    (void)names;
    desk_prepared(ticket);
}

bool targets_prepare(struct deploy *deploy, struct ticket *ticket)
{
    struct endpoint endpoint;

    if (ticket->names != NULL || deploy->options.resolver == NULL ||
        address_parse_endpoint(slice_from(ticket->change.target), &endpoint) != 0 ||
        !endpoint.is_name)
        return true;
    ticket->names = names_new();
    names_add(ticket->names, ticket->change.target, &endpoint);
    names_resolve(ticket->names, deploy->options.resolver, on_resolved, ticket);
    return false;
}
