/*
 * Rollouts over the life of a configuration and of the process: one whose service, slot or canary is there no more is
 * over, with words. See rollout_priv.h. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/report.h"
#include "deploy/consent_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/holdback_priv.h"
#include "deploy/rollout_priv.h"
#include "net/loop.h"

static bool may_live(const struct config_service *configured, const char *slot_name)
{
    const struct config_slot *slot = config_find_slot(configured, slice_from(slot_name));

    return slot != NULL && gate_is_switchable(slot);
}

/* Why one service cannot go on with it; NULL: it can. */
static const char *find_fault(const struct config_service *configured,
                              const struct state_service *service,
                              const struct state_rollout *rollout)
{
    bool is_live = strcmp(service->active, rollout->to) == 0;

    if (!may_live(configured, rollout->to))
        return "the slot that it leads to is there no more";
    if (!may_live(configured, rollout->from))
        return "the slot that it would go back to is there no more";
    if (rollout->phase == ROLLOUT_RAMPING && strcmp(service->canary.candidate, rollout->to) != 0)
        return "its canary is over";
    return is_live != rollout_has_moved(rollout) ? "another slot is live" : NULL;
}

static const char *find_any_fault(const struct config *config, const struct decisions *decisions,
                                  const struct scope *scope, const struct state_rollout *rollout)
{
    const char *fault = NULL;

    for (size_t i = 0; i < scope->count && fault == NULL; i++) {
        size_t index = gate_scope_at(scope, i);

        fault = find_fault(&config->services[index], decisions->services[index], rollout);
    }
    return fault;
}

/* Its canary must not go on alone. */
static void end_canaries(struct decisions *decisions, const struct scope *scope,
                         const struct state_rollout *rollout)
{
    for (size_t i = 0; i < scope->count; i++) {
        struct state_canary *canary = &decisions->services[gate_scope_at(scope, i)]->canary;

        if (strcmp(canary->candidate, rollout->to) == 0)
            *canary = (struct state_canary){ 0 };
    }
}

/* There is no loop here, and no clock is needed: what is over does not wait. */
static void end(struct state_rollout *rollout, const char *fault, struct report *report)
{
    report_warning(report, "state.json", 0, "rollout %llu of %s, which was %s, is over: %s",
                   (unsigned long long)rollout->id, rollout->name,
                   rollout_phase_name(rollout->phase), fault);
    CHECK(rollout_may_follow(rollout->phase, ROLLOUT_ABORTED));
    snprintf(rollout->words, sizeof rollout->words, "aborted, from %s: %s",
             rollout_phase_name(rollout->phase), fault);
    rollout->phase = ROLLOUT_ABORTED;
    (void)holdback_end(rollout);
    rollout->is_paused = rollout->is_held = rollout->is_manual = false;
    rollout->entered_wall_us = rollout->ended_wall_us = clock_wall_us();
    rollout->entered_us = (int64_t)clock_monotonic_us();
}

static void fit(const struct config *config, struct state_rollout *rollout, struct decisions *out,
                struct report *report)
{
    const char *fault = NULL;
    struct scope scope;

    if (!gate_look_up(config, rollout->name, &scope)) {
        if (rollout_is_running(rollout->phase))
            end(rollout, "the service or group is there no more", report);
        state_book_drop(&out->book, rollout);
        return;
    }
    if (!rollout_is_running(rollout->phase))
        return;
    fault = find_any_fault(config, out, &scope, rollout);
    if (fault == NULL)
        return;
    if (rollout->phase == ROLLOUT_RAMPING)
        end_canaries(out, &scope, rollout);
    end(rollout, fault, report);
}

void rollout_fit(const struct config *config, const struct decisions *was, struct decisions *out,
                 struct report *report)
{
    struct state_rollout *rollout = NULL;
    struct state_rollout *next = NULL;

    state_book_copy(&out->book, &was->book);
    for (rollout = TAILQ_FIRST(&out->book.rollouts); rollout != NULL; rollout = next) {
        next = TAILQ_NEXT(rollout, link);
        fit(config, rollout, out, report);
    }
    consent_fit(config, out);
}

void rollout_start(struct deploy *deploy)
{
    int64_t now_us = (int64_t)loop_now_us(deploy->options.loop);
    uint64_t now_wall_us = clock_wall_us();
    struct state_rollout *rollout = NULL;

    TAILQ_FOREACH(rollout, &deploy->state->decisions.book.rollouts, link)
    {
        uint64_t age_us =
            now_wall_us > rollout->entered_wall_us ? now_wall_us - rollout->entered_wall_us : 0;

        rollout->entered_us = now_us - (int64_t)age_us;
        rollout->is_manual = rollout->is_paused;
        rollout->manual_since_us = now_us;
    }
    consent_start(deploy);
}
