/*
 * One service's tick: the counters of its slots are folded, the trial that deploy tells of is given to the engine, and
 * what the engine says is acted on. The window of automatic rollbacks is kept here, because it outlives an engine.
 * Control thread, called by pilot.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "config/judgement.h"
#include "deploy/deploy.h"
#include "deploy/rollout.h"
#include "evidence/explanation.h"
#include "evidence/record.h"
#include "health/health_slot.h"
#include "pilot/cohorts_priv.h"
#include "pilot/past_priv.h"
#include "pilot/pilot_priv.h"
#include "pilot/remember_priv.h"
#include "route/snapshot.h"
#include "route/split.h"

enum {
    RECORD_SPAN_MS = 10 * 60 * 1000,
    RECORD_BYTES = 512 * 1024, /* two times that for every service on trial */
    EXPLANATION_BYTES = 4096,
    PROBE_US = 1000 * 1000,
    BLOCKED_US = 60 * 1000 * 1000,
    STALE_INTERVALS = 3, /* without a result for so many, nothing is known */
};

static const struct config_service *find_configured(const struct pilot *pilot, unsigned index)
{
    return &deploy_config(pilot->options.deploy)->services[index];
}

void lookout_fini(struct pilot *pilot, struct lookout *lookout)
{
    engine_free(lookout->engine);
    record_free(lookout->record);
    cohorts_free(pilot, lookout->cohorts);
    comparison_end(&lookout->marks);
    free(lookout->seats);
    *lookout = (struct lookout){ .engine = NULL };
}

struct lookout *lookout_find(struct pilot *pilot, const char *name)
{
    for (unsigned i = 0; i < pilot->lookout_count; i++)
        if (strcmp(pilot->lookouts[i].name, name) == 0)
            return &pilot->lookouts[i];
    return NULL;
}

/* The engine was changed otherwise than by a tick. */
static void restart_record(struct lookout *lookout)
{
    if (lookout->record != NULL)
        record_restart(lookout->record);
}

static bool is_same(const struct settings *a, const struct settings *b)
{
#define SETTING(name, fallback, least, most, sentence)                                             \
    if (a->name != b->name)                                                                        \
        return false;
#include "evidence/settings.def"
#undef SETTING
    for (size_t i = 0; i < a->step_count && i < b->step_count; i++)
        if (a->steps[i] != b->steps[i])
            return false;
    return a->step_count == b->step_count;
}

/* The engine's own clock of the window stands still: the one from the switch counts, which a restart does not end. */
static void configure_engine(struct lookout *lookout, const struct settings *settings,
                             bool is_automatic)
{
    struct settings fitted = *settings;

    fitted.auto_window_ms = 1e12;
    fitted.auto_rollback = is_automatic ? 1 : 0;
    if (lookout->engine == NULL) {
        lookout->engine = engine_new(&fitted);
        lookout->trial = 0;
    } else if (!is_same(&lookout->settings, &fitted)) {
        engine_configure(lookout->engine, &fitted);
        restart_record(lookout);
    }
    lookout->settings = fitted;
}

void lookout_configure(struct pilot *pilot, struct lookout *lookout,
                       const struct config_service *configured)
{
    struct settings settings;

    snprintf(lookout->name, sizeof lookout->name, "%s", configured->name);
    if (!configured->evidence.enabled || configured->slot_count < 2) {
        engine_free(lookout->engine);
        record_free(lookout->record);
        lookout->record = NULL;
        cohorts_free(pilot, lookout->cohorts);
        lookout->cohorts = NULL;
        lookout->engine = NULL;
        lookout->trial = 0;
        free(lookout->seats); /* slots may go meanwhile, and what they do counts for nothing */
        lookout->seats = NULL;
        lookout->seat_count = 0;
        comparison_end(&lookout->marks);
        lookout->last_us = 0;
        return;
    }
    memset(&settings, 0, sizeof settings);
    judgement_settings(configured, &settings);
    configure_engine(lookout, &settings, lookout->settings.auto_rollback != 0);
}

void lookout_rearm(struct lookout *lookout)
{
    if (lookout->engine != NULL)
        engine_begin(lookout->engine);
    restart_record(lookout);
}

