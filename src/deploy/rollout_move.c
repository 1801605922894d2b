/*
 * The phases of a rollout with the traffic that belongs to them: the canary's shares, the switch, and the way back. Each
 * is one judgement, so that phase and traffic are durable together or not at all. See rollout_priv.h. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/canary_priv.h"
#include "deploy/confirm_priv.h"
#include "deploy/consent_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/holdback_priv.h"
#include "deploy/move_priv.h"
#include "deploy/rollout_priv.h"
#include "net/loop.h"
#include "route/split.h"

static void find_scope(const struct deploy *deploy, const struct state_rollout *rollout,
                       struct scope *out)
{
    CHECK(gate_look_up(deploy->config, rollout->name, out)); /* rollout_fit ends the others */
}

/* Why the phase was entered, in the words that are kept. */
static const char *find_why(const struct ticket *ticket, const char *otherwise)
{
    return ticket->change.reason[0] != '\0' ? ticket->change.reason : otherwise;
}

static enum judgement answer(struct deploy *deploy, struct ticket *ticket,
                             struct state_rollout *rollout, enum rollout_phase phase)
{
    const char *was = rollout_phase_name(rollout->phase);

    snprintf(ticket->change.target, sizeof ticket->change.target, "%s", rollout_phase_name(phase));
    memcpy(ticket->result.from, rollout->from, sizeof ticket->result.from);
    memcpy(ticket->result.to, rollout->to, sizeof ticket->result.to);
    rollout_enter(deploy, rollout, phase, "%s", find_why(ticket, ticket->change.actor));
    return judge_done(ticket, "%s: rollout %llu %s -> %s, epoch %llu", rollout->name,
                      (unsigned long long)rollout->id, was, rollout_phase_name(phase),
                      (unsigned long long)deploy->working.epoch);
}

static enum judgement check_consents(struct deploy *deploy, struct ticket *ticket,
                                     const struct state_rollout *rollout, enum consent_stage stage)
{
    struct consent_ask ask = {
        .name = rollout->name,
        .slot = rollout->to,
        .actor = rollout->starter,
        .stage = stage,
    };
    struct scope scope;

    find_scope(deploy, rollout, &scope);
    return consent_check(deploy, ticket, &scope, &ask);
}

static enum judgement check_targets(struct deploy *deploy, struct ticket *ticket,
                                    const struct state_rollout *rollout)
{
    struct scope scope;

    find_scope(deploy, rollout, &scope);
    for (size_t i = 0; i < scope.count; i++)
        if (move_check(deploy, ticket, gate_scope_at(&scope, i), rollout->to) != JUDGED_DONE)
            return JUDGED_REFUSED;
    return JUDGED_DONE;
}

/* The longest that a service of the scope asks for. */
static enum judgement check_validation(struct deploy *deploy, struct ticket *ticket,
                                       const struct state_rollout *rollout)
{
    int64_t age_us = (int64_t)loop_now_us(deploy->options.loop) - rollout->entered_us;
    uint64_t needed_us = 0;
    struct scope scope;

    find_scope(deploy, rollout, &scope);
    for (size_t i = 0; i < scope.count; i++) {
        uint64_t us = deploy->config->services[gate_scope_at(&scope, i)].gate.validation;

        needed_us = us > needed_us ? us : needed_us;
    }
    if (needed_us == 0 || gate_is_forced(ticket))
        return JUDGED_DONE;
    return judge_gate(ticket, "validation", age_us >= (int64_t)needed_us,
                      "%s/%s was watched for %lld of %llu s without traffic; wait, or --force "
                      "--reason",
                      rollout->name, rollout->to, (long long)(age_us / 1000000),
                      (unsigned long long)(needed_us / 1000000));
}

/* Something was not as it should be: the time begins anew. */
static enum judgement prove_again(struct deploy *deploy, struct ticket *ticket,
                                  struct state_rollout *rollout)
{
    rollout->entered_us = (int64_t)loop_now_us(deploy->options.loop);
    rollout->entered_wall_us = clock_wall_us();
    snprintf(rollout->words, sizeof rollout->words, "%s", find_why(ticket, "begun anew"));
    return judge_done(ticket, "%s: the time of validation begins anew: %s", rollout->name,
                      rollout->words);
}

static enum judgement become_ready(struct deploy *deploy, struct ticket *ticket,
                                   struct state_rollout *rollout)
{
    if (check_validation(deploy, ticket, rollout) != JUDGED_DONE ||
        check_targets(deploy, ticket, rollout) != JUDGED_DONE)
        return JUDGED_REFUSED;
    return answer(deploy, ticket, rollout, ROLLOUT_READY);
}

static enum judgement begin_ramp(struct deploy *deploy, struct ticket *ticket,
                                 struct state_rollout *rollout)
{
    struct scope scope;
    uint32_t share = 0;

    find_scope(deploy, rollout, &scope);
    share = canary_next_share(deploy, &scope, 0);
    if (check_targets(deploy, ticket, rollout) != JUDGED_DONE)
        return JUDGED_REFUSED;
    canary_put(deploy, &scope, rollout, share);
    deploy->working.epoch++;
    ticket->result.share = share;
    return answer(deploy, ticket, rollout, ROLLOUT_RAMPING);
}

/* The next share; change->share is the one that the driver has seen. */
static enum judgement step(struct deploy *deploy, struct ticket *ticket,
                           struct state_rollout *rollout)
{
    uint32_t share = 0;
    uint32_t next = 0;
    struct scope scope;
    char was[CANARY_SHARE_TEXT];
    char is[CANARY_SHARE_TEXT];

