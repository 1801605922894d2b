/* The table of tools, and how they speak to the daemon: see tool_priv.h. */
#include "mcp/tool_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { LINE_BYTES_MAX = 16 * 1024, FAILURE_BYTES = 600, EXIT_TIMEOUT = 4, EXIT_UNREACHABLE = 8 };

#define SERVICE                                                                                    \
    {                                                                                              \
        "service", PARAM_NAME, true, 0, "name of the service or group"                             \
    }
#define TOKEN                                                                                      \
    {                                                                                              \
        "token", PARAM_TEXT, false, 47,                                                            \
            "what the first call answered; without it nothing changes and the plan is shown"       \
    }
#define REASON                                                                                     \
    {                                                                                              \
        "reason", PARAM_TEXT, false, 0, "why; it is kept in the history and the audit"             \
    }

static const struct tool tools[] = {
    { "get_deployment_status",
      "Deployment status",
      "Services with their slots, versions, targets and health, who is live, running rollouts, and "
      "whether a rollback is possible.",
      true,
      false,
      tool_run_status,
      { { "service", PARAM_NAME, false, 0, "only this service or group" } } },
    { "deploy_to_standby",
      "Deploy to the standby slot",
      "Runs the configured deploy action and adds targets on a slot that is not live, then waits "
      "until it is healthy. Live traffic is not touched. First call: what would be done, and a "
      "token; second call with the token: does it.",
      false,
      false,
      tool_run_deploy,
      { SERVICE,
        { "slot", PARAM_NAME, false, 0, "the slot; the standby one if not given" },
        { "action", PARAM_NAME, false, 0, "name of an action of kind deploy in the configuration" },
        { "targets", PARAM_NAMES, false, 0, "addresses (host:port) to add to the slot" },
        { "timeout_seconds", PARAM_COUNT, false, 3600,
          "how long it may take until it is healthy (300)" },
        REASON,
        TOKEN } },
    { "switch_traffic",
      "Switch traffic",
      "Moves all traffic of a service or group to a slot. First call: the plan with every gate, "
      "and a token; second call with the token: does it, if nothing has changed meanwhile. "
      "emergency passes gates that fail and needs the role admin and a reason.",
      false,
      true,
      tool_run_switch,
      { SERVICE,
        { "slot", PARAM_NAME, false, 0, "where to; the standby slot if not given" },
        { "confirm_within_seconds", PARAM_COUNT, false, 86400,
          "goes back by itself unless confirmed within so long" },
        { "emergency", PARAM_BOOL, false, 0, "pass gates that fail" },
        REASON,
        TOKEN } },
    { "rollback",
      "Roll back",
      "Moves the traffic back to the slot before the last switch. First call: the plan and a "
      "token; second call with the token: does it.",
      false,
      true,
      tool_run_rollback,
      { SERVICE,
        { "emergency", PARAM_BOOL, false, 0, "pass gates that fail; needs the role admin" },
        REASON,
        TOKEN } },
    { "get_history",
      "History",
      "Finished changes, newest first: what, who, when, why, and which gate refused.",
      true,
      false,
      tool_run_history,
      { { "service", PARAM_NAME, false, 0, "only of this service or group" },
        { "kind", PARAM_NAME, false, 0, "only this kind: switch, rollback, canary-start ..." },
        { "outcome", PARAM_NAME, false, 0, "only this outcome: done, refused ..." },
        { "since", PARAM_TEXT, false, 40, "since a time (RFC 3339) or a duration ago (2h)" },
        { "limit", PARAM_COUNT, false, 500, "how many (20)" } } },
    { "explain_route",
      "Explain a route",
      "Where a request would go and by which rule: service, slot, version, target, tenant, canary.",
      true,
      false,
      tool_run_explain,
      { { "host", PARAM_TEXT, false, 253, "the Host field" },
        { "path", PARAM_TEXT, false, 2000, "path and query (/)" },
        { "method", PARAM_NAME, false, 0, "the method (GET)" },
        { "headers", PARAM_PAIRS, false, 0, "header fields that matter: tenant, preview, cookies" },
        { "client_ip", PARAM_TEXT, false, 45, "the client's address" } } },
};
enum { TOOL_COUNT = sizeof tools / sizeof tools[0] };

const struct tool *tool_at(unsigned index)
{
    return index < TOOL_COUNT ? &tools[index] : NULL;
}

const struct tool *tool_find(const char *name)
{
    for (unsigned i = 0; i < TOOL_COUNT; i++)
        if (strcmp(tools[i].name, name) == 0)
            return &tools[i];
    return NULL;
}

