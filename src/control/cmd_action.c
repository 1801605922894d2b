/*
 * See cmd_action_priv.h. What needs a token is refused the first time, and the refusal carries it: whoever asks again
 * with it has seen what will be run.
 */
#include "control/cmd_action_priv.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "control/actions_priv.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy.h"

enum { SPARE_US = 5 * 1000000 }; /* to end it, beyond its own time */

static const struct sheet_column columns[] = {
    { "name", "ACTION", SHEET_TEXT },     { "kind", "KIND", SHEET_TEXT },
    { "service", "SERVICE", SHEET_TEXT }, { "level", "LEVEL", SHEET_TEXT },
    { "token", "TOKEN", SHEET_BOOL },     { "running", "RUNS", SHEET_BOOL },
    { "ended", "ENDED", SHEET_TEXT },     { "duration_us", NULL, SHEET_NUMBER },
    { "last", "LAST", SHEET_TEXT },
};

static enum level level_of(const struct config_action *action)
{
    return action->level == CONFIG_APPROVER_ADMIN ? LEVEL_ADMIN : LEVEL_OPERATOR;
}

static void add_row(struct sheet *sheet, const struct actions *actions,
                    const struct config_action *action)
{
    char stamp[CLOCK_STAMP_SIZE];
    struct actions_view view;

    actions_view(actions, action->name, &view);
    sheet_add_text(sheet, action->name);
    sheet_add_text(sheet, actions_kind_name(action->kind));
    sheet_add_text(sheet, action->service);
    sheet_add_text(sheet, level_name(level_of(action)));
    sheet_add_bool(sheet, actions_needs_token(action));
    sheet_add_bool(sheet, view.is_running);
    if (!view.has_ended) {
        sheet_add_none(sheet);
        sheet_add_none(sheet);
        sheet_add_none(sheet);
        return;
    }
    clock_stamp(view.at_us, stamp);
    sheet_add_text(sheet, stamp);
    sheet_add_u64(sheet, view.duration_us);
    sheet_add_text(sheet, view.words);
}

enum call_step cmd_action_list(struct call *call)
{
    const struct config *config = deploy_config(call->room->deploy);
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);

    for (size_t i = 0; call->room->actions != NULL && i < config->action_count; i++)
        add_row(sheet, call->room->actions, &config->actions[i]);
    sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "actions", sheet_json(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}

static void describe(struct call *call, const char *name, const struct child_result *result)
{
    cJSON *json = reply_result(&call->reply);

    json_add_text(json, "action", name);
    json_add_u64(json, "exit", result->code >= 0 ? (uint64_t)result->code : 0);
    json_add_u64(json, "signal", (uint64_t)result->signal);
    json_add_u64(json, "duration_us", result->duration_us);
    json_add_text(json, "output", result->output);
    if (result->code != 0 && result->is_timed_out)
        reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT, "action %s was ended: %s",
                   name, result->words);
    else if (result->code != 0)
        reply_fail(&call->reply, OUTCOME_FAILED, FAULT_ACTION_FAILED, "action %s: %s", name,
                   result->words);
    if (result->code != 0)
        reply_hint(&call->reply, "its output is in the answer and in the log");
    text_add_format(&call->reply.text, "action %s: %s\n%s\n", name, result->words, result->output);
}

static void on_done(void *arg, const char *name, const struct child_result *result)
{
    struct call *call = arg;

    if (!call_return(call))
        return; /* nobody waits for it any more; it is in the log */
    describe(call, name, result);
    call_finish(call);
}

static enum call_step ask_for_token(struct call *call, const struct config_action *action,
                                    bool was_given)
{
    char token[ACTIONS_TOKEN_SIZE];

    actions_give_token(call->room->actions, action, token);
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNCONFIRMED,
               was_given ? "that token is used, too old, of another epoch, or not of action %s"
                         : "action %s is run with a token only",
               action->name);
    reply_hint(&call->reply, "it runs %s; \"action run %s --token %s\" does it, within ten minutes",
               action->command, action->name, token);
    json_add_text(reply_result(&call->reply), "token", token);
    json_add_text(reply_result(&call->reply), "action", action->name);
    json_add_text(reply_result(&call->reply), "command", action->command);
    json_add_seconds(reply_result(&call->reply), "token_seconds", ACTIONS_TOKEN_US);
    return CALL_DONE;
}

static enum call_step start(struct call *call, const struct config_action *action)
{
    if ((call->args.given & ARGS_TIMEOUT) == 0)
        call->args.timeout_us = action->timeout + SPARE_US;
    call_lend(call);
    switch (actions_run(call->room->actions, action, call->peer.actor, on_done, call)) {
    case ACTIONS_STARTED: return CALL_PARKED;
    case ACTIONS_RUNS_ALREADY:
        reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_CONFLICT, "action %s runs already",
                   action->name);
        break;
    case ACTIONS_FULL:
        reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_CONFLICT, "%d other actions run",
                   ACTIONS_RUNNING_MAX);
        break;
    }
    call_return(call);
    reply_hint(&call->reply, "\"action list\" tells when it has ended");
    return CALL_DONE;
}

/* The action that is named, if this peer may run it; NULL: the answer says why not. */
static const struct config_action *find(struct call *call)
{
    const struct config_action *action =
        call->room->actions != NULL ? actions_find(call->room->actions, call->args.words[0]) : NULL;

    if (action == NULL) {
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "there is no action %.63s",
                   call->args.words[0]);
        reply_hint(&call->reply, "\"action list\" has those that are configured");
        return NULL;
    }
    if (call->peer.level < level_of(action)) {
        reply_fail(&call->reply, OUTCOME_DENIED, FAULT_NOT_AUTHORISED,
                   "action %s needs level %s, %s has level %s", action->name,
                   level_name(level_of(action)), call->peer.actor, level_name(call->peer.level));
        return NULL;
    }
    return action;
}

enum call_step cmd_action_run(struct call *call)
{
    const struct config_action *action = find(call);
    const char *token = args_named(&call->args, "--token");

    if (action == NULL)
        return CALL_DONE;
    if (actions_needs_token(action) &&
        (token == NULL || !actions_take_token(call->room->actions, action, token)))
        return ask_for_token(call, action, token != NULL);
    return start(call, action);
}

enum call_step cmd_action_test(struct call *call)
{
    const struct config_action *action = find(call);

    if (action == NULL)
        return CALL_DONE;
    if (action->kind != CONFIG_ACTION_TEST) {
        call_refuse_usage(call, "action %s is of kind %s, not test", action->name,
                          actions_kind_name(action->kind));
        reply_hint(&call->reply, "\"action run %s\" runs it", action->name);
        return CALL_DONE;
    }
    if (actions_needs_token(action))
        return ask_for_token(call, action, false);
    return start(call, action);
}
