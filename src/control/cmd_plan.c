/* Changes in two steps: see cmd_plan_priv.h. */
#include "control/cmd_plan_priv.h"

#include <inttypes.h>
#include <string.h>

#include "control/json_priv.h"
#include "control/permit_priv.h"
#include "control/share_priv.h"
#include "control/sheet_priv.h"

static const struct sheet_column gate_columns[] = {
    { "gate", "GATE", SHEET_TEXT },
    { "passed", "PASSED", SHEET_BOOL },
    { "words", "WHY", SHEET_TEXT },
};

static void add_gates(struct call *call, const struct change_result *result)
{
    struct sheet *sheet = sheet_new(gate_columns, sizeof gate_columns / sizeof gate_columns[0]);

    for (unsigned i = 0; i < result->gate_count; i++) {
        sheet_add_text(sheet, result->gates[i].name);
        sheet_add_bool(sheet, result->gates[i].is_passed);
        sheet_add_text(sheet, result->gates[i].words);
    }
    if (result->gate_count > 0)
        sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "gates", sheet_json(sheet));
    sheet_free(sheet);
}

static void describe_effect(struct call *call, const struct change_result *result)
{
    struct text *text = &call->reply.text;
    char share[SHARE_TEXT_SIZE];

    share_format(result->share, share);
    json_add_text(reply_result(&call->reply), "share", share);
    text_add_format(text, "plan %s", call->command->name);
    for (unsigned i = 0; i < call->args.count; i++)
        text_add_format(text, " %s", call->args.words[i]);
    text_add_format(text, ", at epoch %" PRIu64 "%s%s\n", result->epoch,
                    result->words[0] != '\0' ? ": " : "", result->words);
}

/* What a planned change answers, whichever command it was. */
static void on_planned(struct call *call, const struct change_result *result)
{
    cJSON *json = reply_result(&call->reply);

    call_take_result(call, result);
    json_add_text(json, "from", result->from);
    json_add_text(json, "to", result->to);
    if (reply_is_ok(&call->reply))
        describe_effect(call, result);
    add_gates(call, result);
    json_add_text(json, "token", result->token[0] != '\0' ? result->token : NULL);
    if (result->token[0] != '\0')
        text_add_format(&call->reply.text,
                        "token: %s\n\"apply %s\" does it within ten minutes, unless something "
                        "else has changed by then\n",
                        result->token, result->token);
    call_finish(call);
}

enum call_step cmd_plan_run(struct call *call)
{
    const struct command *plan = call->command;
    const char *nearest = NULL;
    unsigned taken = 0;
    const struct command *planned =
        command_lookup(call->words + 1, call->word_count - 1, &taken, &nearest);

    if (planned == NULL)
        return call_refuse_usage(call, "unknown command %.40s%s%s%s", call->words[1],
                                 nearest != NULL ? ", did you mean " : "",
                                 nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    if (planned->effect != COMMAND_CHANGES)
        return call_refuse_usage(call, "\"%s\" is no change that can be planned", planned->name);
    if (!permit_level(call, planned))
        return CALL_DONE;
    call->command = planned;
    if (command_parse(planned, call->words + 1 + taken, call->word_count - 1 - taken, &call->args) <
        0)
        return call_refuse_usage(call, "%s", call->args.problem);
    if (!permit_scope(call))
        return CALL_DONE;
    call->on_plan = on_planned;
    if (planned->run(call) == CALL_PARKED)
        return CALL_PARKED;
    if (call->reply.outcome == OUTCOME_DONE) /* it would have answered without any change */
        call_refuse_usage(call, "\"%s\" has nothing to plan here", plan->name);
    return CALL_DONE;
}

static void on_applied(struct call *call, const struct change_result *result)
{
    cJSON *json = reply_result(&call->reply);

    call_take_result(call, result);
    json_add_text(json, "from", result->from);
    json_add_text(json, "to", result->to);
    if (reply_is_ok(&call->reply)) {
        text_add_format(&call->reply.text, "applied: %s, epoch %" PRIu64 ", %s\n",
                        result->changed ? "done" : "it was so already", result->epoch,
                        result->is_durable ? "durable" : "volatile");
        if (result->outcome == OUTCOME_DONE && result->words[0] != '\0')
            text_add_format(&call->reply.text, "%s\n", result->words);
    }
    call_finish(call);
}

enum call_step cmd_plan_apply(struct call *call)
{
    const char *token = call->args.words[0];
    size_t max = sizeof((struct change_result *)0)->token - 1;

    if (!args_is_name(token) || strlen(token) > max)
        return call_refuse_usage(call, "\"%.40s\" is no token of a plan", token);
    return call_apply(call, token, on_applied);
}
