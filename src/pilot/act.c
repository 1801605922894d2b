/*
 * See act_priv.h. A rollback is asked for first; counting, alerts and logs come behind it. What deploy refuses (no fit
 * target on the other side, another slot is live by now) is said and moves nothing.
 */
#include "pilot/act_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "deploy/rollout.h"
#include "pilot/pilot_priv.h"
#include "route/snapshot.h"
#include "route/target.h"

enum {
    BLOCKED_US = 60 * 1000 * 1000,
    AFTERMATH_US = 31 * 1000 * 1000, /* the engine asks 30 s after a rollback */
};

static const char actor[] = "switchyard";

const char *pilot_severity_name(enum pilot_severity severity)
{
    switch (severity) {
    case PILOT_INFO: return "info";
    case PILOT_WARN: return "warn";
    case PILOT_CRITICAL: return "critical";
    case PILOT_SEVERITIES: break;
    }
    return "";
}

static void log_alert(const struct pilot_alert *alert)
{
    char words[sizeof alert->words * 2];
    enum log_level level = alert->severity == PILOT_INFO ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;

    log_text(slice_from(alert->words), words, sizeof words);
    log_event(level, "alert", "service=%s severity=%s trigger=%s words=\"%s\"", alert->service,
              pilot_severity_name(alert->severity), alert->trigger, words);
}

static void raise_alert(struct pilot *pilot, struct lookout *lookout, enum pilot_severity severity,
                        const struct act_cause *cause)
{
    struct pilot_alert alert = {
        .wall_us = clock_wall_us(),
        .severity = severity,
        .decision = cause->decision,
    };
    const struct pilot_alert *added = NULL;

    snprintf(alert.service, sizeof alert.service, "%s", lookout->name);
    snprintf(alert.trigger, sizeof alert.trigger, "%s", cause->trigger);
    snprintf(alert.words, sizeof alert.words, "%s", cause->words);
    if (cause->has_moved)
        alert_log_forget(&pilot->alerts, &alert);
    added = alert_log_add(&pilot->alerts, &alert, clock_monotonic_us());
    if (added == NULL)
        return;
    lookout->alerts[severity]++;
    log_alert(added);
}

void act_alert(struct pilot *pilot, unsigned service_index, enum pilot_severity severity,
               const struct act_cause *cause)
{
    raise_alert(pilot, &pilot->lookouts[service_index], severity, cause);
}

/* With words of our own around the cause's. What has moved is said each time, anything else once in a while. */
static void __attribute__((format(printf, 5, 6)))
say(struct pilot *pilot, struct lookout *lookout, enum pilot_severity severity,
    const struct act_cause *cause, const char *format, ...)
{
    char words[sizeof((struct pilot_alert *)0)->words];
    struct act_cause said = *cause;
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    said.words = words;
    raise_alert(pilot, lookout, severity, &said);
}

static void count_rollback(struct pilot *pilot, const struct move *move, enum outcome outcome)
{
    struct pilot_rollbacks *row = NULL;

    for (unsigned i = 0; i < pilot->rollback_count; i++) {
        row = &pilot->rollbacks[i];
        if (row->outcome != outcome || strcmp(row->service, move->service) != 0 ||
            strcmp(row->trigger, move->change.trigger) != 0)
            continue;
        row->count++;
        return;
    }
    if (pilot->rollback_count == PILOT_ROLLBACKS_MAX)
        return;
    row = &pilot->rollbacks[pilot->rollback_count++];
    *row = (struct pilot_rollbacks){ .outcome = outcome, .count = 1 };
    memcpy(row->service, move->service, sizeof row->service);
    memcpy(row->trigger, move->change.trigger, sizeof row->trigger);
}

static void note_moved(struct pilot *pilot, struct lookout *lookout, const struct move *move,
                       const struct change_result *result)
{
    struct act_cause cause = { .trigger = move->change.trigger,
                               .decision = move->change.decision,
                               .has_moved = true };

    lookout->moved = move->trial;
    lookout->after_until_us = clock_monotonic_us() + AFTERMATH_US;
    lookout->blocked_until_us = 0;
    memcpy(lookout->left, move->change.from, sizeof lookout->left);
    say(pilot, lookout, PILOT_CRITICAL, &cause, "%s was taken back to %s by itself%s: %s",
        move->change.name, result->to,
        result->outcome == OUTCOME_VOLATILE ? " (in memory only: the disk takes nothing)" : "",
        move->words);
}

