/* The share of users that a candidate gets: see cmd_canary_priv.h. */
#include "control/cmd_canary_priv.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "control/cmd_rules_priv.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/share_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy_view.h"
#include "http/head.h"
#include "route/slot.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void on_changed(struct call *call, const struct change_result *result)
{
    char share[SHARE_TEXT_SIZE];

    call_describe_change(call, result);
    if (reply_is_ok(&call->reply)) {
        share_format(result->share, share);
        json_add_text(reply_result(&call->reply), "name", call->args.words[0]);
        json_add_text(reply_result(&call->reply), "share", share);
    }
    call_finish(call);
}

static int take_share(struct call *call, const char *text, uint32_t *out)
{
    int err = share_parse(text, out);

    if (err == ERR_RANGE)
        call_refuse_usage(call, "\"%.40s\" is not within 0%% to 100%% in steps of 0.01%%", text);
    else if (err < 0)
        call_refuse_usage(call, "\"%.40s\" is no share such as 5%% or 0.25%%", text);
    return err;
}

enum call_step cmd_canary_start(struct call *call)
{
    const struct args *args = &call->args;
    struct change change;

    if (call_name_change(call, CHANGE_CANARY_START, &change) < 0)
        return CALL_DONE;
    if (args->count == 2 && take_share(call, args->words[1], &change.share) < 0)
        return CALL_DONE;
    if (args->count == 2 && change.share == 0)
        return call_refuse_usage(call, "a canary does not start with nobody; leave the share out "
                                       "for the first step, or give 0.01%% or more");
    return call_submit(call, &change, on_changed);
}

enum call_step cmd_canary_set(struct call *call)
{
    struct change change;

    if (call_name_change(call, CHANGE_CANARY_SET, &change) < 0 ||
        take_share(call, call->args.words[1], &change.share) < 0)
        return CALL_DONE;
    return call_submit(call, &change, on_changed);
}

static enum call_step submit_plain(struct call *call, enum change_kind kind)
{
    struct change change;

    if (call_name_change(call, kind, &change) < 0)
        return CALL_DONE;
    return call_submit(call, &change, on_changed);
}

enum call_step cmd_canary_step(struct call *call)
{
    return submit_plain(call, CHANGE_CANARY_STEP);
}

enum call_step cmd_canary_pause(struct call *call)
{
    return submit_plain(call, CHANGE_CANARY_PAUSE);
}

enum call_step cmd_canary_resume(struct call *call)
{
    return submit_plain(call, CHANGE_CANARY_RESUME);
}

enum call_step cmd_canary_abort(struct call *call)
{
    return submit_plain(call, CHANGE_CANARY_ABORT);
}

enum call_step cmd_canary_promote(struct call *call)
{
    return submit_plain(call, CHANGE_CANARY_PROMOTE);
}

static const struct sheet_column canary_columns[] = {
    { "service", "SERVICE", SHEET_TEXT },
    { "group", "GROUP", SHEET_TEXT },
    { "live", "LIVE", SHEET_TEXT },
    { "candidate", "CANDIDATE", SHEET_TEXT },
    { "share", "SHARE", SHEET_TEXT },
    { "share_hundredths", NULL, SHEET_NUMBER }, /* of a percent */
    { "step", NULL, SHEET_NUMBER },
    { "step_count", NULL, SHEET_NUMBER },
    { NULL, "STEP", SHEET_TEXT },
    { "paused", NULL, SHEET_BOOL },
    { "next_step_seconds", NULL, SHEET_SECONDS },
    { NULL, "NEXT STEP", SHEET_TEXT },
    { "age_seconds", "SINCE", SHEET_SECONDS },
};

static const struct sheet_column slot_columns[] = {
    { "service", "SERVICE", SHEET_TEXT },     { "slot", "SLOT", SHEET_TEXT },
    { "role", "ROLE", SHEET_TEXT },           { "requests", "REQUESTS", SHEET_NUMBER },
    { "errors", "ERRORS", SHEET_NUMBER },     { "error_share", "ERROR SHARE", SHEET_TEXT },
    { "shielded", "SHIELDED", SHEET_NUMBER },
};

/* "2/5"; between two of them there is no number. */
static void format_step(const struct deploy_canary_view *view, char *out, size_t size)
{
    if (view->step_count == 0)
        snprintf(out, size, "no steps");
    else if (view->step == 0)
        snprintf(out, size, "none of %u", view->step_count);
    else
        snprintf(out, size, "%u of %u", view->step, view->step_count);
}

static void format_next(const struct deploy_canary_view *view, char *out, size_t size)
{
    char age[32];

    sheet_age(view->next_step_us, age);
    if (view->is_paused)
        snprintf(out, size, "paused");
    else if (view->next_step_us > 0)
        snprintf(out, size, "in %s", age);
    else
        snprintf(out, size, "by command");
}

