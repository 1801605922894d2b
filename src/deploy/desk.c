/*
 * The desk: all changes that wait when the writer is free become one batch. Each is judged in turn against the
 * working decisions; then the picture is built, the state is made durable, the picture is published, and only
 * then anybody is answered. What fails before the publishing leaves no trace. Control thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "deploy/batch_priv.h"
#include "deploy/contracts_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/measure_priv.h"
#include "deploy/names_priv.h"
#include "deploy/overtake_priv.h"
#include "deploy/transfer.h"
#include "net/timer.h"

void ticket_free(struct ticket *ticket)
{
    measure_drop(ticket->measure);
    names_free(ticket->names);
    contracts_free(ticket->contracts);
    config_free(ticket->config);
    pins_free(ticket->change.pins);
    transfer_free(ticket->change.import);
    free(ticket->refusal);
    free(ticket);
}

enum { MEASURES_MAX = 3 }; /* of one change, when others come in between */

static void on_run(void *arg);

/* A lock ended: whoever waited for it has a turn. */
static void on_unlock(void *arg)
{
    desk_unpark(arg);
    lock_arm(arg);
}

static void on_settle(void *arg)
{
    struct deploy *deploy = arg;

    if (deploy->desk == DESK_IDLE)
        batch_settle(deploy);
    else
        batch_arm_settle(deploy);
}

void desk_init(struct deploy *deploy)
{
    TAILQ_INIT(&deploy->queue);
    TAILQ_INIT(&deploy->parked);
    TAILQ_INIT(&deploy->preparing);
    TAILQ_INIT(&deploy->batch);
    TAILQ_INIT(&deploy->measures);
    decisions_init(&deploy->working);
    deploy->run = timer_new(deploy->options.loop, on_run, deploy);
    deploy->settle = timer_new(deploy->options.loop, on_settle, deploy);
    deploy->unlock = timer_new(deploy->options.loop, on_unlock, deploy);
    due_init(deploy);
}

/* Whoever keeps the record of it writes that its end is not known: it may be on disk. Others are gone by now. */
static void tell_end(struct ticket *ticket)
{
    if (ticket->done == NULL || !ticket->change.is_witnessed)
        return;
    if (ticket->judgement != JUDGED_REFUSED && ticket->judgement != JUDGED_SAME)
        judge_refuse(ticket, OUTCOME_TIMEOUT, FAULT_SHUTTING_DOWN, "",
                     "the daemon stopped before its end was known; the state after the next start "
                     "tells what became of it");
    ticket->done(ticket->arg, &ticket->result);
}

static void end_tickets(struct tickets *tickets)
{
    struct ticket *ticket = NULL;

    while ((ticket = TAILQ_FIRST(tickets)) != NULL) {
        TAILQ_REMOVE(tickets, ticket, link);
        tell_end(ticket);
        ticket_free(ticket);
    }
}

void desk_fini(struct deploy *deploy)
{
    timer_free(deploy->run);
    timer_free(deploy->settle);
    timer_free(deploy->unlock);
    end_tickets(&deploy->queue);
    end_tickets(&deploy->parked);
    end_tickets(&deploy->preparing);
    end_tickets(&deploy->batch);
    due_fini(deploy);
    decisions_fini(&deploy->working);
}

void desk_wake(struct deploy *deploy)
{
    if (deploy->desk == DESK_IDLE && !TAILQ_EMPTY(&deploy->queue) && !timer_is_armed(deploy->run))
        timer_arm(deploy->run, 0);
}

static void queue_ticket(struct deploy *deploy, struct ticket *ticket)
{
    if (ticket->change.emergency)
        TAILQ_INSERT_HEAD(&deploy->queue, ticket, link);
    else
        TAILQ_INSERT_TAIL(&deploy->queue, ticket, link);
    deploy->waiting++;
    desk_wake(deploy);
}

