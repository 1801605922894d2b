/*
 * See signal_act_priv.h. A warning is only told. What is critical is told, and then its action is taken on what is being
 * tried; a trial that begins while the signal is critical is met in the same way. A rollback that could not be made is
 * asked for again as long as the signal stays critical. A value that grew old is told: it is unknown then, and takes no
 * action back.
 */
#include "pilot/signal_act_priv.h"

#include <stdio.h>

#include "base/clock.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "deploy/rollout.h"
#include "net/timer.h"
#include "pilot/pilot_priv.h"
#include "pilot/remember_priv.h"
#include "pilot/signal_rates_priv.h"
#include "pilot/signals.h"

enum {
    TICK_MS = 250,
    WORDS_SIZE = 480,
    REST_US = 1000 * 1000,       /* before a rollback that was not asked for is tried again */
    ANSWER_US = 10 * 1000 * 1000 /* the same for one that was: its answer comes first */
};

static const char actor[] = "switchyard";

/* What the number counts. */
static void describe_count(const struct config_signal *signal, char out[WORDS_SIZE])
{
    out[0] = '\0';
    if (config_signal_is_counted(signal))
        snprintf(out, WORDS_SIZE, " responses under %.100s within %.0f s",
                 signal->path != NULL ? signal->path : "/", (double)signal->per / 1e6);
}

static void describe(const struct signal_view *view, char out[WORDS_SIZE])
{
    const char *level =
        view->level == SIGNAL_CRITICAL ? view->signal->critical : view->signal->warn;
    char count[WORDS_SIZE];

    describe_count(view->signal, count);
    if (view->is_stale)
        snprintf(out, WORDS_SIZE, "signal %s of %s is unknown: its last value (%s) is too old",
                 view->signal->name, view->service, view->value);
    else if (view->level >= SIGNAL_WARN)
        snprintf(out, WORDS_SIZE, "signal %.24s of %.63s is %s: %s%.140s (%s when %.20s)",
                 view->signal->name, view->service, signal_level_name(view->level), view->value,
                 count, signal_level_name(view->level), level != NULL ? level : "");
    else
        snprintf(out, WORDS_SIZE, "signal %s of %s is %s: %s%.140s", view->signal->name,
                 view->service, signal_level_name(view->level), view->value, count);
}

static void name_trigger(const struct signal_view *view, char out[ENGINE_TRIGGER_SIZE])
{
    snprintf(out, ENGINE_TRIGGER_SIZE, "signal:%s", view->signal->name);
}

/* A canary and a rollout are the group's. */
static const char *find_name(const struct pilot *pilot, const struct signal_view *view)
{
    const struct config *config = deploy_config(pilot->options.deploy);
    size_t at = config_group_of(config, &config->services[view->service_index]);

    return at < config->group_count ? config->groups[at].name : view->service;
}

static void on_held(void *arg, const struct change_result *result)
{
    (void)arg;
    (void)result; /* the history has it */
}

/* A rollout is paused, or a canary without one; else there is no step to keep from. */
static bool hold(struct pilot *pilot, const struct signal_view *view, const struct act_cause *cause)
{
    struct change change = { .kind = CHANGE_CANARY_PAUSE, .decision = cause->decision };
    struct deploy_rollout_view rollout;
    struct deploy_canary_view canary;

    deploy_view_rollout(pilot->options.deploy, view->service_index, &rollout);
    deploy_view_canary(pilot->options.deploy, view->service_index, &canary);
    if (rollout.id != 0 && rollout_is_running(rollout.phase)) {
        if (rollout.is_paused)
            return true;
        change.kind = CHANGE_ROLLOUT_PAUSE;
    } else if (!canary.is_running) {
        return false;
    } else if (canary.is_paused) {
        return true;
    }
    snprintf(change.name, sizeof change.name, "%s", find_name(pilot, view));
    snprintf(change.trigger, sizeof change.trigger, "%s", cause->trigger);
    act_shorten(cause->words, change.reason, sizeof change.reason);
    snprintf(change.actor, sizeof change.actor, "%s", actor);
    deploy_submit_own(pilot->options.deploy, &change, on_held, NULL);
    return true;
}

static enum decision_action action_of(const struct signal_view *view)
{
    switch (view->signal->action) {
    case CONFIG_SIGNAL_ALERT: return DECISION_ALERT;
    case CONFIG_SIGNAL_ROLLBACK: return DECISION_ROLLBACK;
    case CONFIG_SIGNAL_HOLD: return DECISION_HOLD;
    }
    return DECISION_ALERT;
}

/* True: there was something to act on. */
static bool act(struct pilot *pilot, const struct signal_view *view, const struct act_cause *cause)
{
    switch (view->signal->action) {
    case CONFIG_SIGNAL_ALERT: return true;
    case CONFIG_SIGNAL_ROLLBACK: return act_roll_back(pilot, view->service_index, cause);
    case CONFIG_SIGNAL_HOLD: return hold(pilot, view, cause);
    }
    return false;
}

