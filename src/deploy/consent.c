/* See consent_priv.h. */
#include "deploy/consent_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/actor.h"
#include "base/clock.h"
#include "deploy/canary_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/drill_age_priv.h"
#include "deploy/move_priv.h"
#include "deploy/rollout_priv.h"
#include "net/loop.h"

static const char *version_of(const struct deploy *deploy, const struct scope *scope,
                              const char *slot_name)
{
    const struct config_service *service = &deploy->config->services[gate_scope_at(scope, 0)];
    const struct config_slot *slot = config_find_slot(service, slice_from(slot_name));

    return slot != NULL && slot->version != NULL ? slot->version : "";
}

static bool is_meant(const struct deploy *deploy, const struct state_consent *consent,
                     const struct scope *scope, const struct consent_ask *ask)
{
    return strcmp(consent->name, ask->name) == 0 && strcmp(consent->slot, ask->slot) == 0 &&
           strcmp(consent->version, version_of(deploy, scope, ask->slot)) == 0;
}

static bool is_fresh(const struct deploy *deploy, const struct state_consent *consent,
                     const struct config_gate *gate)
{
    int64_t now_us = (int64_t)loop_now_us(deploy->options.loop);

    return consent->item[0] != '\0' || now_us - consent->at_us < (int64_t)gate->approval_time;
}

static unsigned count_approvals(const struct deploy *deploy, const struct decisions *decisions,
                                const struct scope *scope, const struct consent_ask *ask,
                                const struct config_gate *gate)
{
    const struct state_consent *consent = NULL;
    unsigned count = 0;

    /* Each user has one: approve replaces an older one. */
    TAILQ_FOREACH(consent, &decisions->book.consents, link)
    {
        if (consent->item[0] == '\0' && is_meant(deploy, consent, scope, ask) &&
            is_fresh(deploy, consent, gate) &&
            (gate->approve_own || !actor_is_same_person(consent->who, ask->actor)))
            count++;
    }
    return count;
}

static struct state_consent *find_item(const struct deploy *deploy,
                                       const struct decisions *decisions, const struct scope *scope,
                                       const struct consent_ask *ask, const char *item)
{
    struct state_consent *consent = NULL;

    TAILQ_FOREACH(consent, &decisions->book.consents, link)
    if (strcmp(consent->item, item) == 0 && is_meant(deploy, consent, scope, ask))
        return consent;
    return NULL;
}

static void add_missing(struct consent_count *out, const char *item)
{
    size_t len = strlen(out->missing);

    snprintf(out->missing + len, sizeof out->missing - len, "%s%s", len > 0 ? ", " : "", item);
}

static bool is_asked(const struct config_gate *gate, enum consent_stage stage)
{
    return stage == CONSENT_WHOLE ||
           (stage == CONSENT_START) == (gate->approval_for == CONFIG_APPROVAL_START);
}

/* Of a group the service that lacks most, and the items of all. */
void consent_count(const struct deploy *deploy, const struct decisions *decisions,
                   const struct scope *scope, const struct consent_ask *ask,
                   struct consent_count *out)
{
    *out = (struct consent_count){ 0 };
    for (size_t i = 0; i < scope->count; i++) {
        const struct config_gate *gate = &deploy->config->services[gate_scope_at(scope, i)].gate;
        unsigned count = 0;

        for (size_t j = 0; j < gate->checklist.count && ask->stage != CONSENT_CUTOVER; j++) {
            bool is_done =
                find_item(deploy, decisions, scope, ask, gate->checklist.items[j]) != NULL;

            out->checks_needed++;
            out->checks += is_done;
            if (!is_done)
                add_missing(out, gate->checklist.items[j]);
        }
        if (gate->approvals == 0 || !is_asked(gate, ask->stage))
            continue;
        count = count_approvals(deploy, decisions, scope, ask, gate);
        if (out->approvals_needed != 0 &&
            (int64_t)gate->approvals - count <=
                (int64_t)out->approvals_needed - (int64_t)out->approvals)
            continue;
        out->approvals = count;
        out->approvals_needed = (unsigned)gate->approvals;
    }
}

