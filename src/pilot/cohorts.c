/* See cohorts_priv.h; the rule is evidence/cohort.h. */
#include "pilot/cohorts_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "evidence/cohort.h"
#include "evidence/explanation.h"
#include "pilot/cohort_cases_priv.h"
#include "pilot/pilot_priv.h"
#include "route/cohort_cells.h"
#include "route/pins.h"
#include "route/snapshot.h"
#include "route/tenant.h"

enum {
    TURN_US = 1000 * 1000,
    TOGETHER_MIN = 10, /* so many tenants share the budget at least */
    EXPLANATION_BYTES = 4096,
};

struct cohort_seat {
    const struct slot *slot;
    struct cohort_mark mark;
};

struct cohorts {
    struct cohort_cases cases;
    struct cohort_seat *seats;
    unsigned seat_count;
    const struct slot *live;
    struct cohort_totals before; /* of the live slot, at the last turn */
    double n, e;                 /* of it, faded */
    uint64_t last_us;            /* the last turn; 0: none yet */
};

/* One turn. */
struct turn {
    struct pilot *pilot;
    unsigned service_index;
    struct cohorts *cohorts;
    const struct snapshot_service *service;
    const struct slot *slot; /* whose cells are read */
    const struct pins *pins;
    struct cohort_look look;
    uint64_t before_ms;
    struct cohort_case *dirty;
};

static void on_pinned(void *arg, const struct change_result *result)
{
    struct pinning *pinning = arg;
    struct cohorts *cohorts = pinning->cohorts;

    LOG_INFO("tenant_moved", "service=%s tenant=%s outcome=%s words=\"%.200s\"", pinning->service,
             pinning->change.tenant, outcome_name(result->outcome), result->words);
    TAILQ_REMOVE(&pinning->pilot->pinnings, pinning, link);
    if (cohorts != NULL) {
        pinning->item->is_open = false;
        if (result->changed) {
            memcpy(pinning->item->moved_to, pinning->change.slot, sizeof pinning->item->moved_to);
            cohort_cases_leave(&cohorts->cases, pinning->item);
        }
    }
    free(pinning);
}

static void free_seats(struct cohorts *cohorts)
{
    for (unsigned i = 0; i < cohorts->seat_count; i++)
        cohort_mark_fini(&cohorts->seats[i].mark);
    free(cohorts->seats);
    cohorts->seats = NULL;
    cohorts->seat_count = 0;
}

void cohorts_free(struct pilot *pilot, struct cohorts *cohorts)
{
    struct pinning *pinning = NULL;

    if (cohorts == NULL)
        return;
    TAILQ_FOREACH(pinning, &pilot->pinnings, link)
    if (pinning->cohorts == cohorts)
        pinning->cohorts = NULL;
    cohort_cases_fini(&cohorts->cases);
    free_seats(cohorts);
    free(cohorts);
}

void cohorts_forget(struct pilot *pilot)
{
    struct pinning *pinning = TAILQ_FIRST(&pilot->pinnings);

    while (pinning != NULL) {
        struct pinning *next = TAILQ_NEXT(pinning, link);

        (void)deploy_cancel(pilot->options.deploy, pinning);
        free(pinning);
        pinning = next;
    }
    TAILQ_INIT(&pilot->pinnings);
}

static double find_budget(const struct turn *turn)
{
    const struct settings *settings = &turn->pilot->lookouts[turn->service_index].settings;
    size_t together = pins_count(turn->pins);

    if (together < TOGETHER_MIN)
        together = TOGETHER_MIN;
    return settings->false_rollback_per_hour / (double)together;
}

/* On this slot, against this live one, from the last turn on. */
static void begin_case(const struct turn *turn, struct cohort_case *item)
{
    struct cohort_look look = turn->look;

    if (item->slot != turn->slot)
        item->totals = (struct cohort_totals){ 0 };
    item->slot = turn->slot;
    look.now_ms = turn->before_ms;
    look.candidate = item->totals;
    look.baseline = turn->cohorts->before;
    cohort_init(&item->cohort, &turn->pilot->lookouts[turn->service_index].settings,
                find_budget(turn), &look);
    item->is_begun = true;
}

