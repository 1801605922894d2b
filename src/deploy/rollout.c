/*
 * See rollout_priv.h. A rollout is a decision like a canary: a change moves it on, and the traffic
 * that belongs to the phase moves in the same batch. Control thread.
 */
#include "deploy/rollout_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/canary_priv.h"
#include "deploy/confirm_priv.h"
#include "deploy/consent_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/holdback_priv.h"
#include "deploy/move_priv.h"
#include "deploy/quarantine_priv.h"
#include "deploy/way_back_priv.h"
#include "net/loop.h"
#include "route/split.h"

bool rollout_has_moved(const struct state_rollout *rollout)
{
    return rollout->phase == ROLLOUT_CUTOVER || rollout->phase == ROLLOUT_WATCHING;
}

struct state_rollout *rollout_running(const struct config *config,
                                      const struct decisions *decisions, const struct scope *scope)
{
    struct state_rollout *rollout = NULL;
    struct scope own;

    TAILQ_FOREACH(rollout, &decisions->book.rollouts, link)
    if (rollout_is_running(rollout->phase) && gate_look_up(config, rollout->name, &own) &&
        gate_is_overlapping(&own, scope))
        return rollout;
    return NULL;
}

/* The time that was waited for people so far. */
static void count_manual(struct state_rollout *rollout, int64_t now_us)
{
    if (rollout->is_manual && now_us > rollout->manual_since_us)
        rollout->manual_us += (uint64_t)(now_us - rollout->manual_since_us);
    rollout->is_manual = false;
}

void rollout_enter(struct deploy *deploy, struct state_rollout *rollout, enum rollout_phase phase,
                   const char *format, ...)
{
    int64_t now_us = (int64_t)loop_now_us(deploy->options.loop);
    va_list args;

    CHECK(rollout_may_follow(rollout->phase, phase));
    count_manual(rollout, now_us);
    rollout->phase = phase;
    if (!rollout_has_moved(rollout) && holdback_end(rollout))
        deploy->working.epoch++;
    rollout->entered_us = now_us;
    rollout->entered_wall_us = clock_wall_us();
    rollout->is_held = false;
    rollout->waits_for[0] = '\0';
    va_start(args, format);
    vsnprintf(rollout->words, sizeof rollout->words, format, args);
    va_end(args);
    if (rollout_is_running(phase))
        return;
    rollout->is_paused = false;
    rollout->ended_wall_us = rollout->entered_wall_us;
}

/* The canary gives shares up to, but not with, everybody: that is the cutover. 0: there is no such step. */
static uint32_t find_step(const struct deploy *deploy, const struct scope *scope, uint32_t share)
{
    uint32_t next = canary_next_share(deploy, scope, share);

    return next < SPLIT_WHOLE ? next : 0;
}

enum rollout_phase rollout_next(const struct deploy *deploy, const struct decisions *decisions,
                                const struct state_rollout *rollout)
{
    struct scope scope;
    uint32_t share = 0;

    CHECK(gate_look_up(deploy->config, rollout->name, &scope));
    switch (rollout->phase) {
    case ROLLOUT_STAGED: return ROLLOUT_PROVING;
    case ROLLOUT_PROVING: return ROLLOUT_READY;
    case ROLLOUT_READY:
    case ROLLOUT_RAMPING:
        share = decisions->services[gate_scope_at(&scope, 0)]->canary.share;
        return rollout->plan == ROLLOUT_CANARY && find_step(deploy, &scope, share) != 0
                   ? ROLLOUT_RAMPING
                   : ROLLOUT_CUTOVER;
    case ROLLOUT_CUTOVER: return ROLLOUT_WATCHING;
    case ROLLOUT_WATCHING: return ROLLOUT_SETTLED;
    case ROLLOUT_SETTLED:
    case ROLLOUT_ROLLED_BACK:
    case ROLLOUT_ABORTED:
    case ROLLOUT_REFUSED:
    case ROLLOUT_PHASE_COUNT: break;
    }
    return rollout->phase;
}

/* Where traffic begins to go, or is about to. */
static bool is_measured(const struct state_rollout *rollout, enum rollout_phase phase)
{
    return phase == ROLLOUT_READY || phase == ROLLOUT_CUTOVER ||
           (phase == ROLLOUT_RAMPING && rollout->phase == ROLLOUT_READY);
}

const char *rollout_destination(const struct deploy *deploy, const struct decisions *decisions,
                                const struct change *change)
{
    const struct state_rollout *rollout = NULL;
    enum rollout_phase phase = (enum rollout_phase)change->phase;
    struct scope scope;

    if (!gate_look_up(deploy->config, change->name, &scope))
        return NULL;
    rollout = rollout_running(deploy->config, decisions, &scope);
    if (rollout == NULL || (change->rollout != 0 && change->rollout != rollout->id))
        return NULL;
    if (change->kind == CHANGE_ROLLOUT_ADVANCE)
        phase = rollout->phase == ROLLOUT_RAMPING ? ROLLOUT_CUTOVER
                                                  : rollout_next(deploy, decisions, rollout);
    return is_measured(rollout, phase) ? rollout->to : NULL;
}