enum judgement consent_check(struct deploy *deploy, struct ticket *ticket,
                             const struct scope *scope, const struct consent_ask *ask)
{
    struct consent_count count;

    if (gate_is_forced(ticket))
        return JUDGED_DONE;
    if (ask->stage != CONSENT_CUTOVER && drill_age_check(deploy, ticket, scope) != JUDGED_DONE)
        return JUDGED_REFUSED;
    consent_count(deploy, &deploy->working, scope, ask, &count);
    if (count.approvals_needed > 0 &&
        judge_gate(ticket, "approval", count.approvals >= count.approvals_needed,
                   "%u of %u approvals for %s on %s: switchctl approve %s, by others than %.*s",
                   count.approvals, count.approvals_needed, ask->name, ask->slot, ask->name,
                   SLICE_ARG(actor_user(ask->actor))) != JUDGED_DONE)
        return JUDGED_REFUSED;
    if (count.checks_needed == 0)
        return JUDGED_DONE;
    if (count.checks == count.checks_needed)
        return judge_gate(ticket, "checklist", true, "all %u items are done", count.checks_needed);
    return judge_gate(ticket, "checklist", false,
                      "the checklist of %s lacks %s: tick each with switchctl check %s ITEM",
                      ask->name, count.missing, ask->name);
}

/* The gate of the service that asks for most approvals; NULL: none asks. */
static const struct config_gate *find_gate(const struct deploy *deploy, const struct scope *scope)
{
    const struct config_gate *most = NULL;

    for (size_t i = 0; i < scope->count; i++) {
        const struct config_gate *gate = &deploy->config->services[gate_scope_at(scope, i)].gate;

        if (gate->approvals > (most != NULL ? most->approvals : 0))
            most = gate;
    }
    return most;
}

bool consent_counts(const struct deploy *deploy, const struct state_consent *consent)
{
    const struct config_gate *gate = NULL;
    struct scope scope;

    if (!gate_look_up(deploy->config, consent->name, &scope) ||
        strcmp(consent->version, version_of(deploy, &scope, consent->slot)) != 0)
        return false;
    gate = find_gate(deploy, &scope);
    return consent->item[0] != '\0' || (gate != NULL && is_fresh(deploy, consent, gate));
}

void consent_use(struct deploy *deploy, const char *name)
{
    struct state_book *book = &deploy->working.book;
    struct state_consent *consent = TAILQ_FIRST(&book->consents);

    while (consent != NULL) {
        struct state_consent *next = TAILQ_NEXT(consent, link);

        if (strcmp(consent->name, name) == 0)
            state_book_drop_consent(book, consent);
        consent = next;
    }
}

/* A switch to it would change nothing, so there is nothing to agree to. */
static bool is_live(const struct deploy *deploy, const struct scope *scope, const char *slot)
{
    for (size_t i = 0; i < scope->count; i++)
        if (strcmp(deploy->working.services[gate_scope_at(scope, i)]->active, slot) != 0)
            return false;
    return !canary_is_running(deploy, scope);
}

/* What the ticket is about: of the running rollout or canary, else of the move that a switch would be. */
static bool find_ask(struct deploy *deploy, struct ticket *ticket, struct scope *scope,
                     struct consent_ask *out)
{
    const struct state_rollout *rollout = NULL;

    if (!gate_find_scope(deploy, ticket, scope))
        return false;
    rollout = rollout_running(deploy->config, &deploy->working, scope);
    *out = (struct consent_ask){ .name = ticket->change.name, .actor = "" };
    if (rollout == NULL) {
        if (move_check_group(deploy, ticket, scope) == JUDGED_REFUSED ||
            !move_find_slot(deploy, ticket, scope, &out->slot))
            return false;
        if (is_live(deploy, scope, out->slot)) {
            judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "approval",
                         "%s is live on %s already: nothing waits to be agreed to; --to names "
                         "the slot that it shall go to",
                         out->name, out->slot);
            return false;
        }
        out->actor = canary_starter(deploy, scope, out->slot);
        return true;
    }
    out->name = rollout->name;
    out->slot = rollout->to;
    out->actor = rollout->starter;
    return gate_look_up(deploy->config, rollout->name, scope);
}

