/*
 * Switch and rollback as decisions: which slot, may it, and the new state of every service that the name
 * means. A group moves as a whole or not at all. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"

/* Names of the slots that a service can be switched to, for words. */
static const char *list_slots(const struct config_service *service, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < service->slot_count && len < size; i++)
        if (gate_is_switchable(&service->slots[i]))
            len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
                                    service->slots[i].name);
    return out;
}

/* A member of a group moves with its group, unless somebody insists. */
static enum judgement refuse_member(struct deploy *deploy, struct ticket *ticket,
                                    const struct scope *scope)
{
    const struct config_service *service = &deploy->config->services[gate_scope_at(scope, 0)];
    size_t group = config_group_of(deploy->config, service);

    if (scope->group != NULL || group == deploy->config->group_count || gate_is_forced(ticket))
        return JUDGED_DONE;
    return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "group",
                        "%s belongs to the group %s, which switches as a whole: use that name, or "
                        "--force --reason",
                        service->name, deploy->config->groups[group].name);
}

/* Where a switch without a slot goes: the other one of two, else back to the previous; NULL: unclear. */
static const char *find_default(const struct deploy *deploy, size_t index)
{
    const struct config_service *service = &deploy->config->services[index];
    size_t active = gate_active(deploy, index);
    const char *other = NULL;
    unsigned others = 0;

    for (size_t i = 0; i < service->slot_count; i++)
        if (i != active && gate_is_switchable(&service->slots[i])) {
            other = service->slots[i].name;
            others++;
        }
    if (others == 1)
        return other;
    other = deploy->working.services[index]->previous;
    return others > 1 && other[0] != '\0' ? other : NULL;
}

/* The one slot name that all services of the scope go to; false: the result says why not. */
static bool find_destination(struct deploy *deploy, struct ticket *ticket,
                             const struct scope *scope, const char **out)
{
    char slots[256];

    *out = ticket->change.slot;
    if (ticket->change.slot[0] != '\0')
        return true;
    *out = NULL;
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        const struct config_service *service = &deploy->config->services[index];
        const char *name = find_default(deploy, index);

        if (name == NULL || (*out != NULL && strcmp(*out, name) != 0)) {
            judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                         "say where to with --to: %s has the slots %s", service->name,
                         list_slots(service, slots, sizeof slots));
            return false;
        }
        *out = name;
    }
    return true;
}

static enum judgement refuse_slot(struct ticket *ticket, const struct config_service *service,
                                  const char *slot_name)
{
    const struct config_slot *slot = config_find_slot(service, slice_from(slot_name));
    char slots[256];

    if (slot == NULL)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "",
                            "service %s has no slot %s; it has %s", service->name, slot_name,
                            list_slots(service, slots, sizeof slots));
    return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "role",
                        "%s/%s is %s by configuration and cannot go live", service->name, slot_name,
                        slot->role == CONFIG_ROLE_STAGING ? "a staging slot" : "off");
}

/* With health off nothing is known of any target, and that must do. */
static bool is_fit(const struct deploy *deploy, size_t index, const struct gate_fit *fit,
                   bool is_rollback)
{
    bool is_measured = deploy->config->services[index].health.enabled;

    return fit->up > 0 || (fit->unknown > 0 && (is_rollback || !is_measured));
}

static enum judgement refuse_unfit(struct ticket *ticket, const struct config_service *service,
                                   const char *slot, const struct gate_fit *fit)
{
    if (fit->up + fit->unknown + fit->down == 0)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "target",
                            "%s/%s has no ready target (%u drained or in maintenance); add one "
                            "first, or --force --reason",
                            service->name, slot, fit->not_ready);
    return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "target",
                        "%s/%s has no fit target: %u down, %u not known yet, %u not ready; see "
                        "switchctl targets %s, wait with switchctl wait healthy, or --force "
                        "--reason",
                        service->name, slot, fit->down, fit->unknown, fit->not_ready,
                        service->name);
}

/* Whether the service may go to the slot; JUDGED_DONE: yes. */
static enum judgement check_move(struct deploy *deploy, struct ticket *ticket, size_t index,
                                 const char *slot_name, bool is_rollback)
{
    const struct config_service *service = &deploy->config->services[index];
    const struct config_slot *slot = config_find_slot(service, slice_from(slot_name));
    struct gate_fit fit;

    if (slot == NULL || !gate_is_switchable(slot))
        return refuse_slot(ticket, service, slot_name);
    if (gate_is_forced(ticket) || gate_active(deploy, index) == (size_t)(slot - service->slots))
        return JUDGED_DONE;
    gate_count_fit(deploy, index, (size_t)(slot - service->slots), &fit);
    return is_fit(deploy, index, &fit, is_rollback)
               ? JUDGED_DONE
               : refuse_unfit(ticket, service, slot_name, &fit);
}

