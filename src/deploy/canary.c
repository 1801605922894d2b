/* Canaries as decisions: see canary_priv.h. The steps by time are asked for by due.c; the picture makes a split. */
#include "deploy/canary_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "deploy/consent_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/move_priv.h"
#include "deploy/quarantine_priv.h"
#include "deploy/rollout_priv.h"
#include "deploy/way_back_priv.h"
#include "net/loop.h"
#include "route/split.h"

const char *canary_share_text(uint32_t share, char out[CANARY_SHARE_TEXT])
{
    if (share % 100 == 0)
        snprintf(out, CANARY_SHARE_TEXT, "%u%%", share / 100);
    else if (share % 10 == 0)
        snprintf(out, CANARY_SHARE_TEXT, "%u.%u%%", share / 100, share % 100 / 10);
    else
        snprintf(out, CANARY_SHARE_TEXT, "%u.%02u%%", share / 100, share % 100);
    return out;
}

static bool is_running(const struct state_service *service)
{
    return service->canary.candidate[0] != '\0';
}

/* The first service of the scope that has a canary; NULL: none. */
static const struct state_service *find_first(const struct deploy *deploy,
                                              const struct scope *scope)
{
    for (size_t i = 0; i < scope->count; i++)
        if (is_running(deploy->working.services[gate_scope_at(scope, i)]))
            return deploy->working.services[gate_scope_at(scope, i)];
    return NULL;
}

bool canary_is_running(const struct deploy *deploy, const struct scope *scope)
{
    return find_first(deploy, scope) != NULL;
}

const char *canary_starter(const struct deploy *deploy, const struct scope *scope, const char *slot)
{
    const struct state_service *first = find_first(deploy, scope);

    return first != NULL && strcmp(first->canary.candidate, slot) == 0 ? first->canary.starter : "";
}

/* The steps of a group are those of its first service. */
static const struct config_canary *find_steps(const struct deploy *deploy,
                                              const struct scope *scope)
{
    return &deploy->config->services[gate_scope_at(scope, 0)].canary;
}

/* The first configured step beyond the share; 0: there is none. */
static uint32_t find_next(const struct config_canary *configured, uint32_t share)
{
    for (size_t i = 0; i < configured->steps.count; i++)
        if (configured->steps.items[i] > share)
            return configured->steps.items[i];
    return 0;
}

uint32_t canary_next_share(const struct deploy *deploy, const struct scope *scope, uint32_t share)
{
    return find_next(find_steps(deploy, scope), share);
}

/* When the next step by time comes, counted from now; NULL: somebody else makes the steps. */
static void schedule(const struct config_canary *configured, struct state_canary *canary,
                     uint64_t now_us)
{
    bool is_due = configured != NULL && configured->step_time > 0 && !canary->is_paused &&
                  find_next(configured, canary->share) != 0;

    canary->next_us = is_due ? now_us + configured->step_time : 0;
    canary->next_wall_us = is_due ? clock_wall_us() + configured->step_time : 0;
}

/* The steps by time; NULL: a rollout makes them. */
static const struct config_canary *find_timed(const struct deploy *deploy,
                                              const struct scope *scope)
{
    return rollout_running(deploy->config, &deploy->working, scope) == NULL
               ? find_steps(deploy, scope)
               : NULL;
}

bool canary_end(struct deploy *deploy, const struct scope *scope)
{
    bool has_ended = false;

    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);

        if (!is_running(deploy->working.services[index]))
            continue;
        decisions_own(&deploy->working, index)->canary = (struct state_canary){ 0 };
        has_ended = true;
    }
    return has_ended;
}

enum judgement canary_check_switch(struct deploy *deploy, struct ticket *ticket,
                                   const struct scope *scope, const char *slot)
{
    for (size_t i = 0; i < scope->count; i++) {
        const struct state_service *service = deploy->working.services[gate_scope_at(scope, i)];
        char share[CANARY_SHARE_TEXT];

        if (gate_is_forced(ticket) || !is_running(service) ||
            strcmp(service->canary.candidate, slot) == 0)
            continue;
        return judge_gate(ticket, "canary", false,
                          "%s has a canary on %s (%s): promote it, or end it with switchctl canary "
                          "abort %s; --force --reason ends it as well",
                          service->name, service->canary.candidate,
                          canary_share_text(service->canary.share, share), ticket->change.name);
    }
    return judge_gate(ticket, "canary", true, "no canary is in the way");
}