static struct state_consent *add_consent(struct deploy *deploy, struct ticket *ticket,
                                         const struct scope *scope, const struct consent_ask *ask)
{
    struct state_consent *consent = state_book_add_consent(&deploy->working.book, ask->name);

    snprintf(consent->slot, sizeof consent->slot, "%s", ask->slot);
    snprintf(consent->version, sizeof consent->version, "%s", version_of(deploy, scope, ask->slot));
    snprintf(consent->who, sizeof consent->who, "%s", ticket->change.actor);
    snprintf(consent->note, sizeof consent->note, "%s", ticket->change.reason);
    consent->at_wall_us = clock_wall_us();
    consent->at_us = (int64_t)loop_now_us(deploy->options.loop);
    return consent;
}

static bool has_room(const struct deploy *deploy, struct ticket *ticket)
{
    const struct state_consent *consent = NULL;
    unsigned count = 0;

    TAILQ_FOREACH(consent, &deploy->working.book.consents, link)
    count++;
    if (count < STATE_CONSENTS_MAX)
        return true;
    judge_refuse(ticket, OUTCOME_REFUSED, FAULT_OVERLOADED, "",
                 "there are %u approvals and ticks already; reject what nobody needs", count);
    return false;
}

/* One per user and move; NULL: none. */
static struct state_consent *find_approval(const struct deploy *deploy, const struct scope *scope,
                                           const struct consent_ask *ask, const char *actor)
{
    struct state_consent *consent = NULL;

    TAILQ_FOREACH(consent, &deploy->working.book.consents, link)
    if (consent->item[0] == '\0' && actor_is_same_person(consent->who, actor) &&
        is_meant(deploy, consent, scope, ask))
        return consent;
    return NULL;
}

static enum judgement approve(struct deploy *deploy, struct ticket *ticket,
                              const struct scope *scope, const struct consent_ask *ask)
{
    const struct config_gate *gate = find_gate(deploy, scope);
    struct state_consent *was = find_approval(deploy, scope, ask, ticket->change.actor);
    struct consent_ask whole = *ask;
    struct consent_count count;

    if (gate == NULL)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "approval",
                            "nobody has to approve %s: gate { approvals } is 0", ask->name);
    if (!gate->approve_own && actor_is_same_person(ask->actor, ticket->change.actor))
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "approval",
                            "%.*s has started this and cannot approve it: somebody else "
                            "must",
                            SLICE_ARG(actor_user(ask->actor)));
    if (was != NULL && is_fresh(deploy, was, gate))
        return judge_same(ticket, "%.*s has approved this already",
                          SLICE_ARG(actor_user(was->who)));
    if (was != NULL)
        state_book_drop_consent(&deploy->working.book, was);
    if (!has_room(deploy, ticket))
        return JUDGED_REFUSED;
    snprintf(ticket->result.to, sizeof ticket->result.to, "%s", ask->slot);
    add_consent(deploy, ticket, scope, ask);
    whole.stage = CONSENT_WHOLE;
    consent_count(deploy, &deploy->working, scope, &whole, &count);
    return judge_done(ticket, "%s on %s: %u of %u approvals", ask->name, ask->slot, count.approvals,
                      count.approvals_needed);
}

static bool has_item(const struct deploy *deploy, const struct scope *scope, const char *item)
{
    for (size_t i = 0; i < scope->count; i++) {
        const struct config_texts *list =
            &deploy->config->services[gate_scope_at(scope, i)].gate.checklist;

        for (size_t j = 0; j < list->count; j++)
            if (strcmp(list->items[j], item) == 0)
                return true;
    }
    return false;
}