bool lookout_is_automatic(const struct pilot *pilot, unsigned service_index,
                          const struct deploy_trial_view *view, uint64_t *left_us)
{
    const struct config_guard *guard = &find_configured(pilot, service_index)->guard;

    *left_us = 0;
    if (view->kind == TRIAL_SWITCHED && view->switched_age_us < guard->window)
        *left_us = guard->window - view->switched_age_us;
    return guard->automatic && !view->is_baseline_replaced &&
           (view->kind == TRIAL_CANARY || *left_us > 0);
}

/* The live slot is compared with the one before as long as somebody might want to go back: the automatic window, the
 * watch of a rollout, and behind a plain switch the watch that a rollout would have had. */
static bool is_over(const struct pilot *pilot, unsigned service_index,
                    const struct deploy_trial_view *view)
{
    const struct config_service *configured = find_configured(pilot, service_index);
    struct deploy_rollout_view rollout;
    uint64_t watch_us = 0;

    if (view->kind != TRIAL_SWITCHED)
        return view->kind == TRIAL_NONE;
    if (!config_find_watch(&configured->rollout, configured->rollout.default_profile, &watch_us))
        watch_us = 0;
    if (view->switched_age_us < configured->guard.window || view->switched_age_us < watch_us)
        return false;
    deploy_view_rollout(pilot->options.deploy, service_index, &rollout);
    return rollout.id == 0 || !rollout_is_running(rollout.phase);
}

static void fit_seats(struct lookout *lookout, const struct snapshot_service *service)
{
    if (lookout->seat_count != service->slot_count) {
        free(lookout->seats);
        lookout->seats = mem_zalloc(service->slot_count * sizeof *lookout->seats);
        lookout->seat_count = service->slot_count;
    }
    for (unsigned i = 0; i < lookout->seat_count; i++) {
        struct seat *seat = &lookout->seats[i];

        if (seat->slot == service->slots[i].slot)
            continue;
        memset(seat, 0, sizeof *seat);
        seat->slot = service->slots[i].slot;
    }
}

/* All slots move on, so that each begins its trial with what it does from then on. */
static void fold(struct pilot *pilot, struct lookout *lookout,
                 const struct snapshot_service *service, const char *candidate,
                 const char *baseline)
{
    memset(&pilot->candidate, 0, sizeof pilot->candidate);
    memset(&pilot->baseline, 0, sizeof pilot->baseline);
    fit_seats(lookout, service);
    for (unsigned i = 0; i < service->slot_count; i++) {
        struct slot *slot = service->slots[i].slot;
        struct counts *out = &pilot->scratch;

        if (strcmp(slot->name, candidate) == 0)
            out = &pilot->candidate;
        else if (strcmp(slot->name, baseline) == 0)
            out = &pilot->baseline;
        (void)slot_evidence_fold(slot, &lookout->seats[i].mark, out);
    }
}

static enum engine_probe name_probe(enum health_slot_state state)
{
    switch (state) {
    case HEALTH_SLOT_UNKNOWN: return ENGINE_PROBE_NONE;
    case HEALTH_SLOT_OK: return ENGINE_PROBE_OK;
    case HEALTH_SLOT_DB: return ENGINE_PROBE_DB;
    case HEALTH_SLOT_FAIL: return ENGINE_PROBE_FAIL;
    }
    return ENGINE_PROBE_NONE;
}

/* What the newest checks of a slot say, once: each of its targets must have been asked again, so that three failures in
 * a row are three, whatever the interval; and not more than once a second. */
static enum engine_probe hear(const struct snapshot_service *service, const char *name,
                              struct heard *heard, uint64_t now_us)
{
    struct health_slot_view view = { .state = HEALTH_SLOT_UNKNOWN };

    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, name) == 0)
            health_slot_look(&service->slots[i], &view);
    if (view.oldest_us <= heard->result_us ||
        (heard->at_us != 0 && now_us - heard->at_us < PROBE_US))
        return ENGINE_PROBE_NONE;
    *heard = (struct heard){ now_us, view.newest_us };
    return name_probe(view.state);
}

