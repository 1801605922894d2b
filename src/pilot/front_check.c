/*
 * See front_check.h. The slot that must answer is looked up before each try: when somebody has moved the traffic on
 * meanwhile, it is that one. The configuration may be replaced between two tries, so services are kept by name.
 */
#include "pilot/front_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "net/timer.h"
#include "pilot/front_check_priv.h"
#include "pilot/front_door_priv.h"
#include "pilot/pilot_priv.h"
#include "route/snapshot.h"
#include "route/target.h"

enum { TRIES = 3, REST_MS = 300 };

/* Owner: the pilot. Ends by finish. */
struct front_check {
    TAILQ_ENTRY(front_check) link;
    struct pilot *pilot;
    char name[64];
    char what[160];
    unsigned at; /* of the services that the name means */
    unsigned asked;
    unsigned failures; /* of this one, in a row */
    struct selfprobe *probe;
    struct timer *timer;
    struct front_report report;
    front_check_fn *done;
    void *arg;
};

static void on_turn(void *arg);

static void finish(struct front_check *check)
{
    TAILQ_REMOVE(&check->pilot->front_checks, check, link);
    selfprobe_cancel(check->probe);
    timer_free(check->timer);
    check->done(check->arg, &check->report);
    free(check);
}

void front_checks_stop(struct front_checks *checks)
{
    struct front_check *check = NULL;

    while ((check = TAILQ_FIRST(checks)) != NULL) {
        check->report.verdict = FRONT_UNKNOWN;
        snprintf(check->report.words, sizeof check->report.words, "the daemon ends");
        finish(check);
    }
}

/* The index of the n-th service that the name means; false behind the last. */
static bool find_service(const struct front_check *check, unsigned n, unsigned *index)
{
    const struct config *config = deploy_config(check->pilot->options.deploy);
    const struct config_service *service = NULL;

    for (size_t i = 0; i < config->group_count; i++) {
        const struct config_group *group = &config->groups[i];

        if (strcmp(group->name, check->name) != 0)
            continue;
        *index = n < group->names.count ? (unsigned)group->services[n] : 0;
        return n < group->names.count;
    }
    service = config_find_service(config, slice_from(check->name));
    *index = service != NULL ? (unsigned)(service - config->services) : 0;
    return service != NULL && n == 0;
}

static const struct snapshot_slot *find_live(unsigned service_index)
{
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), service_index);

    return &service->slots[service->active];
}

static unsigned count_up(const struct snapshot_slot *slot)
{
    unsigned up = 0;

    for (unsigned i = 0; i < slot->pick_count; i++)
        up += slot->picks[i].order == ORDER_READY &&
              target_verdict(slot->picks[i].target) == VERDICT_UP;
    return up;
}

/* What went wrong, and in what state everything is now. */
static void fail(struct front_check *check, unsigned service_index,
                 const struct selfprobe_result *result)
{
    const struct snapshot_slot *live = find_live(service_index);
    struct act_cause cause = { .trigger = "emergency", .has_moved = true };
    char words[sizeof check->report.words + sizeof check->what + 32];

    check->report.verdict = FRONT_BAD;
    check->report.fault = result->fault;
    snprintf(check->report.words, sizeof check->report.words,
             "%.63s is not served well through the front door: %.200s; live is %.63s, %u of %u "
             "targets up",
             check->pilot->lookouts[service_index].name, result->words, live->slot->name,
             count_up(live), live->pick_count);
    snprintf(words, sizeof words, "%s is in force, but %s", check->what, check->report.words);
    cause.words = words;
    act_alert(check->pilot, service_index, PILOT_CRITICAL, &cause);
}

static void on_probed(void *arg, const struct selfprobe_result *result)
{
    struct front_check *check = arg;
    unsigned service_index = 0;

    check->probe = NULL;
    if (result->fault == FAULT_NONE) {
        check->at++;
        check->asked++;
        check->failures = 0;
        timer_arm(check->timer, 0);
    } else if (++check->failures < TRIES) {
        timer_arm(check->timer, REST_MS);
    } else {
        if (find_service(check, check->at, &service_index))
            fail(check, service_index, result);
        finish(check);
    }
}

/* While all requests wait or get the page of maintenance, nobody is there to answer. */
static bool is_closed(const struct front_check *check, unsigned service_index)
{
    struct deploy_traffic_view traffic;

    deploy_view_traffic(check->pilot->options.deploy, service_index, &traffic);
    return traffic.is_held || traffic.is_maint;
}

/* NULL: this service cannot be asked, and the report says why. */
static struct selfprobe *ask(struct front_check *check, unsigned service_index)
{
    const struct pilot_options *options = &check->pilot->options;
    struct front_door door = {
        .service = &deploy_config(options->deploy)->services[service_index],
        .slot = find_live(service_index)->slot->name,
    };
    struct selfprobe *probe = NULL;
    const char *why = "no listener of ours can be asked";

    if (is_closed(check, service_index))
        why = "it is paused or in maintenance";
    else if (options->front != NULL && options->front(options->arg, service_index, &door.front))
        probe = front_door_ask(options->loop, &door, on_probed, check);
    if (probe == NULL)
        snprintf(check->report.words, sizeof check->report.words, "%.63s was not asked: %s",
                 door.service->name, why);
    return probe;
}

static void on_turn(void *arg)
{
    struct front_check *check = arg;
    unsigned service_index = 0;

    while (find_service(check, check->at, &service_index)) {
        check->probe = ask(check, service_index);
        if (check->probe != NULL)
            return;
        check->at++;
        check->failures = 0;
    }
    check->report.verdict =
        check->asked > 0 && check->report.words[0] == '\0' ? FRONT_GOOD : FRONT_UNKNOWN;
    if (check->report.verdict == FRONT_UNKNOWN && check->report.words[0] == '\0')
        snprintf(check->report.words, sizeof check->report.words, "%.63s is not there any more",
                 check->name);
    finish(check);
}

void front_check_start(struct pilot *pilot, const char *name, const char *what,
                       front_check_fn *done, void *arg)
{
    struct front_check *check = mem_zalloc(sizeof *check);

    check->pilot = pilot;
    check->done = done;
    check->arg = arg;
    snprintf(check->name, sizeof check->name, "%s", name);
    snprintf(check->what, sizeof check->what, "%s", what);
    check->timer = timer_new(pilot->options.loop, on_turn, check);
    TAILQ_INSERT_TAIL(&pilot->front_checks, check, link);
    timer_arm(check->timer, 0);
}
