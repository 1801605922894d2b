/*
 * The pilot's clock and its views: every tick each service that is judged gets its turn (lookout.c). A late tick is a
 * longer tick. Control thread; app makes it after deploy and frees it before.
 */
#include "pilot/pilot.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "net/timer.h"
#include "pilot/drill_priv.h"
#include "pilot/driver_priv.h"
#include "pilot/past_priv.h"
#include "pilot/pilot_priv.h"
#include "pilot/remember_priv.h"
#include "pilot/reminder_priv.h"
#include "pilot/signal_act_priv.h"

enum { REMIND_US = 1000 * 1000 };

/* The shortest tick that any service wants; 0: none is judged. */
static uint64_t find_tick(const struct pilot *pilot)
{
    double least = 0;

    for (unsigned i = 0; i < pilot->lookout_count; i++) {
        double tick = pilot->lookouts[i].settings.tick_ms;

        if (pilot->lookouts[i].engine != NULL && (least == 0 || tick < least))
            least = tick;
    }
    return (uint64_t)least;
}

static void on_tick(void *arg)
{
    struct pilot *pilot = arg;
    uint64_t now_us = clock_monotonic_us();
    bool is_due = now_us - pilot->reminded_us >= REMIND_US;

    timer_arm(pilot->timer, pilot->tick_ms);
    if (is_due)
        pilot->reminded_us = now_us;
    for (unsigned i = 0; i < pilot->lookout_count; i++) {
        lookout_tick(pilot, i, now_us);
        if (is_due)
            reminder_look(pilot, i);
    }
}

static void configure(struct pilot *pilot, const struct config *config)
{
    struct lookout *old = pilot->lookouts;
    unsigned old_count = pilot->lookout_count;
    struct lookout *list = mem_zalloc((config->service_count + 1) * sizeof *list);

    for (size_t i = 0; i < config->service_count; i++) {
        struct lookout *was = lookout_find(pilot, config->services[i].name);

        if (was != NULL) {
            list[i] = *was;
            *was = (struct lookout){ .engine = NULL };
        }
        lookout_configure(pilot, &list[i], &config->services[i]);
    }
    for (unsigned i = 0; i < old_count; i++)
        lookout_fini(pilot, &old[i]);
    free(old);
    pilot->lookouts = list;
    pilot->lookout_count = (unsigned)config->service_count;
    signal_act_configure(pilot);
    drill_configure(pilot);
    pilot->tick_ms = find_tick(pilot);
    timer_disarm(pilot->timer);
    if (pilot->tick_ms > 0)
        timer_arm(pilot->timer, pilot->tick_ms);
}

static enum engine_advice advise(void *arg, unsigned service_index, double next_weight,
                                 const char **reason)
{
    return pilot_advise(arg, service_index, next_weight, reason);
}

static void alert(void *arg, unsigned service_index, enum pilot_severity severity,
                  const struct act_cause *cause)
{
    act_alert(arg, service_index, severity, cause);
}

static uint64_t remember(void *arg, unsigned service_index, enum decision_action action,
                         const struct act_cause *cause)
{
    return remember_step(arg, service_index, action, cause->trigger, cause->words);
}

static bool find_front(void *arg, unsigned service_index, struct pilot_front *out)
{
    const struct pilot_options *options = &((const struct pilot *)arg)->options;

    return options->front != NULL && options->front(options->arg, service_index, out);
}

static const struct driver_ops driver_ops = {
    .advise = advise,
    .alert = alert,
    .remember = remember,
    .front = find_front,
};

static struct driver *make_driver(struct pilot *pilot)
{
    struct driver_options options = {
        .loop = pilot->options.loop,
        .deploy = pilot->options.deploy,
        .ops = &driver_ops,
        .arg = pilot,
        .tick_ms = DRIVER_TICK_MS,
    };

    return driver_new(&options);
}

int pilot_new(const struct pilot_options *options, char *words, unsigned words_size,
              struct pilot **out)
{
    struct pilot *pilot = mem_zalloc(sizeof *pilot);
    int err = 0;