static void note_refused(struct pilot *pilot, struct lookout *lookout, const struct move *move,
                         const struct change_result *result)
{
    struct act_cause cause = { .trigger = move->change.trigger, .decision = move->change.decision };
    bool is_gate = result->outcome == OUTCOME_REFUSED;

    if (is_gate)
        lookout->blocked_until_us = clock_monotonic_us() + BLOCKED_US;
    if (lookout->trial == move->trial)
        second_look_rest(lookout);
    say(pilot, lookout, is_gate ? PILOT_CRITICAL : PILOT_WARN, &cause,
        "%s was not taken back from %s: %s", move->change.name, move->change.from, result->words);
}

static void on_moved(void *arg, const struct change_result *result)
{
    struct move *move = arg;
    struct pilot *pilot = move->pilot;
    struct lookout *lookout = lookout_find(pilot, move->service);

    TAILQ_REMOVE(&pilot->moves, move, link);
    count_rollback(pilot, move, result->outcome);
    if (lookout != NULL) {
        lookout->open_moves--;
        if (result->changed)
            note_moved(pilot, lookout, move, result);
        else
            note_refused(pilot, lookout, move, result);
    }
    free(move);
}

void act_shorten(const char *words, char *out, size_t size)
{
    char *end = NULL;

    snprintf(out, size, "%s", words);
    if (strlen(words) < size)
        return;
    end = memrchr(out, ';', size - 1);
    if (end == NULL)
        end = memrchr(out, ' ', size - 1);
    if (end != NULL)
        *end = '\0';
}

/* The group's name when all of it is on the same trial, else the service's own. */
static const char *find_name(const struct pilot *pilot, unsigned service_index,
                             const struct deploy_trial_view *view)
{
    const struct config *config = deploy_config(pilot->options.deploy);
    const struct config_service *service = &config->services[service_index];
    size_t at = config_group_of(config, service);
    const struct config_group *group = at < config->group_count ? &config->groups[at] : NULL;

    for (size_t i = 0; group != NULL && i < group->names.count; i++) {
        struct deploy_trial_view other;

        deploy_view_trial(pilot->options.deploy, (unsigned)group->services[i], &other);
        if (other.kind != view->kind || other.id != view->id ||
            strcmp(other.candidate, view->candidate) != 0)
            group = NULL;
    }
    return group != NULL ? group->name : service->name;
}

/* On the list, not yet submitted. */
static struct move *make_move(struct pilot *pilot, unsigned service_index,
                              const struct deploy_trial_view *view, const struct act_cause *cause)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    struct move *move = mem_zalloc(sizeof *move);

    move->pilot = pilot;
    move->trial = view->id;
    move->change.decision = cause->decision;
    memcpy(move->service, lookout->name, sizeof move->service);
    snprintf(move->change.name, sizeof move->change.name, "%s",
             find_name(pilot, service_index, view));
    snprintf(move->change.trigger, sizeof move->change.trigger, "%s", cause->trigger);
    snprintf(move->words, sizeof move->words, "%s", cause->words);
    act_shorten(cause->words, move->change.reason, sizeof move->change.reason);
    snprintf(move->change.actor, sizeof move->change.actor, "%s", actor);
    TAILQ_INSERT_TAIL(&pilot->moves, move, link);
    return move;
}

static void submit(struct pilot *pilot, unsigned service_index,
                   const struct deploy_trial_view *view, const struct act_cause *cause)
{
    struct move *move = make_move(pilot, service_index, view, cause);

    move->change.kind = CHANGE_ROLLBACK;
    snprintf(move->change.from, sizeof move->change.from, "%s", view->candidate);
    pilot->lookouts[service_index].open_moves++;
    deploy_submit_own(pilot->options.deploy, &move->change, on_moved, move);
}

static void on_held(void *arg, const struct change_result *result)
{
    struct move *move = arg;
    struct pilot *pilot = move->pilot;
    struct lookout *lookout = lookout_find(pilot, move->service);
    struct act_cause cause = { .trigger = move->change.trigger, .decision = move->change.decision };

    TAILQ_REMOVE(&pilot->moves, move, link);
    if (lookout != NULL && result->changed)
        say(pilot, lookout, PILOT_INFO, &cause,
            "the canary of %s stays where it is until canary resume: %s", move->change.name,
            move->words);
    free(move);
}

