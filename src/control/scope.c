/* Paths of commands in the present picture: see scope_priv.h. */
#include "control/scope_priv.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "control/reply_priv.h"
#include "control/words_priv.h"
#include "deploy/deploy_view.h"

void scope_init(struct scope *scope, const struct deploy *deploy, const struct args_path *path)
{
    *scope = (struct scope){ .deploy = deploy, .snapshot = snapshot_current() };
    scope->is_all = path == NULL || path->depth == 0;
    if (!scope->is_all)
        scope->path = *path;
}

static bool is_service_meant(const struct scope *scope)
{
    return scope->is_all || strcmp(scope->path.name, scope->service->service->name) == 0 ||
           strcmp(scope->path.name, scope->view.group) == 0;
}

static bool is_slot_meant(const struct scope *scope, const struct snapshot_slot *slot)
{
    return scope->is_all || scope->path.depth < 2 ||
           strcmp(scope->path.slot, slot->slot->name) == 0;
}

/* The service at service_index becomes the present one, if it is meant. */
static bool enter_service(struct scope *scope)
{
    scope->service = snapshot_service_at(scope->snapshot, scope->service_index);
    deploy_view_service(scope->deploy, scope->service_index, &scope->view);
    if (scope->view.group == NULL)
        scope->view.group = "";
    if (scope->view.previous == NULL)
        scope->view.previous = "";
    return is_service_meant(scope);
}

bool scope_next(struct scope *scope)
{
    unsigned count = scope->snapshot != NULL ? snapshot_service_count(scope->snapshot) : 0;

    for (; scope->service_index < count; scope->service_index++, scope->next_slot = 0) {
        if (!enter_service(scope))
            continue;
        while (scope->next_slot < scope->service->slot_count) {
            scope->slot = &scope->service->slots[scope->next_slot++];
            if (is_slot_meant(scope, scope->slot))
                return true;
        }
    }
    return false;
}

enum { NAMES_MAX = 64 };

/* The names a mistyped one is compared with: services, or slots of the services that are meant. */
static unsigned list_names(const struct deploy *deploy, const struct args_path *path, bool of_slots,
                           const char **names)
{
    struct args_path all = *path;
    struct scope scope;
    unsigned count = 0;

    all.depth = of_slots ? 1 : 0;
    scope_init(&scope, deploy, &all);
    while (count < NAMES_MAX && scope_next(&scope)) {
        const char *name = of_slots ? scope.slot->slot->name : scope.service->service->name;
        bool is_known = false;

        for (unsigned i = 0; i < count && !is_known; i++)
            is_known = strcmp(names[i], name) == 0;
        if (!is_known)
            names[count++] = name;
    }
    return count;
}

bool scope_exists(const struct deploy *deploy, const struct args_path *path, struct reply *reply)
{
    const char *names[NAMES_MAX];
    const char *near = NULL;
    struct scope scope;
    unsigned count = 0;
    bool has_service = false;

    scope_init(&scope, deploy, path);
    if (scope.is_all || scope_next(&scope))
        return true;
    count = list_names(deploy, path, true, names);
    has_service = count > 0;
    if (!has_service)
        count = list_names(deploy, path, false, names);
    near = words_nearest(has_service ? path->slot : path->name, names, count);
    if (has_service)
        reply_fail(reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "%s has no slot %s", path->name,
                   path->slot);
    else
        reply_fail(reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "no service or group %s",
                   path->name);
    if (near != NULL)
        reply_hint(reply, "did you mean %s? \"show slots\" lists the names", near);
    else
        reply_hint(reply, "\"show slots\" lists the names");
    return false;
}

int scope_parse(const struct deploy *deploy, const char *text, struct args_path *out,
                struct reply *reply)
{
    *out = (struct args_path){ .depth = 0 };
    if (text == NULL)
        return 0;
    if (args_parse_path(text, out) < 0) {
        reply_fail(reply, OUTCOME_USAGE, FAULT_USAGE, "\"%.80s\" is no NAME[/SLOT]", text);
        return ERR_INVALID;
    }
    return scope_exists(deploy, out, reply) ? 0 : ERR_NOT_FOUND;
}