const char *rollout_actor(const struct deploy *deploy, const struct ticket *ticket)
{
    const struct state_rollout *rollout = NULL;
    struct scope scope;

    if (ticket->is_internal && ticket->change.kind == CHANGE_ROLLOUT_PHASE &&
        gate_look_up(deploy->config, ticket->change.name, &scope))
        rollout = rollout_running(deploy->config, &deploy->working, &scope);
    return rollout != NULL ? rollout->starter : ticket->change.actor;
}

static const char *find_profile(const struct deploy *deploy, const struct scope *scope,
                                const struct change *change)
{
    const struct config_rollout *configured =
        &deploy->config->services[gate_scope_at(scope, 0)].rollout;

    return change->profile[0] != '\0' ? change->profile : configured->default_profile;
}

static enum judgement check_profile(struct deploy *deploy, struct ticket *ticket,
                                    const struct scope *scope)
{
    const struct config_service *service = &deploy->config->services[gate_scope_at(scope, 0)];
    const char *profile = find_profile(deploy, scope, &ticket->change);
    uint64_t us = 0;

    if (config_find_watch(&service->rollout, profile, &us))
        return JUDGED_DONE;
    return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                        "%s has no profile %s: use minor, major, breaking, or one that is "
                        "configured",
                        service->name, profile);
}

/* What a rollout needs that a switch does not. */
static enum judgement check_free(struct deploy *deploy, struct ticket *ticket,
                                 const struct scope *scope)
{
    const struct state_rollout *running = rollout_running(deploy->config, &deploy->working, scope);

    if (running != NULL)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "rollout",
                            "rollout %llu of %s is %s: end it with switchctl rollout abort %s "
                            "before another begins",
                            (unsigned long long)running->id, running->name,
                            rollout_phase_name(running->phase), running->name);
    if (canary_is_running(deploy, scope))
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "canary",
                            "%s has a canary already: promote it, or end it with switchctl canary "
                            "abort %s",
                            ticket->change.name, ticket->change.name);
    return judge_gate(ticket, "rollout", true, "no other rollout and no canary goes on");
}

static enum judgement check_slots(struct deploy *deploy, struct ticket *ticket,
                                  const struct scope *scope, const char *slot)
{
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);

        if (strcmp(deploy->working.services[index]->active, slot) == 0)
            return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "live",
                                "%s/%s is live already: name the slot to go to with --to",
                                deploy->working.services[index]->name, slot);
        if (move_check(deploy, ticket, index, slot) != JUDGED_DONE)
            return JUDGED_REFUSED;
    }
    return quarantine_check(deploy, ticket, scope, slot);
}

static const char *find_version(const struct deploy *deploy, const struct scope *scope,
                                const char *slot_name)
{
    const struct config_slot *slot =
        config_find_slot(&deploy->config->services[gate_scope_at(scope, 0)], slice_from(slot_name));

    return slot != NULL && slot->version != NULL ? slot->version : slot_name;
}

/* In place of the last one of this name. */
static struct state_rollout *begin(struct deploy *deploy, const struct ticket *ticket,
                                   const struct scope *scope, const char *slot)
{
    const struct change *change = &ticket->change;
    struct state_book *book = &deploy->working.book;
    struct state_rollout *rollout = state_book_find(book, change->name);

    if (rollout != NULL)
        state_book_drop(book, rollout);
    rollout = state_book_add(book, change->name);
    rollout->id = ++book->last_id;
    rollout->plan = change->plan;
    rollout->phase = ROLLOUT_STAGED;
    rollout->confirm_us = change->confirm_us;
    rollout->started_wall_us = rollout->entered_wall_us = clock_wall_us();
    rollout->entered_us = (int64_t)loop_now_us(deploy->options.loop);
    snprintf(rollout->from, sizeof rollout->from, "%s",
             deploy->working.services[gate_scope_at(scope, 0)]->active);
    snprintf(rollout->to, sizeof rollout->to, "%s", slot);
    snprintf(rollout->version, sizeof rollout->version, "%s", find_version(deploy, scope, slot));
    snprintf(rollout->profile, sizeof rollout->profile, "%s", find_profile(deploy, scope, change));
    snprintf(rollout->starter, sizeof rollout->starter, "%s", change->actor);
    snprintf(rollout->words, sizeof rollout->words, "%s", change->reason);
    way_back_shut(deploy, scope, rollout->to);
    return rollout;
}

static enum judgement start(struct deploy *deploy, struct ticket *ticket)
{
    const struct state_rollout *rollout = NULL;
    const char *slot = NULL;
    struct scope scope;