static void add_canary_row(struct sheet *sheet, const struct scope *scope,
                           const struct deploy_canary_view *view)
{
    const struct snapshot_service *service = scope->service;
    uint64_t now_us = clock_wall_us();
    char words[64];

    sheet_add_text(sheet, service->service->name);
    sheet_add_text(sheet, scope->view.group);
    sheet_add_text(sheet, service->slots[service->active].slot->name);
    sheet_add_text(sheet, view->candidate);
    share_format(view->share, words);
    sheet_add_text(sheet, words);
    sheet_add_u64(sheet, view->share);
    sheet_add_u64(sheet, view->step);
    sheet_add_u64(sheet, view->step_count);
    format_step(view, words, sizeof words);
    sheet_add_text(sheet, words);
    sheet_add_bool(sheet, view->is_paused);
    if (view->next_step_us > 0 && !view->is_paused)
        sheet_add_seconds(sheet, view->next_step_us);
    else
        sheet_add_none(sheet);
    format_next(view, words, sizeof words);
    sheet_add_text(sheet, words);
    if (view->started_wall_us > 0 && view->started_wall_us <= now_us)
        sheet_add_seconds(sheet, now_us - view->started_wall_us);
    else
        sheet_add_none(sheet);
}

/* Requests with an answer, and those answered by 5xx. */
static void sum_requests(const struct slot *slot, uint64_t *requests, uint64_t *errors)
{
    enum { FIRST = 100, ERROR = 500, END = 600 };

    *requests = *errors = 0;
    for (unsigned method = 0; method < SLOT_METHODS; method++)
        for (unsigned code = FIRST; code < END; code++) {
            uint64_t count = slot_sum_requests(slot, method, code);

            *requests += count;
            *errors += code >= ERROR ? count : 0;
        }
}

static uint64_t sum_shielded(const struct slot *slot)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < slot->worker_count; i++)
        sum += atomic_load_explicit(&slot->cells[i].shielded, memory_order_relaxed);
    return sum;
}

static void add_slot_row(struct sheet *sheet, const struct scope *scope,
                         const struct snapshot_slot *slot)
{
    uint64_t requests = 0;
    uint64_t errors = 0;

    sum_requests(slot->slot, &requests, &errors);
    sheet_add_text(sheet, scope->service->service->name);
    sheet_add_text(sheet, slot->slot->name);
    sheet_add_text(sheet, role_name(slot->role));
    sheet_add_u64(sheet, requests);
    sheet_add_u64(sheet, errors);
    if (requests > 0)
        sheet_add_format(sheet, "%.2f%%", (double)errors * 100 / (double)requests);
    else
        sheet_add_none(sheet);
    sheet_add_u64(sheet, sum_shielded(slot->slot));
}

static void add_service(struct sheet *canaries, struct sheet *slots, const struct scope *scope)
{
    const struct snapshot_service *service = scope->service;
    struct deploy_canary_view view;

    deploy_view_canary(scope->deploy, scope->service_index, &view);
    if (!view.is_running)
        return;
    add_canary_row(canaries, scope, &view);
    for (unsigned i = 0; i < service->slot_count; i++)
        if (i == service->active || service->slots[i].role == ROLE_CANDIDATE)
            add_slot_row(slots, scope, &service->slots[i]);
}

enum call_step cmd_canary_status(struct call *call)
{
    const char *name = call->args.count > 0 ? call->args.words[0] : NULL;
    struct sheet *canaries = NULL;
    struct sheet *slots = NULL;
    unsigned last = UINT_MAX;
    struct args_path path;
    struct scope scope;

    if (scope_parse(call->room->deploy, name, &path, &call->reply) < 0)
        return CALL_DONE;
    if (path.depth > 1)
        return call_refuse_usage(call, "\"%.80s\" is no name of a service or group", name);
    canaries = sheet_new(canary_columns, COUNT(canary_columns));
    slots = sheet_new(slot_columns, COUNT(slot_columns));
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope)) {
        if (scope.service_index != last)
            add_service(canaries, slots, &scope);
        last = scope.service_index;
    }
    if (sheet_row_count(canaries) > 0) {
        sheet_print(canaries, &call->reply.text);
        sheet_print(slots, &call->reply.text);
    } else {
        text_add(&call->reply.text, "no canary is running\n");
    }
    cmd_rules_add_lines(call->room, &path, &call->reply.text);
    cmd_rules_add_json(call->room, &path, reply_result(&call->reply));
    json_add(reply_result(&call->reply), "canary", sheet_json(canaries));
    json_add(reply_result(&call->reply), "slots", sheet_json(slots));
    sheet_free(canaries);
    sheet_free(slots);
    return CALL_DONE;
}

void cmd_canary_add_line(const struct scope *scope, struct text *out)
{
    struct deploy_canary_view view;
    char share[SHARE_TEXT_SIZE];
    char step[64];
    char next[64];

    deploy_view_canary(scope->deploy, scope->service_index, &view);
    if (!view.is_running)
        return;
    share_format(view.share, share);
    format_step(&view, step, sizeof step);
    format_next(&view, next, sizeof next);
    text_add_format(out, "%s has a canary: %s gets %s, step %s, next step %s\n",
                    scope->service->service->name, view.candidate, share, step, next);
}
