/* Emptying a slot: see cmd_drain_priv.h. */
#include "control/cmd_drain_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/cmd_traffic_priv.h"
#include "control/cmd_wait_priv.h"
#include "control/drain_ledger_priv.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy_view.h"
#include "route/slot.h"
#include "route/target.h"

static const struct sheet_column columns[] = {
    { "service", "SERVICE", SHEET_TEXT }, { "slot", "SLOT", SHEET_TEXT },
    { "role", "ROLE", SHEET_TEXT },       { "target", "TARGET", SHEET_TEXT },
    { "order", "ORDER", SHEET_TEXT },     { "in_flight", "IN FLIGHT", SHEET_NUMBER },
};

static void add_row(struct sheet *sheet, const struct scope *scope, const char *target,
                    const char *order, uint64_t in_flight)
{
    sheet_add_text(sheet, scope->service->service->name);
    sheet_add_text(sheet, scope->slot->slot->name);
    sheet_add_text(sheet, role_name(scope->slot->role));
    sheet_add_text(sheet, target);
    sheet_add_text(sheet, order);
    sheet_add_u64(sheet, in_flight);
}

/* The slot's sum when it is not live, and its targets that still hold something or are to be empty. */
static void add_slot(struct sheet *sheet, const struct scope *scope)
{
    const struct snapshot_slot *slot = scope->slot;

    if (slot->role != ROLE_LIVE)
        add_row(sheet, scope, NULL, NULL, deploy_draining(scope->deploy, slot->slot));
    for (unsigned i = 0; i < slot->pick_count; i++) {
        const struct pick *pick = &slot->picks[i];
        uint64_t in_flight = target_in_flight(pick->target);

        if (pick->order != ORDER_READY || (slot->role != ROLE_LIVE && in_flight > 0))
            add_row(sheet, scope, pick->target->name, order_name(pick->order), in_flight);
    }
}

enum call_step cmd_drain_show(struct call *call)
{
    struct args_path path;
    struct scope scope;
    struct sheet *sheet = NULL;

    if (call->args.count == 2 && strcmp(call->args.words[1], "status") != 0)
        return call_refuse_usage(call, "\"%.40s\" is not \"status\"", call->args.words[1]);
    if ((call->args.given & ARGS_LIMIT) != 0 &&
        (call->args.limit == 0 || call->args.limit > DRAIN_LEDGER_MAX))
        return call_refuse_usage(call, "--limit takes 1 to %d", DRAIN_LEDGER_MAX);
    if (scope_parse(call->room->deploy, call->args.count > 0 ? call->args.words[0] : NULL, &path,
                    &call->reply) < 0)
        return CALL_DONE;
    cmd_traffic_add_lines(call->room->deploy, &path, &call->reply.text);
    sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope))
        add_slot(sheet, &scope);
    sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "drain", sheet_json(sheet));
    sheet_free(sheet);
    return drain_ledger_ask(call, &path);
}

/* The targets still to be told, kept by name: the picture changes with each of them. */
struct plan {
    unsigned count;
    unsigned changed;
    char names[][136];
};

static struct plan *make_plan(const struct snapshot_slot *slot)
{
    struct plan *plan = mem_zalloc(sizeof *plan + slot->pick_count * sizeof plan->names[0]);

    for (unsigned i = 0; i < slot->pick_count; i++)
        memcpy(plan->names[plan->count++], slot->picks[i].target->name, sizeof plan->names[0]);
    return plan;
}

static void on_drained_one(struct call *call, const struct change_result *result);

static void submit_next(struct call *call)
{
    struct plan *plan = call->scratch;
    struct args_path path;
    struct change change;

    if (args_parse_path(call->args.words[0], &path) < 0)
        return;
    call_fill_change(call, CHANGE_TARGET_DRAIN, &change);
    change.if_epoch = call->step == 0 ? change.if_epoch : 0; /* our own steps move it on */
    change.key[0] = '\0';                                    /* one key stands for one change */
    memcpy(change.name, path.name, sizeof change.name);
    memcpy(change.slot, path.slot, sizeof change.slot);
    memcpy(change.target, plan->names[call->step], sizeof change.target);
    call_submit(call, &change, on_drained_one);
}

static void finish_plan(struct call *call)
{
    struct plan *plan = call->scratch;

    text_add_format(&call->reply.text,
                    "drain %s: %u of %u targets told, %u were draining already\n",
                    call->args.words[0], call->step, plan->count, call->step - plan->changed);
    if (!reply_is_ok(&call->reply) || (call->args.given & ARGS_WAIT) == 0 ||
        cmd_wait_drained(call) == CALL_DONE)
        call_finish(call);
}

static void on_drained_one(struct call *call, const struct change_result *result)
{
    struct plan *plan = call->scratch;
    bool is_last = call->step + 1 == plan->count;
    bool is_done = result->outcome == OUTCOME_DONE || result->outcome == OUTCOME_VOLATILE;

    if (!is_done || is_last)
        call_take_result(call, result);
    if (is_done) {
        call->step++;
        plan->changed += result->changed;
    }
    if (is_done && !is_last)
        submit_next(call);
    else
        finish_plan(call);
}

enum call_step cmd_drain_run(struct call *call)
{
    struct args_path path;
    struct scope scope;

    if (scope_parse(call->room->deploy, call->args.words[0], &path, &call->reply) < 0)
        return CALL_DONE;
    if (path.depth != 2)
        return call_refuse_usage(call, "\"%.80s\" is no NAME/SLOT", call->args.words[0]);
    scope_init(&scope, call->room->deploy, &path);
    if (!scope_next(&scope))
        return CALL_DONE;
    if (scope.slot->role == ROLE_LIVE && (call->args.given & ARGS_FORCE) == 0) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_GATE_REFUSED,
                   "%s is live: draining it would leave its clients without a target",
                   call->args.words[0]);
        snprintf(call->reply.gate, sizeof call->reply.gate, "not-live");
        reply_hint(&call->reply, "switch to another slot first, or --force --reason TEXT");
        return CALL_DONE;
    }
    call->scratch = make_plan(scope.slot);
    if (((struct plan *)call->scratch)->count == 0) {
        text_add_format(&call->reply.text, "%s has no targets\n", call->args.words[0]);
        return CALL_DONE;
    }
    submit_next(call);
    return CALL_PARKED;
}
