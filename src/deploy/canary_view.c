/*
 * A canary over the life of a configuration and of the process: what it becomes after a reload and after a start, and
 * how it looks from outside. See canary_priv.h. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/report.h"
#include "deploy/canary_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "net/loop.h"

void canary_fit(const struct config_service *configured, struct state_service *service,
                struct report *report)
{
    struct state_canary *canary = &service->canary;
    const struct config_slot *slot = config_find_slot(configured, slice_from(canary->candidate));
    const char *why = NULL;

    if (canary->candidate[0] == '\0')
        return;
    if (slot == NULL)
        why = "is not configured any more";
    else if (!gate_is_switchable(slot))
        why = "may not go live any more";
    else if (strcmp(service->active, slot->name) == 0)
        why = "is live";
    if (why != NULL) {
        report_warning(report, "state.json", 0, "service %s: the canary is over, because %s %s",
                       configured->name, canary->candidate, why);
        *canary = (struct state_canary){ 0 };
    } else if (configured->canary.step_time == 0) {
        canary->next_us = canary->next_wall_us = 0;
    }
}

/* Of the group, when the service shares the canary of the group's first one; else its own. */
static const struct config_canary *find_steps(const struct deploy *deploy, size_t index)
{
    const struct config *config = deploy->config;
    size_t group = config_group_of(config, &config->services[index]);
    size_t first = group < config->group_count ? config->groups[group].services[0] : index;
    const struct decisions *decisions = &deploy->state->decisions;

    if (decisions->services[first]->canary.salt != decisions->services[index]->canary.salt)
        first = index;
    return &config->services[first].canary;
}

/* What is left counts, but never more than a whole step, whatever was done to the clock. */
void canary_start(struct deploy *deploy)
{
    struct decisions *decisions = &deploy->state->decisions;
    uint64_t now_us = loop_now_us(deploy->options.loop);
    uint64_t now_wall_us = clock_wall_us();

    for (size_t i = 0; i < decisions->service_count; i++) {
        uint64_t most_us = find_steps(deploy, i)->step_time;
        struct state_canary *canary = NULL;
        uint64_t left_us = 0;

        if (decisions->services[i]->canary.next_wall_us == 0)
            continue;
        canary = &decisions_own(decisions, i)->canary;
        left_us = canary->next_wall_us > now_wall_us ? canary->next_wall_us - now_wall_us : 0;
        canary->next_us = now_us + (left_us < most_us ? left_us : most_us);
    }
}

/* 1 for the first configured step, 0 when the share is none of them. */
static unsigned find_step(const struct config_canary *configured, uint32_t share)
{
    for (size_t i = 0; i < configured->steps.count; i++)
        if (configured->steps.items[i] == share)
            return (unsigned)i + 1;
    return 0;
}

void deploy_view_canary(const struct deploy *deploy, unsigned service_index,
                        struct deploy_canary_view *out)
{
    const struct config_canary *configured = NULL;
    const struct state_canary *canary = NULL;
    uint64_t now_us = loop_now_us(deploy->options.loop);

    CHECK(service_index < deploy->config->service_count);
    configured = find_steps(deploy, service_index);
    canary = &deploy->state->decisions.services[service_index]->canary;
    memset(out, 0, sizeof *out);
    out->step_count = (unsigned)configured->steps.count;
    if (canary->candidate[0] == '\0')
        return;
    out->is_running = true;
    out->is_paused = canary->is_paused;
    snprintf(out->candidate, sizeof out->candidate, "%s", canary->candidate);
    out->share = canary->share;
    out->step = find_step(configured, canary->share);
    out->started_wall_us = canary->started_wall_us;
    out->salt = canary->salt;
    if (canary->next_us != 0)
        out->next_step_us = canary->next_us > now_us ? canary->next_us - now_us : 1;
}
