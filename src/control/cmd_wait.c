/* Waiting for a condition: see cmd_wait_priv.h. */
#include "control/cmd_wait_priv.h"

#include <inttypes.h>

#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "deploy/deploy_view.h"
#include "health/health.h"
#include "route/slot.h"
#include "route/target.h"

struct health_sum {
    unsigned expected; /* targets that should serve */
    unsigned up;
    unsigned empty_slots;
};

/* Up; or nobody asks, because health is off for it. */
static bool is_fit(const struct target *target)
{
    struct health_view view;

    return target_verdict(target) == VERDICT_UP || !health_view(target, &view) || !view.is_enabled;
}

static void add_slot(struct health_sum *sum, const struct snapshot_slot *slot)
{
    unsigned ready = 0;

    for (unsigned i = 0; i < slot->pick_count; i++) {
        if (slot->picks[i].order != ORDER_READY)
            continue;
        ready++;
        sum->up += is_fit(slot->picks[i].target);
    }
    sum->expected += ready;
    sum->empty_slots += ready == 0;
}

/* Slots that are off count only when they are named. */
static struct health_sum sum_up(const struct call *call, const struct args_path *path)
{
    struct health_sum sum = { 0 };
    struct scope scope;

    scope_init(&scope, call->room->deploy, path);
    while (scope_next(&scope))
        if (path->depth == 2 || (scope.slot->role != ROLE_OFF && scope.slot->role != ROLE_STAGING))
            add_slot(&sum, scope.slot);
    return sum;
}

static void describe_unfit(struct call *call, const struct args_path *path)
{
    struct scope scope;

    scope_init(&scope, call->room->deploy, path);
    while (scope_next(&scope))
        for (unsigned i = 0; i < scope.slot->pick_count; i++) {
            const struct pick *pick = &scope.slot->picks[i];

            if (pick->order == ORDER_READY && !is_fit(pick->target))
                text_add_format(&call->reply.text, "%s/%s/%s is %s\n", scope.service->service->name,
                                scope.slot->slot->name, pick->target->name,
                                verdict_name(target_verdict(pick->target)));
        }
}

static enum call_step poll_healthy(struct call *call)
{
    struct args_path path;
    struct health_sum sum = { 0 };
    bool is_true = false;

    if (scope_parse(call->room->deploy, call->args.words[0], &path, &call->reply) < 0)
        return CALL_DONE; /* it may also vanish by a reload while we wait */
    sum = sum_up(call, &path);
    is_true = sum.up == sum.expected && sum.empty_slots == 0 && sum.expected > 0;
    if (!is_true && !call->is_late)
        return CALL_PARKED;
    json_add_u64(reply_result(&call->reply), "up", sum.up);
    json_add_u64(reply_result(&call->reply), "expected", sum.expected);
    if (is_true) {
        text_add_format(&call->reply.text, "%s is healthy: %u of %u targets up\n",
                        call->args.words[0], sum.up, sum.expected);
        return CALL_DONE;
    }
    reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT,
               "%s is not healthy: %u of %u targets up%s", call->args.words[0], sum.up,
               sum.expected, sum.empty_slots > 0 ? ", a slot has no target that should serve" : "");
    reply_hint(&call->reply, "\"show targets %s\" has the last check of each in words",
               call->args.words[0]);
    describe_unfit(call, &path);
    return CALL_DONE;
}

enum call_step cmd_wait_healthy(struct call *call)
{
    return call_wait(call, poll_healthy);
}

static enum call_step poll_drained(struct call *call)
{
    struct args_path path;
    struct scope scope;
    uint64_t left = 0;

    if (scope_parse(call->room->deploy, call->args.words[0], &path, &call->reply) < 0)
        return CALL_DONE;
    if (path.depth != 2)
        return call_refuse_usage(call, "\"%.80s\" is no NAME/SLOT", call->args.words[0]);
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope)) {
        uint64_t own = slot_in_flight(scope.slot->slot);
        uint64_t draining = deploy_draining(call->room->deploy, scope.slot->slot);

        left += own > draining ? own : draining;
    }
    if (left > 0 && !call->is_late)
        return CALL_PARKED;
    json_add_u64(reply_result(&call->reply), "in_flight", left);
    if (left == 0) {
        text_add_format(&call->reply.text, "%s is drained\n", call->args.words[0]);
        return CALL_DONE;
    }
    reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT,
               "%s is not drained: %" PRIu64 " exchanges in flight", call->args.words[0], left);
    reply_hint(&call->reply, "\"show drain %s\" tells where they are", call->args.words[0]);
    return CALL_DONE;
}

enum call_step cmd_wait_drained(struct call *call)
{
    return call_wait(call, poll_drained);
}
