/* How rollouts stand, and waiting for their end: see cmd_rollout_priv.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "control/cmd_rollout_priv.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/share_priv.h"
#include "control/sheet_priv.h"
#include "deploy/rollout.h"
#include "deploy/rollout_view.h"
#include "route/service.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct sheet_column rollout_columns[] = {
    { "name", "NAME", SHEET_TEXT },
    { "id", "ID", SHEET_NUMBER },
    { "from", "FROM", SHEET_TEXT },
    { "to", "TO", SHEET_TEXT },
    { "version", "VERSION", SHEET_TEXT },
    { "plan", "PLAN", SHEET_TEXT },
    { "profile", "PROFILE", SHEET_TEXT },
    { "phase", "PHASE", SHEET_TEXT },
    { "part", "PART", SHEET_TEXT },
    { "running", NULL, SHEET_BOOL },
    { "paused", NULL, SHEET_BOOL },
    { "held", NULL, SHEET_BOOL },
    { "final", NULL, SHEET_BOOL },
    { "phase_seconds", "FOR", SHEET_SECONDS },
    { "watch_seconds", NULL, SHEET_SECONDS },
    { "manual_wait_seconds", NULL, SHEET_SECONDS },
    { "share", "SHARE", SHEET_TEXT },
    { "holdback", "HOLDBACK", SHEET_TEXT },
    { "approvals", NULL, SHEET_NUMBER },
    { "approvals_needed", NULL, SHEET_NUMBER },
    { "checks", NULL, SHEET_NUMBER },
    { "checks_needed", NULL, SHEET_NUMBER },
    { "confirm_seconds", "CONFIRM IN", SHEET_SECONDS },
    { "started", NULL, SHEET_TEXT },
    { "ended", NULL, SHEET_TEXT },
    { "waits_for", "WAITS FOR", SHEET_TEXT },
    { "words", "WHY", SHEET_TEXT },
};

static const struct sheet_column consent_columns[] = {
    { "kind", "CONSENT", SHEET_TEXT },  { "item", "ITEM", SHEET_TEXT },
    { "slot", "SLOT", SHEET_TEXT },     { "who", "WHO", SHEET_TEXT },
    { "counts", "COUNTS", SHEET_BOOL }, { "age_seconds", "SINCE", SHEET_SECONDS },
    { "note", "NOTE", SHEET_TEXT },
};

static const char *plan_word(enum rollout_plan plan)
{
    return plan == ROLLOUT_CANARY ? "canary" : "switch";
}

static void add_stamp(struct sheet *sheet, uint64_t wall_us)
{
    char stamp[CLOCK_STAMP_SIZE] = "";

    if (wall_us != 0)
        clock_stamp(wall_us, stamp);
    sheet_add_text(sheet, stamp);
}

static void add_share(struct sheet *sheet, const struct deploy *deploy, unsigned service_index)
{
    struct deploy_canary_view canary;
    char share[SHARE_TEXT_SIZE];

    deploy_view_canary(deploy, service_index, &canary);
    if (!canary.is_running) {
        sheet_add_none(sheet);
        return;
    }
    share_format(canary.share, share);
    sheet_add_text(sheet, share);
}

static void add_left(struct sheet *sheet, const struct deploy *deploy, unsigned service_index)
{
    struct deploy_confirm_view confirm;

    deploy_view_confirm(deploy, service_index, &confirm);
    if (confirm.is_waiting)
        sheet_add_seconds(sheet, confirm.left_us);
    else
        sheet_add_none(sheet);
}

/* What stays on the old slot until the rollout has settled. */
static void add_holdback(struct sheet *sheet, const struct deploy_rollout_view *view)
{
    char share[SHARE_TEXT_SIZE];

    if (view->holdback == 0) {
        sheet_add_none(sheet);
        return;
    }
    share_format(view->holdback, share);
    sheet_add_text(sheet, share);
}

