/* Rollouts, approvals and confirmations, as changes: see cmd_rollout_priv.h. */
#include "control/cmd_rollout_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "config/config.h"
#include "control/json_priv.h"
#include "deploy/deploy.h"

static void on_changed(struct call *call, const struct change_result *result)
{
    cJSON *json = reply_result(&call->reply);

    call_describe_change(call, result);
    json_add_text(json, "name", call->args.words[0]);
    json_add_text(json, "from", result->from);
    json_add_text(json, "to", result->to);
    call_finish(call);
}

static int take_plan(struct call *call, enum rollout_plan *out)
{
    const char *plan = args_named(&call->args, "--plan");

    *out = ROLLOUT_CANARY;
    if (plan == NULL || strcmp(plan, "canary") == 0)
        return 0;
    *out = ROLLOUT_SWITCH;
    if (strcmp(plan, "switch") == 0)
        return 0;
    call_refuse_usage(call, "\"%.40s\" is no plan: canary or switch", plan);
    return ERR_INVALID;
}

enum call_step cmd_rollout_start(struct call *call)
{
    const char *profile = args_named(&call->args, "--profile");
    struct change change;

    if (call_name_change(call, CHANGE_ROLLOUT_START, &change) < 0 ||
        take_plan(call, &change.plan) < 0)
        return CALL_DONE;
    snprintf(change.profile, sizeof change.profile, "%s", profile != NULL ? profile : "");
    return call_submit(call, &change, on_changed);
}

static enum call_step submit_plain(struct call *call, enum change_kind kind)
{
    struct change change;

    if (call_name_change(call, kind, &change) < 0)
        return CALL_DONE;
    return call_submit(call, &change, on_changed);
}

enum call_step cmd_rollout_pause(struct call *call)
{
    return submit_plain(call, CHANGE_ROLLOUT_PAUSE);
}

enum call_step cmd_rollout_resume(struct call *call)
{
    return submit_plain(call, CHANGE_ROLLOUT_RESUME);
}

enum call_step cmd_rollout_advance(struct call *call)
{
    return submit_plain(call, CHANGE_ROLLOUT_ADVANCE);
}

enum call_step cmd_rollout_abort(struct call *call)
{
    return submit_plain(call, CHANGE_ROLLOUT_ABORT);
}

enum call_step cmd_rollout_confirm(struct call *call)
{
    return submit_plain(call, CHANGE_CONFIRM);
}

/* The service, or one of the group that the word names, or of the group of that service. */
static bool is_meant(const struct config *config, const struct config_service *service,
                     const char *name)
{
    size_t group = config_group_of(config, service);

    if (strcmp(service->name, name) == 0)
        return true;
    if (group == config->group_count)
        return false;
    if (strcmp(config->groups[group].name, name) == 0)
        return true;
    for (size_t i = 0; i < config->groups[group].names.count; i++)
        if (strcmp(config->groups[group].names.items[i], name) == 0)
            return true;
    return false;
}

/* The level is what the socket says of the peer, which deploy does not know. */
static bool may_approve(struct call *call)
{
    const struct config *config = deploy_config(call->room->deploy);
    const char *name = call->args.words[0];

    if (config == NULL || call->peer.level >= LEVEL_ADMIN)
        return true;
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];

        if (service->gate.approval_level != CONFIG_APPROVER_ADMIN ||
            !is_meant(config, service, name))
            continue;
        reply_fail(&call->reply, OUTCOME_DENIED, FAULT_NOT_AUTHORISED,
                   "to approve %s needs level %s, %s has level %s", name, level_name(LEVEL_ADMIN),
                   call->peer.actor, level_name(call->peer.level));
        reply_hint(&call->reply, "gate { approval_level } of service %s says so", service->name);
        return false;
    }
    return true;
}

enum call_step cmd_rollout_approve(struct call *call)
{
    return may_approve(call) ? submit_plain(call, CHANGE_APPROVE) : CALL_DONE;
}

enum call_step cmd_rollout_reject(struct call *call)
{
    if (call->args.reason == NULL)
        return call_refuse_usage(call, "reject needs --reason TEXT: others want to know why");
    return may_approve(call) ? submit_plain(call, CHANGE_REJECT) : CALL_DONE;
}

enum call_step cmd_rollout_check(struct call *call)
{
    const char *item = call->args.words[1];
    struct change change;

    if (call_name_change(call, CHANGE_CHECK, &change) < 0)
        return CALL_DONE;
    if (!args_is_name(item))
        return call_refuse_usage(call, "\"%.80s\" is no item of a checklist", item);
    snprintf(change.message, sizeof change.message, "%s", item);
    return call_submit(call, &change, on_changed);
}
