/*
 * See pilot/drill.h. One object while it goes on: SYNTHETIC → GIVING → PAUSING → WATCHING → TAKING. Each answer and each
 * tick of the timer records what it found and goes on to the next step; a failure on the way leads to TAKING.
 */
#include "pilot/drill_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "deploy/drill_view.h"
#include "deploy/rollout.h"
#include "health/warmup.h"
#include "net/timer.h"
#include "pilot/pilot_priv.h"
#include "pilot/remember_priv.h"
#include "route/snapshot.h"

enum {
    TICK_MS = 50,
    RETRY_MS = 1000,
    PATIENCE_MS = 30 * 1000, /* for the lock of somebody else */
    SYNTHETIC_TIMEOUT_US = 30 * 1000 * 1000,
    SYNTHETIC_AT_ONCE = 4,
};

enum drill_step {
    DRILL_SYNTHETIC,
    DRILL_GIVING,
    DRILL_PAUSING,
    DRILL_WATCHING,
    DRILL_TAKING,
    DRILL_OVER
};

/* Owner: the pilot. Ends by finish or drill_stop. */
struct drill {
    struct pilot *pilot;
    struct drill_spec spec;
    drill_done_fn *done;
    void *arg;
    unsigned service_index; /* the first one that the name means */
    enum drill_step step;
    bool has_failed;
    uint64_t began_us; /* the step */
    uint64_t first_requests, first_errors;
    struct timer *timer;
    struct drill_report report;
};

static void enter(struct drill *drill, enum drill_step step);

static void __attribute__((format(printf, 2, 3))) fail(struct drill *drill, const char *format, ...)
{
    va_list args;

    if (drill->has_failed) /* the first reason is the one to tell */
        return;
    drill->has_failed = true;
    va_start(args, format);
    vsnprintf(drill->report.words, sizeof drill->report.words, format, args);
    va_end(args);
}

static const struct snapshot_service *find_service(const struct drill *drill)
{
    return snapshot_service_at(snapshot_current(), drill->service_index);
}

static const struct snapshot_slot *find_slot(const struct drill *drill)
{
    const struct snapshot_service *service = find_service(drill);

    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, drill->report.slot) == 0)
            return &service->slots[i];
    return NULL;
}

/* --- what was found --------------------------------------------------------------------------- */

static void count(const struct drill *drill, uint64_t *requests, uint64_t *errors)
{
    const struct snapshot_slot *slot = find_slot(drill);
    const struct slot_evidence_totals *totals =
        slot != NULL ? slot_evidence_totals(slot->slot) : NULL;

    *requests = totals != NULL ? totals->n : 0;
    *errors = totals != NULL ? totals->e : 0;
}

/* That nothing failed where nothing was asked says nothing about the standby: such a drill must open no gate. */
static void fail_for_silence(struct drill *drill)
{
    drill->report.is_inconclusive = !drill->has_failed;
    fail(drill,
         "%s got no request, so nothing is known of it; --synthetic N asks it, a longer --duration "
         "or more --share waits for users",
         drill->report.slot);
}

static void check_counts(struct drill *drill)
{
    struct drill_report *report = &drill->report;
    uint64_t requests = 0;
    uint64_t errors = 0;

    count(drill, &requests, &errors);
    report->requests = requests > drill->first_requests ? requests - drill->first_requests : 0;
    report->errors = errors > drill->first_errors ? errors - drill->first_errors : 0;
    if ((double)report->errors > drill->spec.errors_max * (double)report->requests)
        fail(drill, "%" PRIu64 " of %" PRIu64 " requests to %s failed, %g%% are allowed",
             report->errors, report->requests, report->slot, 100 * drill->spec.errors_max);
    else if (report->requests < drill->spec.requests_min)
        fail(drill,
             "%s got %" PRIu64 " requests, at least %" PRIu64 " are asked for; more share or "
             "a longer duration gets more",
             report->slot, report->requests, drill->spec.requests_min);
    else if (report->requests == 0 && drill->spec.synthetic == 0)
        fail_for_silence(drill);
}

static void describe(struct drill *drill)
{
    struct drill_report *report = &drill->report;

    report->is_good = !drill->has_failed;
    if (drill->has_failed)
        return;
    if (drill->spec.share == 0)
        snprintf(report->words, sizeof report->words,
                 "%s answers: %u synthetic requests in %" PRIu64 "us; no traffic was moved",
                 report->slot, drill->spec.synthetic, report->synthetic_us);
    else
        snprintf(report->words, sizeof report->words,
                 "%s got its share in %" PRIu64 "us and lost it again in %" PRIu64
                 "us; in between %" PRIu64 " requests, %" PRIu64 " errors",
                 report->slot, report->give_us, report->take_us, report->requests, report->errors);
}

