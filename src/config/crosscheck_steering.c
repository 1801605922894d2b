/*
 * What decides where a request goes besides the active slot, and how long it may wait: tenants, canary,
 * preview, chain, holds, queues. See crosscheck_priv.h.
 */
#include "config/crosscheck_priv.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/origin_priv.h"

/* The default asks for the tenant first; without tenants that is nothing. */
static void check_tenant_key(struct config_service *service, const struct origin *origin)
{
    struct config_keys *keys = &service->canary.key;
    size_t count = 0;

    for (size_t i = 0; i < keys->count && service->tenant.from.count == 0; i++)
        if (keys->items[i].kind == CONFIG_KEY_TENANT && origin_is_known(origin, keys))
            origin_error(origin, &keys->items[i], keys,
                         "key: service '%s' knows no tenants; add tenant { from = { … } } or "
                         "remove \"tenant\"",
                         service->name);
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].kind != CONFIG_KEY_TENANT || service->tenant.from.count > 0)
            keys->items[count++] = keys->items[i];
    keys->count = count;
}

void crosscheck_steering(struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++)
        check_tenant_key(&config->services[i], origin);
}