size_t tool_param_count(const struct tool *tool)
{
    size_t count = 0;

    while (count < TOOL_PARAMS_MAX && tool->params[count].name != NULL)
        count++;
    return count;
}

void tool_line_begin(struct text *line)
{
    text_init(line, LINE_BYTES_MAX);
    text_add(line, "json");
}

/* In quotes, so that blanks, ';' and quotes mean themselves. */
void tool_line_word(struct text *line, const char *word)
{
    text_add(line, " \"");
    for (; *word != '\0'; word++) {
        if (*word == '"' || *word == '\\')
            text_add(line, "\\");
        text_add_slice(line, slice_of(word, 1));
    }
    text_add(line, "\"");
}

void tool_line_option(struct text *line, const char *option, const char *value)
{
    if (value == NULL)
        return;
    tool_line_word(line, option);
    tool_line_word(line, value);
}

void tool_line_count(struct text *line, const char *option, uint64_t value, const char *unit)
{
    char words[32];

    snprintf(words, sizeof words, "%llu%s", (unsigned long long)value, unit);
    if (value > 0)
        tool_line_option(line, option, words);
}

static void note_failure(struct tool_answer *out, int err)
{
    out->code = err == ERR_TIMEOUT ? EXIT_TIMEOUT : EXIT_UNREACHABLE;
    text_clear(&out->raw);
}

void tool_ask(struct tool_call *call, struct text *line, unsigned timeout_s,
              struct tool_answer *out)
{
    const cJSON *code = NULL;
    char as[64];
    int err = ERR_OK;

    *out = (struct tool_answer){ .code = EXIT_UNREACHABLE };
    text_init(&out->raw, TOOL_ANSWER_MAX);
    snprintf(as, sizeof as, "mcp:%.50s", call->client);
    tool_line_option(line, "--as", as);
    tool_line_count(line, "--timeout", timeout_s, "s");
    text_add(line, "\n");
    err = text_is_cut(line) ? ERR_RANGE
                            : call->ops->ask(call->ops->arg, text_slice(line),
                                             (timeout_s + 10ull) * 1000000, &out->raw);
    text_fini(line);
    if (err == ERR_OK)
        out->json = cJSON_ParseWithLength(out->raw.bytes, out->raw.len);
    code = cJSON_GetObjectItemCaseSensitive(out->json, "code");
    if (cJSON_IsNumber(code))
        out->code = code->valueint;
    else
        note_failure(out, err);
}

void tool_answer_fini(struct tool_answer *answer)
{
    cJSON_Delete(answer->json);
    text_fini(&answer->raw);
}

const cJSON *tool_result(const struct tool_answer *answer)
{
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(answer->json, "result");

    return cJSON_IsObject(result) ? result : NULL;
}

void tool_fail(struct tool_call *call, const char *format, ...)
{
    char words[FAILURE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    call->is_error = true;
    text_add(&call->words, words);
}

static void show_failure(struct tool_call *call, const struct tool_answer *answer)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer->json, "error");
    const char *message = param_text(error, "message");
    const char *hint = param_text(error, "hint");
    const char *gate = param_text(error, "gate");

    tool_fail(call, "not done (code %d): %s", answer->code,
              message != NULL ? message : "the daemon gave no reason");
    if (gate != NULL)
        text_add_format(&call->words, "\ngate: %s", gate);
    if (hint != NULL)
        text_add_format(&call->words, "\nremedy: %s", hint);
}

void tool_show(struct tool_call *call, const struct tool_answer *answer)
{
    const char *words = param_text(answer->json, "text");
    bool is_ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer->json, "ok"));

    if (answer->json == NULL) {
        tool_fail(call,
                  answer->code == EXIT_TIMEOUT
                      ? "the daemon gave no answer in time; the command may still take effect: "
                        "look at get_deployment_status and get_history"
                      : "the daemon cannot be reached on its admin socket; is it running?");
        return;
    }
    if (!is_ok)
        show_failure(call, answer);
    if (words != NULL && words[0] != '\0')
        text_add_format(&call->words, "%s%s", call->words.len > 0 ? "\n" : "", words);
    text_clear(&call->json);
    text_add_slice(&call->json, text_slice(&answer->raw));
}

void tool_tell(struct tool_call *call, unsigned done, unsigned total, const char *words)
{
    if (call->progress != NULL)
        call->progress(call->arg, done, total, words);
}
