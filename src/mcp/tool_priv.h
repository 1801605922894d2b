/*
 * The tools, and one call of one of them. A call asks the daemon, tells progress, and ends with words for people and one
 * JSON object for programs. Threads: each call has its own; what they share is behind the functions here.
 */
#ifndef MCP_TOOL_PRIV_H
#define MCP_TOOL_PRIV_H

#include <cjson/cJSON.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"
#include "mcp/mcp.h"
#include "mcp/param_priv.h"

struct passes;

enum { TOOL_PARAMS_MAX = 10, TOOL_ANSWER_MAX = 8 << 20 };

struct tool_call {
    const struct mcp_ops *ops;
    struct passes *passes;
    const cJSON *arguments; /* checked */
    const char *client;     /* who the other side says it is */
    atomic_bool is_cancelled;

    /* Tells how far it is; total 0: not known. NULL: nobody wants to know. */
    void (*progress)(void *arg, unsigned done, unsigned total, const char *words);
    void *arg;

    struct text words;
    struct text json; /* one object; empty: none */
    bool is_error;
};

struct tool {
    const char *name;
    const char *title;
    const char *words;
    bool is_reading;
    bool is_destructive;
    void (*run)(struct tool_call *call);
    struct param params[TOOL_PARAMS_MAX]; /* up to one without a name */
};

const struct tool *tool_at(unsigned index); /* NULL behind the end */
const struct tool *tool_find(const char *name);
size_t tool_param_count(const struct tool *tool);

/* What the daemon said. */
struct tool_answer {
    int code; /* of switchctl; 8 and 4: it was not reached, or said nothing in time */
    struct text raw;
    cJSON *json; /* NULL: there is none */
};

/* A line of the admin protocol: begun, its words, and asked. An option without a value: NULL is no option at all. */
void tool_line_begin(struct text *line);
void tool_line_word(struct text *line, const char *word);
void tool_line_option(struct text *line, const char *option, const char *value);
void tool_line_count(struct text *line, const char *option, uint64_t value, const char *unit);

/* Asks and frees the line; the answer is freed with tool_answer_fini in any case. */
void tool_ask(struct tool_call *call, struct text *line, unsigned timeout_s,
              struct tool_answer *out);
void tool_answer_fini(struct tool_answer *answer);
const cJSON *tool_result(const struct tool_answer *answer); /* its "result"; NULL: none */

/* The answer's words and JSON become those of the call. */
void tool_show(struct tool_call *call, const struct tool_answer *answer);
void tool_fail(struct tool_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tool_tell(struct tool_call *call, unsigned done, unsigned total, const char *words);

/* tool_read.c, tool_move.c, tool_deploy.c */
void tool_run_status(struct tool_call *call);
void tool_run_history(struct tool_call *call);
void tool_run_explain(struct tool_call *call);
void tool_run_switch(struct tool_call *call);
void tool_run_rollback(struct tool_call *call);
void tool_run_deploy(struct tool_call *call);

#endif
