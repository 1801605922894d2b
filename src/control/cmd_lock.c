/* The deploy lock: see cmd_lock_priv.h. */
#include "control/cmd_lock_priv.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"

static const struct sheet_column columns[] = {
    { "held", "held", SHEET_BOOL },          { "name", "on", SHEET_TEXT },
    { "owner", "owner", SHEET_TEXT },        { "reason", "reason", SHEET_TEXT },
    { "age_seconds", "age", SHEET_SECONDS }, { "left_seconds", "ends in", SHEET_SECONDS },
    { "running", "running", SHEET_TEXT },    { "waiting", "waiting", SHEET_NUMBER },
};

enum call_step cmd_lock_show(struct call *call)
{
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    struct deploy_lock_view view;

    deploy_view_lock(call->room->deploy, &view);
    sheet_add_bool(sheet, view.is_held);
    sheet_add_text(sheet, view.is_held && view.name[0] == '\0' ? "everything" : view.name);
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
    return CALL_DONE;
}

static void on_answered(struct call *call, const struct change_result *result)
{
    call_take_result(call, result);
    if (reply_is_ok(&call->reply))
        text_add_format(&call->reply.text, "%s\n",
                        result->words[0] != '\0' ? result->words : "done");
    call_finish(call);
}

static enum call_step submit_lock(struct call *call, enum change_kind kind)
{
    struct change change;

    call_fill_change(call, kind, &change);
    if (call->args.count > 0)
        snprintf(change.name, sizeof change.name, "%s", call->args.words[0]);
    return call_submit(call, &change, on_answered);
}

static bool is_name_wrong(struct call *call)
{
    if (call->args.count == 0 || args_is_name(call->args.words[0]))
        return false;
    call_refuse_usage(call, "\"%.80s\" is no name of a service or group", call->args.words[0]);
    return true;
}

enum call_step cmd_lock_release(struct call *call)
{
    if (is_name_wrong(call))
        return CALL_DONE;
    return submit_lock(call, CHANGE_LOCK_RELEASE);
}

enum call_step cmd_lock_acquire(struct call *call)
{
    if (is_name_wrong(call))
        return CALL_DONE;
    if ((call->args.given & ARGS_REASON) == 0)
        return call_refuse_usage(call, "--reason TEXT is missing");
    call->is_impatient = (call->args.given & ARGS_WAIT) == 0;
    return submit_lock(call, CHANGE_LOCK_ACQUIRE);
}
