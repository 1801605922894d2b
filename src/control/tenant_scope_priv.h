/*
 * Whose pins a tenant command means: those of a service, or of the group it belongs to. NAME may be left out when
 * there is only one such scope. Thread: control.
 */
#ifndef CONTROL_TENANT_SCOPE_PRIV_H
#define CONTROL_TENANT_SCOPE_PRIV_H

#include <stdbool.h>

#include "base/check.h"
#include "control/call_priv.h"

struct tenant_scope {
    char name[64];          /* as given, or of the only scope */
    unsigned service_index; /* of its first service with tenants */
    unsigned worker_count;
};

/* name NULL: the only one. ERR_*: the answer says why not. */
MUST_CHECK int tenant_scope_find(struct call *call, const char *name, struct tenant_scope *out);

/* Whether a service of the scope has such a slot. */
bool tenant_scope_has_slot(const struct deploy *deploy, const char *name, const char *slot);

#endif