static void add_row(struct sheet *sheet, const struct deploy *deploy, unsigned service_index,
                    const struct deploy_rollout_view *view)
{
    sheet_add_text(sheet, view->name);
    sheet_add_u64(sheet, view->id);
    sheet_add_text(sheet, view->from);
    sheet_add_text(sheet, view->to);
    sheet_add_text(sheet, view->version);
    sheet_add_text(sheet, plan_word(view->plan));
    sheet_add_text(sheet, view->profile);
    sheet_add_text(sheet, rollout_phase_name(view->phase));
    sheet_add_text(sheet, rollout_phase_people(view->phase));
    sheet_add_bool(sheet, rollout_is_running(view->phase));
    sheet_add_bool(sheet, view->is_paused);
    sheet_add_bool(sheet, view->is_held);
    sheet_add_bool(sheet, view->is_final);
    sheet_add_seconds(sheet, view->in_phase_us);
    sheet_add_seconds(sheet, view->watch_us);
    sheet_add_seconds(sheet, view->manual_us);
    add_share(sheet, deploy, service_index);
    add_holdback(sheet, view);
    sheet_add_u64(sheet, view->approvals);
    sheet_add_u64(sheet, view->approvals_needed);
    sheet_add_u64(sheet, view->checks);
    sheet_add_u64(sheet, view->checks_needed);
    add_left(sheet, deploy, service_index);
    add_stamp(sheet, view->started_wall_us);
    add_stamp(sheet, view->ended_wall_us);
    sheet_add_text(sheet, view->waits_for);
    sheet_add_text(sheet, view->words);
}

static void add_consents(struct sheet *sheet, const struct deploy *deploy, unsigned service_index)
{
    struct deploy_consent_view view;
    uint64_t now_us = clock_wall_us();

    for (unsigned i = 0; deploy_view_consent(deploy, service_index, i, &view); i++) {
        sheet_add_text(sheet, view.is_approval ? "approval" : "check");
        sheet_add_text(sheet, view.item);
        sheet_add_text(sheet, view.slot);
        sheet_add_text(sheet, view.who);
        sheet_add_bool(sheet, view.counts);
        sheet_add_seconds(sheet, now_us > view.at_wall_us ? now_us - view.at_wall_us : 0);
        sheet_add_text(sheet, view.note);
    }
}

/* Whether the path names the rollout, its group or one of its services. */
static bool is_meant(const struct deploy *deploy, const struct args_path *path, uint64_t id)
{
    struct scope scope;

    if (path->depth == 0)
        return true;
    scope_init(&scope, deploy, path);
    while (scope_next(&scope)) {
        struct deploy_rollout_view view;

        deploy_view_rollout(deploy, scope.service_index, &view);
        if (view.id == id)
            return true;
    }
    return false;
}

static void add_all_consents(struct sheet *sheet, const struct deploy *deploy,
                             const struct args_path *path)
{
    struct scope scope;

    scope_init(&scope, deploy, path);
    if (!scope.is_all && scope_next(&scope))
        add_consents(sheet, deploy, scope.service_index);
}

enum call_step cmd_rollout_status(struct call *call)
{
    const struct deploy *deploy = call->room->deploy;
    const char *name = call->args.count > 0 ? call->args.words[0] : NULL;
    struct deploy_rollout_view view;
    struct sheet *rollouts = NULL;
    struct sheet *consents = NULL;
    struct args_path path;
    unsigned service = 0;

    if (scope_parse(deploy, name, &path, &call->reply) < 0)
        return CALL_DONE;
    if (path.depth > 1)
        return call_refuse_usage(call, "\"%.80s\" is no name of a service or group", name);
    rollouts = sheet_new(rollout_columns, COUNT(rollout_columns));
    consents = sheet_new(consent_columns, COUNT(consent_columns));
    for (unsigned i = 0; deploy_rollout_at(deploy, i, &service, &view); i++)
        if (is_meant(deploy, &path, view.id))
            add_row(rollouts, deploy, service, &view);
    add_all_consents(consents, deploy, &path);
    if (sheet_row_count(rollouts) > 0)
        sheet_print(rollouts, &call->reply.text);
    else
        text_add(&call->reply.text, "there was no rollout\n");
    if (sheet_row_count(consents) > 0)
        sheet_print(consents, &call->reply.text);
    json_add(reply_result(&call->reply), "rollouts", sheet_json(rollouts));
    json_add(reply_result(&call->reply), "consents", sheet_json(consents));
    sheet_free(rollouts);
    sheet_free(consents);
    return CALL_DONE;
}