    pilot->options = *options;
    pilot->began_us = clock_monotonic_us();
    pilot->timer = timer_new(options->loop, on_tick, pilot);
    pilot->rollbacks = mem_zalloc(PILOT_ROLLBACKS_MAX * sizeof *pilot->rollbacks);
    TAILQ_INIT(&pilot->moves);
    TAILQ_INIT(&pilot->pinnings);
    TAILQ_INIT(&pilot->front_checks);
    alert_log_init(&pilot->alerts);
    signal_act_start(pilot);
    configure(pilot, deploy_config(options->deploy));
    err = remember_start(pilot, words, words_size);
    if (err != 0) {
        pilot_free(pilot);
        return err;
    }
    pilot->past = past_new(pilot);
    drill_settle(pilot);
    pilot->driver = make_driver(pilot);
    *out = pilot;
    return 0;
}

/* One that is under way is not answered any more: nobody turns the loop. */
static void drop_moves(struct pilot *pilot)
{
    struct move *move = TAILQ_FIRST(&pilot->moves);

    while (move != NULL) {
        struct move *next = TAILQ_NEXT(move, link);

        (void)deploy_cancel(pilot->options.deploy, move);
        free(move);
        move = next;
    }
    TAILQ_INIT(&pilot->moves);
}

void pilot_free(struct pilot *pilot)
{
    if (pilot == NULL)
        return;
    timer_free(pilot->timer);
    drill_stop(pilot);
    front_checks_stop(&pilot->front_checks);
    driver_free(pilot->driver);
    signal_act_stop(pilot);
    remember_stop(pilot);
    past_free(pilot->past);
    drop_moves(pilot);
    for (unsigned i = 0; i < pilot->lookout_count; i++)
        lookout_fini(pilot, &pilot->lookouts[i]);
    cohorts_forget(pilot);
    free(pilot->lookouts);
    free(pilot->rollbacks);
    alert_log_fini(&pilot->alerts);
    free(pilot);
}

struct casebook *pilot_casebook(struct pilot *pilot)
{
    return pilot->casebook;
}

struct deployments *pilot_deployments(struct pilot *pilot)
{
    return driver_deployments(pilot->driver);
}

struct signals *pilot_signals(struct pilot *pilot)
{
    return pilot->signals;
}

void pilot_reconfigure(struct pilot *pilot)
{
    configure(pilot, deploy_config(pilot->options.deploy));
}

void pilot_look(struct pilot *pilot, unsigned service_index, struct pilot_trial *out)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    struct deploy_trial_view view;
    struct deploy_book_view book;

    memset(out, 0, sizeof *out);
    if (lookout->engine == NULL)
        return;
    deploy_view_trial(pilot->options.deploy, service_index, &view);
    deploy_view_book(pilot->options.deploy, service_index, &book);
    memcpy(lookout->quarantined, book.quarantined, sizeof lookout->quarantined);
    out->quarantined = lookout->quarantined[0] != '\0' ? lookout->quarantined : NULL;
    out->is_judged = true;
    out->is_watched = lookout->trial != 0;
    out->is_automatic =
        lookout_is_automatic(pilot, service_index, &view, &out->left_us) && out->is_watched;
    out->is_blocked = clock_monotonic_us() < lookout->blocked_until_us;
    engine_look(lookout->engine, &out->engine);
}

enum engine_advice pilot_advise(struct pilot *pilot, unsigned service_index, double next_weight,
                                const char **reason)
{
    struct lookout *lookout = &pilot->lookouts[service_index];

    *reason = "the service is not judged (evidence is off)";
    if (lookout->engine == NULL)
        return ENGINE_STAY;
    *reason = "a rollback waits until the other side is well";
    if (lookout->second_look.is_open)
        return ENGINE_HOLD_STEP;
    *reason = "the judgement has not begun";
    return lookout->trial != 0 ? engine_advise(lookout->engine, next_weight, reason) : ENGINE_STAY;
}

bool pilot_alert_at(const struct pilot *pilot, unsigned index, struct pilot_alert *out)
{
    const struct pilot_alert *alert = alert_log_at(&pilot->alerts, index);

    if (alert != NULL)
        *out = *alert;
    return alert != NULL;
}

uint64_t pilot_alert_count(const struct pilot *pilot, unsigned service_index,
                           enum pilot_severity severity)
{
    return pilot->lookouts[service_index].alerts[severity];
}

bool pilot_rollbacks_at(const struct pilot *pilot, unsigned index, struct pilot_rollbacks *out)
{
    if (index >= pilot->rollback_count)
        return false;
    *out = pilot->rollbacks[index];
    return true;
}
