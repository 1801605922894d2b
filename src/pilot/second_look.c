/* See second_look_priv.h. The answers are read from what health keeps of each target, so that nothing has to be called
 * back when a target or the pilot goes meanwhile. */
#include "pilot/second_look_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "health/health.h"
#include "pilot/act_priv.h"
#include "pilot/pilot_priv.h"
#include "route/snapshot.h"
#include "route/split.h"

enum { AGAIN_US = 60 * 1000 * 1000 };
enum answer { ANSWER_NONE, ANSWER_GOOD, ANSWER_BAD };

static const struct config_health *find_health(const struct pilot *pilot, unsigned service_index)
{
    return &deploy_config(pilot->options.deploy)->services[service_index].health;
}

static const struct snapshot_slot *find_baseline(const struct lookout *lookout,
                                                 const struct snapshot_service *service)
{
    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, lookout->view.baseline) == 0)
            return &service->slots[i];
    return NULL;
}

static void on_asked(void *arg, const struct probe_result *result)
{
    (void)arg; /* it is in the target's health by now */
    (void)result;
}

static void ask(const struct pilot *pilot, const struct snapshot_slot *slot)
{
    for (unsigned i = 0; pilot->options.health != NULL && i < slot->pick_count; i++)
        if (slot->picks[i].order == ORDER_READY)
            (void)!health_probe_now(pilot->options.health, slot->picks[i].target, on_asked, NULL);
}

bool second_look_begin(struct pilot *pilot, unsigned service_index,
                       const struct snapshot_service *service, const struct act_cause *cause)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    const struct config_health *health = find_health(pilot, service_index);
    const struct snapshot_slot *baseline = find_baseline(lookout, service);
    uint64_t now_us = clock_monotonic_us();

    if (!health->enabled || baseline == NULL || lookout->view.share != SPLIT_WHOLE)
        return false;
    lookout->second_look = (struct second_look){
        .is_open = true,
        .since_us = now_us,
        .until_us = now_us + health->interval + health->timeout,
        .decision = cause->decision,
    };
    snprintf(lookout->second_look.trigger, sizeof lookout->second_look.trigger, "%s",
             cause->trigger);
    snprintf(lookout->second_look.words, sizeof lookout->second_look.words, "%s", cause->words);
    ask(pilot, baseline);
    return true;
}

/* One good answer is enough: it is what a rollback needs. */
static enum answer find_answer(const struct snapshot_slot *slot, uint64_t since_us)
{
    enum answer answer = ANSWER_BAD;

    for (unsigned i = 0; slot != NULL && i < slot->pick_count; i++) {
        struct health_view view;

        if (slot->picks[i].order != ORDER_READY)
            continue;
        (void)health_view(slot->picks[i].target, &view);
        if (view.history_count == 0 || view.last_us < since_us)
            answer = ANSWER_NONE;
        else if ((view.history & 1) != 0 && view.database != PROBE_DATABASE_BAD)
            return ANSWER_GOOD;
    }
    return answer;
}

void second_look_rest(struct lookout *lookout)
{
    uint64_t now_us = clock_monotonic_us();

    if (lookout->open_moves > 0)
        return;
    if (now_us >= lookout->blocked_until_us) {
        lookout_rearm(lookout);
        return;
    }
    lookout->second_look = (struct second_look){
        .is_open = true,
        .is_refused = true,
        .since_us = now_us,
        .until_us = now_us + AGAIN_US,
    };
}

void second_look_wait(struct lookout *lookout)
{
    uint64_t until_us = clock_monotonic_us() + AGAIN_US;

    lookout->second_look = (struct second_look){
        .is_open = true,
        .is_refused = true,
        .since_us = until_us, /* no answer is new enough */
        .until_us = until_us,
    };
}

/* The other side has recovered, or it is time to say it again: the rows find anew what is wrong, if it still is. */
static void wait_for_recovery(struct lookout *lookout, enum answer answer, uint64_t now_us)
{
    if (answer != ANSWER_GOOD && now_us < lookout->second_look.until_us)
        return;
    lookout->second_look.is_open = false;
    if (answer == ANSWER_GOOD)
        lookout->blocked_until_us = 0;
    lookout_rearm(lookout);
}

void second_look_tick(struct pilot *pilot, unsigned service_index,
                      const struct snapshot_service *service, uint64_t now_us)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    struct second_look look = lookout->second_look;
    struct act_cause cause = { .trigger = look.trigger,
                               .words = look.words,
                               .decision = look.decision };
    enum answer answer = ANSWER_NONE;

    if (!look.is_open)
        return;
    answer = find_answer(find_baseline(lookout, service), look.since_us);
    if (look.is_refused) {
        wait_for_recovery(lookout, answer, now_us);
        return;
    }
    if (answer == ANSWER_NONE && now_us < look.until_us)
        return;
    lookout->second_look.is_open = false;
    if (answer == ANSWER_BAD) {
        act_block(pilot, service_index, &cause);
        second_look_rest(lookout);
    } else if (!act_roll_back(pilot, service_index, &cause)) {
        second_look_rest(lookout);
    }
}