static void free_drill(struct drill *drill)
{
    timer_free(drill->timer);
    free(drill);
}

static void finish(struct drill *drill)
{
    struct pilot *pilot = drill->pilot;
    struct act_cause cause = { .trigger = DRILL_TRIGGER, .words = drill->report.words };

    describe(drill);
    pilot->drill = NULL;
    drill->report.decision = remember_case(pilot, drill->service_index, DECISION_DRILL,
                                           drill->has_failed ? DRILL_TRIGGER_FAILED : DRILL_TRIGGER,
                                           drill->report.words);
    cause.decision = drill->report.decision;
    if (drill->has_failed)
        act_alert(pilot, drill->service_index, PILOT_WARN, &cause);
    drill->done(drill->arg, &drill->report);
    free_drill(drill);
}

/* --- the changes ------------------------------------------------------------------------------ */

static struct change make_change(const struct drill *drill, enum change_kind kind)
{
    struct change change = { .kind = kind, .share = drill->spec.share };

    memcpy(change.name, drill->spec.name, sizeof change.name);
    memcpy(change.actor, drill->spec.actor, sizeof change.actor);
    memcpy(change.reason, drill->spec.reason, sizeof change.reason);
    snprintf(change.trigger, sizeof change.trigger, "%s",
             drill->has_failed ? DRILL_TRIGGER_FAILED : DRILL_TRIGGER);
    return change;
}

static void on_given(void *arg, const struct change_result *result)
{
    struct drill *drill = arg;

    timer_disarm(drill->timer);
    drill->report.give_us = result->duration_us;
    if (!result->changed) {
        fail(drill, "the standby got no share: %.300s", result->words);
        enter(drill, DRILL_OVER);
        return;
    }
    enter(drill, DRILL_PAUSING);
}

/* No step by time shall raise the share meanwhile. */
static void on_paused(void *arg, const struct change_result *result)
{
    struct drill *drill = arg;

    if (result->outcome != OUTCOME_DONE && result->outcome != OUTCOME_VOLATILE)
        fail(drill, "the share could not be kept as it is: %.300s", result->words);
    enter(drill, drill->has_failed ? DRILL_TAKING : DRILL_WATCHING);
}

static bool is_given(const struct drill *drill)
{
    struct deploy_canary_view canary;

    deploy_view_canary(drill->pilot->options.deploy, drill->service_index, &canary);
    return canary.is_running && strcmp(canary.candidate, drill->report.slot) == 0;
}

static void on_taken(void *arg, const struct change_result *result)
{
    struct drill *drill = arg;

    drill->report.take_us = result->duration_us;
    if (is_given(drill)) {
        fail(drill, "the share was not taken back: %.300s", result->words);
        timer_arm(drill->timer, RETRY_MS); /* whatever was in the way: it must not stay */
        return;
    }
    if (!result->changed)
        fail(drill, "somebody else has taken the share back");
    enter(drill, DRILL_OVER);
}

static void on_warmed(void *arg, const struct warmup_result *result)
{
    struct drill *drill = arg;

    drill->report.synthetic_us = clock_monotonic_us() - drill->began_us;
    if (!result->is_warm)
        fail(drill, "%s does not answer as it should: %.300s", drill->report.slot, result->words);
    enter(drill, drill->has_failed || drill->spec.share == 0 ? DRILL_OVER : DRILL_GIVING);
}

/* --- the steps -------------------------------------------------------------------------------- */

static struct target *find_target(const struct drill *drill)
{
    const struct snapshot_slot *slot = find_slot(drill);

    for (unsigned i = 0; slot != NULL && i < slot->pick_count; i++)
        if (slot->picks[i].order == ORDER_READY)
            return slot->picks[i].target;
    return NULL;
}

static void begin_synthetic(struct drill *drill)
{
    const struct config *config = deploy_config(drill->pilot->options.deploy);
    const struct config_service *service = &config->services[drill->service_index];
    struct warmup_spec spec = {
        .path = service->warmup.path != NULL ? service->warmup.path : "/",
        .host = service->health.host,
        .requests = drill->spec.synthetic,
        .concurrency = SYNTHETIC_AT_ONCE,
        .timeout_us = SYNTHETIC_TIMEOUT_US,
    };
    struct target *target = find_target(drill);
    struct health *health = drill->pilot->options.health;

    if (target != NULL && health != NULL &&
        health_warm(health, target, &spec, on_warmed, drill) == 0)
        return;
    fail(drill, "%s has no target that could be asked", drill->report.slot);
    enter(drill, DRILL_OVER);
}

