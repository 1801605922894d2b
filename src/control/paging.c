/* See paging_priv.h. */
#include "control/paging_priv.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"

enum call_step paging_take(struct call *call, uint64_t max, uint64_t *count,
                           char name[PAGING_NAME_SIZE])
{
    const struct args *args = &call->args;
    bool has_limit = (args->given & ARGS_LIMIT) != 0;

    name[0] = '\0';
    if (has_limit && (args->limit == 0 || args->limit > max))
        return call_refuse_usage(call, "--limit takes 1 to %" PRIu64, max);
    if (has_limit)
        *count = args->limit;
    for (unsigned i = 0; i < args->count; i++) {
        if (i == 0 && !has_limit && num_parse_u64(slice_from(args->words[i]), max, count) == 0 &&
            *count > 0)
            continue;
        if (name[0] != '\0' || *count == 0 || !args_is_name(args->words[i]))
            return call_refuse_usage(call, "\"%.80s\" is no count of 1 to %" PRIu64 " and no name",
                                     args->words[i], max);
        snprintf(name, PAGING_NAME_SIZE, "%s", args->words[i]);
    }
    return CALL_PARKED;
}