    if (!gate_find_scope(deploy, ticket, &scope) ||
        move_check_group(deploy, ticket, &scope) == JUDGED_REFUSED ||
        check_profile(deploy, ticket, &scope) != JUDGED_DONE ||
        check_free(deploy, ticket, &scope) != JUDGED_DONE ||
        !move_find_slot(deploy, ticket, &scope, &slot) ||
        check_slots(deploy, ticket, &scope, slot) != JUDGED_DONE)
        return JUDGED_REFUSED;
    rollout = begin(deploy, ticket, &scope, slot);
    memcpy(ticket->result.from, rollout->from, sizeof ticket->result.from);
    memcpy(ticket->result.to, rollout->to, sizeof ticket->result.to);
    return judge_done(ticket, "%s: rollout %llu from %s to %s (%s) has begun", rollout->name,
                      (unsigned long long)rollout->id, rollout->from, rollout->to,
                      rollout->version);
}

static enum judgement set_paused(struct deploy *deploy, struct ticket *ticket,
                                 struct state_rollout *rollout, bool is_paused)
{
    int64_t now_us = (int64_t)loop_now_us(deploy->options.loop);

    if (rollout->is_paused == is_paused)
        return judge_same(ticket, "the rollout of %s is %s already", rollout->name,
                          is_paused ? "paused" : "running");
    count_manual(rollout, now_us);
    rollout->is_paused = rollout->is_manual = is_paused;
    rollout->manual_since_us = now_us;
    if (!is_paused) { /* what it waits for begins anew */
        rollout->entered_us = now_us;
        rollout->entered_wall_us = clock_wall_us();
    }
    return judge_done(ticket, "%s: the rollout %s", rollout->name,
                      is_paused ? "stays where it is until it is resumed; guards stay armed"
                                : "goes on");
}

/* What follows the end was done: it is noted, so that a restart does not do it again. */
static enum judgement finalize(struct ticket *ticket, struct state_rollout *rollout)
{
    if (rollout->is_final)
        return judge_same(ticket, "rollout %llu is final already", (unsigned long long)rollout->id);
    rollout->is_final = true;
    return judge_done(ticket, "%s: rollout %llu is final%s%s", rollout->name,
                      (unsigned long long)rollout->id, ticket->change.reason[0] != '\0' ? ": " : "",
                      ticket->change.reason);
}

/* A step of the driver that somebody overtook is none any more. */
static enum judgement judge_phase(struct deploy *deploy, struct ticket *ticket)
{
    enum rollout_phase phase = (enum rollout_phase)ticket->change.phase;
    struct state_rollout *rollout = state_book_find(&deploy->working.book, ticket->change.name);

    if (!ticket->is_internal || phase >= ROLLOUT_PHASE_COUNT)
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                            "phases are entered by the rollout itself: see switchctl rollout "
                            "advance");
    if (rollout == NULL || rollout->id != ticket->change.rollout)
        return judge_same(ticket, "there is no such rollout of %s any more", ticket->change.name);
    if (!rollout_is_running(phase) && phase == rollout->phase)
        return finalize(ticket, rollout);
    if (rollout->is_paused)
        return judge_same(ticket, "the rollout of %s is paused", ticket->change.name);
    return rollout_go(deploy, ticket, rollout, phase);
}

static enum judgement advance(struct deploy *deploy, struct ticket *ticket,
                              struct state_rollout *rollout)
{
    ticket->change.share = 0; /* from where it is */
    return rollout_go(deploy, ticket, rollout, rollout_next(deploy, &deploy->working, rollout));
}

static enum judgement judge_running(struct deploy *deploy, struct ticket *ticket)
{
    struct state_rollout *rollout = NULL;
    struct scope scope;

    if (!gate_find_scope(deploy, ticket, &scope))
        return JUDGED_REFUSED;
    rollout = rollout_running(deploy->config, &deploy->working, &scope);
    if (rollout == NULL || (ticket->change.rollout != 0 && ticket->change.rollout != rollout->id))
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "rollout",
                            "no rollout of %s goes on; begin one with switchctl rollout start %s",
                            ticket->change.name, ticket->change.name);
    if (ticket->change.kind == CHANGE_ROLLOUT_ADVANCE)
        return advance(deploy, ticket, rollout);
    if (ticket->change.kind == CHANGE_ROLLOUT_ABORT)
        return rollout_end(deploy, ticket, rollout, ROLLOUT_ABORTED);
    return set_paused(deploy, ticket, rollout, ticket->change.kind == CHANGE_ROLLOUT_PAUSE);
}

enum judgement rollout_judge(struct deploy *deploy, struct ticket *ticket)
{
    enum change_kind kind = ticket->change.kind;

    if (kind == CHANGE_ROLLOUT_START)
        return start(deploy, ticket);
    if (kind == CHANGE_ROLLOUT_PHASE)
        return judge_phase(deploy, ticket);
    if (kind == CHANGE_CONFIRM)
        return confirm_judge(deploy, ticket);
    if (kind == CHANGE_APPROVE || kind == CHANGE_REJECT || kind == CHANGE_CHECK)
        return consent_judge(deploy, ticket);
    return judge_running(deploy, ticket);
}
