/* See driver_priv.h. A tick looks at each rollout, and each phase is one function that asks for at most one thing. */
#include "pilot/driver_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout_view.h"
#include "net/timer.h"
#include "pilot/course_priv.h"
#include "pilot/deployments.h"
#include "pilot/remember_priv.h"
#include "route/split.h"

enum { LAST_WATCH_US = 60 * 1000 * 1000 };

static void rest(struct course *course)
{
    course->rest_until_us = course->driver->now_us + DRIVER_REST_US;
}

static void on_changed(void *arg, const struct change_result *result)
{
    struct course *course = arg;

    course->has_change = false;
    course->refusal[0] = '\0';
    if (result->changed && !rollout_is_running(course->view.phase))
        deployments_add(course->driver->deployments, &course->view);
    if (result->outcome == OUTCOME_DONE || result->outcome == OUTCOME_VOLATILE)
        return;
    snprintf(course->refusal, sizeof course->refusal, "%.120s", result->words);
    rest(course);
}

static void submit(struct course *course, struct change *change, const char *reason)
{
    const struct deploy_rollout_view *view = &course->view;

    snprintf(change->name, sizeof change->name, "%s", view->name);
    snprintf(change->actor, sizeof change->actor, "switchyard");
    snprintf(change->reason, sizeof change->reason, "%s", reason);
    change->rollout = view->id;
    course->has_change = true;
    deploy_submit_own(course->driver->options.deploy, change, on_changed, course);
}

static void enter(struct course *course, enum rollout_phase phase, const char *reason)
{
    struct change change = { .kind = CHANGE_ROLLOUT_PHASE, .phase = phase };

    submit(course, &change, reason);
}

/* The step that is asked for now, as a decision of each service; the number of the first one's. What was refused and
 * is asked for again is no new decision. */
static uint64_t remember(struct course *course, struct course_step step, const char *trigger,
                         const char *words)
{
    const struct driver_options *options = &course->driver->options;
    struct act_cause cause = { .trigger = trigger, .words = words };
    unsigned index = 0;

    if (options->ops->remember == NULL)
        return 0;
    if (course->step.decision != 0 && course->step.phase == step.phase &&
        course->step.share == step.share)
        return course->step.decision;
    for (unsigned n = 0; course_service(course, n, &index); n++) {
        uint64_t id = options->ops->remember(
            options->arg, index,
            step.phase == ROLLOUT_CUTOVER ? DECISION_CUTOVER : DECISION_ADVANCE, &cause);

        step.decision = n == 0 ? id : step.decision;
    }
    course->step = step;
    return step.decision;
}

static void note(struct course *course, const struct deploy_rollout_note *words)
{
    deploy_note_rollout(course->driver->options.deploy, course->view.id, words);
}

static void wait_for(struct course *course, const char *what)
{
    struct deploy_rollout_note words = { .waits_for = what };

    note(course, &words);
}

static void wait_for_people(struct course *course, const char *what)
{
    struct deploy_rollout_note words = { .waits_for = what, .is_manual = true };

    note(course, &words);
}

static void hold(struct course *course, const char *why)
{
    struct deploy_rollout_note words = { .waits_for = why, .is_held = true };

    if (!course->view.is_held)
        course_alert(course, PILOT_WARN, "rollout_held", why);
    note(course, &words);
}

static void abandon(struct course *course, const char *reason)
{
    struct change change = { .kind = CHANGE_ROLLOUT_ABORT };

    course_alert(course, PILOT_CRITICAL, "rollout_aborted", reason);
    submit(course, &change, reason);
}

/* What was found after the cutover: everybody back. */
static void roll_back(struct course *course, const char *trigger)
{
    struct change change = { .kind = CHANGE_ROLLBACK };
    char words[sizeof course->words];

    memcpy(words, course->words, sizeof words);
    snprintf(change.trigger, sizeof change.trigger, "%s", trigger);
    snprintf(change.from, sizeof change.from, "%s", course->view.to);
    course_alert(course, PILOT_CRITICAL, trigger, words);
    errand_drop(course); /* if it is refused, all is asked once more after a rest */
    submit(course, &change, words);
    rest(course);
}