static void begin_watching(struct drill *drill)
{
    count(drill, &drill->first_requests, &drill->first_errors);
    timer_arm(drill->timer, TICK_MS);
}

static void take_back(struct drill *drill)
{
    struct change change = make_change(drill, CHANGE_CANARY_ABORT);

    deploy_submit_own(drill->pilot->options.deploy, &change, on_taken, drill);
}

static void enter(struct drill *drill, enum drill_step step)
{
    struct change change;

    drill->step = step;
    drill->began_us = clock_monotonic_us();
    switch (step) {
    case DRILL_SYNTHETIC: begin_synthetic(drill); return;
    case DRILL_GIVING:
        change = make_change(drill, CHANGE_CANARY_START);
        memcpy(change.slot, drill->report.slot, sizeof change.slot);
        deploy_submit(drill->pilot->options.deploy, &change, on_given, drill);
        timer_arm(drill->timer, PATIENCE_MS);
        return;
    case DRILL_PAUSING:
        change = make_change(drill, CHANGE_CANARY_PAUSE);
        deploy_submit_own(drill->pilot->options.deploy, &change, on_paused, drill);
        return;
    case DRILL_WATCHING: begin_watching(drill); return;
    case DRILL_TAKING: take_back(drill); return;
    case DRILL_OVER: timer_arm(drill->timer, 0); return; /* not from inside drill_start */
    }
}

/* A drill that begins when nobody thinks of it any more is worse than none. */
static void give_up(struct drill *drill)
{
    if (!deploy_cancel(drill->pilot->options.deploy, drill))
        return; /* it is under way and will be answered */
    fail(drill, "it was not its turn for %d s: \"lock show\" tells what is in the way",
         PATIENCE_MS / 1000);
    enter(drill, DRILL_OVER);
}

static void watch(struct drill *drill)
{
    if (!is_given(drill)) {
        fail(drill, "the share was taken back before the end: the history tells by whom");
        enter(drill, DRILL_OVER);
    } else if (clock_monotonic_us() - drill->began_us < drill->spec.watch_us) {
        timer_arm(drill->timer, TICK_MS);
    } else {
        drill->report.watch_us = clock_monotonic_us() - drill->began_us;
        check_counts(drill);
        enter(drill, DRILL_TAKING);
    }
}

static void on_timer(void *arg)
{
    struct drill *drill = arg;

    switch (drill->step) {
    case DRILL_SYNTHETIC:
    case DRILL_PAUSING: return;
    case DRILL_GIVING: give_up(drill); return;
    case DRILL_WATCHING: watch(drill); return;
    case DRILL_TAKING: take_back(drill); return;
    case DRILL_OVER: finish(drill); return;
    }
}

/* --- before it begins ------------------------------------------------------------------------- */

static bool find_scope(const struct config *config, const char *name, unsigned *service_index)
{
    for (size_t i = 0; i < config->group_count; i++)
        if (strcmp(config->groups[i].name, name) == 0 && config->groups[i].names.count > 0) {
            *service_index = (unsigned)config->groups[i].services[0];
            return true;
        }
    for (size_t i = 0; i < config->service_count; i++)
        if (strcmp(config->services[i].name, name) == 0) {
            *service_index = (unsigned)i;
            return true;
        }
    return false;
}

/* What goes on and would be disturbed; NULL: nothing. */
static const char *find_obstacle(const struct pilot *pilot, unsigned service_index)
{
    struct deploy_canary_view canary;
    struct deploy_rollout_view rollout;
    struct deploy_traffic_view traffic;

    deploy_view_canary(pilot->options.deploy, service_index, &canary);
    deploy_view_rollout(pilot->options.deploy, service_index, &rollout);
    deploy_view_traffic(pilot->options.deploy, service_index, &traffic);
    if (pilot->drill != NULL)
        return "another drill goes on";
    if (rollout.id != 0 && rollout_is_running(rollout.phase))
        return "a rollout goes on";
    if (canary.is_running)
        return "a canary goes on";
    if (traffic.is_held)
        return "the service is paused";
    return traffic.is_maint ? "the service is in maintenance" : NULL;
}

