/*
 * What others may do while a rollout goes on or a switch is to be confirmed: a way back always, anything else only by
 * force, which ends the rollout. See rollout_priv.h. Control thread.
 */
#include <stdio.h>
#include <string.h>

#include "deploy/canary_priv.h"
#include "deploy/confirm_priv.h"
#include "deploy/consent_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/rollout_priv.h"

/* Whether the change moves traffic between slots, or is about to. */
static bool is_move(enum change_kind kind)
{
    return kind == CHANGE_SWITCH || kind == CHANGE_ROLLBACK ||
           (kind >= CHANGE_CANARY_START && kind <= CHANGE_CANARY_PROMOTE);
}

static bool is_way_back(const struct ticket *ticket)
{
    return ticket->change.kind == CHANGE_ROLLBACK ||
           (ticket->is_internal && ticket->change.kind == CHANGE_CANARY_ABORT);
}

/* A new beginning, which would make unclear what goes back when nobody confirms. */
static bool is_beginning(enum change_kind kind)
{
    return kind == CHANGE_SWITCH || kind == CHANGE_CANARY_START || kind == CHANGE_CANARY_PROMOTE ||
           kind == CHANGE_ROLLOUT_START;
}

static void add_words(struct ticket *ticket, const struct state_rollout *rollout)
{
    char *words = ticket->result.words;
    size_t len = strlen(words);

    snprintf(words + len, sizeof ticket->result.words - len, "; rollout %llu of %s is %s",
             (unsigned long long)rollout->id, rollout->name, rollout_phase_name(rollout->phase));
}

static const char *find_cause(const struct change *change)
{
    if (change->trigger[0] != '\0')
        return change->trigger;
    return change->reason[0] != '\0' ? change->reason : "by hand";
}

static void note_back(struct deploy *deploy, struct ticket *ticket, struct state_rollout *rollout)
{
    const struct change *change = &ticket->change;

    consent_use(deploy, rollout->name);
    rollout_enter(deploy, rollout, ROLLOUT_ROLLED_BACK, "rolled back from %s by %.90s: %.100s",
                  rollout_phase_name(rollout->phase), change->actor, find_cause(change));
    add_words(ticket, rollout);
}

/* Before any traffic has moved, what a person takes back is the rollout, not the switch before it. */
static enum judgement go_back(struct deploy *deploy, struct ticket *ticket,
                              struct state_rollout *rollout, judge_fn *judge)
{
    bool has_traffic = rollout->phase == ROLLOUT_RAMPING || rollout_has_moved(rollout);
    enum judgement judgement = JUDGED_DONE;

    if (!has_traffic && ticket->change.trigger[0] == '\0') {
        memcpy(ticket->result.from, rollout->from, sizeof ticket->result.from);
        memcpy(ticket->result.to, rollout->from, sizeof ticket->result.to);
        judge_done(ticket, "%s: nothing had moved yet, %s stays live", ticket->change.name,
                   rollout->from);
    } else {
        judgement = judge(deploy, ticket);
    }
    if (judgement == JUDGED_DONE)
        note_back(deploy, ticket, rollout);
    return judgement;
}

/* Somebody insists: the rollout is over and the change goes on, if it can. */
static enum judgement force(struct deploy *deploy, struct ticket *ticket,
                            struct state_rollout *rollout, judge_fn *judge)
{
    struct state_rollout was = *rollout;
    enum judgement judgement = JUDGED_REFUSED;

    rollout_enter(deploy, rollout, ROLLOUT_ABORTED, "%s by %.90s: %.100s",
                  change_kind_name(ticket->change.kind), ticket->change.actor,
                  ticket->change.reason);
    judgement = judge(deploy, ticket);
    if (judgement == JUDGED_DONE) {
        consent_use(deploy, rollout->name);
        add_words(ticket, rollout);
    } else {
        *rollout = was;
    }
    return judgement;
}

static const char *find_instead(enum change_kind kind)
{
    if (kind == CHANGE_CANARY_ABORT)
        return "rollout abort";
    if (kind == CHANGE_CANARY_PAUSE)
        return "rollout pause";
    if (kind == CHANGE_CANARY_RESUME)
        return "rollout resume";
    return "rollout advance";
}

static enum judgement meet_rollout(struct deploy *deploy, struct ticket *ticket,
                                   struct state_rollout *rollout, judge_fn *judge)
{
    if (is_way_back(ticket))
        return go_back(deploy, ticket, rollout, judge);
    if (ticket->is_internal)
        return judge_same(ticket, "the rollout of %s makes the steps", rollout->name);
    if (gate_is_forced(ticket))
        return force(deploy, ticket, rollout, judge);
    if (judge_gate(ticket, "rollout", false,
                   "rollout %llu of %s to %s is %s: use switchctl %s %s, or rollback; --force "
                   "--reason ends the rollout and goes on",
                   (unsigned long long)rollout->id, rollout->name, rollout->to,
                   rollout_phase_name(rollout->phase), find_instead(ticket->change.kind),
                   rollout->name) != JUDGED_DONE)
        return JUDGED_REFUSED;
    return judge(deploy, ticket); /* a plan sees what comes behind */
}

/* After a move by hand: the deadline of its confirmation, and no approval is good for a second one. */
static void note_move(struct deploy *deploy, const struct ticket *ticket, const struct scope *scope)
{
    const struct change *change = &ticket->change;

    if (change->kind != CHANGE_SWITCH && change->kind != CHANGE_CANARY_PROMOTE)
        return;
    consent_use(deploy, change->name);
    if (change->confirm_us != 0)
        confirm_put(deploy, scope, change->confirm_us);
}

enum judgement rollout_guard(struct deploy *deploy, struct ticket *ticket, judge_fn *judge)
{
    enum change_kind kind = ticket->change.kind;
    struct state_rollout *rollout = NULL;
    enum judgement judgement = JUDGED_REFUSED;
    struct scope scope;

    if (!(is_move(kind) || kind == CHANGE_ROLLOUT_START) ||
        !gate_look_up(deploy->config, ticket->change.name, &scope))
        return judge(deploy, ticket);
    if (is_beginning(kind) && confirm_check(deploy, ticket, &scope) != JUDGED_DONE)
        return JUDGED_REFUSED;
    rollout = is_move(kind) ? rollout_running(deploy->config, &deploy->working, &scope) : NULL;
    judgement =
        rollout != NULL ? meet_rollout(deploy, ticket, rollout, judge) : judge(deploy, ticket);
    if (judgement == JUDGED_DONE)
        note_move(deploy, ticket, &scope);
    return judgement;
}
