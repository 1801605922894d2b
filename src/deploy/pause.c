/*
 * Hold and maintenance of a service or a group: new requests wait for a bounded time, or get an answer of ours. A
 * hold ends by itself (due.c). See pause_priv.h.
 */
#include "deploy/pause_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "config/report.h"
#include "deploy/deploy_priv.h"
#include "net/loop.h"

#define HOLD_MAX_US (24ULL * 3600 * 1000 * 1000)

static const struct state_service *service_at(const struct deploy *deploy,
                                              const struct scope *scope, size_t i)
{
    return deploy->working.services[gate_scope_at(scope, i)];
}

/* How long a hold of the scope lasts: as asked, else the longest that one of its services is configured with. */
static uint64_t find_length(const struct deploy *deploy, const struct ticket *ticket,
                            const struct scope *scope)
{
    uint64_t length_us = ticket->change.max_us;

    for (size_t i = 0; i < scope->count && ticket->change.max_us == 0; i++) {
        uint64_t configured = deploy->config->services[gate_scope_at(scope, i)].hold.max;

        length_us = configured > length_us ? configured : length_us;
    }
    return length_us;
}

/* A pause of what is held already moves its end; then the picture stays as it is. */
static enum judgement hold(struct deploy *deploy, struct ticket *ticket, const struct scope *scope)
{
    uint64_t length_us = find_length(deploy, ticket, scope);
    uint64_t now_us = loop_now_us(deploy->options.loop);
    uint64_t now_wall_us = clock_wall_us();
    bool is_new = false;
    char text[32];

    if (length_us == 0 || length_us > HOLD_MAX_US)
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                            "a pause lasts longer than nothing and at most a day: say --max");
    for (size_t i = 0; i < scope->count; i++) {
        struct state_hold *held = &decisions_own(&deploy->working, gate_scope_at(scope, i))->hold;

        is_new = is_new || held->since_wall_us == 0;
        if (held->since_wall_us == 0)
            held->since_wall_us = now_wall_us;
        held->until_wall_us = now_wall_us + length_us;
        held->until_us = now_us + length_us;
    }
    deploy->working.epoch += is_new;
    num_format_duration(length_us, text);
    return judge_done(ticket,
                      "%s: new requests wait, for %s at most; go on with switchctl resume "
                      "%s",
                      ticket->change.name, text, ticket->change.name);
}

static bool is_over(const struct state_hold *held, uint64_t now_us)
{
    return held->since_wall_us != 0 && held->until_us <= now_us;
}

/* By itself only what is over ends: somebody may have given it more time. */
static enum judgement release(struct deploy *deploy, struct ticket *ticket,
                              const struct scope *scope)
{
    uint64_t now_us = loop_now_us(deploy->options.loop);
    bool is_changed = false;

    for (size_t i = 0; i < scope->count; i++) {
        const struct state_hold *held = &service_at(deploy, scope, i)->hold;

        if (held->since_wall_us == 0 || (ticket->is_internal && !is_over(held, now_us)))
            continue;
        decisions_own(&deploy->working, gate_scope_at(scope, i))->hold = (struct state_hold){ 0 };
        is_changed = true;
    }
    if (!is_changed)
        return judge_same(ticket, "%s is not paused", ticket->change.name);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: requests go on, epoch %llu", ticket->change.name,
                      (unsigned long long)deploy->working.epoch);
}

static enum judgement begin_maint(struct deploy *deploy, struct ticket *ticket,
                                  const struct scope *scope)
{
    const char *message = ticket->change.message;
    bool is_changed = false;

    for (size_t i = 0; i < scope->count; i++) {
        const struct state_maint *was = &service_at(deploy, scope, i)->maint;
        struct state_maint *maint = NULL;

        if (was->since_wall_us != 0 && strcmp(was->message, message) == 0)
            continue;
        maint = &decisions_own(&deploy->working, gate_scope_at(scope, i))->maint;
        if (maint->since_wall_us == 0)
            maint->since_wall_us = clock_wall_us();
        memcpy(maint->message, message, sizeof maint->message);
        is_changed = true;
    }
    if (!is_changed)
        return judge_same(ticket, "%s is in maintenance already", ticket->change.name);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: in maintenance, epoch %llu", ticket->change.name,
                      (unsigned long long)deploy->working.epoch);
}

static enum judgement end_maint(struct deploy *deploy, struct ticket *ticket,
                                const struct scope *scope)
{
    bool is_changed = false;

    for (size_t i = 0; i < scope->count; i++) {
        if (service_at(deploy, scope, i)->maint.since_wall_us == 0)
            continue;
        decisions_own(&deploy->working, gate_scope_at(scope, i))->maint = (struct state_maint){ 0 };
        is_changed = true;
    }
    if (!is_changed)
        return judge_same(ticket, "%s is not in maintenance", ticket->change.name);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: the maintenance is over, epoch %llu", ticket->change.name,
                      (unsigned long long)deploy->working.epoch);
}

enum judgement pause_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct scope scope;

    if (!gate_find_scope(deploy, ticket, &scope))
        return JUDGED_REFUSED;
    if (ticket->change.kind == CHANGE_PAUSE)
        return hold(deploy, ticket, &scope);
    if (ticket->change.kind == CHANGE_RESUME)
        return release(deploy, ticket, &scope);
    return ticket->change.kind == CHANGE_MAINT_ON ? begin_maint(deploy, ticket, &scope)
                                                  : end_maint(deploy, ticket, &scope);
}

void pause_start(struct deploy *deploy, struct report *report)
{
    struct decisions *decisions = &deploy->state->decisions;
    uint64_t now_us = loop_now_us(deploy->options.loop);
    uint64_t now_wall_us = clock_wall_us();

    for (size_t i = 0; i < decisions->service_count; i++) {
        struct state_hold *held = NULL;
        uint64_t most_us = 0;
        uint64_t left_us = 0;

        if (decisions->services[i]->hold.since_wall_us == 0)
            continue;
        held = &decisions_own(decisions, i)->hold;
        if (held->until_wall_us <= now_wall_us) {
            report_warning(report, "state.json", 0,
                           "service %s: its pause was over while nothing ran; requests go on",
                           decisions->services[i]->name);
            *held = (struct state_hold){ 0 };
            continue;
        }
        /* Never longer than it was meant, whatever was done to the clock. */
        if (held->until_wall_us > held->since_wall_us)
            most_us = held->until_wall_us - held->since_wall_us;
        left_us = held->until_wall_us - now_wall_us;
        held->until_us = now_us + (left_us < most_us ? left_us : most_us);
    }
}

void deploy_view_traffic(const struct deploy *deploy, unsigned service_index,
                         struct deploy_traffic_view *out)
{
    const struct state_service *service = NULL;
    uint64_t now_us = loop_now_us(deploy->options.loop);

    CHECK(service_index < deploy->config->service_count);
    service = deploy->state->decisions.services[service_index];
    memset(out, 0, sizeof *out);
    out->is_held = service->hold.since_wall_us != 0;
    out->is_maint = service->maint.since_wall_us != 0;
    if (out->is_held)
        out->left_us = service->hold.until_us > now_us ? service->hold.until_us - now_us : 1;
    out->since_wall_us = out->is_maint ? service->maint.since_wall_us : service->hold.since_wall_us;
    snprintf(out->message, sizeof out->message, "%s", service->maint.message);
}
