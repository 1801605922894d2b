/* Tools that only look: each is one command of the admin protocol. */
#include <stdio.h>

#include "mcp/tool_priv.h"

enum { READ_TIMEOUT_S = 10, HEADER_BYTES = 512 };

static void show_one(struct tool_call *call, struct text *line)
{
    struct tool_answer answer;

    tool_ask(call, line, READ_TIMEOUT_S, &answer);
    tool_show(call, &answer);
    tool_answer_fini(&answer);
}

void tool_run_status(struct tool_call *call)
{
    const char *service = param_text(call->arguments, "service");
    struct text line;

    tool_line_begin(&line);
    tool_line_word(&line, "status");
    if (service != NULL)
        tool_line_word(&line, service);
    show_one(call, &line);
}

void tool_run_history(struct tool_call *call)
{
    const char *service = param_text(call->arguments, "service");
    uint64_t limit = param_count(call->arguments, "limit");
    struct text line;

    tool_line_begin(&line);
    tool_line_word(&line, "show");
    tool_line_word(&line, "history");
    if (service != NULL)
        tool_line_word(&line, service);
    tool_line_option(&line, "--kind", param_text(call->arguments, "kind"));
    tool_line_option(&line, "--outcome", param_text(call->arguments, "outcome"));
    tool_line_option(&line, "--since", param_text(call->arguments, "since"));
    tool_line_count(&line, "--limit", limit > 0 ? limit : 20, "");
    show_one(call, &line);
}

void tool_run_explain(struct tool_call *call)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(call->arguments, "headers");
    const cJSON *field = NULL;
    char header[HEADER_BYTES];
    struct text line;

    tool_line_begin(&line);
    tool_line_word(&line, "explain");
    tool_line_option(&line, "--host", param_text(call->arguments, "host"));
    tool_line_option(&line, "--path", param_text(call->arguments, "path"));
    tool_line_option(&line, "--method", param_text(call->arguments, "method"));
    tool_line_option(&line, "--client-ip", param_text(call->arguments, "client_ip"));
    cJSON_ArrayForEach(field, headers)
    {
        snprintf(header, sizeof header, "%.200s: %.300s", field->string, field->valuestring);
        tool_line_option(&line, "--header", header);
    }
    show_one(call, &line);
}
