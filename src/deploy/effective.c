/* See effective_priv.h. */
#include "deploy/effective_priv.h"

#include <string.h>

#include "base/mem.h"

static struct effective describe(const char *name, const struct config_target *configured,
                                 const struct state_target *decision)
{
    struct effective effective = {
        .name = name,
        .configured = configured,
        .decision = decision,
        .order = ORDER_READY,
        .weight = configured != NULL ? configured->weight : 1,
    };

    if (decision != NULL && decision->has_order)
        effective.order = decision->order;
    if (decision != NULL && decision->has_weight)
        effective.weight = decision->weight;
    return effective;
}

const struct config_target *effective_configured(const struct config_slot *slot, const char *name)
{
    for (size_t i = 0; i < slot->targets.count; i++)
        if (strcmp(slot->targets.items[i].text, name) == 0)
            return &slot->targets.items[i];
    return NULL;
}

size_t effective_targets(const struct config_slot *slot, const struct state_service *service,
                         struct effective **out)
{
    size_t most = slot->targets.count + service->target_count;
    struct effective *list = NULL;
    const struct state_target *decision = NULL;
    size_t count = 0;

    *out = NULL;
    if (most == 0)
        return 0;
    list = mem_grow(NULL, most, sizeof *list);
    for (size_t i = 0; i < slot->targets.count; i++) {
        const struct config_target *configured = &slot->targets.items[i];

        decision = state_service_target(service, slot->name, configured->text);
        if (decision == NULL || !decision->is_removed)
            list[count++] = describe(configured->text, configured, decision);
    }
    TAILQ_FOREACH(decision, &service->targets, link)
    {
        if (decision->is_added && strcmp(decision->slot, slot->name) == 0 &&
            effective_configured(slot, decision->name) == NULL)
            list[count++] = describe(decision->name, NULL, decision);
    }
    *out = list;
    return count;
}
