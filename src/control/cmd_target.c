/* Orders about one target: see cmd_target_priv.h. */
#include "control/cmd_target_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "deploy/deploy_view.h"
#include "route/target.h"

enum { WEIGHT_MAX = 1000 };

static const struct {
    const char *word;
    enum change_kind kind;
} orders[] = {
    { "ready", CHANGE_TARGET_READY },
    { "drain", CHANGE_TARGET_DRAIN },
    { "maint", CHANGE_TARGET_MAINT },
};

static void fill_target(const struct args_path *path, struct change *change)
{
    memcpy(change->name, path->name, sizeof change->name);
    memcpy(change->slot, path->slot, sizeof change->slot);
    memcpy(change->target, path->target, sizeof change->target);
}

/* The path in the first word, which must be of `depth` parts. */
static int take_path(struct call *call, unsigned depth, struct args_path *out)
{
    if (args_parse_path(call->args.words[0], out) == 0 && out->depth == depth)
        return 0;
    call_refuse_usage(call, "\"%.80s\" is no %s", call->args.words[0],
                      depth == 3 ? "NAME/SLOT/TARGET" : "NAME/SLOT");
    return ERR_INVALID;
}

static void on_ordered(struct call *call, const struct change_result *result)
{
    call_describe_change(call, result);
    call_finish(call);
}

static bool parse_weight(const char *text, uint32_t *out)
{
    uint64_t weight = 0;

    if (num_parse_u64(slice_from(text), WEIGHT_MAX, &weight) < 0)
        return false;
    *out = (uint32_t)weight;
    return true;
}

enum call_step cmd_target_set(struct call *call)
{
    const struct args *args = &call->args;
    struct args_path path;
    struct change change;
    bool is_known = false;

    if (take_path(call, 3, &path) < 0)
        return CALL_DONE;
    call_fill_change(call, CHANGE_TARGET_WEIGHT, &change);
    fill_target(&path, &change);
    if (strcmp(args->words[1], "weight") == 0) {
        is_known = args->count == 3 && parse_weight(args->words[2], &change.weight);
    } else {
        for (unsigned i = 0; i < sizeof orders / sizeof orders[0]; i++) {
            if (args->count != 2 || strcmp(orders[i].word, args->words[1]) != 0)
                continue;
            change.kind = orders[i].kind;
            is_known = true;
        }
    }
    if (!is_known)
        return call_refuse_usage(call, "the order is ready, drain, maint or weight 0 to %d",
                                 WEIGHT_MAX);
    return call_submit(call, &change, on_ordered);
}

enum call_step cmd_target_add(struct call *call)
{
    const struct args *args = &call->args;
    struct args_path path;
    struct change change;

    if (take_path(call, 2, &path) < 0)
        return CALL_DONE;
    call_fill_change(call, CHANGE_TARGET_ADD, &change);
    fill_target(&path, &change);
    change.weight = 1;
    if (!slice_copy(slice_from(args->words[1]), change.target, sizeof change.target) ||
        change.target[0] == '\0')
        return call_refuse_usage(call, "\"%.80s\" is no HOST:PORT or unix:PATH", args->words[1]);
    if (args->count == 3 && (strncmp(args->words[2], "weight=", 7) != 0 ||
                             !parse_weight(args->words[2] + 7, &change.weight)))
        return call_refuse_usage(call, "\"%.40s\" is no weight=0 to weight=%d", args->words[2],
                                 WEIGHT_MAX);
    return call_submit(call, &change, on_ordered);
}

/* The removed target is in no picture any more: what is left of it counts into its slot's draining. */
static enum call_step poll_removed(struct call *call)
{
    struct args_path path;
    struct scope scope;
    uint64_t left = 0;

    if (args_parse_path(call->args.words[0], &path) < 0)
        return CALL_DONE;
    path.depth = 2;
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope)) {
        uint64_t all = deploy_draining(call->room->deploy, scope.slot->slot);
        uint64_t known = 0;

        for (unsigned i = 0; i < scope.slot->pick_count; i++)
            known += target_in_flight(scope.slot->picks[i].target);
        left += all > known ? all - known : 0;
    }
    if (left == 0) {
        text_add(&call->reply.text, "nothing is in flight on it\n");
        return CALL_DONE;
    }
    if (call->is_late)
        reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT,
                   "the target is removed, %" PRIu64 " exchanges are still in flight", left);
    return CALL_PARKED;
}

static void on_removed(struct call *call, const struct change_result *result)
{
    call_describe_change(call, result);
    if (!reply_is_ok(&call->reply) || (call->args.given & ARGS_WAIT) == 0 ||
        call_wait(call, poll_removed) == CALL_DONE)
        call_finish(call);
}

enum call_step cmd_target_remove(struct call *call)
{
    struct args_path path;
    struct change change;

    if (take_path(call, 3, &path) < 0)
        return CALL_DONE;
    call_fill_change(call, CHANGE_TARGET_REMOVE, &change);
    fill_target(&path, &change);
    return call_submit(call, &change, on_removed);
}