/* True when it can go to the queue; else it comes by desk_prepared. */
static bool prepare(struct deploy *deploy, struct ticket *ticket)
{
    switch (ticket->change.kind) {
    case CHANGE_RELOAD: return reload_prepare(deploy, ticket);
    case CHANGE_TARGET_ADD: return targets_prepare(deploy, ticket);
    case CHANGE_SWITCH:
    case CHANGE_CANARY_START:
    case CHANGE_CANARY_PROMOTE:
    case CHANGE_TENANT_PIN:
    case CHANGE_TENANT_LOAD:
    case CHANGE_ROLLOUT_ADVANCE:
    case CHANGE_ROLLOUT_PHASE: return measure_prepare(deploy, ticket);
    case CHANGE_ROLLBACK:
    case CHANGE_TARGET_READY:
    case CHANGE_TARGET_DRAIN:
    case CHANGE_TARGET_MAINT:
    case CHANGE_TARGET_WEIGHT:
    case CHANGE_TARGET_REMOVE:
    case CHANGE_LOCK_ACQUIRE:
    case CHANGE_LOCK_RELEASE:
    case CHANGE_CANARY_SET:
    case CHANGE_CANARY_STEP:
    case CHANGE_CANARY_PAUSE:
    case CHANGE_CANARY_RESUME:
    case CHANGE_CANARY_ABORT:
    case CHANGE_TENANT_UNPIN:
    case CHANGE_PAUSE:
    case CHANGE_RESUME:
    case CHANGE_MAINT_ON:
    case CHANGE_MAINT_OFF:
    case CHANGE_ROLLOUT_START:
    case CHANGE_ROLLOUT_PAUSE:
    case CHANGE_ROLLOUT_RESUME:
    case CHANGE_ROLLOUT_ABORT:
    case CHANGE_CONFIRM:
    case CHANGE_APPROVE:
    case CHANGE_REJECT:
    case CHANGE_CHECK:
    case CHANGE_RELEASE: break;
    }
    return true;
}

void desk_enqueue(struct deploy *deploy, struct ticket *ticket)
{
    ticket->deploy = deploy;
    if (ticket->arrival == 0)
        ticket->arrival = ++deploy->arrivals;
    TAILQ_INSERT_TAIL(&deploy->preparing, ticket, link);
    /* With nothing to ask, desk_prepared has run when prepare says false. */
    if (prepare(deploy, ticket))
        desk_prepared(ticket);
}

void desk_prepared(struct ticket *ticket)
{
    struct deploy *deploy = ticket->deploy;

    TAILQ_REMOVE(&deploy->preparing, ticket, link);
    if (ticket->done == NULL)
        ticket_free(ticket); /* withdrawn in the meantime */
    else
        queue_ticket(deploy, ticket);
}

/* What was found out for it before is old by now. */
static bool is_prepared_anew(const struct ticket *ticket)
{
    return ticket->change.kind == CHANGE_RELOAD || measure_is_wanted(ticket->change.kind);
}

/* Those who waited for a lock come first, in their old order; but a reload reads its file again, and what is measured
 * is measured again, also in their order: what overtakes them then is the business of overtake.c. */
void desk_unpark(struct deploy *deploy)
{
    struct tickets parked = TAILQ_HEAD_INITIALIZER(parked);
    struct tickets anew = TAILQ_HEAD_INITIALIZER(anew);
    struct ticket *ticket = NULL;

    TAILQ_CONCAT(&parked, &deploy->parked, link);
    while ((ticket = TAILQ_LAST(&parked, tickets)) != NULL) {
        TAILQ_REMOVE(&parked, ticket, link);
        if (is_prepared_anew(ticket))
            TAILQ_INSERT_HEAD(&anew, ticket, link);
        else
            TAILQ_INSERT_HEAD(&deploy->queue, ticket, link);
    }
    while ((ticket = TAILQ_FIRST(&anew)) != NULL) {
        TAILQ_REMOVE(&anew, ticket, link);
        deploy->waiting--;
        ticket->measure_count = 0; /* nobody has moved anything under it */
        desk_enqueue(deploy, ticket);
    }
    desk_wake(deploy);
}

/* Another change moved where this one goes. True: that has happened too often, and the ticket has its refusal. */
static bool measure_again(struct deploy *deploy, struct ticket *ticket)
{
    if (ticket->measure_count < MEASURES_MAX) {
        desk_enqueue(deploy, ticket);
        return false;
    }
    judge_refuse(ticket, OUTCOME_CONFLICT, FAULT_CONFLICT, "probe",
                 "other changes move it faster than its targets can be probed; say where to with "
                 "--to");
    ticket->is_judged = true;
    return true;
}

static void judge_ticket(struct deploy *deploy, struct ticket *ticket)
{
    ticket->judgement = JUDGED_REFUSED;
    if (!ticket->is_judged && measure_is_stale(deploy, ticket) && !measure_again(deploy, ticket))
        return;
    if (ticket->is_judged)
        ticket->result.epoch_before = ticket->result.epoch = deploy->working.epoch;
    else if (!overtake_undo(deploy, ticket, &ticket->judgement))
        ticket->judgement = gate_judge(deploy, ticket);
    if (ticket->judgement == JUDGED_WAIT) {
        TAILQ_INSERT_TAIL(&deploy->parked, ticket, link);
        deploy->waiting++;
        return;
    }
    TAILQ_INSERT_TAIL(&deploy->batch, ticket, link);
    if (ticket->judgement != JUDGED_DONE)
        return;
    overtake_replace(deploy, ticket);
    batch_note(deploy, ticket);
}