static void add_json(struct call *call, const struct deploy_rollout_view *view)
{
    cJSON *json = reply_result(&call->reply);

    json_add_text(json, "name", view->name);
    json_add_u64(json, "id", view->id);
    json_add_text(json, "phase", rollout_phase_name(view->phase));
    json_add_bool(json, "held", view->is_held);
    json_add_text(json, "waits_for", view->waits_for);
    json_add_text(json, "words", view->words);
}

static enum call_step end_wait(struct call *call, const struct deploy_rollout_view *view)
{
    struct reply *reply = &call->reply;

    add_json(call, view);
    if (view->phase == ROLLOUT_SETTLED) {
        text_add_format(&reply->text, "rollout %" PRIu64 " of %s has settled on %s\n", view->id,
                        view->name, view->to);
    } else if (view->phase == ROLLOUT_REFUSED) {
        reply_fail(reply, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "rollout %" PRIu64 " of %s: %s",
                   view->id, view->name, view->words);
    } else {
        reply_fail(reply, OUTCOME_REVERTED, FAULT_ROLLED_BACK, "rollout %" PRIu64 " of %s: %s",
                   view->id, view->name, view->words);
    }
    return CALL_DONE;
}

static enum call_step poll_end(struct call *call)
{
    struct deploy_rollout_view view;
    struct args_path path;
    struct scope scope;

    if (scope_parse(call->room->deploy, call->args.words[0], &path, &call->reply) < 0)
        return CALL_DONE;
    scope_init(&scope, call->room->deploy, &path);
    if (path.depth > 1 || !scope_next(&scope))
        return call_refuse_usage(call, "\"%.80s\" is no name of a service or group",
                                 call->args.words[0]);
    deploy_view_rollout(call->room->deploy, scope.service_index, &view);
    if (view.id == 0)
        return call_refuse_usage(call, "there was no rollout of %s", path.name);
    if (!rollout_is_running(view.phase))
        return end_wait(call, &view);
    if (!view.is_held && !call->is_late)
        return CALL_PARKED;
    add_json(call, &view);
    if (view.is_held)
        reply_fail(&call->reply, OUTCOME_INCONCLUSIVE, FAULT_INCONCLUSIVE,
                   "rollout %" PRIu64 " of %s is held in %s: %s", view.id, view.name,
                   rollout_phase_name(view.phase), view.waits_for);
    else
        reply_fail(&call->reply, OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT,
                   "rollout %" PRIu64 " of %s is still %s%s%s", view.id, view.name,
                   rollout_phase_name(view.phase), view.waits_for[0] != '\0' ? ", waits for " : "",
                   view.waits_for);
    reply_hint(&call->reply,
               "\"rollout status %s\" tells more; \"rollout advance\" goes on by "
               "hand, \"rollout abort\" gives everybody back",
               view.name);
    return CALL_DONE;
}

enum call_step cmd_rollout_wait(struct call *call)
{
    return call_wait(call, poll_end);
}

void cmd_rollout_add_lines(const struct scope *scope, struct text *out)
{
    const char *name = scope->service->service->name;
    struct deploy_rollout_view view;
    struct deploy_confirm_view confirm;
    char age[32];

    deploy_view_rollout(scope->deploy, scope->service_index, &view);
    if (view.id != 0 && rollout_is_running(view.phase)) {
        sheet_age(view.in_phase_us, age);
        text_add_format(out, "%s has rollout %" PRIu64 " from %s to %s: %s for %s%s%s%s\n", name,
                        view.id, view.from, view.to, rollout_phase_name(view.phase), age,
                        view.is_held ? ", held" : "",
                        view.waits_for[0] != '\0' ? ", waits for " : "", view.waits_for);
    }
    deploy_view_confirm(scope->deploy, scope->service_index, &confirm);
    if (!confirm.is_waiting)
        return;
    sheet_age(confirm.left_us, age);
    text_add_format(out, "%s goes back to %s in %s unless its switch is confirmed\n", name,
                    scope->view.previous, age);
}

const char *cmd_rollout_part(const struct scope *scope)
{
    struct deploy_rollout_view view;

    deploy_view_rollout(scope->deploy, scope->service_index, &view);
    return view.id != 0 ? rollout_phase_people(view.phase) : "normal";
}
