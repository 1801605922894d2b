/* How a target is watched, from the configuration: see picture_priv.h. Control thread. */
#include <stdlib.h>

#include "base/mem.h"
#include "deploy/picture_priv.h"
#include "health/health.h"
#include "route/slot.h"
#include "route/target.h"

/* The specs borrow what health copies. */
struct watching {
    struct probe_range *statuses;
    struct probe_range *database_statuses;
    const char **rivals;
};

static struct probe_range *ranges_of(const struct config_statuses *statuses)
{
    struct probe_range *ranges = mem_grow(NULL, statuses->count + 1, sizeof *ranges);

    for (size_t i = 0; i < statuses->count; i++)
        ranges[i] = (struct probe_range){
            .from = statuses->items[i].from,
            .to = statuses->items[i].to,
        };
    return ranges;
}

static const char *const *texts_of(const struct config_texts *texts)
{
    return (const char *const *)(void *)texts->items;
}

static struct probe_body_spec body_of(const struct config_service *configured,
                                      const struct slot *slot, struct watching *watching)
{
    const struct config_health *wanted = &configured->health;
    const struct config_slot *own = config_find_slot(configured, slice_from(slot->name));
    struct probe_body_spec body = {
        .assertion_count = (unsigned)wanted->json.count,
        .assertions = texts_of(&wanted->json),
        .slot = slot->name,
        .version = own != NULL ? own->version : NULL,
        .timestamp = wanted->timestamp,
        .skew_us = wanted->timestamp_skew,
        .database = wanted->database,
        .database_header = wanted->database_header,
        .database_status_count = (unsigned)wanted->database_status.count,
        .database_statuses = watching->database_statuses,
        .gauge_count = (unsigned)wanted->gauges.count,
        .gauges = texts_of(&wanted->gauges),
        .rivals = watching->rivals,
    };

    for (size_t i = 0; i < configured->slot_count; i++)
        if (&configured->slots[i] != own)
            watching->rivals[body.rival_count++] = configured->slots[i].name;
    return body;
}

void picture_watch(struct health *health, struct target *target,
                   const struct config_service *configured)
{
    const struct config_health *wanted = &configured->health;
    struct watching watching = {
        .statuses = ranges_of(&wanted->status),
        .database_statuses = ranges_of(&wanted->database_status),
        .rivals = mem_grow(NULL, configured->slot_count + 1, sizeof *watching.rivals),
    };
    struct probe_spec spec = {
        .enabled = wanted->enabled,
        .kind = wanted->type == CONFIG_PROBE_TCP ? PROBE_TCP : PROBE_HTTP,
        .interval_us = wanted->interval,
        .timeout_us = wanted->timeout,
        .rise = (unsigned)wanted->rise,
        .fall = (unsigned)wanted->fall,
        .jitter = (unsigned)wanted->jitter,
        .port = (uint16_t)wanted->port,
        .method = wanted->method,
        .path = wanted->path,
        .host = wanted->host,
        .header_count = (unsigned)wanted->headers.count,
        .headers = texts_of(&wanted->headers),
        .status_count = (unsigned)wanted->status.count,
        .statuses = watching.statuses,
        .body = body_of(configured, target->slot, &watching),
        .eject = {
            .errors = (unsigned)wanted->eject.errors,
            .rate = (unsigned)wanted->eject.rate,
            .most = (unsigned)wanted->eject.most,
            .time_us = wanted->eject.time,
        },
    };

    health_watch(health, target, &spec);
    free(watching.statuses);
    free(watching.database_statuses);
    free(watching.rivals);
}
