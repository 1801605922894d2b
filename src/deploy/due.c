/*
 * See due_priv.h. What was refused (no fit target, a disk that takes nothing) is tried again after a rest, so that a
 * refusal is never a loop; while a change waits for a lock no second one is made.
 */
#include "deploy/due_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "deploy/deploy_priv.h"
#include "net/loop.h"
#include "net/timer.h"

enum {
    REST_US = 1000 * 1000,
    SHUT_REST_US = 60 * 1000 * 1000, /* the way back is shut: a person decides */
};

/* A change of ours: on its way, or refused and resting. */
struct due_order {
    TAILQ_ENTRY(due_order) link;
    struct deploy *deploy;
    enum change_kind kind;
    char name[64];
    bool is_open;
    uint64_t rest_us;  /* after a refusal */
    uint64_t until_us; /* it rests; 0: it does not */
};

struct moment {
    enum change_kind kind;
    uint64_t at_us; /* monotonic */
    uint64_t rest_us;
    char name[64];
};

static struct due_order *find_order(const struct deploy *deploy, const struct moment *moment)
{
    struct due_order *order = NULL;

    TAILQ_FOREACH(order, &deploy->due_orders, link)
    if (order->kind == moment->kind && strcmp(order->name, moment->name) == 0)
        return order;
    return NULL;
}

static void drop_order(struct deploy *deploy, struct due_order *order)
{
    TAILQ_REMOVE(&deploy->due_orders, order, link);
    free(order);
}

static void on_answered(void *arg, const struct change_result *result)
{
    struct due_order *order = arg;
    struct deploy *deploy = order->deploy;

    order->is_open = false;
    if (result->changed)
        drop_order(deploy, order);
    else
        order->until_us = loop_now_us(deploy->options.loop) +
                          (strcmp(result->gate, "previous") == 0 ? SHUT_REST_US : order->rest_us);
    due_arm(deploy);
}

static const char *find_reason(enum change_kind kind)
{
    if (kind == CHANGE_ROLLBACK)
        return "nobody confirmed the switch in time";
    return kind == CHANGE_RESUME ? "the time of the pause is over" : "the time of the step is over";
}

static void submit(struct deploy *deploy, const struct moment *moment)
{
    struct due_order *order = mem_zalloc(sizeof *order);
    struct change change = { .kind = moment->kind };
    struct ticket *ticket = NULL;

    order->deploy = deploy;
    order->kind = moment->kind;
    order->is_open = true;
    order->rest_us = moment->rest_us;
    memcpy(order->name, moment->name, sizeof order->name);
    TAILQ_INSERT_TAIL(&deploy->due_orders, order, link);
    memcpy(change.name, moment->name, sizeof change.name);
    snprintf(change.actor, sizeof change.actor, "switchyard");
    snprintf(change.reason, sizeof change.reason, "%s", find_reason(moment->kind));
    if (moment->kind == CHANGE_ROLLBACK)
        snprintf(change.trigger, sizeof change.trigger, "confirm");
    ticket = ticket_new(&change, on_answered, order);
    ticket->is_internal = true;
    desk_enqueue(deploy, ticket);
}

/* The services of the group share what is due: then it is the group's. */
static bool is_shared(const struct deploy *deploy, const struct config_group *group,
                      enum change_kind kind)
{
    struct state_service *const *services = deploy->state->decisions.services;
    const struct state_service *first = services[group->services[0]];

    for (size_t i = 1; i < group->names.count; i++) {
        const struct state_service *other = services[group->services[i]];

        if (kind == CHANGE_ROLLBACK && other->confirm.until_us != first->confirm.until_us)
            return false;
        if (kind == CHANGE_RESUME && other->hold.until_us != first->hold.until_us)
            return false;
        if (kind == CHANGE_CANARY_STEP && other->canary.salt != first->canary.salt)
            return false;
    }
    return true;
}