static void on_cell(void *arg, const struct cohort_entry *entry)
{
    struct turn *turn = arg;
    struct cohort_cases *cases = &turn->cohorts->cases;
    struct cohort_case *item = cohort_cases_find(cases, entry);

    if (item == NULL && entry->e > 0)
        item = cohort_cases_add(cases, entry, turn->look.now_ms);
    else if (item != NULL && entry->e > 0)
        cohort_cases_touch(cases, item, turn->look.now_ms);
    if (item == NULL)
        return;
    if (!item->is_begun || item->slot != turn->slot)
        begin_case(turn, item);
    item->totals.n += entry->n;
    item->totals.e += entry->e;
    if (item->is_dirty)
        return;
    item->is_dirty = true;
    item->dirty = turn->dirty;
    turn->dirty = item;
}

static void explain(const struct turn *turn, const struct cohort_case *item,
                    const struct engine_event *event, char *out, size_t size)
{
    struct explanation_names names = {
        .candidate = item->slot->name,
        .version = item->slot->version,
        .baseline = turn->cohorts->live->name,
    };
    struct text text;

    text_init(&text, EXPLANATION_BYTES);
    text_add_format(&text, "tenant %s: ", item->tenant);
    explanation_add_event(&text, event, &names);
    snprintf(out, size, "%s", text.bytes);
    text_fini(&text);
}

static void tell(const struct turn *turn, const struct cohort_case *item, const char *words)
{
    char trigger[ENGINE_TRIGGER_SIZE];
    struct act_cause cause = { .trigger = trigger, .words = words };

    snprintf(trigger, sizeof trigger, "tenant:%.24s", item->tenant);
    act_alert(turn->pilot, turn->service_index, PILOT_CRITICAL, &cause);
}

/* Whoever shares the pins moves together. */
static const char *find_scope_name(const struct turn *turn)
{
    const struct config *config = deploy_config(turn->pilot->options.deploy);
    const struct config_service *service = &config->services[turn->service_index];
    size_t group = config_group_of(config, service);

    return group < config->group_count ? config->groups[group].name : service->name;
}

static void submit(struct turn *turn, struct cohort_case *item, const char *words)
{
    struct pinning *pinning = mem_zalloc(sizeof *pinning);
    struct change *change = &pinning->change;

    pinning->cohorts = turn->cohorts;
    pinning->pilot = turn->pilot;
    pinning->item = item;
    change->kind = CHANGE_TENANT_PIN;
    memcpy(pinning->service, turn->pilot->lookouts[turn->service_index].name,
           sizeof pinning->service);
    snprintf(change->name, sizeof change->name, "%s", find_scope_name(turn));
    snprintf(change->tenant, sizeof change->tenant, "%s", item->tenant);
    snprintf(change->slot, sizeof change->slot, "%s", turn->cohorts->live->name);
    snprintf(change->trigger, sizeof change->trigger, "tenant");
    act_shorten(words, change->reason, sizeof change->reason);
    snprintf(change->actor, sizeof change->actor, "switchyard");
    item->is_open = true;
    TAILQ_INSERT_TAIL(&turn->pilot->pinnings, pinning, link);
    deploy_submit_own(turn->pilot->options.deploy, change, on_pinned, pinning);
}

/* Where the tenant is pinned now; "" : nowhere. */
static const char *find_pin(const struct turn *turn, const struct cohort_case *item)
{
    int number = pins_find(turn->pins, slice_from(item->tenant));

    return number != PINS_NONE ? pins_name(turn->pins, number) : "";
}

/* Once, until somebody pins it elsewhere. */
static bool may_move(const struct turn *turn, struct cohort_case *item)
{
    const char *pin = find_pin(turn, item);

    if (item->is_open || strcmp(pin, item->slot->name) != 0)
        return false; /* what comes in from there now is old */
    if (strcmp(pin, item->moved_to) == 0)
        return false;
    item->moved_to[0] = '\0';
    return true;
}

static void act(struct turn *turn, struct cohort_case *item, const struct engine_event *event)
{
    const struct config *config = deploy_config(turn->pilot->options.deploy);
    bool is_automatic = config->services[turn->service_index].guard.automatic;
    char words[sizeof((struct pilot_alert *)0)->words];

    if (!may_move(turn, item))
        return;
    explain(turn, item, event, words, sizeof words);
    tell(turn, item, words);
    if (is_automatic && act_has_target(turn->service_index, turn->cohorts->live->name))
        submit(turn, item, words);
}

