/*
 * A canary: a share of the users of a service, or of all services of a group with one salt and one share, goes to
 * a candidate slot. Started, moved, paused, ended here as decisions; the picture makes a split of it. Its steps by
 * time are in due.c. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "net/loop.h"

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
    configured = &deploy->config->services[service_index].canary;
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
