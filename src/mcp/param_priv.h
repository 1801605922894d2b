/*
 * What a tool takes: a table from which the JSON Schema that clients see and the check of what they send are both made.
 * Pure.
 */
#ifndef MCP_PARAM_PRIV_H
#define MCP_PARAM_PRIV_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"

enum param_kind {
    PARAM_NAME, /* of a service, group or slot: no blank, slash or control byte, no '-' in front */
    PARAM_TEXT, /* without control bytes, not empty */
    PARAM_BOOL,
    PARAM_COUNT, /* 1 to max */
    PARAM_NAMES, /* texts as PARAM_NAME, but with slashes and colons: targets; at most PARAM_LIST_MAX */
    PARAM_PAIRS, /* an object of texts: header fields; at most PARAM_LIST_MAX */
};

enum { PARAM_LIST_MAX = 16, PARAM_NAME_MAX = 63, PARAM_TEXT_MAX = 200 };

struct param {
    const char *name;
    enum param_kind kind;
    bool is_required;
    uint64_t max; /* of a count; length of a text, 0: PARAM_TEXT_MAX */
    const char *words;
};

/* The schema of an object with these members and no others. */
void param_write_schema(const struct param *params, size_t count, struct text *out);

/* ERR_INVALID with a sentence in problem. arguments NULL counts as an empty object. */
MUST_CHECK int param_check(const struct param *params, size_t count, const cJSON *arguments,
                           char *problem, size_t problem_size);

/* Members of arguments that were checked; NULL, 0, false when they were not given. */
const char *param_text(const cJSON *arguments, const char *name);
uint64_t param_count(const cJSON *arguments, const char *name);
bool param_bool(const cJSON *arguments, const char *name);

#endif