static void judge_dirty(struct turn *turn)
{
    const struct settings *settings = &turn->pilot->lookouts[turn->service_index].settings;
    struct cohort_case *item = turn->dirty;

    turn->dirty = NULL;
    while (item != NULL) {
        struct cohort_case *next = item->dirty;
        struct engine_event event;

        item->is_dirty = false;
        item->dirty = NULL;
        turn->look.candidate = item->totals;
        if (cohort_judge(&item->cohort, settings, &turn->look, &event))
            act(turn, item, &event);
        item = next;
    }
}

static struct cohort_totals read_totals(struct slot *slot)
{
    const struct slot_evidence_totals *totals = slot_evidence_totals(slot);

    return (struct cohort_totals){ .n = totals->n, .e = totals->e };
}

/* What the live slot does, and what is expected of it. */
static void follow_live(struct turn *turn, struct slot *live, uint64_t now_us)
{
    struct cohorts *cohorts = turn->cohorts;
    const struct lookout *lookout = &turn->pilot->lookouts[turn->service_index];
    const struct settings *settings = &lookout->settings;
    struct cohort_totals totals = read_totals(live);
    double fade =
        exp2(-(double)(now_us - cohorts->last_us) / 1000 / settings->baseline_half_life_ms);
    struct engine_view *view = mem_zalloc(sizeof *view);

    if (cohorts->live != live) {
        cohort_cases_restart(&cohorts->cases);
        cohorts->live = live;
        cohorts->before = totals;
        cohorts->n = cohorts->e = 0;
    }
    turn->look.baseline_rate =
        (cohorts->e + settings->prior_error_rate * settings->prior_requests) /
        (cohorts->n + settings->prior_requests);
    cohorts->n = cohorts->n * fade + (double)(totals.n - cohorts->before.n);
    cohorts->e = cohorts->e * fade + (double)(totals.e - cohorts->before.e);
    engine_look(lookout->engine, view);
    turn->look.phi = view->phi;
    turn->look.baseline = totals;
    free(view);
}

static void fit_seats(struct cohorts *cohorts, const struct snapshot_service *service)
{
    if (cohorts->seat_count != service->slot_count) {
        free_seats(cohorts);
        cohorts->seats = mem_zalloc(service->slot_count * sizeof *cohorts->seats);
        cohorts->seat_count = service->slot_count;
    }
    for (unsigned i = 0; i < cohorts->seat_count; i++) {
        struct cohort_seat *seat = &cohorts->seats[i];

        if (seat->slot == service->slots[i].slot)
            continue;
        cohort_mark_fini(&seat->mark);
        *seat = (struct cohort_seat){ .slot = service->slots[i].slot };
    }
}

/* Slot after slot; what is pinned to the live one is part of what others are compared with. */
static void read_slots(struct turn *turn)
{
    for (unsigned i = 0; i < turn->service->slot_count; i++) {
        turn->slot = turn->service->slots[i].slot;
        if (turn->slot == turn->cohorts->live)
            continue;
        cohort_cells_fold(turn->slot, &turn->cohorts->seats[i].mark, on_cell, turn);
        judge_dirty(turn);
    }
}

void cohorts_tick(struct pilot *pilot, unsigned service_index, struct cohorts **cohorts,
                  uint64_t now_us)
{
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), service_index);
    struct turn turn = {
        .pilot = pilot,
        .service_index = service_index,
        .service = service,
        .pins = deploy_pins(pilot->options.deploy, service_index),
    };

    if (turn.pins == NULL || (pins_count(turn.pins) == 0 && *cohorts == NULL))
        return;
    if (*cohorts == NULL) {
        *cohorts = mem_zalloc(sizeof **cohorts);
        cohort_cases_init(&(*cohorts)->cases);
    }
    turn.cohorts = *cohorts;
    if (turn.cohorts->last_us != 0 && now_us - turn.cohorts->last_us < TURN_US)
        return;
    turn.before_ms = (turn.cohorts->last_us != 0 ? turn.cohorts->last_us : now_us) / 1000;
    turn.look.now_ms = now_us / 1000;
    fit_seats(turn.cohorts, service);
    follow_live(&turn, service->slots[service->active].slot, now_us);
    read_slots(&turn);
    turn.cohorts->before = turn.look.baseline;
    turn.cohorts->last_us = now_us;
}