/* One hold at a time. */
static bool is_held(const struct pilot *pilot, const struct lookout *lookout)
{
    const struct move *move = NULL;

    TAILQ_FOREACH(move, &pilot->moves, link)
    if (move->change.kind == CHANGE_CANARY_PAUSE && strcmp(move->service, lookout->name) == 0)
        return true;
    return false;
}

void act_hold(struct pilot *pilot, unsigned service_index, const struct act_cause *cause)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    struct deploy_rollout_view rollout;
    struct deploy_canary_view canary;
    struct deploy_trial_view view;
    struct move *move = NULL;

    deploy_view_canary(pilot->options.deploy, service_index, &canary);
    deploy_view_rollout(pilot->options.deploy, service_index, &rollout);
    if (!canary.is_running || canary.next_step_us == 0 || is_held(pilot, lookout) ||
        (rollout.id != 0 && rollout_is_running(rollout.phase)))
        return;
    deploy_view_trial(pilot->options.deploy, service_index, &view);
    move = make_move(pilot, service_index, &view, cause);
    move->change.kind = CHANGE_CANARY_PAUSE;
    deploy_submit_own(pilot->options.deploy, &move->change, on_held, move);
}

/* Deploy asks the same of the whole group. */
bool act_has_target(unsigned service_index, const char *slot_name)
{
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), service_index);

    for (unsigned i = 0; i < service->slot_count; i++) {
        const struct snapshot_slot *slot = &service->slots[i];

        for (unsigned j = 0; j < slot->pick_count; j++)
            if (strcmp(slot->slot->name, slot_name) == 0 && slot->picks[j].order == ORDER_READY &&
                target_verdict(slot->picks[j].target) != VERDICT_DOWN)
                return true;
    }
    return false;
}

void act_block(struct pilot *pilot, unsigned service_index, const struct act_cause *cause)
{
    struct lookout *lookout = &pilot->lookouts[service_index];

    lookout->blocked_until_us = clock_monotonic_us() + BLOCKED_US;
    say(pilot, lookout, PILOT_CRITICAL, cause, "%s stays on %s: the other side is not fit; %s",
        lookout->name, lookout->view.candidate, cause->words);
}

void act_stay(struct pilot *pilot, unsigned service_index, const struct act_cause *cause)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    const struct prior *prior = &lookout->prior;

    say(pilot, lookout, PILOT_CRITICAL, cause,
        "%s stays on %s: %s failed as often when it was left (%.0f of its last %.0f); %s",
        lookout->name, lookout->view.candidate, lookout->view.baseline, prior->left_e,
        prior->left_n, cause->words);
}

static bool is_suffering(const struct lookout *lookout)
{
    struct engine_view *view = NULL;
    bool is_unfit = false;

    if (lookout->engine == NULL || lookout->trial == 0)
        return false;
    view = mem_zalloc(sizeof *view);
    engine_look(lookout->engine, view);
    is_unfit = view->is_baseline_unhealthy || view->is_shared;
    free(view);
    return is_unfit;
}

/* The other side is no better: a move would help nobody. */
static bool is_blocked(struct pilot *pilot, struct lookout *lookout,
                       const struct deploy_trial_view *trial, const struct act_cause *cause)
{
    unsigned service_index = (unsigned)(lookout - pilot->lookouts);

    if (clock_monotonic_us() >= lookout->unfit_until_us &&
        act_has_target(service_index, trial->baseline) && !is_suffering(lookout))
        return false;
    act_block(pilot, service_index, cause);
    return true;
}

bool act_roll_back(struct pilot *pilot, unsigned service_index, const struct act_cause *cause)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    struct deploy_trial_view view;
    uint64_t left_us = 0;

    deploy_view_trial(pilot->options.deploy, service_index, &view);
    if (view.kind == TRIAL_NONE || lookout->open_moves > 0 || lookout->moved == view.id)
        return false;
    if (!lookout_is_automatic(pilot, service_index, &view, &left_us)) {
        say(pilot, lookout, PILOT_CRITICAL, cause, "would take %s back from %s, but %s: %s",
            lookout->name, view.candidate,
            view.is_baseline_replaced ? "the slot before is not what it was any more"
                                      : "that is switched off or its time is over",
            cause->words);
        return false;
    }
    if (is_blocked(pilot, lookout, &view, cause))
        return false;
    submit(pilot, service_index, &view, cause);
    return true;
}
