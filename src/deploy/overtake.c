/* See overtake_priv.h. A change that is called off is told so at once; what was asked of targets for it is dropped. */
#include "deploy/overtake_priv.h"

#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/measure_priv.h"
#include "deploy/rollout_priv.h"

static bool is_overlapping(const struct config *config, const char *a, const char *b)
{
    struct scope left;
    struct scope right;

    return gate_look_up(config, a, &left) && gate_look_up(config, b, &right) &&
           gate_is_overlapping(&left, &right);
}

static bool is_older_move(const struct deploy *deploy, const struct ticket *older,
                          const struct ticket *ticket)
{
    return older != ticket && older->done != NULL && !older->is_judged &&
           !older->change.plan_only && measure_is_wanted(older->change.kind) &&
           older->arrival < ticket->arrival &&
           is_overlapping(deploy->config, older->change.name, ticket->change.name);
}

static struct ticket *find_older(struct deploy *deploy, struct tickets *list,
                                 const struct ticket *ticket)
{
    struct ticket *older = NULL;

    TAILQ_FOREACH(older, list, link)
    if (is_older_move(deploy, older, ticket))
        return older;
    return NULL;
}

static void refuse(struct ticket *older, const struct ticket *ticket)
{
    measure_drop(older->measure);
    older->measure = NULL;
    judge_refuse(older, OUTCOME_CONFLICT, FAULT_CONFLICT, "overtaken",
                 "%s of %s by %s came while this was prepared, and this was called off: nothing "
                 "was changed by it",
                 change_kind_name(ticket->change.kind), ticket->change.name, ticket->change.actor);
    older->is_judged = true;
}

/* A canary or rollout goes on behind it, which is what has to be taken back. */
static bool is_part_of_trial(enum change_kind kind)
{
    return kind == CHANGE_CANARY_PROMOTE || kind == CHANGE_ROLLOUT_ADVANCE ||
           kind == CHANGE_ROLLOUT_PHASE;
}

/* The moves that were called off: bit 0 one of a trial, bit 1 anything else. */
static unsigned call_off(struct deploy *deploy, const struct ticket *ticket)
{
    struct tickets *lists[] = { &deploy->preparing, &deploy->parked, &deploy->queue };
    unsigned found = 0;

    for (unsigned i = 0; i < 3; i++) {
        struct ticket *older = NULL;

        while ((older = find_older(deploy, lists[i], ticket)) != NULL) {
            found |= is_part_of_trial(older->change.kind) ? 1u : 2u;
            refuse(older, ticket);
            if (lists[i] == &deploy->queue)
                continue;
            TAILQ_REMOVE(lists[i], older, link);
            deploy->waiting += lists[i] == &deploy->preparing;
            TAILQ_INSERT_TAIL(&deploy->queue, older, link);
        }
    }
    return found;
}

/* It has more to end than the move that is prepared. */
static bool has_rollout(const struct deploy *deploy, const struct ticket *ticket)
{
    struct scope scope;

    return gate_look_up(deploy->config, ticket->change.name, &scope) &&
           rollout_running(deploy->config, &deploy->working, &scope) != NULL;
}

bool overtake_undo(struct deploy *deploy, struct ticket *ticket, enum judgement *judgement)
{
    bool is_undo =
        ticket->change.kind == CHANGE_ROLLBACK || ticket->change.kind == CHANGE_CANARY_ABORT;

    /* One of ours takes back what is on trial, whatever else is under way. */
    if (!is_undo || ticket->is_internal || ticket->change.plan_only || deploy->is_stopped ||
        (!gate_is_forced(ticket) && !ticket->change.emergency &&
         lock_blocking(deploy, ticket) != NULL) ||
        (ticket->change.if_epoch != 0 && ticket->change.if_epoch != deploy->working.epoch) ||
        (call_off(deploy, ticket) & 2u) == 0 || has_rollout(deploy, ticket))
        return false;
    ticket->result.epoch_before = ticket->result.epoch = deploy->working.epoch;
    *judgement = judge_same(ticket,
                            "%s: a move that was still being prepared is called off; nothing "
                            "has moved",
                            ticket->change.name);
    return true;
}

void overtake_replace(struct deploy *deploy, const struct ticket *ticket)
{
    bool is_own_undo = ticket->is_internal && (ticket->change.kind == CHANGE_ROLLBACK ||
                                               ticket->change.kind == CHANGE_CANARY_ABORT);

    if ((measure_is_wanted(ticket->change.kind) || is_own_undo) && !ticket->change.plan_only)
        (void)call_off(deploy, ticket);
}
