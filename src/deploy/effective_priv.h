/*
 * The targets of a slot as they are now: the configured ones without those taken out, then the added ones, with
 * the operator's orders and weights. The one place where configuration and decisions about targets meet. Pure.
 */
#ifndef DEPLOY_EFFECTIVE_PRIV_H
#define DEPLOY_EFFECTIVE_PRIV_H

#include <stddef.h>

#include "config/config.h"
#include "deploy/state_priv.h"

struct effective {
    const char *name;
    const struct config_target *configured; /* NULL: added */
    const struct state_target *decision;    /* NULL: none */
    enum order order;
    uint32_t weight;
};

/* How many; *out is an array that the caller frees (NULL when there are none). */
size_t effective_targets(const struct config_slot *slot, const struct state_service *service,
                         struct effective **out);

/* The configured target of that name, NULL: none. */
const struct config_target *effective_configured(const struct config_slot *slot, const char *name);

#endif