/* What was said long ago is nothing that is known. */
static bool is_stale(const struct heard *heard, const struct config_health *health, uint64_t now_us)
{
    return heard->result_us + STALE_INTERVALS * health->interval + health->timeout + PROBE_US <
           now_us;
}

static void add_probes(const struct pilot *pilot, unsigned service_index,
                       const struct snapshot_service *service, uint64_t now_us,
                       struct engine_tick *tick)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    const struct config_health *health = &find_configured(pilot, service_index)->health;

    tick->candidate_probe =
        hear(service, lookout->view.candidate, &lookout->candidate_heard, now_us);
    tick->baseline_probe = hear(service, lookout->view.baseline, &lookout->baseline_heard, now_us);
    if (is_stale(&lookout->candidate_heard, health, now_us))
        tick->candidate_probe = ENGINE_PROBE_NONE;
    if (is_stale(&lookout->baseline_heard, health, now_us))
        tick->baseline_probe = ENGINE_PROBE_NONE;
}

static void explain(const struct lookout *lookout, const struct engine_event *event, char *out,
                    size_t size)
{
    struct explanation_names names = {
        .candidate = lookout->view.candidate,
        .version = lookout->view.version,
        .baseline = lookout->view.baseline,
    };
    struct text text;

    text_init(&text, EXPLANATION_BYTES);
    explanation_add_event(&text, event, &names);
    snprintf(out, size, "%s", text.len > 0 ? text.bytes : "");
    text_fini(&text);
}

/* Both sides fail: as long as they do, none is better than the other. */
static void stay(struct pilot *pilot, unsigned service_index, const struct act_cause *cause,
                 uint64_t now_us)
{
    struct lookout *lookout = &pilot->lookouts[service_index];

    lookout->prior.left_us = now_us;
    act_stay(pilot, service_index, cause);
    second_look_wait(lookout);
}

static void on_rollback(struct pilot *pilot, unsigned service_index, const struct act_cause *cause)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), service_index);

    if (second_look_begin(pilot, service_index, service, cause) ||
        act_roll_back(pilot, service_index, cause))
        return;
    second_look_rest(lookout);
}

static void on_event(struct pilot *pilot, unsigned service_index, const struct engine_event *event,
                     uint64_t now_us)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    char words[sizeof((struct pilot_alert *)0)->words];
    struct act_cause cause = { .trigger = event->trigger, .words = words };
    bool is_shared = event->action == ENGINE_ROLLBACK && lookout->view.share == SPLIT_WHOLE &&
                     prior_is_no_better(&lookout->prior, &lookout->settings, event, now_us);

    explain(lookout, event, words, sizeof words);
    cause.decision = remember_event(pilot, service_index, event, is_shared, words);
    if (is_shared) {
        stay(pilot, service_index, &cause, now_us);
        return;
    }
    switch (event->action) {
    case ENGINE_ROLLBACK: on_rollback(pilot, service_index, &cause); break;
    case ENGINE_BLOCKED:
        lookout->blocked_until_us = now_us + BLOCKED_US;
        act_alert(pilot, service_index, PILOT_CRITICAL, &cause);
        break;
    case ENGINE_SHARED:
        act_alert(pilot, service_index, PILOT_CRITICAL, &cause);
        act_hold(pilot, service_index, &cause);
        break;
    case ENGINE_ALERT:
    case ENGINE_CRITICAL:
    case ENGINE_UNHELPED: act_alert(pilot, service_index, PILOT_CRITICAL, &cause); break;
    case ENGINE_HOLD:
        act_alert(pilot, service_index, PILOT_WARN, &cause);
        act_hold(pilot, service_index, &cause);
        break;
    case ENGINE_CONCENTRATED:
    case ENGINE_WARNING: act_alert(pilot, service_index, PILOT_WARN, &cause); break;
    case ENGINE_CLEARED: act_alert(pilot, service_index, PILOT_INFO, &cause); break;
    }
}

