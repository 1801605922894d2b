/*
 * Switch, promotion and rollback as decisions: which slot, may it, and the new state of every service that the name
 * means. A group moves as a whole or not at all. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/canary_priv.h"
#include "deploy/confirm_priv.h"
#include "deploy/consent_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/move_priv.h"
#include "deploy/quarantine_priv.h"
#include "deploy/way_back_priv.h"

static void move_service(struct deploy *deploy, size_t index, const char *slot, uint64_t wall_us)
{
    struct state_service *service = decisions_own(&deploy->working, index);
    char was[sizeof service->active];

    memcpy(was, service->active, sizeof was);
    snprintf(service->active, sizeof service->active, "%s", slot);
    memcpy(service->previous, was, sizeof was);
    snprintf(service->previous_version, sizeof service->previous_version, "%s",
             quarantine_version(deploy, index, was));
    service->is_previous_tried = false;
    service->is_rolled_back = false;
    service->switched_wall_us = wall_us;
    service->switched_us = (int64_t)clock_monotonic_us();
    service->trial_wall_us = 0;
    service->switch_count++;
    service->confirm = (struct state_confirm){ 0 };
}

static void note_move(struct deploy *deploy, struct ticket *ticket, size_t index, const char *slot)
{
    snprintf(ticket->result.from, sizeof ticket->result.from, "%s",
             deploy->working.services[index]->active);
    memmove(ticket->result.to, slot, strlen(slot) + 1);
}

static bool is_live_everywhere(const struct deploy *deploy, const struct scope *scope,
                               const char *slot)
{
    for (size_t i = 0; i < scope->count; i++)
        if (strcmp(deploy->working.services[gate_scope_at(scope, i)]->active, slot) != 0)
            return false;
    return true;
}

/* All services of the scope to the slot in result.to, and no canary any more; the change has passed its gates. */
static enum judgement move_scope(struct deploy *deploy, struct ticket *ticket,
                                 const struct scope *scope)
{
    char slot[sizeof ticket->result.to];
    bool is_canary_over = canary_is_running(deploy, scope);
    bool has_moved = false;
    uint64_t wall_us = clock_wall_us(); /* one for all: what moves together is one trial */

    memcpy(slot, ticket->result.to, sizeof slot);
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        struct state_canary canary = deploy->working.services[index]->canary;

        if (strcmp(deploy->working.services[index]->active, slot) == 0)
            continue;
        if (!has_moved)
            note_move(deploy, ticket, index, slot);
        has_moved = true;
        move_service(deploy, index, slot, wall_us);
        if (strcmp(canary.candidate, slot) == 0)
            decisions_own(&deploy->working, index)->trial_wall_us = canary.started_wall_us;
    }
    canary_end(deploy, scope);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: %s -> %s%s, epoch %llu", ticket->change.name,
                      ticket->result.from, slot, is_canary_over ? ", the canary is over" : "",
                      (unsigned long long)deploy->working.epoch);
}

/* A rollout has asked for them in its own phases. */
static enum judgement check_consents(struct deploy *deploy, struct ticket *ticket,
                                     const struct scope *scope, const char *slot)
{
    struct consent_ask ask = {
        .name = ticket->change.name,
        .slot = slot,
        .actor = ticket->change.actor,
        .stage = CONSENT_WHOLE,
    };

    if (ticket->change.kind != CHANGE_SWITCH && ticket->change.kind != CHANGE_CANARY_PROMOTE)
        return JUDGED_DONE;
    return consent_check(deploy, ticket, scope, &ask);
}

static enum judgement switch_scope(struct deploy *deploy, struct ticket *ticket,
                                   const struct scope *scope, const char *slot)
{
    enum judgement judgement = canary_check_switch(deploy, ticket, scope, slot);

    if (judgement == JUDGED_DONE && ticket->change.kind == CHANGE_SWITCH)
        judgement = quarantine_check(deploy, ticket, scope, slot);
    if (judgement != JUDGED_DONE)
        return judgement;
    for (size_t i = 0; i < scope->count; i++) {
        judgement = move_check(deploy, ticket, gate_scope_at(scope, i), slot);
        if (judgement != JUDGED_DONE)
            return judgement;
    }
    note_move(deploy, ticket, gate_scope_at(scope, 0), slot);
    if (is_live_everywhere(deploy, scope, slot) && !canary_is_running(deploy, scope))
        return judge_same(ticket, "%s is live on %s already", ticket->change.name, slot);
    return check_consents(deploy, ticket, scope, slot) == JUDGED_DONE
               ? move_scope(deploy, ticket, scope)
               : JUDGED_REFUSED;
}

enum judgement switching_move(struct deploy *deploy, struct ticket *ticket,
                              const struct scope *scope, const char *slot)
{
    return switch_scope(deploy, ticket, scope, slot);
}

enum judgement switching_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct scope scope;
    const char *slot = NULL;

    if (!gate_find_scope(deploy, ticket, &scope) ||
        move_check_group(deploy, ticket, &scope) == JUDGED_REFUSED ||
        !move_find_slot(deploy, ticket, &scope, &slot))
        return JUDGED_REFUSED;
    return switch_scope(deploy, ticket, &scope, slot);
}