/* From the queue to the batch; what makes tables anew is a batch of its own, and so is an emergency: nobody's work is
 * done before it. */
static void fill_batch(struct deploy *deploy)
{
    struct ticket *ticket = NULL;
    unsigned count = 0;

    while ((ticket = TAILQ_FIRST(&deploy->queue)) != NULL && count < BATCH_MAX) {
        bool is_alone = ticket->change.kind == CHANGE_RELOAD || ticket->change.emergency ||
                        tenants_is_alone(&ticket->change);

        if (is_alone && count > 0)
            break;
        TAILQ_REMOVE(&deploy->queue, ticket, link);
        deploy->waiting--;
        judge_ticket(deploy, ticket);
        count++;
        if (is_alone)
            break;
    }
}

static void on_run(void *arg)
{
    struct deploy *deploy = arg;

    if (deploy->desk != DESK_IDLE || TAILQ_EMPTY(&deploy->queue))
        return;
    batch_begin(deploy);
    fill_batch(deploy);
    batch_write(deploy);
    desk_wake(deploy);
}

static bool withdraw(struct tickets *tickets, const void *arg, struct ticket **out)
{
    struct ticket *ticket = NULL;

    TAILQ_FOREACH(ticket, tickets, link)
    {
        if (ticket->arg == arg && ticket->done != NULL) {
            *out = ticket;
            return true;
        }
    }
    return false;
}

bool deploy_cancel(struct deploy *deploy, const void *arg)
{
    struct ticket *ticket = NULL;

    if (withdraw(&deploy->preparing, arg, &ticket)) {
        ticket->done = NULL; /* its questions are still open */
        if (ticket->measure == NULL)
            return true;
        TAILQ_REMOVE(&deploy->preparing, ticket,
                     link); /* but for those about targets, which are dropped */
        ticket_free(ticket);
        return true;
    }
    if (withdraw(&deploy->queue, arg, &ticket))
        TAILQ_REMOVE(&deploy->queue, ticket, link);
    else if (withdraw(&deploy->parked, arg, &ticket))
        TAILQ_REMOVE(&deploy->parked, ticket, link);
    else
        return false;
    deploy->waiting--;
    ticket_free(ticket);
    return true;
}

struct ticket *ticket_new(const struct change *change, change_done_fn *done, void *arg)
{
    struct ticket *ticket = mem_zalloc(sizeof *ticket);

    ticket->change = *change;
    ticket->done = done;
    ticket->arg = arg;
    ticket->submitted_us = clock_monotonic_us();
    return ticket;
}

void desk_refused(struct deploy *deploy, struct ticket *ticket)
{
    ticket->is_judged = true;
    queue_ticket(deploy, ticket);
}

void deploy_submit(struct deploy *deploy, const struct change *change, change_done_fn *done,
                   void *arg)
{
    struct ticket *ticket = ticket_new(change, done, arg);

    if (deploy->is_stopped || (deploy->waiting >= QUEUE_MAX && !change->emergency)) {
        enum fault fault = deploy->is_stopped ? FAULT_SHUTTING_DOWN : FAULT_OVERLOADED;

        judge_refuse(ticket, OUTCOME_REFUSED, fault, "", "%s", fault_words(fault));
        desk_refused(deploy, ticket);
        return;
    }
    desk_enqueue(deploy, ticket);
}

void deploy_submit_own(struct deploy *deploy, const struct change *change, change_done_fn *done,
                       void *arg)
{
    struct ticket *ticket = ticket_new(change, done, arg);

    ticket->is_internal = true;
    if (deploy->is_stopped) {
        judge_refuse(ticket, OUTCOME_REFUSED, FAULT_SHUTTING_DOWN, "", "%s",
                     fault_words(FAULT_SHUTTING_DOWN));
        desk_refused(deploy, ticket);
        return;
    }
    desk_enqueue(deploy, ticket);
}

void deploy_stop(struct deploy *deploy)
{
    deploy->is_stopped = true;
    desk_unpark(deploy); /* nobody waits for a lock any more: all are refused */
}
