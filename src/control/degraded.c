/* See degraded_priv.h. Asked of what is now, so it ends by itself when a slot recovers. */
#include "control/degraded_priv.h"

#include <limits.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "pilot/pilot.h"
#include "route/slot.h"
#include "route/target.h"

/* A target of which nothing is known may well serve: health may be off. */
static bool is_fit(const struct snapshot_slot *slot)
{
    for (unsigned i = 0; i < slot->pick_count; i++) {
        enum verdict verdict = target_verdict(slot->picks[i].target);

        if (slot->picks[i].order == ORDER_READY &&
            (verdict == VERDICT_UP || verdict == VERDICT_UNKNOWN))
            return true;
    }
    return false;
}

/* Whether the slot is one that traffic could be moved to. */
static bool is_place(const struct snapshot_slot *slot)
{
    return slot->role != ROLE_OFF && slot->role != ROLE_STAGING;
}

static bool is_any_fit(const struct snapshot_service *service)
{
    for (unsigned i = 0; i < service->slot_count; i++)
        if (is_place(&service->slots[i]) && is_fit(&service->slots[i]))
            return true;
    return false;
}

/* NULL: it is as it should be. */
static const char *find_reason(const struct snapshot_service *service,
                               const struct pilot_trial *trial)
{
    if (!is_any_fit(service))
        return "no slot has a fit target, so nothing is moved";
    if (!is_fit(&service->slots[service->active]))
        return "the live slot has no fit target";
    if (trial->is_blocked)
        return "a rollback waits until the other side is fit";
    if (trial->engine.is_shared)
        return "both sides of the trial suffer, so nothing is moved";
    return NULL;
}

static void add(const char *service, const char *reason, struct text *out, cJSON *list)
{
    cJSON *object = json_object();

    text_add_format(out, "DEGRADED %s: %s\n", service, reason);
    json_add_text(object, "service", service);
    json_add_text(object, "words", reason);
    json_add(list, NULL, object);
}

void degraded_add(const struct control_room *room, const struct args_path *path, struct text *out,
                  cJSON *result)
{
    struct pilot_trial *trial = mem_zalloc(sizeof *trial);
    cJSON *list = json_array();
    unsigned last = UINT_MAX;
    bool is_degraded = false;
    struct scope scope;

    scope_init(&scope, room->deploy, path);
    while (scope_next(&scope)) {
        const char *reason = NULL;

        if (scope.service_index == last)
            continue;
        last = scope.service_index;
        if (room->pilot != NULL)
            pilot_look(room->pilot, last, trial);
        reason = find_reason(scope.service, trial);
        if (reason == NULL)
            continue;
        is_degraded = true;
        add(scope.service->service->name, reason, out, list);
    }
    json_add_bool(result, "degraded", is_degraded);
    json_add(result, "degradations", list);
    free(trial);
}
