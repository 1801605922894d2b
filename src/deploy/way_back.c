/* See way_back_priv.h. Called by switching.c, trial.c and by what begins a canary or rollout. */
#include "deploy/way_back_priv.h"

#include <stdio.h>
#include <string.h>

#include "deploy/deploy_priv.h"
#include "deploy/quarantine_priv.h"
#include "deploy/rollout_priv.h"

/* A state of an older program does not say which version it was. */
static bool has_other_version(const struct deploy *deploy, const struct state_service *service,
                              size_t index)
{
    char now[sizeof service->previous_version];

    snprintf(now, sizeof now, "%s", quarantine_version(deploy, index, service->previous));
    return service->previous_version[0] != '\0' && strcmp(service->previous_version, now) != 0;
}

static bool is_led_to(const struct deploy *deploy, const struct decisions *decisions, size_t index)
{
    const struct state_service *service = decisions->services[index];
    const struct scope scope = { .count = 1, .single = index };
    const struct state_rollout *rollout = rollout_running(deploy->config, decisions, &scope);

    return strcmp(service->canary.candidate, service->previous) == 0 ||
           (rollout != NULL && strcmp(rollout->to, service->previous) == 0);
}

enum way_back way_back_find(const struct deploy *deploy, const struct decisions *decisions,
                            size_t index)
{
    const struct state_service *service = decisions->services[index];

    if (has_other_version(deploy, service, index))
        return WAY_BACK_OTHER;
    if (service->is_previous_tried || is_led_to(deploy, decisions, index))
        return WAY_BACK_TRIED;
    return quarantine_has(deploy, service, index, service->previous) ? WAY_BACK_QUARANTINED
                                                                     : WAY_BACK_OPEN;
}

enum judgement way_back_check(struct deploy *deploy, struct ticket *ticket, size_t index)
{
    const struct state_service *service = deploy->working.services[index];
    const char *version = quarantine_version(deploy, index, service->previous);
    enum way_back way = way_back_find(deploy, &deploy->working, index);

    if (way == WAY_BACK_OTHER)
        return judge_gate(ticket, "previous", gate_is_forced(ticket),
                          "%s/%s holds %s by now, it was %s before the last move: use switchctl "
                          "switch %s --to %s if that is meant, or --force --reason",
                          service->name, service->previous, version, service->previous_version,
                          ticket->change.name, service->previous);
    if (way == WAY_BACK_OPEN || !ticket->is_internal)
        return judge_gate(ticket, "previous", true, "%s/%s holds %s", service->name,
                          service->previous, version);
    return judge_gate(ticket, "previous", false,
                      "%s/%s (%s) %s: nothing goes back there by itself; look, then switchctl "
                      "rollback %s",
                      service->name, service->previous, version,
                      way == WAY_BACK_TRIED ? "is or was tried with a rollout since the last move"
                                            : "is in quarantine",
                      ticket->change.name);
}

void way_back_shut(struct deploy *deploy, const struct scope *scope, const char *slot)
{
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);

        if (strcmp(deploy->working.services[index]->previous, slot) == 0)
            decisions_own(&deploy->working, index)->is_previous_tried = true;
    }
}