static enum judgement refuse_none(struct ticket *ticket)
{
    return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "canary",
                        "%s has no canary; begin one with switchctl canary start %s",
                        ticket->change.name, ticket->change.name);
}

bool canary_find_candidate(struct deploy *deploy, struct ticket *ticket, const struct scope *scope,
                           const char **out)
{
    const struct state_service *first = find_first(deploy, scope);

    if (first == NULL) {
        refuse_none(ticket);
        return false;
    }
    for (size_t i = 0; i < scope->count; i++) {
        const struct state_service *service = deploy->working.services[gate_scope_at(scope, i)];

        if (!is_running(service) || strcmp(service->canary.candidate, first->canary.candidate) == 0)
            continue;
        judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "canary",
                     "the candidate of %s is %s, that of %s is %s: name one service and --force "
                     "--reason, or abort one of them",
                     first->name, first->canary.candidate, service->name,
                     service->canary.candidate);
        return false;
    }
    *out = first->canary.candidate;
    return true;
}

/* Where it leads and how far it is now; from is the live slot. */
static void note_canary(struct deploy *deploy, struct ticket *ticket, const struct scope *scope)
{
    const struct state_service *service = find_first(deploy, scope);

    snprintf(ticket->result.from, sizeof ticket->result.from, "%s", service->active);
    snprintf(ticket->result.to, sizeof ticket->result.to, "%s", service->canary.candidate);
    ticket->result.share = service->canary.share;
}

enum judgement canary_abort(struct deploy *deploy, struct ticket *ticket, const struct scope *scope)
{
    const struct state_service *first = find_first(deploy, scope);
    char candidate[sizeof first->canary.candidate];

    if (first == NULL)
        return judge_same(ticket, "%s has no canary", ticket->change.name);
    snprintf(ticket->result.from, sizeof ticket->result.from, "%s", first->canary.candidate);
    snprintf(ticket->result.to, sizeof ticket->result.to, "%s", first->active);
    memcpy(candidate, first->canary.candidate, sizeof candidate);
    canary_end(deploy, scope);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: the canary on %s is over, %s is live for everybody, epoch %llu",
                      ticket->change.name, candidate, ticket->result.to,
                      (unsigned long long)deploy->working.epoch);
}

/* A canary is there already: it is the one that is asked for, or in the way. */
static enum judgement answer_running(struct deploy *deploy, struct ticket *ticket,
                                     const struct scope *scope, const char *slot)
{
    const struct state_service *first = find_first(deploy, scope);
    uint32_t share = ticket->change.share;
    char text[CANARY_SHARE_TEXT];
    bool is_same = true;

    for (size_t i = 0; i < scope->count; i++) {
        const struct state_canary *canary =
            &deploy->working.services[gate_scope_at(scope, i)]->canary;

        is_same = is_same && strcmp(canary->candidate, slot) == 0 &&
                  (share == 0 || share == canary->share);
    }
    canary_share_text(first->canary.share, text);
    if (!is_same)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "canary",
                            "%s has a canary on %s (%s) already: move it with switchctl canary set "
                            "or step, or end it with switchctl canary promote or abort",
                            first->name, first->canary.candidate, text);
    note_canary(deploy, ticket, scope);
    return judge_same(ticket, "the canary of %s on %s runs already, with %s", ticket->change.name,
                      slot, text);
}

/* A step by time is taken in the name of who began it: nobody's own approval counts for it. */
static const char *find_mover(const struct deploy *deploy, const struct ticket *ticket,
                              const struct scope *scope)
{
    const struct state_service *first = find_first(deploy, scope);

    return ticket->is_internal && first != NULL && first->canary.starter[0] != '\0'
               ? first->canary.starter
               : ticket->change.actor;
}

static enum judgement check_consents(struct deploy *deploy, struct ticket *ticket,
                                     const struct scope *scope, const char *slot,
                                     enum consent_stage stage)
{
    struct consent_ask ask = {
        .name = ticket->change.name,
        .slot = slot,
        .actor = find_mover(deploy, ticket, scope),
        .stage = stage,
    };

    return consent_check(deploy, ticket, scope, &ask);
}

