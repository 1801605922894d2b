/* See behind.h. Asked by status, the metrics and the pilot's reminder. */
#include "deploy/behind.h"

#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_priv.h"

static const char *find_version(const struct config_service *configured, const char *slot_name)
{
    const struct config_slot *slot = config_find_slot(configured, slice_from(slot_name));

    return slot != NULL ? slot->version : NULL;
}

void deploy_view_behind(const struct deploy *deploy, unsigned service_index,
                        struct deploy_behind_view *out)
{
    const struct config_service *configured = NULL;
    const struct state_service *service = NULL;
    const char *version = NULL;
    const char *live_version = NULL;
    uint64_t now_us = clock_wall_us();

    CHECK(service_index < deploy->config->service_count);
    configured = &deploy->config->services[service_index];
    service = deploy->state->decisions.services[service_index];
    *out = (struct deploy_behind_view){ .is_behind = false };
    version = find_version(configured, service->previous);
    live_version = find_version(configured, service->active);
    if (service->is_rolled_back || service->switched_wall_us == 0 || version == NULL ||
        live_version == NULL || strcmp(version, live_version) == 0 ||
        strcmp(version, service->previous_version) != 0)
        return; /* never moved, moved back, alike, or something newer waits there */
    *out = (struct deploy_behind_view){
        .is_behind = true,
        .slot = service->previous,
        .version = version,
        .live = service->active,
        .live_version = live_version,
        .age_us = now_us > service->switched_wall_us ? now_us - service->switched_wall_us : 0,
        .switched_wall_us = service->switched_wall_us,
    };
    out->is_due =
        configured->rollout.sync_after > 0 && out->age_us >= configured->rollout.sync_after;
}