static void meet_critical(struct pilot *pilot, const struct signal_view *view,
                          struct act_cause *cause)
{
    struct deploy_trial_view trial;
    struct signal_meeting meeting = { .trial = 0 };
    enum decision_action action = action_of(view);

    deploy_view_trial(pilot->options.deploy, view->service_index, &trial);
    if (trial.kind == TRIAL_NONE)
        action = DECISION_ALERT; /* there is nothing to take back or to hold */
    cause->decision =
        remember_case(pilot, view->service_index, action, cause->trigger, cause->words);
    act_alert(pilot, view->service_index, PILOT_CRITICAL, cause);
    if (trial.kind != TRIAL_NONE) {
        bool was_asked = act(pilot, view, cause);

        meeting.trial = trial.id;
        meeting.decision = cause->decision;
        meeting.again_us = clock_monotonic_us() + (was_asked ? ANSWER_US : REST_US);
    }
    signals_note_meeting(pilot->signals, view->service_index, view->signal->name, &meeting);
}

/* A rollback that was refused, had no fit side to go to or came while another one was on its way is still wanted. What
 * was carried out has ended the trial. */
static void ask_again(struct pilot *pilot, const struct signal_view *view,
                      const struct deploy_trial_view *trial)
{
    struct signal_meeting meeting = view->meeting;
    char trigger[ENGINE_TRIGGER_SIZE];
    char words[WORDS_SIZE];
    struct act_cause cause = { .trigger = trigger, .words = words, .decision = meeting.decision };
    uint64_t now_us = clock_monotonic_us();
    uint64_t left_us = 0;

    if (view->signal->action != CONFIG_SIGNAL_ROLLBACK || now_us < meeting.again_us ||
        !lookout_is_automatic(pilot, view->service_index, trial, &left_us))
        return;
    name_trigger(view, trigger);
    describe(view, words);
    meeting.again_us = now_us + (act(pilot, view, &cause) ? ANSWER_US : REST_US);
    signals_note_meeting(pilot->signals, view->service_index, view->signal->name, &meeting);
}

static void on_change(void *arg, const struct signal_view *view, enum signal_level was)
{
    struct pilot *pilot = arg;
    char trigger[ENGINE_TRIGGER_SIZE];
    char words[WORDS_SIZE];
    struct act_cause cause = { .trigger = trigger, .words = words };

    name_trigger(view, trigger);
    describe(view, words);
    switch (view->level) {
    case SIGNAL_CRITICAL: meet_critical(pilot, view, &cause); return;
    case SIGNAL_WARN:
        cause.decision = remember_case(pilot, view->service_index, DECISION_SIGNAL, trigger, words);
        act_alert(pilot, view->service_index, PILOT_WARN, &cause);
        return;
    case SIGNAL_UNKNOWN: act_alert(pilot, view->service_index, PILOT_WARN, &cause); return;
    case SIGNAL_OK:
        if (was >= SIGNAL_WARN)
            act_alert(pilot, view->service_index, PILOT_INFO, &cause);
        return;
    case SIGNAL_LEVELS: return;
    }
}

/* A trial that a critical signal has not met yet, or has met in vain. */
static void meet_trials(struct pilot *pilot)
{
    struct signal_view view;

    for (unsigned i = 0; signals_at(pilot->signals, i, &view); i++) {
        struct deploy_trial_view trial;

        deploy_view_trial(pilot->options.deploy, view.service_index, &trial);
        if (trial.kind == TRIAL_NONE || view.level != SIGNAL_CRITICAL ||
            view.signal->action == CONFIG_SIGNAL_ALERT)
            continue;
        if (view.meeting.trial != trial.id)
            on_change(pilot, &view, SIGNAL_CRITICAL);
        else
            ask_again(pilot, &view, &trial);
    }
}

static void on_tick(void *arg)
{
    struct pilot *pilot = arg;

    timer_arm(pilot->signal_timer, TICK_MS);
    signal_rates_tick(pilot->signal_rates, pilot, clock_monotonic_us());
    signals_tick(pilot->signals, clock_monotonic_us());
    meet_trials(pilot);
}

void signal_act_configure(struct pilot *pilot)
{
    struct signal_view view;

    signals_configure(pilot->signals, deploy_config(pilot->options.deploy));
    signal_rates_configure(pilot->signal_rates, deploy_config(pilot->options.deploy));
    timer_disarm(pilot->signal_timer);
    if (signals_at(pilot->signals, 0, &view))
        timer_arm(pilot->signal_timer, TICK_MS);
}

void signal_act_start(struct pilot *pilot)
{
    pilot->signals = signals_new(on_change, pilot);
    pilot->signal_rates = signal_rates_new();
    pilot->signal_timer = timer_new(pilot->options.loop, on_tick, pilot);
}

void signal_act_stop(struct pilot *pilot)
{
    timer_free(pilot->signal_timer);
    signals_free(pilot->signals);
    signal_rates_free(pilot->signal_rates);
}