static enum judgement check_start(struct deploy *deploy, struct ticket *ticket,
                                  const struct scope *scope, const char *slot)
{
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);

        if (strcmp(deploy->working.services[index]->active, slot) == 0)
            return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "live",
                                "%s/%s is live already: name the slot to try with --to",
                                deploy->working.services[index]->name, slot);
        if (move_check(deploy, ticket, index, slot) != JUDGED_DONE)
            return JUDGED_REFUSED;
    }
    if (quarantine_check(deploy, ticket, scope, slot) != JUDGED_DONE)
        return JUDGED_REFUSED;
    judge_gate(ticket, "canary", true, "no other canary runs");
    return check_consents(deploy, ticket, scope, slot, CONSENT_START);
}

/* The share of every canary of the scope; their next step is counted from now. */
static void set_share(struct deploy *deploy, const struct scope *scope, uint32_t share)
{
    const struct config_canary *configured = find_timed(deploy, scope);
    uint64_t now_us = loop_now_us(deploy->options.loop);

    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        struct state_canary *canary = NULL;

        if (!is_running(deploy->working.services[index]))
            continue;
        canary = &decisions_own(&deploy->working, index)->canary;
        canary->share = share;
        schedule(configured, canary, now_us);
    }
}

static uint64_t make_salt(void)
{
    uint64_t salt = 0;

    CHECK(getrandom(&salt, sizeof salt, 0) == (ssize_t)sizeof salt);
    return salt;
}

static void begin(struct deploy *deploy, const struct scope *scope, const char *slot,
                  const char *starter)
{
    struct state_canary canary = { .salt = make_salt(), .started_wall_us = clock_wall_us() };

    memcpy(canary.candidate, slot, strlen(slot) + 1);
    snprintf(canary.starter, sizeof canary.starter, "%s", starter);
    for (size_t i = 0; i < scope->count; i++)
        decisions_own(&deploy->working, gate_scope_at(scope, i))->canary = canary;
    way_back_shut(deploy, scope, slot);
}

void canary_put(struct deploy *deploy, const struct scope *scope,
                const struct state_rollout *rollout, uint32_t share)
{
    begin(deploy, scope, rollout->to, rollout->starter);
    set_share(deploy, scope, share);
}

void canary_put_share(struct deploy *deploy, const struct scope *scope, uint32_t share)
{
    set_share(deploy, scope, share);
}

static enum judgement start(struct deploy *deploy, struct ticket *ticket, const struct scope *scope)
{
    const struct config_canary *configured = find_steps(deploy, scope);
    uint32_t share = ticket->change.share;
    const char *slot = NULL;
    char text[CANARY_SHARE_TEXT];

    if (!move_find_slot(deploy, ticket, scope, &slot))
        return JUDGED_REFUSED;
    if (canary_is_running(deploy, scope))
        return answer_running(deploy, ticket, scope, slot);
    if (share == 0)
        share = find_next(configured, 0);
    if (share == 0)
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                            "no steps are configured for %s: say the share, as in 5%%",
                            ticket->change.name);
    if (check_start(deploy, ticket, scope, slot) != JUDGED_DONE)
        return JUDGED_REFUSED;
    memmove(ticket->result.to, slot, strlen(slot) + 1);
    begin(deploy, scope, ticket->result.to, ticket->change.actor);
    set_share(deploy, scope, share);
    note_canary(deploy, ticket, scope);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: canary on %s with %s, epoch %llu", ticket->change.name,
                      ticket->result.to, canary_share_text(share, text),
                      (unsigned long long)deploy->working.epoch);
}

/* More users need a target that can take them. */
static enum judgement check_raise(struct deploy *deploy, struct ticket *ticket,
                                  const struct scope *scope, uint32_t share)
{
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        const struct state_canary *canary = &deploy->working.services[index]->canary;

        if (canary->candidate[0] != '\0' && share > canary->share &&
            move_check(deploy, ticket, index, canary->candidate) != JUDGED_DONE)
            return JUDGED_REFUSED;
    }
    return share == SPLIT_WHOLE
               ? check_consents(deploy, ticket, scope, find_first(deploy, scope)->canary.candidate,
                                CONSENT_CUTOVER)
               : JUDGED_DONE;
}

static bool is_share_everywhere(const struct deploy *deploy, const struct scope *scope,
                                uint32_t share)
{
    for (size_t i = 0; i < scope->count; i++) {
        const struct state_service *service = deploy->working.services[gate_scope_at(scope, i)];

        if (is_running(service) && service->canary.share != share)
            return false;
    }
    return true;
}

