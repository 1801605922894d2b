/* See front_door_priv.h. The question is that of the health checks where the front door leads to their path. */
#include "pilot/front_door_priv.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"

enum { STATUSES_MAX = 16 };

/* A host that the service answers to; without any, every one does. */
static void find_host(const struct config_service *service, char *out, size_t size)
{
    for (size_t i = 0; i < service->hosts.count; i++)
        if (strncmp(service->hosts.items[i], "*.", 2) != 0) {
            snprintf(out, size, "%s", service->hosts.items[i]);
            return;
        }
    snprintf(out, size, "%s%s", service->hosts.count > 0 ? "selfprobe" : "localhost",
             service->hosts.count > 0 ? service->hosts.items[0] + 1 : "");
}

static bool is_in_front(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(path, prefix, len) == 0 &&
           (prefix[len - 1] == '/' || path[len] == '\0' || path[len] == '/' || path[len] == '?');
}

/* The health path, if the front door leads there; else any answer of the slot will do. */
static unsigned fill_path(const struct config_service *service, struct selfprobe_spec *spec,
                          struct probe_range *ranges)
{
    const struct config_health *health = &service->health;
    unsigned count = 0;

    for (size_t i = 0; i < service->paths.count && health->enabled; i++) {
        if (health->path == NULL || !is_in_front(health->path, service->paths.items[i]))
            continue;
        spec->path = health->path;
        for (; count < health->status.count && count < STATUSES_MAX; count++)
            ranges[count] = (struct probe_range){ health->status.items[count].from,
                                                  health->status.items[count].to };
        return count;
    }
    spec->path = service->paths.items[0];
    ranges[0] = (struct probe_range){ 200, 499 };
    return 1;
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
        .timeout_us = service->health.timeout,
        .proxy_protocol = door->front.proxy_protocol,
        .statuses = ranges,
    };

    if (service->https_redirect)
        return NULL;
    find_host(service, host, sizeof host);
    spec.status_count = fill_path(service, &spec, ranges);
    return selfprobe_start(loop, &spec, done, arg);
}
