/* The deploy lock: see cmd_lock_priv.h. */
#include "control/cmd_lock_priv.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy.h"

static const struct sheet_column columns[] = {
    { "held", "held", SHEET_BOOL },
    { "owner", "owner", SHEET_TEXT },
    { "reason", "reason", SHEET_TEXT },
    { "age_seconds", "age", SHEET_SECONDS },
    { "left_seconds", "ends in", SHEET_SECONDS },
    { "running", "running", SHEET_TEXT },
    { "waiting", "waiting", SHEET_NUMBER },
};

static void show_lock(struct call *call)
{
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    struct deploy_lock_view view;

    deploy_view_lock(call->room->deploy, &view);
    sheet_add_bool(sheet, view.is_held);
    sheet_add_text(sheet, view.owner);
    sheet_add_text(sheet, view.reason);
    if (view.is_held)
        sheet_add_seconds(sheet, view.age_us);
    else
        sheet_add_none(sheet);
    if (view.is_held && view.left_us > 0)
        sheet_add_seconds(sheet, view.left_us);
    else
        sheet_add_none(sheet);
    sheet_add_text(sheet, view.running);
    sheet_add_u64(sheet, view.waiting);
    sheet_print_list(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "lock", sheet_json_list(sheet));
    sheet_free(sheet);
}

enum call_step cmd_lock_show(struct call *call)
{
    show_lock(call);
    return CALL_DONE;
}

static void submit_lock(struct call *call, enum change_kind kind, call_change_fn *on_change)
{
    struct change change;

    call_fill_change(call, kind, &change);
    if (call->args.count > 0)
        snprintf(change.name, sizeof change.name, "%s", call->args.words[0]);
    call_submit(call, &change, on_change);
}

static bool is_name_wrong(struct call *call)
{
    if (call->args.count == 0 || args_is_name(call->args.words[0]))
        return false;
    call_refuse_usage(call, "\"%.80s\" is no name of a service or group", call->args.words[0]);
    return true;
}

static void on_released(struct call *call, const struct change_result *result)
{
    call_take_result(call, result);
    if (reply_is_ok(&call->reply))
        text_add(&call->reply.text,
                 result->changed ? "the lock is released\n" : "nobody held the lock\n");
    call_finish(call);
}

enum call_step cmd_lock_release(struct call *call)
{
    if (is_name_wrong(call))
        return CALL_DONE;
    submit_lock(call, CHANGE_LOCK_RELEASE, on_released);
    return CALL_PARKED;
}

enum { RETRY_TICKS = 10 }; /* of CALL_TICK_MS */

static void on_acquired(struct call *call, const struct change_result *result);

/* With --wait: asks again every few ticks until the lock is free or the time is over. */
static enum call_step poll_acquire(struct call *call)
{
    if (call->is_late)
        return CALL_PARKED; /* the failure of the last attempt is the answer */
    if (++call->step % RETRY_TICKS == 0)
        submit_lock(call, CHANGE_LOCK_ACQUIRE, on_acquired);
    return CALL_PARKED;
}

static void on_acquired(struct call *call, const struct change_result *result)
{
    bool is_taken = result->fault == FAULT_LOCKED;

    if (is_taken && (call->args.given & ARGS_WAIT) != 0) {
        reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_LOCKED, "%s", result->words);
        call->poll = poll_acquire;
        return;
    }
    call->reply.words[0] = '\0';
    call->reply.outcome = OUTCOME_DONE;
    call->reply.fault = FAULT_NONE;
    call_take_result(call, result);
    if (reply_is_ok(&call->reply))
        text_add(&call->reply.text, "the lock is yours\n");
    show_lock(call);
    call_finish(call);
}

enum call_step cmd_lock_acquire(struct call *call)
{
    if (is_name_wrong(call))
        return CALL_DONE;
    if ((call->args.given & ARGS_REASON) == 0)
        return call_refuse_usage(call, "--reason TEXT is missing");
    submit_lock(call, CHANGE_LOCK_ACQUIRE, on_acquired);
    return CALL_PARKED;
}
