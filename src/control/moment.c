/* See moment_priv.h. */
#include "control/moment_priv.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/num.h"
#include "control/args_priv.h"

/* "90m": so long ago; else a stamp. */
static bool parse_moment(const char *text, uint64_t *wall_us)
{
    uint64_t now_us = clock_wall_us();
    uint64_t ago_us = 0;

    if (clock_parse(slice_from(text), wall_us) == 0)
        return true;
    if (num_parse_duration(slice_from(text), &ago_us) != 0 || ago_us > now_us)
        return false;
    *wall_us = now_us - ago_us;
    return true;
}

static enum call_step refuse_moment(struct call *call, const char *option, const char *value)
{
    return call_refuse_usage(call,
                             "%s takes a time such as 2026-01-02T03:04:05Z (UTC) or how long ago, "
                             "such as 90m or 7d, not \"%.40s\"",
                             option, value);
}

enum call_step moment_take(struct call *call, uint64_t *since_wall_us, uint64_t *until_wall_us)
{
    const char *since = args_named(&call->args, "--since");
    const char *until = args_named(&call->args, "--until");

    *since_wall_us = *until_wall_us = 0;
    if (since != NULL && !parse_moment(since, since_wall_us))
        return refuse_moment(call, "--since", since);
    if (until != NULL && !parse_moment(until, until_wall_us))
        return refuse_moment(call, "--until", until);
    if (until != NULL && *until_wall_us < *since_wall_us)
        return call_refuse_usage(call, "--until lies before --since");
    return CALL_PARKED;
}