static void judge(struct pilot *pilot, unsigned service_index,
                  const struct snapshot_service *service, uint64_t now_us, uint64_t dt_ms)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct engine_tick tick = {
        .dt_ms = dt_ms,
        .weight = 100.0 * lookout->view.share / SPLIT_WHOLE,
        .candidate = &pilot->candidate,
        .baseline = &pilot->baseline,
    };
    unsigned count = 0;

    if (lookout->trial != 0)
        add_probes(pilot, service_index, service, now_us, &tick);
    count = lookout->record != NULL ? record_tick(lookout->record, lookout->engine, &tick, events)
                                    : engine_tick(lookout->engine, &tick, events);
    for (unsigned i = 0; i < count; i++)
        on_event(pilot, service_index, &events[i], now_us);
}

/* Another trial, or none, than in the tick before. */
static void follow_trial(struct pilot *pilot, unsigned service_index,
                         const struct snapshot_service *service, uint64_t now_us)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    bool is_trial = !is_over(pilot, service_index, &lookout->view);
    uint64_t id = is_trial ? lookout->view.id : 0;
    uint64_t left_us = 0;

    if (id != 0)
        configure_engine(lookout, &lookout->settings,
                         lookout_is_automatic(pilot, service_index, &lookout->view, &left_us));
    if (id == lookout->trial)
        return;
    lookout->trial = id;
    lookout->second_look.is_open = false;
    lookout->candidate_heard = lookout->baseline_heard = (struct heard){ 0 };
    lookout->blocked_until_us = 0;
    comparison_end(&lookout->marks);
    if (id == 0)
        return;
    comparison_begin(&lookout->marks, service, now_us);
    prior_begin(&lookout->prior, now_us);
    lookout->after_until_us = 0;
    if (lookout->record == NULL)
        lookout->record = record_new(RECORD_SPAN_MS, RECORD_BYTES);
    engine_begin(lookout->engine);
    restart_record(lookout);
}

/* In the tick that is over; false: the first one, which has no beginning. */
static bool take_time(struct lookout *lookout, uint64_t now_us, uint64_t *dt_ms)
{
    bool has_began = lookout->last_us != 0;

    *dt_ms = has_began ? (now_us - lookout->last_us) / 1000 : 0;
    if (!has_began)
        lookout->last_us = now_us;
    lookout->last_us += *dt_ms * 1000;
    return has_began;
}

/* Before its first tick, when it is known who is compared with whom. */
static void recall(struct pilot *pilot, unsigned service_index)
{
    if (pilot->past != NULL)
        past_give(pilot->past, service_index);
    restart_record(&pilot->lookouts[service_index]);
}

/* Behind its trial the live slot is what the next one is compared with. */
static void observe(struct pilot *pilot, struct lookout *lookout, uint64_t dt_ms)
{
    record_free(lookout->record);
    lookout->record = NULL;
    engine_observe(lookout->engine, dt_ms,
                   lookout->view.kind == TRIAL_NONE ? &pilot->baseline : &pilot->candidate);
}

void lookout_tick(struct pilot *pilot, unsigned service_index, uint64_t now_us)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), service_index);
    uint64_t dt_ms = 0;
    bool is_after = false;

    if (lookout->engine == NULL || (lookout->last_us != 0 && (double)(now_us - lookout->last_us) <
                                                                 lookout->settings.tick_ms * 500))
        return;
    deploy_view_trial(pilot->options.deploy, service_index, &lookout->view);
    follow_trial(pilot, service_index, service, now_us);
    if (lookout->last_us == 0)
        recall(pilot, service_index);
    is_after = lookout->trial == 0 && now_us < lookout->after_until_us;
    fold(pilot, lookout, service, is_after ? lookout->left : lookout->view.candidate,
         lookout->view.baseline);
    if (lookout->trial != 0 && !act_has_target(service_index, lookout->view.baseline))
        lookout->unfit_until_us = now_us + (uint64_t)(lookout->settings.shared_grace_ms * 1000);
    if (!take_time(lookout, now_us, &dt_ms))
        return;
    prior_observe(&lookout->prior,
                  lookout->view.kind == TRIAL_SWITCHED ? &pilot->candidate : &pilot->baseline,
                  dt_ms);
    second_look_tick(pilot, service_index, service, now_us);
    if (lookout->trial != 0 || is_after)
        judge(pilot, service_index, service, now_us, dt_ms);
    else
        observe(pilot, lookout, dt_ms);
    cohorts_tick(pilot, service_index, &lookout->cohorts, now_us);
}