static void name_moment(const struct deploy *deploy, size_t service, struct moment *moment)
{
    const struct config *config = deploy->config;
    size_t group = config_group_of(config, &config->services[service]);
    const char *name = config->services[service].name;

    if (group < config->group_count && is_shared(deploy, &config->groups[group], moment->kind))
        name = config->groups[group].name;
    snprintf(moment->name, sizeof moment->name, "%s", name);
}

/* 0: nothing of this kind is due for the service, or it is on its way. */
static uint64_t find_moment(struct deploy *deploy, size_t service, enum change_kind kind,
                            struct moment *out)
{
    const struct state_service *decided = deploy->state->decisions.services[service];
    uint64_t step_us = deploy->config->services[service].canary.step_time;
    struct due_order *order = NULL;

    *out = (struct moment){ .kind = kind, .at_us = decided->canary.next_us, .rest_us = REST_US };
    if (kind == CHANGE_RESUME)
        out->at_us = decided->hold.since_wall_us != 0 ? decided->hold.until_us : 0;
    else if (kind == CHANGE_ROLLBACK)
        out->at_us = decided->confirm.since_wall_us != 0 ? decided->confirm.until_us : 0;
    else if (step_us > REST_US)
        out->rest_us = step_us;
    if (out->at_us == 0)
        return 0;
    name_moment(deploy, service, out);
    order = find_order(deploy, out);
    if (order != NULL && order->is_open)
        return 0;
    if (order != NULL && order->until_us > out->at_us)
        out->at_us = order->until_us;
    return out->at_us;
}

/* Orders whose rest is over are forgotten; what is still due gets a new one. */
static void end_rests(struct deploy *deploy, uint64_t now_us)
{
    struct due_order *order = TAILQ_FIRST(&deploy->due_orders);

    while (order != NULL) {
        struct due_order *next = TAILQ_NEXT(order, link);

        if (!order->is_open && order->until_us <= now_us)
            drop_order(deploy, order);
        order = next;
    }
}

static const enum change_kind kinds[] = { CHANGE_ROLLBACK, CHANGE_RESUME, CHANGE_CANARY_STEP };

void due_arm(struct deploy *deploy)
{
    uint64_t now_us = loop_now_us(deploy->options.loop);
    uint64_t first_us = UINT64_MAX;
    struct moment moment;

    timer_disarm(deploy->due);
    if (deploy->is_stopped)
        return;
    end_rests(deploy, now_us);
    for (size_t i = 0; i < deploy->state->decisions.service_count; i++)
        for (size_t j = 0; j < sizeof kinds / sizeof kinds[0]; j++) {
            uint64_t at_us = find_moment(deploy, i, kinds[j], &moment);

            if (at_us != 0 && at_us < first_us)
                first_us = at_us;
        }
    if (first_us != UINT64_MAX)
        timer_arm(deploy->due, first_us > now_us ? (first_us - now_us) / 1000 + 1 : 0);
}

static void on_due(void *arg)
{
    struct deploy *deploy = arg;
    uint64_t now_us = loop_now_us(deploy->options.loop);
    struct moment moment;

    end_rests(deploy, now_us);
    for (size_t i = 0; i < deploy->state->decisions.service_count; i++)
        for (size_t j = 0; j < sizeof kinds / sizeof kinds[0]; j++) {
            uint64_t at_us = find_moment(deploy, i, kinds[j], &moment);

            if (at_us != 0 && at_us <= now_us)
                submit(deploy, &moment);
        }
    due_arm(deploy);
}

void due_init(struct deploy *deploy)
{
    TAILQ_INIT(&deploy->due_orders);
    deploy->due = timer_new(deploy->options.loop, on_due, deploy);
}

void due_fini(struct deploy *deploy)
{
    timer_free(deploy->due);
    while (!TAILQ_EMPTY(&deploy->due_orders))
        drop_order(deploy, TAILQ_FIRST(&deploy->due_orders));
}
