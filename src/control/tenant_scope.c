/* The scope of tenant commands: see tenant_scope_priv.h. */
#include "control/tenant_scope_priv.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "control/scope_priv.h"
#include "route/slot.h"
#include "route/steering.h"

enum { SCOPES_MAX = 32 };

/* The scopes that know tenants, each by the service that stands first in it. */
struct scopes {
    unsigned count;
    struct tenant_scope items[SCOPES_MAX];
};

static bool knows_tenants(const struct snapshot_service *service)
{
    return service->steering != NULL && service->steering->tenant_count > 0;
}

static bool is_listed(const struct scopes *scopes, const char *name)
{
    for (unsigned i = 0; i < scopes->count; i++)
        if (strcmp(scopes->items[i].name, name) == 0)
            return true;
    return false;
}

/* path NULL: of everything. */
static void list_scopes(const struct deploy *deploy, const struct args_path *path,
                        struct scopes *out)
{
    struct scope scope;

    out->count = 0;
    scope_init(&scope, deploy, path);
    while (out->count < SCOPES_MAX && scope_next(&scope)) {
        const char *name =
            scope.view.group[0] != '\0' ? scope.view.group : scope.service->service->name;
        struct tenant_scope *item = &out->items[out->count];

        if (!knows_tenants(scope.service) || is_listed(out, name))
            continue;
        snprintf(item->name, sizeof item->name, "%s", name);
        item->service_index = scope.service_index;
        item->worker_count = scope.slot->slot->worker_count;
        out->count++;
    }
}

static void say_which(struct call *call, const struct scopes *scopes)
{
    char names[200] = "";
    size_t len = 0;

    for (unsigned i = 0; i < scopes->count && len < sizeof names - 1; i++) {
        int wrote = snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "",
                             scopes->items[i].name);

        len += wrote > 0 ? (size_t)wrote : 0;
    }
    call_refuse_usage(call, "several have tenants: say which (%s)", names);
}

static void say_none(struct call *call, const char *name)
{
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "%s no tenants",
               name != NULL ? name : "the configuration knows");
    if (name != NULL)
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "%s knows no tenants", name);
    reply_hint(&call->reply, "the service needs tenant { from = { ... } } in the configuration");
}

int tenant_scope_find(struct call *call, const char *name, struct tenant_scope *out)
{
    struct args_path path = { .depth = 0 };
    struct scopes scopes;

    if (scope_parse(call->room->deploy, name, &path, &call->reply) < 0)
        return ERR_NOT_FOUND;
    if (path.depth > 1) {
        call_refuse_usage(call, "\"%.80s\" is no name of a service or group", name);
        return ERR_INVALID;
    }
    list_scopes(call->room->deploy, &path, &scopes);
    if (scopes.count == 0) {
        say_none(call, name);
        return ERR_NOT_FOUND;
    }
    if (scopes.count > 1) {
        say_which(call, &scopes);
        return ERR_INVALID;
    }
    *out = scopes.items[0];
    if (name != NULL)
        snprintf(out->name, sizeof out->name, "%s", name);
    return 0;
}

bool tenant_scope_has_slot(const struct deploy *deploy, const char *name, const char *slot)
{
    struct args_path path = { .depth = 2 };
    struct scope scope;

    snprintf(path.name, sizeof path.name, "%s", name);
    snprintf(path.slot, sizeof path.slot, "%s", slot);
    scope_init(&scope, deploy, &path);
    return scope_next(&scope);
}