/* The standby slot; false: there is none, or another one than was expected. */
static bool find_standby(struct drill *drill, char words[DRILL_WORDS])
{
    const struct snapshot_service *service = find_service(drill);
    const struct snapshot_slot *standby = NULL;

    for (unsigned i = 0; i < service->slot_count; i++)
        if (service->slots[i].role == ROLE_STANDBY && standby == NULL)
            standby = &service->slots[i];
    if (standby == NULL) {
        snprintf(words, DRILL_WORDS, "%s has no standby slot", drill->spec.name);
        return false;
    }
    snprintf(drill->report.slot, sizeof drill->report.slot, "%s", standby->slot->name);
    snprintf(drill->report.version, sizeof drill->report.version, "%s",
             standby->version != NULL ? standby->version : "");
    if (drill->spec.slot[0] != '\0' && strcmp(drill->spec.slot, drill->report.slot) != 0)
        snprintf(words, DRILL_WORDS, "the standby slot is %s, not %s", drill->report.slot,
                 drill->spec.slot);
    else if (drill->spec.version[0] != '\0' &&
             strcmp(drill->spec.version, drill->report.version) != 0)
        snprintf(words, DRILL_WORDS, "the standby slot has version \"%s\", not \"%s\"",
                 drill->report.version, drill->spec.version);
    else
        return true;
    return false;
}

int drill_start(struct pilot *pilot, const struct drill_spec *spec, drill_done_fn *done, void *arg,
                char words[DRILL_WORDS])
{
    struct drill *drill = NULL;
    const char *obstacle = NULL;
    unsigned service_index = 0;

    if (!find_scope(deploy_config(pilot->options.deploy), spec->name, &service_index)) {
        snprintf(words, DRILL_WORDS, "no service or group %s", spec->name);
        return ERR_NOT_FOUND;
    }
    obstacle = find_obstacle(pilot, service_index);
    if (obstacle != NULL) {
        snprintf(words, DRILL_WORDS, "%s: %s; a drill would disturb it", spec->name, obstacle);
        return ERR_CONFLICT;
    }
    drill = mem_zalloc(sizeof *drill);
    drill->pilot = pilot;
    drill->spec = *spec;
    drill->done = done;
    drill->arg = arg;
    drill->service_index = service_index;
    if (!find_standby(drill, words)) {
        free(drill);
        return ERR_CONFLICT;
    }
    drill->timer = timer_new(pilot->options.loop, on_timer, drill);
    pilot->drill = drill;
    enter(drill, spec->synthetic > 0 ? DRILL_SYNTHETIC : DRILL_GIVING);
    return 0;
}

static void on_settled(void *arg, const struct change_result *result)
{
    (void)arg;
    (void)result; /* the history has it */
}

void drill_settle(struct pilot *pilot)
{
    const struct config *config = deploy_config(pilot->options.deploy);

    for (unsigned i = 0; i < config->service_count; i++) {
        struct change change = { .kind = CHANGE_CANARY_ABORT,
                                 .actor = "switchyard",
                                 .trigger = DRILL_TRIGGER_FAILED,
                                 .reason = "the daemon ended in the middle of a drill" };
        size_t group = config_group_of(config, &config->services[i]);
        struct deploy_drill_view view;
        struct deploy_canary_view canary;

        deploy_view_drill(pilot->options.deploy, i, &view);
        deploy_view_canary(pilot->options.deploy, i, &canary);
        if (!view.is_open || !canary.is_running ||
            (group < config->group_count && config->groups[group].services[0] != i))
            continue;
        snprintf(change.name, sizeof change.name, "%s",
                 group < config->group_count ? config->groups[group].name
                                             : config->services[i].name);
        deploy_submit_own(pilot->options.deploy, &change, on_settled, NULL);
    }
}

void drill_configure(struct pilot *pilot)
{
    struct drill *drill = pilot->drill;

    if (drill == NULL ||
        find_scope(deploy_config(pilot->options.deploy), drill->spec.name, &drill->service_index))
        return;
    drill->service_index = 0; /* somebody's */
    fail(drill, "%s is not in the configuration any more", drill->spec.name);
    if (drill->step == DRILL_WATCHING)
        enter(drill, DRILL_OVER);
}

void drill_stop(struct pilot *pilot)
{
    struct drill *drill = pilot->drill;

    if (drill == NULL)
        return;
    pilot->drill = NULL;
    if (drill->step == DRILL_SYNTHETIC && pilot->options.health != NULL)
        health_warm_cancel(pilot->options.health, drill);
    (void)deploy_cancel(pilot->options.deploy, drill); /* one under way is not answered */
    fail(drill, "the daemon ends; its next start takes the share back");
    drill->done(drill->arg, &drill->report);
    free_drill(drill);
}
