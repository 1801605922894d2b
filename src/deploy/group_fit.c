/*
 * A group after a reload or a start: services that came to it take over where it is, and a canary that one of them can
 * no longer have is over for all, so that no request sees half of a release. See group_fit_priv.h. Control thread.
 */
#include "deploy/group_fit_priv.h"

#include <stdio.h>
#include <string.h>

#include "config/report.h"
#include "deploy/gate_priv.h"
#include "deploy/state_priv.h"

static bool may_have(const struct config_service *configured, const char *slot_name)
{
    const struct config_slot *slot = config_find_slot(configured, slice_from(slot_name));

    return slot != NULL && gate_is_switchable(slot);
}

/* The first service of the group that was there before; NULL: all are new. */
static const struct state_service *find_elder(const struct config_group *group,
                                              const struct state_service *const *was,
                                              const struct decisions *out)
{
    for (size_t i = 0; i < group->names.count; i++)
        if (was[group->services[i]] != NULL)
            return out->services[group->services[i]];
    return NULL;
}

/* The canary of one of them was that of all who were there: nobody forced a service to go alone. */
static bool was_shared(const struct config_group *group, const struct state_service *const *was,
                       uint64_t salt)
{
    for (size_t i = 0; i < group->names.count; i++) {
        const struct state_service *service = was[group->services[i]];

        if (service != NULL && service->canary.salt != salt)
            return false;
    }
    return true;
}

static void join(const struct config_service *configured, const struct state_service *elder,
                 bool is_shared, struct state_service *service, struct report *report)
{
    if (strcmp(service->active, elder->active) != 0 && may_have(configured, elder->active)) {
        memcpy(service->active, elder->active, sizeof service->active);
        report_warning(report, "state.json", 0,
                       "service %s is new in its group and goes live on %s, where the group is",
                       service->name, elder->active);
    }
    if (is_shared && elder->canary.candidate[0] != '\0' &&
        may_have(configured, elder->canary.candidate) &&
        strcmp(service->active, elder->active) == 0)
        service->canary = elder->canary;
}

static bool is_shared_by_all(const struct config_group *group, const struct decisions *out,
                             const struct state_canary *canary)
{
    for (size_t i = 0; i < group->names.count; i++) {
        const struct state_canary *other = &out->services[group->services[i]]->canary;

        if (other->salt != canary->salt || strcmp(other->candidate, canary->candidate) != 0)
            return false;
    }
    return true;
}

static void end_canaries(const struct config_group *group, struct decisions *out,
                         struct report *report)
{
    for (size_t i = 0; i < group->names.count; i++)
        out->services[group->services[i]]->canary = (struct state_canary){ 0 };
    report_warning(report, "state.json", 0,
                   "group %s: the canary is over, because not all of its services can have it",
                   group->name);
}

static void warn_of_mixture(const struct config_group *group, const struct decisions *out,
                            struct report *report)
{
    const struct state_service *first = out->services[group->services[0]];

    for (size_t i = 1; i < group->names.count; i++) {
        const struct state_service *service = out->services[group->services[i]];

        if (strcmp(service->active, first->active) == 0)
            continue;
        report_warning(report, "state.json", 0,
                       "group %s is mixed: %s is live on %s, %s on %s; switch %s to one slot",
                       group->name, first->name, first->active, service->name, service->active,
                       group->name);
        return;
    }
}

static void fit_newcomers(const struct config *config, const struct config_group *group,
                          const struct state_service *const *was, struct decisions *out,
                          struct report *report)
{
    const struct state_service *elder = find_elder(group, was, out);

    for (size_t i = 0; elder != NULL && i < group->names.count; i++) {
        size_t index = group->services[i];

        if (was[index] == NULL)
            join(&config->services[index], elder, was_shared(group, was, elder->canary.salt),
                 out->services[index], report);
    }
}

void group_fit(const struct config *config, const struct state_service *const *was,
               struct decisions *out, struct report *report)
{
    for (size_t g = 0; g < config->group_count; g++) {
        const struct config_group *group = &config->groups[g];

        fit_newcomers(config, group, was, out, report);
        for (size_t i = 0; i < group->names.count; i++) {
            const struct state_canary *canary = &out->services[group->services[i]]->canary;

            if (canary->candidate[0] == '\0' || is_shared_by_all(group, out, canary) ||
                !was_shared(group, was, canary->salt))
                continue;
            end_canaries(group, out, report);
            break;
        }
        warn_of_mixture(group, out, report);
    }
}