static enum judgement tick(struct deploy *deploy, struct ticket *ticket, const struct scope *scope,
                           const struct consent_ask *ask)
{
    const char *item = ticket->change.message;
    struct consent_ask whole = *ask;
    struct consent_count count;

    whole.stage = CONSENT_WHOLE;
    consent_count(deploy, &deploy->working, scope, &whole, &count);
    if (!has_item(deploy, scope, item))
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                            "\"%.64s\" is no item of the checklist of %s; open are: %s", item,
                            ask->name, count.missing[0] != '\0' ? count.missing : "none");
    if (find_item(deploy, &deploy->working, scope, ask, item) != NULL)
        return judge_same(ticket, "%s is done already", item);
    if (!has_room(deploy, ticket))
        return JUDGED_REFUSED;
    snprintf(ticket->result.to, sizeof ticket->result.to, "%s", ask->slot);
    snprintf(ticket->change.target, sizeof ticket->change.target, "%.63s", item);
    snprintf(add_consent(deploy, ticket, scope, ask)->item, sizeof((struct state_consent *)0)->item,
             "%.63s", item);
    consent_count(deploy, &deploy->working, scope, &whole, &count);
    return judge_done(ticket, "%s: %s is done, %u of %u items", ask->name, item, count.checks,
                      count.checks_needed);
}

/* Without a rollout it takes back what was agreed to so far. */
static enum judgement reject(struct deploy *deploy, struct ticket *ticket,
                             const struct scope *scope)
{
    struct state_rollout *rollout = rollout_running(deploy->config, &deploy->working, scope);
    const struct state_consent *consent = NULL;

    if (rollout != NULL && rollout_has_moved(rollout))
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "rollout",
                            "%s is on %s already: switchctl rollback %s takes it back",
                            rollout->name, rollout->to, rollout->name);
    if (rollout != NULL)
        return rollout_end(deploy, ticket, rollout, ROLLOUT_REFUSED);
    TAILQ_FOREACH(consent, &deploy->working.book.consents, link)
    {
        if (strcmp(consent->name, ticket->change.name) != 0)
            continue;
        consent_use(deploy, ticket->change.name);
        return judge_done(ticket, "%s: what was agreed to counts no more", ticket->change.name);
    }
    return judge_same(ticket, "there is nothing of %s to reject", ticket->change.name);
}

enum judgement consent_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct consent_ask ask;
    struct scope scope;

    if (ticket->change.kind == CHANGE_REJECT)
        return gate_find_scope(deploy, ticket, &scope) ? reject(deploy, ticket, &scope)
                                                       : JUDGED_REFUSED;
    if (!find_ask(deploy, ticket, &scope, &ask))
        return JUDGED_REFUSED;
    return ticket->change.kind == CHANGE_APPROVE ? approve(deploy, ticket, &scope, &ask)
                                                 : tick(deploy, ticket, &scope, &ask);
}

void consent_fit(const struct config *config, struct decisions *out)
{
    struct state_consent *consent = TAILQ_FIRST(&out->book.consents);
    struct scope scope;

    while (consent != NULL) {
        struct state_consent *next = TAILQ_NEXT(consent, link);

        if (!gate_look_up(config, consent->name, &scope))
            state_book_drop_consent(&out->book, consent);
        consent = next;
    }
}

void consent_start(struct deploy *deploy)
{
    int64_t now_us = (int64_t)loop_now_us(deploy->options.loop);
    uint64_t now_wall_us = clock_wall_us();
    struct state_consent *consent = NULL;

    TAILQ_FOREACH(consent, &deploy->state->decisions.book.consents, link)
    {
        uint64_t age_us = now_wall_us > consent->at_wall_us ? now_wall_us - consent->at_wall_us : 0;

        consent->at_us = now_us - (int64_t)age_us;
    }
}
