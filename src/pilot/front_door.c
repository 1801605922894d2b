/* See front_door_priv.h. The question is that of the health checks where the front door leads to their path. */
#include "pilot/front_door_priv.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"

enum { STATUSES_MAX = 32 };

/* A host that the service answers to; without any, every one does, and TLS wants one that it knows. */
static void find_host(const struct front_door *door, char *out, size_t size)
{
    const struct config_service *service = door->service;

    for (size_t i = 0; i < service->hosts.count; i++)
        if (strncmp(service->hosts.items[i], "*.", 2) != 0) {
            snprintf(out, size, "%s", service->hosts.items[i]);
            return;
        }
    if (service->hosts.count > 0)
        snprintf(out, size, "selfprobe%s", service->hosts.items[0] + 1);
    else
        snprintf(out, size, "%s", door->front.host[0] != '\0' ? door->front.host : "localhost");
}

static void take_statuses(const struct config_statuses *statuses, struct selfprobe_spec *spec,
                          struct probe_range *ranges)
{
    for (size_t i = 0; i < statuses->count && spec->status_count < STATUSES_MAX; i++)
        ranges[spec->status_count++] =
            (struct probe_range){ statuses->items[i].from, statuses->items[i].to };
}

static void take_assertions(const struct config_texts *json, struct selfprobe_spec *spec)
{
    spec->assertion_count = (unsigned)json->count;
    spec->assertions = (const char *const *)(void *)json->items;
}

static void take_claims(const struct config_rollout *rollout, struct selfprobe_spec *spec)
{
    spec->field_count = (unsigned)rollout->selfprobe_header.count;
    spec->fields = (const char *const *)(void *)rollout->selfprobe_header.items;
    spec->pattern_count = (unsigned)rollout->selfprobe_body.count;
    spec->patterns = (const char *const *)(void *)rollout->selfprobe_body.items;
}

/* What is configured; else as the health checks ask, if the front door leads there; else any answer of the slot will do.
 */
static void fill_question(const struct config_service *service, struct selfprobe_spec *spec,
                          struct probe_range *ranges)
{
    const struct config_rollout *rollout = &service->rollout;
    const struct config_health *health = &service->health;

    if (rollout->selfprobe_path != NULL) {
        spec->path = rollout->selfprobe_path;
        take_statuses(&rollout->selfprobe_status, spec, ranges);
        take_assertions(&rollout->selfprobe_json, spec);
        take_claims(rollout, spec);
    } else if (health->enabled && health->type == CONFIG_PROBE_HTTP && health->path != NULL &&
               config_is_in_front(service, health->path)) {
        spec->path = health->path;
        take_statuses(&health->status, spec, ranges);
        if (strcmp(health->method, "HEAD") != 0)
            take_assertions(&health->json, spec);
    } else {
        spec->path = service->paths.items[0];
        ranges[0] = (struct probe_range){ 200, 499 };
        spec->status_count = 1;
    }
    spec->timeout_us = rollout->selfprobe_time != 0 ? rollout->selfprobe_time : health->timeout;
}

struct selfprobe *front_door_ask(struct loop *loop, const struct front_door *door,
                                 selfprobe_done_fn *done, void *arg)
{
    const struct config_service *service = door->service;
    const struct config_slot *slot = config_find_slot(service, slice_from(door->slot));
    struct probe_range ranges[STATUSES_MAX];
    char host[300];
    struct selfprobe_spec spec = {
        .address = door->front.address,
        .host = host,
        .nonce = door->front.nonce,
        .slot = door->slot,
        .version = slot != NULL ? slot->version : NULL,
        .proxy_protocol = door->front.proxy_protocol,
        .statuses = ranges,
        .tls = door->front.tls,
    };

    if (service->https_redirect && spec.tls == NULL)
        return NULL;
    find_host(door, host, sizeof host);
    fill_question(service, &spec, ranges);
    return selfprobe_start(loop, &spec, done, arg);
}
