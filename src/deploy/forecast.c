/* See forecast_priv.h. */
#include "deploy/forecast_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "deploy/batch_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "net/loop.h"

static void make_token(char out[FORECAST_TOKEN + 1])
{
    unsigned char bytes[FORECAST_TOKEN / 2];

    CHECK(getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* A free place, else that of the oldest. */
static struct forecast *find_place(struct forecast *forecasts)
{
    struct forecast *oldest = &forecasts[0];

    for (size_t i = 0; i < FORECASTS_MAX; i++) {
        if (forecasts[i].token[0] == '\0')
            return &forecasts[i];
        if (forecasts[i].made_us < oldest->made_us)
            oldest = &forecasts[i];
    }
    return oldest;
}

/* The result gets the token; the oldest one makes room. */
static void keep(struct deploy *deploy, struct ticket *ticket)
{
    struct forecast *forecast = NULL;

    if (deploy->forecasts == NULL)
        deploy->forecasts = mem_zalloc(FORECASTS_MAX * sizeof *deploy->forecasts);
    forecast = find_place(deploy->forecasts);
    *forecast = (struct forecast){
        .change = ticket->change,
        .epoch = deploy->working.epoch,
        .config_hash = deploy->state->config_hash,
        .made_us = loop_now_us(deploy->options.loop),
    };
    forecast->change.plan_only = false;
    make_token(forecast->token);
    snprintf(ticket->result.token, sizeof ticket->result.token, "%s", forecast->token);
}

/* What reads a file, and what is no change of the traffic, has no plan; nor has the word of a person, which is worth
 * what the one is worth who says it, not the one who applies it. */
static bool is_plannable(enum change_kind kind)
{
    bool is_word = kind == CHANGE_APPROVE || kind == CHANGE_REJECT || kind == CHANGE_CHECK;

    return kind != CHANGE_RELOAD && kind != CHANGE_LOCK_ACQUIRE && kind != CHANGE_LOCK_RELEASE &&
           kind != CHANGE_TENANT_LOAD && !is_word;
}

/* The first gate that did not pass is the answer. */
static enum judgement take_refusal(struct ticket *ticket)
{
    struct change_result *result = &ticket->result;

    result->outcome = ticket->refusal->outcome;
    result->fault = ticket->refusal->fault;
    memcpy(result->gate, ticket->refusal->gate, sizeof result->gate);
    memcpy(result->words, ticket->refusal->words, sizeof result->words);
    return JUDGED_REFUSED;
}

enum judgement forecast_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct change_result *result = &ticket->result;
    struct decisions kept;
    enum judgement judgement = JUDGED_REFUSED;
    char words[sizeof result->words];

    if (!is_plannable(ticket->change.kind))
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "", "there is no plan for %s",
                            change_kind_name(ticket->change.kind));
    decisions_init(&kept);
    decisions_copy(&kept, &deploy->working);
    judgement = gate_pass(deploy, ticket);
    decisions_move(&deploy->working, &kept);
    result->epoch = deploy->working.epoch;
    result->changed = false;
    if (judgement == JUDGED_REFUSED)
        return judgement;
    if (ticket->refusal != NULL)
        return take_refusal(ticket);
    memcpy(words, result->words, sizeof words);
    snprintf(result->words, sizeof result->words, "%s: %.480s",
             judgement == JUDGED_DONE ? "would be done" : "nothing would change", words);
    keep(deploy, ticket);
    return JUDGED_SAME;
}

/* What was not passed, and is no change of this one's own making. */
static void note_bypassed(const struct change_result *judged, char *out, size_t size)
{
    size_t len = 0;

    for (unsigned i = 0; i < judged->gate_count; i++) {
        const struct change_gate *gate = &judged->gates[i];
        size_t more = strlen(gate->name) + 1;

        if (gate->is_passed || strstr(out, gate->name) != NULL || len + more >= size)
            continue;
        len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? "," : "", gate->name);
    }
}

void forecast_bypassed(struct deploy *deploy, struct ticket *ticket)
{
    struct change_result *result = &ticket->result;
    struct change change = ticket->change;
    struct decisions kept;
    struct ticket *shadow = NULL;

    if (!is_plannable(change.kind))
        return;
    change.force = change.emergency = false;
    change.plan_only = true;
    shadow = ticket_new(&change, NULL, NULL);
    shadow->deploy = deploy;
    shadow->result.epoch_before = shadow->result.epoch = deploy->working.epoch;
    decisions_init(&kept);
    decisions_copy(&kept, &deploy->working);
    (void)gate_pass(deploy, shadow);
    decisions_move(&deploy->working, &kept);
    note_bypassed(&shadow->result, result->bypassed, sizeof result->bypassed);
    ticket_free(shadow);
}

void forecast_fini(struct deploy *deploy)
{
    free(deploy->forecasts);
    deploy->forecasts = NULL;
}

static struct forecast *find_forecast(const struct deploy *deploy, const char *token)
{
    if (deploy->forecasts == NULL || token[0] == '\0')
        return NULL;
    for (size_t i = 0; i < FORECASTS_MAX; i++)
        if (strcmp(deploy->forecasts[i].token, token) == 0)
            return &deploy->forecasts[i];
    return NULL;
}

bool deploy_plan_is_rescue(const struct deploy *deploy, const char *token)
{
    const struct forecast *forecast = find_forecast(deploy, token);

    return forecast != NULL && batch_is_rescue(forecast->change.kind);
}

/* Why the token is worth nothing any more; NULL: it is good. */
static const char *find_fault(const struct deploy *deploy, const struct forecast *forecast)
{
    uint64_t now_us = loop_now_us(deploy->options.loop);

    if (forecast == NULL)
        return "there is no plan under this token: it was applied, it is too old, or the daemon "
               "was started anew";
    if (now_us - forecast->made_us > FORECAST_AGE_US)
        return "the plan is older than ten minutes";
    if (forecast->epoch != deploy->state->decisions.epoch)
        return "another change came after the plan was made";
    if (forecast->config_hash != deploy->state->config_hash)
        return "the configuration is another one since the plan was made";
    return NULL;
}

bool deploy_plan_name(const struct deploy *deploy, const char *token, char out[64])
{
    const struct forecast *forecast = find_forecast(deploy, token);

    if (find_fault(deploy, forecast) != NULL)
        return false;
    snprintf(out, 64, "%s", forecast->change.name);
    return true;
}

void deploy_apply(struct deploy *deploy, const struct deploy_approval *approval,
                  change_done_fn *done, void *arg)
{
    struct forecast *forecast = find_forecast(deploy, approval->token);
    const char *fault = find_fault(deploy, forecast);
    struct change change = { 0 };
    struct ticket *ticket = NULL;

    if (forecast != NULL) {
        change = forecast->change;
        change.if_epoch = forecast->epoch;
        memset(forecast, 0, sizeof *forecast); /* good for one time */
    }
    snprintf(change.actor, sizeof change.actor, "%s", approval->actor);
    if (approval->reason != NULL && approval->reason[0] != '\0')
        snprintf(change.reason, sizeof change.reason, "%s", approval->reason);
    if (fault == NULL) {
        deploy_submit(deploy, &change, done, arg);
        return;
    }
    ticket = ticket_new(&change, done, arg);
    judge_refuse(ticket, OUTCOME_CONFLICT, FAULT_CONFLICT, "plan", "%s; plan again", fault);
    desk_refused(deploy, ticket);
}