    find_scope(deploy, rollout, &scope);
    share = deploy->working.services[gate_scope_at(&scope, 0)]->canary.share;
    next = canary_next_share(deploy, &scope, share);
    if (ticket->change.share != 0 && ticket->change.share != share)
        return judge_same(ticket, "the canary of %s has %s by now", rollout->name,
                          canary_share_text(share, is));
    if (next == 0 || next >= SPLIT_WHOLE)
        return judge_same(ticket, "the canary of %s has its last share", rollout->name);
    if (check_targets(deploy, ticket, rollout) != JUDGED_DONE)
        return JUDGED_REFUSED;
    canary_put_share(deploy, &scope, next);
    deploy->working.epoch++;
    rollout->entered_us = (int64_t)loop_now_us(deploy->options.loop);
    rollout->entered_wall_us = clock_wall_us();
    rollout->is_held = false;
    snprintf(rollout->words, sizeof rollout->words, "%s", find_why(ticket, ticket->change.actor));
    ticket->result.share = next;
    memcpy(ticket->result.from, rollout->from, sizeof ticket->result.from);
    memcpy(ticket->result.to, rollout->to, sizeof ticket->result.to);
    return judge_done(ticket, "%s: rollout %llu, %s from %s to %s, epoch %llu", rollout->name,
                      (unsigned long long)rollout->id, rollout->to, canary_share_text(share, was),
                      canary_share_text(next, is), (unsigned long long)deploy->working.epoch);
}

static enum judgement cut_over(struct deploy *deploy, struct ticket *ticket,
                               struct state_rollout *rollout)
{
    struct scope scope;
    uint64_t salt = 0;

    find_scope(deploy, rollout, &scope);
    salt = holdback_salt(deploy, &scope);
    if (check_consents(deploy, ticket, rollout, CONSENT_CUTOVER) != JUDGED_DONE ||
        switching_move(deploy, ticket, &scope, rollout->to) != JUDGED_DONE)
        return JUDGED_REFUSED;
    if (rollout->confirm_us != 0)
        confirm_put(deploy, &scope, rollout->confirm_us);
    holdback_begin(deploy, &scope, rollout, salt);
    return answer(deploy, ticket, rollout, ROLLOUT_CUTOVER);
}

static enum judgement settle(struct deploy *deploy, struct ticket *ticket,
                             struct state_rollout *rollout)
{
    struct scope scope;

    find_scope(deploy, rollout, &scope);
    if (confirm_check(deploy, ticket, &scope) != JUDGED_DONE)
        return JUDGED_REFUSED;
    consent_use(deploy, rollout->name);
    return answer(deploy, ticket, rollout, ROLLOUT_SETTLED);
}

static bool is_again(const struct state_rollout *rollout, enum rollout_phase phase)
{
    return rollout->phase == phase && (phase == ROLLOUT_PROVING || phase == ROLLOUT_RAMPING);
}

enum judgement rollout_go(struct deploy *deploy, struct ticket *ticket,
                          struct state_rollout *rollout, enum rollout_phase phase)
{
    bool again = is_again(rollout, phase);

    if (!again && !rollout_may_follow(rollout->phase, phase))
        return judge_same(ticket, "the rollout of %s is %s by now", rollout->name,
                          rollout_phase_name(rollout->phase));
    switch (phase) {
    case ROLLOUT_PROVING:
        if (again)
            return prove_again(deploy, ticket, rollout);
        return check_consents(deploy, ticket, rollout, CONSENT_START) == JUDGED_DONE
                   ? answer(deploy, ticket, rollout, phase)
                   : JUDGED_REFUSED;
    case ROLLOUT_READY: return become_ready(deploy, ticket, rollout);
    case ROLLOUT_RAMPING:
        return again ? step(deploy, ticket, rollout) : begin_ramp(deploy, ticket, rollout);
    case ROLLOUT_CUTOVER: return cut_over(deploy, ticket, rollout);
    case ROLLOUT_WATCHING: return answer(deploy, ticket, rollout, phase);
    case ROLLOUT_SETTLED: return settle(deploy, ticket, rollout);
    case ROLLOUT_STAGED:
    case ROLLOUT_ROLLED_BACK:
    case ROLLOUT_ABORTED:
    case ROLLOUT_REFUSED:
    case ROLLOUT_PHASE_COUNT: break;
    }
    return rollout_end(deploy, ticket, rollout, phase);
}

/* Traffic back to where the rollout found it. JUDGED_DONE: it is there, or was all the time. */
static enum judgement take_back(struct deploy *deploy, struct ticket *ticket,
                                const struct state_rollout *rollout)
{
    struct scope scope;

    find_scope(deploy, rollout, &scope);
    if (rollout_has_moved(rollout))
        return switching_return(deploy, ticket, &scope);
    if (canary_end(deploy, &scope))
        deploy->working.epoch++;
    return JUDGED_DONE;
}

enum judgement rollout_end(struct deploy *deploy, struct ticket *ticket,
                           struct state_rollout *rollout, enum rollout_phase phase)
{
    enum judgement judgement = take_back(deploy, ticket, rollout);

    if (judgement == JUDGED_REFUSED)
        return judgement;
    consent_use(deploy, rollout->name);
    snprintf(ticket->change.target, sizeof ticket->change.target, "%s", rollout_phase_name(phase));
    memcpy(ticket->result.from, rollout->to, sizeof ticket->result.from);
    memcpy(ticket->result.to, rollout->from, sizeof ticket->result.to);
    rollout_enter(deploy, rollout, phase, "%s, from %s: %s", rollout_phase_name(phase),
                  rollout_phase_name(rollout->phase), find_why(ticket, ticket->change.actor));
    return judge_done(ticket, "%s: rollout %llu is %s, %s is live for everybody, epoch %llu",
                      rollout->name, (unsigned long long)rollout->id, rollout_phase_name(phase),
                      rollout->from, (unsigned long long)deploy->working.epoch);
}
