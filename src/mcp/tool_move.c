/*
 * Tools that move traffic, in two calls: the daemon plans and gives a token, the daemon applies it. This session only takes
 * tokens that it showed itself, for the same move. An emergency passes gates, for who is admin.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "mcp/pass_priv.h"
#include "mcp/tool_priv.h"

enum { MOVE_TIMEOUT_S = 60, PURPOSE_BYTES = 256 };

/* What a token is good for: the same move. */
static void name_purpose(const struct tool_call *call, const char *verb, char out[PURPOSE_BYTES])
{
    const char *slot = param_text(call->arguments, "slot");

    snprintf(out, PURPOSE_BYTES, "%s %s %s %d %llu", verb, param_text(call->arguments, "service"),
             slot != NULL ? slot : "-", param_bool(call->arguments, "emergency"),
             (unsigned long long)param_count(call->arguments, "confirm_within_seconds"));
}

/* False: the words say why not. */
static bool may_force(struct tool_call *call)
{
    const char *role = NULL;
    struct tool_answer answer;
    struct text line;
    bool is_admin = false;

    if (param_text(call->arguments, "reason") == NULL) {
        tool_fail(call, "an emergency needs a reason");
        return false;
    }
    tool_line_begin(&line);
    tool_line_word(&line, "whoami");
    tool_ask(call, &line, MOVE_TIMEOUT_S, &answer);
    role = param_text(tool_result(&answer), "role");
    is_admin = role != NULL && strcmp(role, "admin") == 0;
    if (answer.json == NULL)
        tool_show(call, &answer);
    else if (!is_admin)
        tool_fail(call, "an emergency needs the role admin; this session has %s",
                  role != NULL ? role : "none");
    tool_answer_fini(&answer);
    return is_admin;
}

static void plan(struct tool_call *call, const char *verb)
{
    bool is_emergency = param_bool(call->arguments, "emergency");
    char purpose[PURPOSE_BYTES];
    const char *token = NULL;
    struct tool_answer answer;
    struct text line;

    if (is_emergency && !may_force(call))
        return;
    tool_line_begin(&line);
    tool_line_word(&line, "plan");
    tool_line_word(&line, verb);
    tool_line_word(&line, param_text(call->arguments, "service"));
    tool_line_option(&line, "--to", param_text(call->arguments, "slot"));
    tool_line_count(&line, "--confirm-within",
                    param_count(call->arguments, "confirm_within_seconds"), "s");
    if (is_emergency)
        tool_line_word(&line, "--force");
    tool_line_option(&line, "--reason", param_text(call->arguments, "reason"));
    tool_ask(call, &line, MOVE_TIMEOUT_S, &answer);
    token = param_text(tool_result(&answer), "token");
    tool_show(call, &answer);
    if (token != NULL && strlen(token) < PASS_SIZE) {
        name_purpose(call, verb, purpose);
        passes_keep(call->passes, token, purpose);
        text_add_format(&call->words,
                        "\nNothing has changed yet. Call %s again with the same arguments and "
                        "token \"%s\" to do it.",
                        strcmp(verb, "switch") == 0 ? "switch_traffic" : "rollback", token);
    }
    tool_answer_fini(&answer);
}

static void apply(struct tool_call *call, const char *verb, const char *token)
{
    char purpose[PURPOSE_BYTES];
    struct tool_answer answer;
    struct text line;
    int err = ERR_OK;

    if (param_bool(call->arguments, "emergency") && !may_force(call))
        return;
    name_purpose(call, verb, purpose);
    err = passes_use(call->passes, token, purpose);
    if (err != ERR_OK) {
        tool_fail(call, err == ERR_CONFLICT
                            ? "this token is for another move: give the same arguments as in the "
                              "call that answered it; nothing changed"
                            : "this token was not given out in this session, is used, or is older "
                              "than ten minutes: ask for a new plan; nothing changed");
        return;
    }
    tool_line_begin(&line);
    if (strcmp(verb, "rollback") == 0 && param_bool(call->arguments, "emergency")) {
        /* is not planned by the daemon: it waits for nothing, and proves itself through the front door */
        tool_line_word(&line, "rollback");
        tool_line_word(&line, param_text(call->arguments, "service"));
        tool_line_word(&line, "--emergency");
    } else {
        tool_line_word(&line, "apply");
        tool_line_word(&line, token);
    }
    tool_line_option(&line, "--reason", param_text(call->arguments, "reason"));
    tool_ask(call, &line, MOVE_TIMEOUT_S, &answer);
    tool_show(call, &answer);
    tool_answer_fini(&answer);
}

static void move(struct tool_call *call, const char *verb)
{
    const char *token = param_text(call->arguments, "token");

    if (token == NULL)
        plan(call, verb);
    else
        apply(call, verb, token);
}

void tool_run_switch(struct tool_call *call)
{
    move(call, "switch");
}

void tool_run_rollback(struct tool_call *call)
{
    move(call, "rollback");
}
