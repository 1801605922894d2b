/* Hold and maintenance: see cmd_traffic_priv.h. */
#include "control/cmd_traffic_priv.h"

#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "control/cmd_canary_priv.h"
#include "control/cmd_rollout_priv.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy_view.h"

static void on_changed(struct call *call, const struct change_result *result)
{
    call_describe_change(call, result);
    if (reply_is_ok(&call->reply))
        json_add_text(reply_result(&call->reply), "name", call->args.words[0]);
    call_finish(call);
}

static enum call_step submit(struct call *call, enum change_kind kind)
{
    const struct args *args = &call->args;
    struct change change;

    if (call_name_change(call, kind, &change) < 0)
        return CALL_DONE;
    snprintf(change.message, sizeof change.message, "%s",
             args->message != NULL ? args->message : "");
    change.max_us = args->longest_us;
    return call_submit(call, &change, on_changed);
}

enum call_step cmd_traffic_pause(struct call *call)
{
    if ((call->args.given & ARGS_LONGEST) != 0 && call->args.longest_us == 0)
        return call_refuse_usage(call, "--max takes a duration above 0, at most 24h");
    return submit(call, CHANGE_PAUSE);
}

enum call_step cmd_traffic_resume(struct call *call)
{
    return submit(call, CHANGE_RESUME);
}

enum call_step cmd_traffic_maint_on(struct call *call)
{
    return submit(call, CHANGE_MAINT_ON);
}

enum call_step cmd_traffic_maint_off(struct call *call)
{
    return submit(call, CHANGE_MAINT_OFF);
}

static void add_line(const struct scope *scope, struct text *out)
{
    const struct service *service = scope->service->service;
    struct deploy_traffic_view view;
    uint64_t now_us = clock_wall_us();
    char since[32];
    char left[32];

    deploy_view_traffic(scope->deploy, scope->service_index, &view);
    sheet_age(now_us > view.since_wall_us ? now_us - view.since_wall_us : 0, since);
    sheet_age(view.left_us, left);
    if (view.is_maint)
        text_add_format(out, "%s is in maintenance since %s%s%s\n", service->name, since,
                        view.message[0] != '\0' ? ": " : "", view.message);
    if (view.is_held)
        text_add_format(
            out, "%s is paused since %s, %s left: %" PRIu64 " requests wait, %" PRIu64 " bytes\n",
            service->name, since, left,
            atomic_load_explicit(&service->counts.held, memory_order_relaxed),
            atomic_load_explicit(&service->counts.held_bytes, memory_order_relaxed));
}

void cmd_traffic_add_lines(const struct deploy *deploy, const struct args_path *path,
                           struct text *out)
{
    unsigned last = UINT_MAX;
    struct scope scope;

    scope_init(&scope, deploy, path);
    while (scope_next(&scope)) {
        if (scope.service_index == last)
            continue;
        last = scope.service_index;
        add_line(&scope, out);
        cmd_canary_add_line(&scope, out);
        cmd_rollout_add_lines(&scope, out);
    }
}

const char *cmd_traffic_mode(const struct scope *scope)
{
    struct deploy_traffic_view view;

    deploy_view_traffic(scope->deploy, scope->service_index, &view);
    if (view.is_maint)
        return "maintenance";
    return view.is_held ? "held" : "open";
}