/* Of the time in this phase that in which the daemon has looked on: what has passed without it proves nothing. */
static uint64_t find_judged(const struct course *course)
{
    const struct driver *driver = course->driver;
    uint64_t up_us = driver->now_us > driver->started_us ? driver->now_us - driver->started_us : 0;

    return course->view.in_phase_us < up_us ? course->view.in_phase_us : up_us;
}

/* The time of this phase is over; extra_us: that it may take besides. */
static bool is_overdue(const struct course *course, uint64_t extra_us)
{
    uint64_t limit_us = course_settings(course)->phase_time;

    return limit_us != 0 && course->view.in_phase_us > limit_us + extra_us;
}

/* True: the phase has taken too long and somebody else decides. */
static bool meet_overdue(struct course *course, uint64_t extra_us)
{
    char words[256];

    if (!is_overdue(course, extra_us))
        return false;
    snprintf(words, sizeof words, "over its time in %s%s%s", rollout_phase_name(course->view.phase),
             course->refusal[0] != '\0' ? ": " : "", course->refusal);
    if (course_settings(course)->on_overdue == CONFIG_OVERDUE_ABORT)
        abandon(course, words);
    else
        hold(course, words);
    return course->has_change;
}

static bool has_consents(const struct course *course)
{
    return course->view.approvals >= course->view.approvals_needed &&
           course->view.checks >= course->view.checks_needed;
}

static void do_staged(struct course *course)
{
    const struct config_rollout *settings = course_settings(course);

    if (!has_consents(course)) {
        wait_for_people(course, "approval");
        return;
    }
    switch (errand_hook(course, settings->hook_start)) {
    case ERRAND_NEW:
    case ERRAND_OPEN: wait_for(course, "hook_start"); return;
    case ERRAND_BAD: enter(course, ROLLOUT_REFUSED, course->words); return;
    case ERRAND_GOOD: enter(course, ROLLOUT_PROVING, "everything is there"); return;
    }
}

static void do_proving(struct course *course)
{
    uint64_t validation_us = course_validation(course);
    char words[256];

    if (meet_overdue(course, validation_us))
        return;
    if (!course_is_fit(course, words, sizeof words)) {
        if (!course->view.is_held)
            wait_for(course, words);
        if (validation_us > 0 && course->view.in_phase_us > DRIVER_REST_US)
            enter(course, ROLLOUT_PROVING, words);
        return;
    }
    if (course->view.in_phase_us < validation_us)
        wait_for(course, "validation");
    else
        enter(course, ROLLOUT_READY, "its targets are fit");
}

/* True: nobody has to agree to it any more. */
static bool may_cut_over(struct course *course)
{
    unsigned open = course->view.approvals_needed - course->view.approvals;
    char words[64];

    if (has_consents(course))
        return true;
    snprintf(words, sizeof words, "%u approval%s", open, open > 1 ? "s" : "");
    wait_for_people(course, words);
    return false;
}

struct share_step {
    uint32_t from; /* deploy finds the next one behind it, unless somebody was faster */
    uint32_t to;
};

/* Traffic moves: the next share, or everybody. */
static void move(struct course *course, struct share_step shares, const char *trigger,
                 const char *reason)
{
    struct course_step step = { .phase =
                                    shares.to == SPLIT_WHOLE ? ROLLOUT_CUTOVER : ROLLOUT_RAMPING,
                                .share = shares.from };
    struct change change = {
        .kind = CHANGE_ROLLOUT_PHASE,
        .phase = step.phase,
        .share = step.phase == ROLLOUT_RAMPING ? shares.from : 0,
        .decision = remember(course, step, trigger, reason),
    };

    submit(course, &change, reason);
}

static void do_ready(struct course *course)
{
    uint32_t next = course_next_share(course, 0);

    if ((next != SPLIT_WHOLE || may_cut_over(course)) && !meet_overdue(course, 0))
        move(course, (struct share_step){ 0, next }, REMEMBER_READY, "it is ready");
}

static void step(struct course *course, struct share_step shares, const char *trigger,
                 const char *reason)
{
    if (shares.to != SPLIT_WHOLE || may_cut_over(course))
        move(course, shares, trigger, reason);
}

/* The time of the step is over and the evidence says nothing. */
static void meet_inconclusive(struct course *course, struct share_step shares,
                              enum engine_advice advice, const char *reason)
{
    char words[256];

