/* See confirm_priv.h. */
#include "deploy/confirm_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/report.h"
#include "deploy/deploy_priv.h"
#include "deploy/move_priv.h"
#include "deploy/rollout_view.h"
#include "net/loop.h"

static bool can_go_back(const struct state_service *service)
{
    return service->previous[0] != '\0' && !service->is_rolled_back;
}

void confirm_put(struct deploy *deploy, const struct scope *scope, uint64_t us)
{
    uint64_t now_wall_us = clock_wall_us();
    struct state_confirm confirm = {
        .since_wall_us = now_wall_us,
        .until_wall_us = now_wall_us + us,
        .until_us = loop_now_us(deploy->options.loop) + us,
    };

    for (size_t i = 0; i < scope->count; i++) {
        size_t index = gate_scope_at(scope, i);

        if (can_go_back(deploy->working.services[index]))
            decisions_own(&deploy->working, index)->confirm = confirm;
    }
}

/* The first service of the scope that waits; NULL: none. */
static const struct state_service *find_waiting(const struct decisions *decisions,
                                                const struct scope *scope)
{
    for (size_t i = 0; i < scope->count; i++) {
        const struct state_service *service = decisions->services[gate_scope_at(scope, i)];

        if (service->confirm.since_wall_us != 0)
            return service;
    }
    return NULL;
}

bool confirm_is_waiting(const struct decisions *decisions, const struct scope *scope)
{
    return find_waiting(decisions, scope) != NULL;
}

bool confirm_is_due(const struct deploy *deploy, const struct scope *scope)
{
    uint64_t now_us = loop_now_us(deploy->options.loop);

    for (size_t i = 0; i < scope->count; i++) {
        const struct state_confirm *confirm =
            &deploy->working.services[gate_scope_at(scope, i)]->confirm;

        if (confirm->since_wall_us == 0 || confirm->until_us > now_us)
            return false;
    }
    return true;
}

enum judgement confirm_check(struct deploy *deploy, struct ticket *ticket,
                             const struct scope *scope)
{
    const struct state_service *service = find_waiting(&deploy->working, scope);

    if (service == NULL || gate_is_forced(ticket))
        return JUDGED_DONE;
    return judge_gate(ticket, "confirm", false,
                      "the switch of %s from %s to %s is not confirmed yet: switchctl confirm %s, "
                      "or rollback %s; --force --reason goes past it",
                      service->name, service->previous, service->active, ticket->change.name,
                      ticket->change.name);
}

void confirm_note_return(struct deploy *deploy, const struct ticket *ticket, size_t index,
                         bool was_waiting)
{
    if (was_waiting && ticket->change.trigger[0] != '\0')
        decisions_own(&deploy->working, index)->confirm.end = CONFIRM_REVERTED;
}

/* Nothing waits any more. Whoever asks must not take that for his confirmation, unless it was given before. */
static enum judgement answer_late(struct deploy *deploy, struct ticket *ticket,
                                  const struct scope *scope)
{
    size_t given = 0;

    for (size_t i = 0; i < scope->count; i++) {
        const struct state_service *service = deploy->working.services[gate_scope_at(scope, i)];

        if (service->confirm.end == CONFIRM_REVERTED)
            return judge_refuse(ticket, OUTCOME_REVERTED, FAULT_ROLLED_BACK, "confirm",
                                "too late: the switch of %s to %s was taken back, %s is live",
                                service->name, service->previous, service->active);
        given += service->confirm.end == CONFIRM_GIVEN;
    }
    if (given == scope->count)
        return judge_same(ticket, "%s was confirmed already, it stays on %s", ticket->change.name,
                          deploy->working.services[gate_scope_at(scope, 0)]->active);
    return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "confirm",
                        "nothing of %s waits to be confirmed", ticket->change.name);
}

enum judgement confirm_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct scope scope;

    if (!gate_find_scope(deploy, ticket, &scope) ||
        move_check_group(deploy, ticket, &scope) == JUDGED_REFUSED)
        return JUDGED_REFUSED;
    if (!confirm_is_waiting(&deploy->working, &scope))
        return answer_late(deploy, ticket, &scope);
    for (size_t i = 0; i < scope.count; i++) {
        size_t index = gate_scope_at(&scope, i);

        if (deploy->working.services[index]->confirm.since_wall_us != 0)
            decisions_own(&deploy->working, index)->confirm =
                (struct state_confirm){ .end = CONFIRM_GIVEN };
    }
    snprintf(ticket->result.to, sizeof ticket->result.to, "%s",
             deploy->working.services[gate_scope_at(&scope, 0)]->active);
    return judge_done(ticket, "%s: confirmed, it stays on %s", ticket->change.name,
                      ticket->result.to);
}

void confirm_fit(struct state_service *service, struct report *report)
{
    if (service->confirm.since_wall_us == 0 || can_go_back(service))
        return;
    report_warning(report, "state.json", 0,
                   "service %s: there is no slot to go back to any more, so its switch stays "
                   "although nobody confirmed it",
                   service->name);
    service->confirm = (struct state_confirm){ 0 };
}

/* What is left counts, but never more than the whole, whatever was done to the clock. */
void confirm_start(struct deploy *deploy)
{
    struct decisions *decisions = &deploy->state->decisions;
    uint64_t now_us = loop_now_us(deploy->options.loop);
    uint64_t now_wall_us = clock_wall_us();

    for (size_t i = 0; i < decisions->service_count; i++) {
        const struct state_confirm *stored = &decisions->services[i]->confirm;
        uint64_t most_us = stored->until_wall_us - stored->since_wall_us;
        uint64_t left_us =
            stored->until_wall_us > now_wall_us ? stored->until_wall_us - now_wall_us : 0;

        if (stored->since_wall_us != 0)
            decisions_own(decisions, i)->confirm.until_us =
                now_us + (left_us < most_us ? left_us : most_us);
    }
}

void deploy_view_confirm(const struct deploy *deploy, unsigned service_index,
                         struct deploy_confirm_view *out)
{
    uint64_t now_us = loop_now_us(deploy->options.loop);
    const struct state_confirm *confirm = NULL;

    CHECK(service_index < deploy->config->service_count);
    confirm = &deploy->state->decisions.services[service_index]->confirm;
    *out = (struct deploy_confirm_view){ .is_waiting = confirm->since_wall_us != 0 };
    if (!out->is_waiting)
        return;
    out->until_wall_us = confirm->until_wall_us;
    out->left_us = confirm->until_us > now_us ? confirm->until_us - now_us : 0;
}