static enum judgement move_share(struct deploy *deploy, struct ticket *ticket,
                                 const struct scope *scope, uint32_t share)
{
    const struct state_service *first = find_first(deploy, scope);
    char was[CANARY_SHARE_TEXT];
    char is[CANARY_SHARE_TEXT];

    canary_share_text(first->canary.share, was);
    canary_share_text(share, is);
    note_canary(deploy, ticket, scope);
    if (is_share_everywhere(deploy, scope, share))
        return judge_same(ticket, "the canary of %s has %s already", ticket->change.name, is);
    if (check_raise(deploy, ticket, scope, share) != JUDGED_DONE)
        return JUDGED_REFUSED;
    set_share(deploy, scope, share);
    ticket->result.share = share;
    deploy->working.epoch++;
    return judge_done(ticket, "%s: canary on %s, %s -> %s, epoch %llu", ticket->change.name,
                      ticket->result.to, was, is, (unsigned long long)deploy->working.epoch);
}

/* An internal step that is not due any more was overtaken by somebody. */
static bool is_due(const struct deploy *deploy, const struct scope *scope)
{
    uint64_t now_us = loop_now_us(deploy->options.loop);

    for (size_t i = 0; i < scope->count; i++) {
        uint64_t next_us = deploy->working.services[gate_scope_at(scope, i)]->canary.next_us;

        if (next_us != 0 && next_us <= now_us)
            return true;
    }
    return false;
}

static enum judgement step(struct deploy *deploy, struct ticket *ticket, const struct scope *scope)
{
    const struct state_service *first = find_first(deploy, scope);
    uint32_t next = find_next(find_steps(deploy, scope), first->canary.share);
    char share[CANARY_SHARE_TEXT];

    if (ticket->is_internal && !is_due(deploy, scope))
        return judge_same(ticket, "no step of %s is due", ticket->change.name);
    if (next != 0)
        return move_share(deploy, ticket, scope, next);
    return judge_refuse(
        ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "canary",
        "the canary of %s has %s, and there is no step beyond: go on with switchctl "
        "canary promote %s",
        ticket->change.name, canary_share_text(first->canary.share, share), ticket->change.name);
}

static enum judgement set_paused(struct deploy *deploy, struct ticket *ticket,
                                 const struct scope *scope, bool is_paused)
{
    const struct config_canary *configured = find_timed(deploy, scope);
    uint64_t now_us = loop_now_us(deploy->options.loop);
    bool is_changed = false;

    note_canary(deploy, ticket, scope);
    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);
        struct state_service *service = deploy->working.services[index];

        if (!is_running(service) || service->canary.is_paused == is_paused)
            continue;
        service = decisions_own(&deploy->working, index);
        service->canary.is_paused = is_paused;
        schedule(configured, &service->canary, now_us);
        is_changed = true;
    }
    if (!is_changed)
        return judge_same(ticket, "the canary of %s is %s already", ticket->change.name,
                          is_paused ? "paused" : "running");
    return judge_done(ticket, "%s: the canary %s", ticket->change.name,
                      is_paused ? "stays where it is until it is resumed" : "goes on");
}

static enum judgement judge_running(struct deploy *deploy, struct ticket *ticket,
                                    const struct scope *scope)
{
    if (!canary_is_running(deploy, scope))
        return refuse_none(ticket);
    if (ticket->change.kind == CHANGE_CANARY_SET)
        return move_share(deploy, ticket, scope, ticket->change.share);
    if (ticket->change.kind == CHANGE_CANARY_STEP)
        return step(deploy, ticket, scope);
    return set_paused(deploy, ticket, scope, ticket->change.kind == CHANGE_CANARY_PAUSE);
}

enum judgement canary_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct scope scope;

    if (ticket->change.share > SPLIT_WHOLE)
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "", "a share is 0%% to 100%%");
    if (!gate_find_scope(deploy, ticket, &scope) ||
        move_check_group(deploy, ticket, &scope) == JUDGED_REFUSED)
        return JUDGED_REFUSED;
    if (ticket->change.kind == CHANGE_CANARY_START)
        return start(deploy, ticket, &scope);
    if (ticket->change.kind == CHANGE_CANARY_ABORT)
        return canary_abort(deploy, ticket, &scope);
    return judge_running(deploy, ticket, &scope);
}