    snprintf(words, sizeof words, "inconclusive: %.200s", reason);
    switch (course_settings(course)->on_inconclusive) {
    case CONFIG_INCONCLUSIVE_HOLD: hold(course, words); return;
    case CONFIG_INCONCLUSIVE_ABORT: abandon(course, words); return;
    case CONFIG_INCONCLUSIVE_ADVANCE:
        if (advice == ENGINE_STAY)
            step(course, shares, REMEMBER_INCONCLUSIVE, words);
        else
            hold(course, words);
        return;
    }
}

/* Phase_time for a step, counted while the daemon judges. */
static bool is_step_over(const struct course *course, uint64_t least_us)
{
    uint64_t limit_us = course_settings(course)->phase_time;

    return limit_us != 0 && find_judged(course) > limit_us + least_us;
}

static void do_ramping(struct course *course)
{
    uint64_t least_us = course_configured(course, course->service_index)->canary.step_time;
    struct deploy_canary_view canary;
    enum engine_advice advice = ENGINE_STAY;
    const char *reason = NULL;
    struct share_step shares = { 0, 0 };

    deploy_view_canary(course->driver->options.deploy, course->service_index, &canary);
    if (find_judged(course) < least_us) {
        wait_for(course, "the time of the step");
        return;
    }
    shares = (struct share_step){ canary.share, course_next_share(course, canary.share) };
    advice = course_advice(course, shares.to, &reason);
    if (advice == ENGINE_ADVANCE)
        step(course, shares, REMEMBER_PROVEN, reason);
    else if (is_step_over(course, least_us))
        meet_inconclusive(course, shares, advice, reason);
    else
        wait_for(course, reason);
}

static void do_cutover(struct course *course)
{
    enum errand errand = course_has_verdicts(course) ? errand_probe(course) : ERRAND_OPEN;

    if (errand == ERRAND_GOOD) {
        errand = errand_hook(course, course_settings(course)->hook_cutover);
        if (errand == ERRAND_BAD)
            roll_back(course, "hook");
        else if (errand == ERRAND_GOOD)
            enter(course, ROLLOUT_WATCHING,
                  course->words[0] != '\0' ? course->words : "it is live");
        else
            wait_for(course, "hook_cutover");
        return;
    }
    if (errand == ERRAND_BAD)
        roll_back(course, "selfprobe");
    else if (!meet_overdue(course, 0) && !course->view.is_held)
        wait_for(course, "selfprobe");
}

static bool is_to_be_confirmed(const struct course *course)
{
    struct deploy_confirm_view confirm;

    deploy_view_confirm(course->driver->options.deploy, course->service_index, &confirm);
    return confirm.is_waiting;
}

/* Days count across restarts, but its last minute is watched. */
static bool is_watch_over(const struct course *course)
{
    uint64_t watch_us = course->view.watch_us;

    return course->view.in_phase_us >= watch_us &&
           find_judged(course) >= (watch_us < LAST_WATCH_US ? watch_us : LAST_WATCH_US);
}

static void do_watching(struct course *course)
{
    const char *reason = NULL;

    if (!is_watch_over(course))
        wait_for(course, "the watch");
    else if (is_to_be_confirmed(course))
        wait_for_people(course, "confirm");
    else if (course_advice(course, SPLIT_WHOLE, &reason) == ENGINE_HOLD_STEP)
        hold(course, reason);
    else
        enter(course, ROLLOUT_SETTLED, "the watch is over");
}

/* The last hook, then the report; both once. */
static void do_ended(struct course *course)
{
    const struct config_rollout *settings = course_settings(course);
    bool is_settled = course->view.phase == ROLLOUT_SETTLED;
    const char *left = is_settled ? course->view.from : course->view.to;
    enum errand errand =
        errand_hook(course, is_settled ? settings->hook_settled : settings->hook_failed);
    char words[256];

    if (errand == ERRAND_NEW || errand == ERRAND_OPEN)
        return;
    if (errand == ERRAND_BAD)
        course_alert(course, PILOT_WARN, "hook", course->words);
    snprintf(words, sizeof words, "%llu exchanges in flight on %s%s%.100s",
             (unsigned long long)course_in_flight(course, left), left,
             course->words[0] != '\0' ? "; " : "", course->words);
    enter(course, course->view.phase, words);
}

