/*
 * What a service is being tried with, out of the decisions: a canary, or the slot of the last switch. See
 * deploy_view.h. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/holdback_priv.h"
#include "deploy/way_back_priv.h"
#include "route/split.h"

static void note_version(const struct config_service *configured, struct deploy_trial_view *out)
{
    const struct config_slot *slot = config_find_slot(configured, slice_from(out->candidate));
    const char *version = slot != NULL && slot->version != NULL ? slot->version : out->candidate;

    snprintf(out->version, sizeof out->version, "%s", version);
}

void trial_start(struct deploy *deploy)
{
    uint64_t now_wall_us = clock_wall_us();
    int64_t now_us = (int64_t)clock_monotonic_us();

    for (size_t i = 0; i < deploy->state->decisions.service_count; i++) {
        struct state_service *service = decisions_own(&deploy->state->decisions, i);
        uint64_t at_us = service->switched_wall_us;
        uint64_t age_us = now_wall_us > at_us ? now_wall_us - at_us : 0;

        service->switched_us = now_us - (int64_t)(age_us < INT64_MAX / 2 ? age_us : INT64_MAX / 2);
    }
}

void deploy_view_trial(const struct deploy *deploy, unsigned service_index,
                       struct deploy_trial_view *out)
{
    const struct state_service *service = NULL;
    struct holdback holdback;

    CHECK(service_index < deploy->config->service_count);
    service = deploy->state->decisions.services[service_index];
    *out = (struct deploy_trial_view){ .kind = TRIAL_NONE };
    snprintf(out->baseline, sizeof out->baseline, "%s", service->active);
    if (service->canary.candidate[0] != '\0') {
        out->kind = TRIAL_CANARY;
        out->share = service->canary.share;
        out->id = out->began_wall_us = service->canary.started_wall_us;
        snprintf(out->candidate, sizeof out->candidate, "%s", service->canary.candidate);
    } else if (service->previous[0] != '\0' && !service->is_rolled_back) {
        out->kind = TRIAL_SWITCHED;
        out->share = SPLIT_WHOLE;
        if (holdback_find(deploy->config, &deploy->state->decisions, service_index, &holdback))
            out->share -= holdback.share;
        out->switched_wall_us = service->switched_wall_us;
        out->switched_age_us = clock_monotonic_us() - (uint64_t)service->switched_us;
        out->id = out->began_wall_us =
            service->trial_wall_us != 0 ? service->trial_wall_us : service->switched_wall_us;
        snprintf(out->candidate, sizeof out->candidate, "%s", service->active);
        snprintf(out->baseline, sizeof out->baseline, "%s", service->previous);
        out->is_baseline_replaced =
            way_back_find(deploy, &deploy->state->decisions, service_index) != WAY_BACK_OPEN;
    }
    if (out->kind != TRIAL_NONE)
        note_version(&deploy->config->services[service_index], out);
}
