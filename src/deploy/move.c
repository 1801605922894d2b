/* See move_priv.h. */
#include "deploy/move_priv.h"

#include <stdio.h>
#include <string.h>

#include "deploy/deploy_priv.h"
#include "deploy/measure_priv.h"
#include "deploy/schema_gate_priv.h"

/* Names of the slots that a service has, or that it can be switched to, for words. */
static const char *list_slots(const struct config_service *service, bool has_all, char *out,
                              size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < service->slot_count && len < size; i++)
        if (has_all || gate_is_switchable(&service->slots[i]))
            len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
                                    service->slots[i].name);
    return out;
}

enum judgement move_check_group(struct deploy *deploy, struct ticket *ticket,
                                const struct scope *scope)
{
    const struct config_service *service = &deploy->config->services[gate_scope_at(scope, 0)];
    size_t group = config_group_of(deploy->config, service);

    if (scope->group != NULL)
        return judge_gate(ticket, "group", true, "%s moves as a whole", scope->group->name);
    if (group == deploy->config->group_count || ticket->is_internal)
        return JUDGED_DONE;
    if (gate_is_forced(ticket))
        return JUDGED_DONE;
    return judge_gate(ticket, "group", false,
                      "%s belongs to the group %s, which switches as a whole: use that name, or "
                      "--force --reason",
                      service->name, deploy->config->groups[group].name);
}

/* A staging slot that may go live is never meant unless it is named. */
const char *move_default(const struct config_service *service, const struct state_service *decided)
{
    const char *other = NULL;
    unsigned others = 0;

    if (decided->canary.candidate[0] != '\0')
        return decided->canary.candidate;
    for (size_t i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].name, decided->active) != 0 &&
            service->slots[i].role == CONFIG_ROLE_NONE) {
            other = service->slots[i].name;
            others++;
        }
    if (others == 1)
        return other;
    return others > 1 && decided->previous[0] != '\0' ? decided->previous : NULL;
}

bool move_find_slot(struct deploy *deploy, struct ticket *ticket, const struct scope *scope,
                    const char **out)
{
    char slots[256];

    *out = ticket->change.slot;
    if (ticket->change.slot[0] != '\0')
        return true;
    *out = NULL;
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        const struct config_service *service = &deploy->config->services[index];
        const char *name = move_default(service, deploy->working.services[index]);

        if (name == NULL || (*out != NULL && strcmp(*out, name) != 0)) {
            judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                         "say where to with --to: %s has the slots %s", service->name,
                         list_slots(service, false, slots, sizeof slots));
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
                            list_slots(service, true, slots, sizeof slots));
    return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "role",
                        "%s/%s is %s by configuration and cannot go live%s", service->name,
                        slot_name, slot->role == CONFIG_ROLE_STAGING ? "a staging slot" : "off",
                        slot->role == CONFIG_ROLE_STAGING ? ", unless it has allow_live" : "");
}

/* With health off nothing is known of any target, and that must do. */
static bool is_fit(const struct deploy *deploy, const struct ticket *ticket, size_t index,
                   const struct gate_fit *fit)
{
    bool is_measured = deploy->config->services[index].health.enabled;

    if (ticket->change.emergency && fit->answering > 0)
        return true;
    return fit->up > 0 ||
           (fit->unknown > 0 && (ticket->change.kind == CHANGE_ROLLBACK || !is_measured));
}

static enum judgement check_targets(struct deploy *deploy, struct ticket *ticket, size_t index,
                                    const struct config_slot *slot)
{
    const struct config_service *service = &deploy->config->services[index];
    struct gate_fit fit;

    gate_count_fit(deploy, index, (size_t)(slot - service->slots), &fit);
    if (fit.misdeployed > 0 && !is_fit(deploy, ticket, index, &fit))
        return judge_gate(
            ticket, "target", false,
            "%s/%s has no fit target: %u misdeployed (%s says that it is another slot), %u "
            "down, %u not known yet, %u not ready; deploy the right release there, see "
            "switchctl targets %s",
            service->name, slot->name, fit.misdeployed, fit.imposter, fit.down, fit.unknown,
            fit.not_ready, service->name);
    if (fit.up + fit.unknown + fit.down == 0)
        return judge_gate(ticket, "target", false,
                          "%s/%s has no ready target (%u drained or in maintenance); add one "
                          "first, or --force --reason",
                          service->name, slot->name, fit.not_ready);
    if (!is_fit(deploy, ticket, index, &fit))
        return judge_gate(ticket, "target", false,
                          "%s/%s has no fit target: %u down, %u not known yet, %u not ready; see "
                          "switchctl targets %s, wait with switchctl wait healthy, or --force "
                          "--reason",
                          service->name, slot->name, fit.down, fit.unknown, fit.not_ready,
                          service->name);
    if (fit.misdeployed > 0)
        return judge_gate(ticket, "target", true,
                          "%s/%s: %u up, %u misdeployed (%s), %u not known, %u down, %u not ready",
                          service->name, slot->name, fit.up, fit.misdeployed, fit.imposter,
                          fit.unknown, fit.down, fit.not_ready);
    return judge_gate(ticket, "target", true, "%s/%s: %u up, %u not known, %u down, %u not ready",
                      service->name, slot->name, fit.up, fit.unknown, fit.down, fit.not_ready);
}

enum judgement move_check(struct deploy *deploy, struct ticket *ticket, size_t index,
                          const char *slot_name)
{
    const struct config_service *service = &deploy->config->services[index];
    const struct config_slot *slot = config_find_slot(service, slice_from(slot_name));

    if (slot == NULL || !gate_is_switchable(slot))
        return refuse_slot(ticket, service, slot_name);
    judge_gate(ticket, "role", true, "%s/%s may go live", service->name, slot_name);
    if (gate_active(deploy, index) == (size_t)(slot - service->slots))
        return JUDGED_DONE;
    if (!gate_is_forced(ticket) && (check_targets(deploy, ticket, index, slot) != JUDGED_DONE ||
                                    measure_check(ticket, service->name, slot_name) != JUDGED_DONE))
        return JUDGED_REFUSED;
    return schema_gate_check(deploy, ticket, index, (size_t)(slot - service->slots));
}
