/*
 * An answer that is written out as it comes, because it may be of any size: lines to standard output, a failure that
 * ends them to standard error; or one JSON object. The exit code is found in it. One thread.
 */
#ifndef CTL_OUTFLOW_H
#define CTL_OUTFLOW_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/text.h"

struct outflow {
    bool is_json;
    bool has_failed; /* lines are those of a failure */
    int code;
    struct text rest; /* lines: one that has not ended; JSON: the last bytes that were written */
};

void outflow_init(struct outflow *outflow, bool is_json);
void outflow_add(void *arg, struct slice bytes); /* arg: the outflow */
int outflow_end(struct outflow *outflow);        /* the exit code; frees */

#endif
