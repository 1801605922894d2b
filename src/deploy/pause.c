/*
 * Hold and maintenance of a service or a group: new requests wait for a bounded time, or get an answer of ours. A
 * hold ends by itself (due.c). Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "net/loop.h"

void deploy_view_traffic(const struct deploy *deploy, unsigned service_index,
                         struct deploy_traffic_view *out)
{
    const struct state_service *service = NULL;
    uint64_t now_us = loop_now_us(deploy->options.loop);

    CHECK(service_index < deploy->config->service_count);
    service = deploy->state->decisions.services[service_index];
    memset(out, 0, sizeof *out);
    out->is_held = service->hold.since_wall_us != 0;
    out->is_maint = service->maint.since_wall_us != 0;
    if (out->is_held)
        out->left_us = service->hold.until_us > now_us ? service->hold.until_us - now_us : 1;
    out->since_wall_us = out->is_maint ? service->maint.since_wall_us : service->hold.since_wall_us;
    snprintf(out->message, sizeof out->message, "%s", service->maint.message);
}