static void move_service(struct deploy *deploy, size_t index, const char *slot, bool is_rollback)
{
    struct state_service *service = decisions_own(&deploy->working, index);
    char was[sizeof service->active];

    memcpy(was, service->active, sizeof was);
    snprintf(service->active, sizeof service->active, "%s", slot);
    memcpy(service->previous, was, sizeof was);
    service->is_rolled_back = is_rollback;
    service->switched_wall_us = clock_wall_us();
    service->switch_count++;
}

static void note_move(struct deploy *deploy, struct ticket *ticket, size_t index, const char *slot)
{
    snprintf(ticket->result.from, sizeof ticket->result.from, "%s",
             deploy->working.services[index]->active);
    snprintf(ticket->result.to, sizeof ticket->result.to, "%s", slot);
}

static bool is_live_everywhere(const struct deploy *deploy, const struct scope *scope,
                               const char *slot)
{
    for (size_t i = 0; i < scope->count; i++)
        if (strcmp(deploy->working.services[gate_scope_at(scope, i)]->active, slot) != 0)
            return false;
    return true;
}

enum judgement switching_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct scope scope;
    const char *slot = NULL;
    const char *from = NULL;
    enum judgement judgement = JUDGED_REFUSED;

    if (!gate_find_scope(deploy, ticket, &scope) ||
        refuse_member(deploy, ticket, &scope) == JUDGED_REFUSED ||
        !find_destination(deploy, ticket, &scope, &slot))
        return JUDGED_REFUSED;
    for (size_t i = 0; i < scope.count; i++) {
        judgement = check_move(deploy, ticket, gate_scope_at(&scope, i), slot, false);
        if (judgement != JUDGED_DONE)
            return judgement;
    }
    note_move(deploy, ticket, gate_scope_at(&scope, 0), slot);
    if (is_live_everywhere(deploy, &scope, slot))
        return judge_same(ticket, "%s is live on %s already", ticket->change.name, slot);
    for (size_t i = 0; i < scope.count; i++) {
        size_t index = gate_scope_at(&scope, i);

        if (strcmp(deploy->working.services[index]->active, slot) == 0)
            continue;
        if (from == NULL)
            note_move(deploy, ticket, index, slot);
        from = ticket->result.from;
        move_service(deploy, index, ticket->result.to, false);
    }
    deploy->working.epoch++;
    return judge_done(ticket, "%s: %s -> %s, epoch %llu", ticket->change.name, from,
                      ticket->result.to, (unsigned long long)deploy->working.epoch);
}

static bool can_go_back(const struct state_service *service)
{
    return service->previous[0] != '\0' && !service->is_rolled_back;
}

static enum judgement answer_no_way_back(struct deploy *deploy, struct ticket *ticket,
                                         const struct scope *scope)
{
    const struct state_service *service = deploy->working.services[gate_scope_at(scope, 0)];

    if (!service->is_rolled_back)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "previous",
                            "%s was never switched: there is nothing to roll back to",
                            ticket->change.name);
    note_move(deploy, ticket, gate_scope_at(scope, 0), service->active);
    return judge_same(ticket, "%s was rolled back to %s already; to go to %s again use switch",
                      ticket->change.name, service->active, service->previous);
}

enum judgement switching_judge_back(struct deploy *deploy, struct ticket *ticket)
{
    struct scope scope;
    size_t movers = 0;
    enum judgement judgement = JUDGED_REFUSED;

    if (!gate_find_scope(deploy, ticket, &scope) ||
        refuse_member(deploy, ticket, &scope) == JUDGED_REFUSED)
        return JUDGED_REFUSED;
    for (size_t i = 0; i < scope.count; i++) {
        size_t index = gate_scope_at(&scope, i);
        const struct state_service *service = deploy->working.services[index];

        if (!can_go_back(service))
            continue;
        judgement = check_move(deploy, ticket, index, service->previous, true);
        if (judgement != JUDGED_DONE)
            return judgement;
        if (movers++ == 0)
            note_move(deploy, ticket, index, service->previous);
    }
    if (movers == 0)
        return answer_no_way_back(deploy, ticket, &scope);
    for (size_t i = 0; i < scope.count; i++) {
        size_t index = gate_scope_at(&scope, i);
        char slot[sizeof ticket->result.to];

        memcpy(slot, deploy->working.services[index]->previous, sizeof slot);
        if (can_go_back(deploy->working.services[index]))
            move_service(deploy, index, slot, true);
    }
    deploy->working.epoch++;
    return judge_done(ticket, "%s: rolled back from %s to %s, epoch %llu", ticket->change.name,
                      ticket->result.from, ticket->result.to,
                      (unsigned long long)deploy->working.epoch);
}