enum judgement switching_judge_promotion(struct deploy *deploy, struct ticket *ticket)
{
    struct scope scope;
    const char *slot = NULL;

    if (!gate_find_scope(deploy, ticket, &scope) ||
        move_check_group(deploy, ticket, &scope) == JUDGED_REFUSED ||
        !canary_find_candidate(deploy, ticket, &scope, &slot))
        return JUDGED_REFUSED;
    return switch_scope(deploy, ticket, &scope, slot);
}

static bool can_go_back(const struct state_service *service)
{
    return service->previous[0] != '\0' && !service->is_rolled_back;
}

static enum judgement answer_no_way_back(struct deploy *deploy, struct ticket *ticket,
                                         const struct scope *scope)
{
    const struct state_service *service = deploy->working.services[gate_scope_at(scope, 0)];

    if (!service->is_rolled_back)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "previous",
                            "%s was never switched: there is nothing to roll back to",
                            ticket->change.name);
    note_move(deploy, ticket, gate_scope_at(scope, 0), service->active);
    return judge_same(ticket, "%s was rolled back to %s already; to go to %s again use switch",
                      ticket->change.name, service->active, service->previous);
}

static enum judgement go_back(struct deploy *deploy, struct ticket *ticket,
                              const struct scope *scope)
{
    const char *other = "";
    uint64_t wall_us = clock_wall_us();

    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        char slot[sizeof ticket->result.to];
        bool was_waiting = deploy->working.services[index]->confirm.since_wall_us != 0;

        memcpy(slot, deploy->working.services[index]->previous, sizeof slot);
        if (!can_go_back(deploy->working.services[index]))
            continue;
        if (way_back_find(deploy, &deploy->working, index) == WAY_BACK_OTHER)
            other = ", which holds another version than before";
        move_service(deploy, index, slot, wall_us);
        decisions_own(&deploy->working, index)->is_rolled_back = true;
        confirm_note_return(deploy, ticket, index, was_waiting);
    }
    deploy->working.epoch++;
    return judge_done(ticket, "%s: rolled back from %s to %s%s, epoch %llu", ticket->change.name,
                      ticket->result.from, ticket->result.to, other,
                      (unsigned long long)deploy->working.epoch);
}

/* Whose traffic a rollback would take back now; NULL: nobody's. */
static const char *find_on_trial(const struct state_service *service)
{
    if (service->canary.candidate[0] != '\0')
        return service->canary.candidate;
    return can_go_back(service) ? service->active : NULL;
}

/* A rollback may say what it is meant for; when that is over by now nothing moves. */
static bool is_still_meant(struct deploy *deploy, struct ticket *ticket, const struct scope *scope)
{
    for (size_t i = 0; ticket->change.from[0] != '\0' && i < scope->count; i++) {
        const struct state_service *service = deploy->working.services[gate_scope_at(scope, i)];
        const char *slot = find_on_trial(service);

        if (slot != NULL && strcmp(slot, ticket->change.from) == 0)
            continue;
        judge_refuse(ticket, OUTCOME_CONFLICT, FAULT_CONFLICT, "from",
                     "%s is not on trial on %s any more (live: %s): nothing was moved",
                     ticket->change.from, service->name, service->active);
        return false;
    }
    return true;
}

enum judgement switching_return(struct deploy *deploy, struct ticket *ticket,
                                const struct scope *scope)
{
    size_t movers = 0;

    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        const struct state_service *service = deploy->working.services[index];
        enum judgement judgement = JUDGED_DONE;

        if (!can_go_back(service))
            continue;
        judgement = way_back_check(deploy, ticket, index);
        if (judgement == JUDGED_DONE)
            judgement = move_check(deploy, ticket, index, service->previous);
        if (judgement != JUDGED_DONE)
            return judgement;
        if (movers++ == 0)
            note_move(deploy, ticket, index, service->previous);
    }
    return movers > 0 ? go_back(deploy, ticket, scope) : answer_no_way_back(deploy, ticket, scope);
}

/* due.c has asked by what was in force then: a word, or another move, may have come before it to the desk. What is
 * still due of a group is asked for by its services. */
static bool is_settled(const struct deploy *deploy, const struct ticket *ticket,
                       const struct scope *scope)
{
    return ticket->is_internal && strcmp(ticket->change.trigger, "confirm") == 0 &&
           !confirm_is_due(deploy, scope);
}

/* While a canary runs the last move was its start: what a rollback takes back is the canary. */
enum judgement switching_judge_back(struct deploy *deploy, struct ticket *ticket)
{
    enum judgement judgement = JUDGED_REFUSED;
    struct scope scope;

    if (!gate_find_scope(deploy, ticket, &scope) ||
        move_check_group(deploy, ticket, &scope) == JUDGED_REFUSED ||
        !is_still_meant(deploy, ticket, &scope))
        return JUDGED_REFUSED;
    if (is_settled(deploy, ticket, &scope))
        return judge_same(ticket, "nothing of %s waits to be confirmed", ticket->change.name);
    judgement = canary_is_running(deploy, &scope) ? canary_abort(deploy, ticket, &scope)
                                                  : switching_return(deploy, ticket, &scope);
    if (judgement == JUDGED_DONE)
        quarantine_note(deploy, ticket, &scope);
    return judgement;
}
