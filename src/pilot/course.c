/* What there is to know of a rollout that the driver moves on: see course_priv.h. Control thread. */
#include "pilot/course_priv.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "deploy/deploy.h"
#include "route/slot.h"
#include "route/snapshot.h"
#include "route/split.h"
#include "route/target.h"

const struct config_rollout *course_settings(const struct course *course)
{
    const struct config *config = deploy_config(course->driver->options.deploy);

    return &config->services[course->service_index].rollout;
}

const struct config_service *course_configured(const struct course *course, unsigned index)
{
    return &deploy_config(course->driver->options.deploy)->services[index];
}

bool course_service(const struct course *course, unsigned n, unsigned *index)
{
    const struct config *config = deploy_config(course->driver->options.deploy);

    for (size_t i = 0; i < config->group_count; i++) {
        const struct config_group *group = &config->groups[i];

        if (strcmp(group->name, course->view.name) != 0)
            continue;
        *index = n < group->names.count ? (unsigned)group->services[n] : 0;
        return n < group->names.count;
    }
    *index = course->service_index;
    return n == 0;
}

void course_alert(struct course *course, enum pilot_severity severity, const char *trigger,
                  const char *words)
{
    const struct driver_options *options = &course->driver->options;
    struct act_cause cause = { .trigger = trigger, .words = words };

    if (options->ops->alert != NULL)
        options->ops->alert(options->arg, course->service_index, severity, &cause);
}

/* The first target of the new slot that is ready and not fit; NULL: all are. */
static const struct target *find_unfit(const struct course *course, unsigned service_index)
{
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), service_index);

    if (!course_configured(course, service_index)->health.enabled)
        return NULL;
    for (unsigned i = 0; i < service->slot_count; i++) {
        const struct snapshot_slot *slot = &service->slots[i];

        for (unsigned j = 0; strcmp(slot->slot->name, course->view.to) == 0 && j < slot->pick_count;
             j++)
            if (slot->picks[j].order == ORDER_READY &&
                target_verdict(slot->picks[j].target) != VERDICT_UP)
                return slot->picks[j].target;
    }
    return NULL;
}

/* True: all of them are, in every service. Else words. */
bool course_is_fit(const struct course *course, char *words, size_t size)
{
    unsigned index = 0;

    for (unsigned n = 0; course_service(course, n, &index); n++) {
        const struct target *unfit = find_unfit(course, index);

        if (unfit == NULL)
            continue;
        snprintf(words, size, "%s/%s/%s is not fit", course_configured(course, index)->name,
                 course->view.to, unfit->name);
        return false;
    }
    return true;
}

uint64_t course_validation(const struct course *course)
{
    uint64_t longest_us = 0;
    unsigned index = 0;

    for (unsigned n = 0; course_service(course, n, &index); n++) {
        uint64_t us = course_configured(course, index)->gate.validation;

        longest_us = us > longest_us ? us : longest_us;
    }
    return longest_us;
}

/* The share behind this one that is not everybody; SPLIT_WHOLE: there is none. */
uint32_t course_next_share(const struct course *course, uint32_t share)
{
    const struct config_shares *steps =
        &course_configured(course, course->service_index)->canary.steps;

    for (size_t i = 0; course->view.plan == ROLLOUT_CANARY && i < steps->count; i++)
        if (steps->items[i] > share && steps->items[i] < SPLIT_WHOLE)
            return steps->items[i];
    return SPLIT_WHOLE;
}

/* The most careful advice of all services of the rollout. */
enum engine_advice course_advice(const struct course *course, uint32_t next, const char **reason)
{
    static const char none[] = "there is nobody to judge the evidence";
    const struct driver_options *options = &course->driver->options;
    enum engine_advice found = ENGINE_ADVANCE;
    unsigned index = 0;

    *reason = none;
    if (options->ops->advise == NULL)
        return ENGINE_STAY;
    for (unsigned n = 0; course_service(course, n, &index); n++) {
        const char *words = none;
        enum engine_advice advice =
            options->ops->advise(options->arg, index, (double)next / 100, &words);

        if (n == 0 || advice == ENGINE_HOLD_STEP ||
            (advice == ENGINE_STAY && found == ENGINE_ADVANCE)) {
            found = advice;
            *reason = words;
        }
    }
    return found;
}

/* Right after a start nobody knows of any target yet. */
bool course_has_verdicts(const struct course *course)
{
    unsigned index = 0;

    for (unsigned n = 0; course_service(course, n, &index); n++) {
        const struct target *unfit = find_unfit(course, index);

        if (unfit != NULL && target_verdict(unfit) == VERDICT_UNKNOWN)
            return false;
    }
    return true;
}

/* What is still in flight on the slot that lost its traffic. */
uint64_t course_in_flight(const struct course *course, const char *slot_name)
{
    uint64_t count = 0;
    unsigned index = 0;

    for (unsigned n = 0; course_service(course, n, &index); n++) {
        const struct snapshot_service *service = snapshot_service_at(snapshot_current(), index);

        for (unsigned i = 0; i < service->slot_count; i++)
            if (strcmp(service->slots[i].slot->name, slot_name) == 0)
                count += slot_in_flight(service->slots[i].slot);
    }
    return count;
}
