/*
 * See claims_priv.h. What a service asks of snapshots (schema { snapshot_age }) was judged when a rollout, canary or switch
 * began; the moment is in the decisions, and the newest verified snapshot of that moment is the one it was judged by. So
 * nothing has to be stored, and a restart forgets nothing.
 */
#include "deploy/claims_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/claim.h"
#include "base/mem.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"

struct claims {
    const struct config *config;
    struct snapshot_claim *items;
    size_t count;
};

/* When a deployment was judged, between which slots, and until when it counts. */
struct moment {
    const char *from;
    const char *to;
    uint64_t at_us;
    uint64_t until_us; /* 0: as long as it is told */
    char by[CLAIM_BY_SIZE];
};

static void add(struct claims *claims, const char *database, const struct moment *moment)
{
    struct snapshot_claim *claim = NULL;

    claims->items = mem_grow(claims->items, claims->count + 1, sizeof *claims->items);
    claim = &claims->items[claims->count++];
    *claim = (struct snapshot_claim){ .at_us = moment->at_us, .until_us = moment->until_us };
    snprintf(claim->database, sizeof claim->database, "%s", database);
    memcpy(claim->by, moment->by, sizeof claim->by);
}

/* The databases of both slots, as the gate asks. */
static void add_service(struct claims *claims, size_t index, const struct moment *moment)
{
    const struct config_service *service = &claims->config->services[index];
    const char *slots[] = { moment->to, moment->from };
    const char *first = NULL;

    if (service->schema.snapshot_age == 0 || moment->at_us == 0)
        return;
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        const struct config_slot *slot = config_find_slot(service, slice_from(slots[i]));

        if (slot == NULL || slot->database == NULL ||
            (first != NULL && strcmp(first, slot->database) == 0))
            continue;
        add(claims, slot->database, moment);
        first = slot->database;
    }
}

/* One that ended goes on relying on it until what follows its end was done. */
static void add_rollouts(struct claims *claims, const struct decisions *decisions)
{
    const struct state_rollout *rollout = NULL;

    TAILQ_FOREACH(rollout, &decisions->book.rollouts, link)
    {
        struct moment moment = { .from = rollout->from,
                                 .to = rollout->to,
                                 .at_us = rollout->started_wall_us };
        struct scope scope;

        if ((!rollout_is_running(rollout->phase) && rollout->is_final) ||
            !gate_look_up(claims->config, rollout->name, &scope))
            continue;
        snprintf(moment.by, sizeof moment.by, "rollout %llu of %s", (unsigned long long)rollout->id,
                 rollout->name);
        for (size_t i = 0; i < scope.count; i++)
            add_service(claims, gate_scope_at(&scope, i), &moment);
    }
}

static void add_canary(struct claims *claims, size_t index, const struct state_service *service)
{
    struct moment moment = { .from = service->active,
                             .to = service->canary.candidate,
                             .at_us = service->canary.started_wall_us };

    if (service->canary.candidate[0] == '\0')
        return;
    snprintf(moment.by, sizeof moment.by, "the canary of %s", service->name);
    add_service(claims, index, &moment);
}

/* While it would be taken back by itself: in the window of the guard, and until it is confirmed. */
static void add_switch(struct claims *claims, size_t index, const struct state_service *service)
{
    uint64_t window_us = claims->config->services[index].guard.window;
    struct moment moment = { .from = service->previous,
                             .to = service->active,
                             .at_us = service->switched_wall_us };

    if (service->previous[0] == '\0' || service->is_rolled_back)
        return;
    snprintf(moment.by, sizeof moment.by, "the switch of %s to %s", service->name, service->active);
    if (service->confirm.since_wall_us != 0)
        add_service(claims, index, &moment);
    moment.until_us = moment.at_us + window_us;
    if (window_us > 0)
        add_service(claims, index, &moment);
}

static void add_all(struct claims *claims, const struct decisions *decisions)
{
    add_rollouts(claims, decisions);
    for (size_t i = 0; i < decisions->service_count && i < claims->config->service_count; i++) {
        add_canary(claims, i, decisions->services[i]);
        add_switch(claims, i, decisions->services[i]);
    }
}

void claims_tell(struct deploy *deploy, const struct decisions *coming)
{
    struct claims claims = { .config = deploy->config };

    if (deploy->backup == NULL)
        return;
    add_all(&claims, &deploy->state->decisions);
    if (coming != NULL)
        add_all(&claims, coming);
    backup_claim(deploy->backup, claims.items, claims.count);
    free(claims.items);
}