static void step_course(struct course *course)
{
    switch (course->view.phase) {
    case ROLLOUT_STAGED: do_staged(course); return;
    case ROLLOUT_PROVING: do_proving(course); return;
    case ROLLOUT_READY: do_ready(course); return;
    case ROLLOUT_RAMPING: do_ramping(course); return;
    case ROLLOUT_CUTOVER: do_cutover(course); return;
    case ROLLOUT_WATCHING: do_watching(course); return;
    case ROLLOUT_SETTLED:
    case ROLLOUT_ROLLED_BACK:
    case ROLLOUT_ABORTED:
    case ROLLOUT_REFUSED: do_ended(course); return;
    case ROLLOUT_PHASE_COUNT: return;
    }
}

/* A refusal is shown while it rests. */
static bool is_resting(struct course *course)
{
    if (course->driver->now_us >= course->rest_until_us)
        return false;
    if (course->refusal[0] != '\0' && !course->view.is_held &&
        rollout_is_running(course->view.phase))
        wait_for(course, course->refusal);
    return true;
}

static struct course *find_course(struct driver *driver, uint64_t id)
{
    struct course *course = NULL;

    TAILQ_FOREACH(course, &driver->courses, link)
    if (course->view.id == id)
        return course;
    course = mem_zalloc(sizeof *course);
    course->driver = driver;
    course->phase = ROLLOUT_PHASE_COUNT;
    TAILQ_INSERT_TAIL(&driver->courses, course, link);
    return course;
}

static void look_at(struct driver *driver, const struct deploy_rollout_view *view,
                    unsigned service_index)
{
    struct course *course = find_course(driver, view->id);

    course->is_seen = true;
    course->view = *view;
    course->service_index = service_index;
    if (course->phase != view->phase) { /* errands of another phase are none of this one */
        errand_drop(course);
        course->phase = view->phase;
        course->rest_until_us = 0;
        course->refusal[0] = '\0';
    }
    if (course->has_change || view->is_paused || is_resting(course))
        return;
    step_course(course);
}

/* True: it had something under way that cannot be withdrawn; it goes with its answer. */
static bool drop_course(struct driver *driver, struct course *course)
{
    errand_drop(course);
    if (course->has_change && !deploy_cancel(driver->options.deploy, course))
        return true;
    TAILQ_REMOVE(&driver->courses, course, link);
    free(course);
    return false;
}

static void drop_unseen(struct driver *driver)
{
    struct course *course = TAILQ_FIRST(&driver->courses);

    while (course != NULL) {
        struct course *next = TAILQ_NEXT(course, link);

        if (!course->is_seen)
            (void)drop_course(driver, course);
        course = next;
    }
}

void driver_tick(struct driver *driver, uint64_t now_us)
{
    struct deploy_rollout_view view;
    struct course *course = NULL;
    unsigned service_index = 0;

    driver->now_us = now_us;
    TAILQ_FOREACH(course, &driver->courses, link)
    course->is_seen = false;
    for (unsigned i = 0; deploy_rollout_at(driver->options.deploy, i, &service_index, &view); i++)
        if (!view.is_final)
            look_at(driver, &view, service_index);
    drop_unseen(driver);
}

static void on_tick(void *arg)
{
    struct driver *driver = arg;

    timer_arm(driver->timer, driver->options.tick_ms);
    driver_tick(driver, clock_monotonic_us());
}

struct driver *driver_new(const struct driver_options *options)
{
    struct driver *driver = mem_zalloc(sizeof *driver);

    driver->options = *options;
    driver->started_us = clock_monotonic_us();
    driver->deployments = deployments_new();
    TAILQ_INIT(&driver->courses);
    driver->timer = timer_new(options->loop, on_tick, driver);
    if (options->tick_ms != 0)
        timer_arm(driver->timer, options->tick_ms);
    return driver;
}

struct deployments *driver_deployments(struct driver *driver)
{
    return driver->deployments;
}

void driver_free(struct driver *driver)
{
    struct course *course = NULL;

    if (driver == NULL)
        return;
    timer_free(driver->timer);
    while ((course = TAILQ_FIRST(&driver->courses)) != NULL) {
        errand_drop(course);
        if (course->has_change) /* one under way is not answered: nobody loops */
            (void)deploy_cancel(driver->options.deploy, course);
        TAILQ_REMOVE(&driver->courses, course, link);
        free(course);
    }
    deployments_free(driver->deployments);
    free(driver);
}
