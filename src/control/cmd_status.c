/* What there is and how it is: see cmd_status_priv.h. */
#include "control/cmd_status_priv.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/cmd_compare_priv.h"
#include "control/cmd_database_check_priv.h"
#include "control/cmd_database_priv.h"
#include "control/cmd_rollout_priv.h"
#include "control/cmd_rules_priv.h"
#include "control/cmd_traffic_priv.h"
#include "control/degraded_priv.h"
#include "control/json_priv.h"
#include "control/laggards_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout_view.h"
#include "health/health.h"
#include "route/slot.h"
#include "route/target.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct sheet_column slot_columns[] = {
    { "service", "SERVICE", SHEET_TEXT }, { "group", "GROUP", SHEET_TEXT },
    { "slot", "SLOT", SHEET_TEXT },       { "role", "ROLE", SHEET_TEXT },
    { "state", "STATE", SHEET_TEXT },     { "version", "VERSION", SHEET_TEXT },
    { NULL, "UP", SHEET_TEXT },           { "targets", NULL, SHEET_NUMBER },
    { "targets_up", NULL, SHEET_NUMBER }, { "in_flight", "IN FLIGHT", SHEET_NUMBER },
    { "draining", NULL, SHEET_NUMBER },   { "hosts", "HOSTS", SHEET_TEXT },
    { "previous", NULL, SHEET_BOOL },     { NULL, "SINCE", SHEET_TEXT },
};

static const struct sheet_column target_columns[] = {
    { "service", "SERVICE", SHEET_TEXT },
    { "slot", "SLOT", SHEET_TEXT },
    { "target", "TARGET", SHEET_TEXT },
    { "verdict", "VERDICT", SHEET_TEXT },
    { "order", "ORDER", SHEET_TEXT },
    { "weight", "WEIGHT", SHEET_NUMBER },
    { "in_flight", "IN FLIGHT", SHEET_NUMBER },
    { "idle", "IDLE", SHEET_NUMBER },
    { "requests", NULL, SHEET_NUMBER },
    { "connect_errors", NULL, SHEET_NUMBER },
    { "checked", NULL, SHEET_BOOL },
    { "checks", NULL, SHEET_NUMBER },
    { "check_failures", NULL, SHEET_NUMBER },
    { "verdict_seconds", "SINCE", SHEET_SECONDS },
    { "check_age_seconds", "CHECKED", SHEET_SECONDS },
    { "last_fault", NULL, SHEET_TEXT },
    { "last_status", NULL, SHEET_NUMBER },
    { "last_duration_us", NULL, SHEET_NUMBER },
    { "last_check", "LAST CHECK", SHEET_TEXT },
    { "last_error", NULL, SHEET_TEXT },
    { "last_error_age_seconds", NULL, SHEET_SECONDS },
    { "results", "LAST 64", SHEET_TEXT },
    { "misdeployed", NULL, SHEET_BOOL },
    { "database", NULL, SHEET_TEXT },
    { "ejected", NULL, SHEET_BOOL },
    { "ejected_seconds_left", NULL, SHEET_SECONDS },
    { "ejections", NULL, SHEET_NUMBER },
    { "gauges", NULL, SHEET_TEXT },
};

static const struct sheet_column service_columns[] = {
    { "service", "SERVICE", SHEET_TEXT },   { "group", "GROUP", SHEET_TEXT },
    { "active", "ACTIVE", SHEET_TEXT },     { "previous", "PREVIOUS", SHEET_TEXT },
    { "slots", "SLOTS", SHEET_TEXT },       { "hosts", "HOSTS", SHEET_TEXT },
    { "paths", "PATHS", SHEET_TEXT },       { "switches", "SWITCHES", SHEET_NUMBER },
    { "switched", "SWITCHED", SHEET_TEXT }, { "traffic", "TRAFFIC", SHEET_TEXT },
    { "part", "PART", SHEET_TEXT },
};

/* "a,b,c", or `none` for an empty list, into out. */
static const char *join(const char *const *items, unsigned count, const char *none, char *out,
                        size_t size)
{
    size_t len = 0;

    snprintf(out, size, "%s", count == 0 ? none : "");
    for (unsigned i = 0; i < count && len < size - 1; i++) {
        int wrote = snprintf(out + len, size - len, "%s%s", i > 0 ? "," : "", items[i]);

        len += wrote > 0 ? (size_t)wrote : 0;
    }
    return out;
}

static unsigned count_up(const struct snapshot_slot *slot)
{
    unsigned up = 0;

    for (unsigned i = 0; i < slot->pick_count; i++)
        up += slot->picks[i].order == ORDER_READY &&
              target_verdict(slot->picks[i].target) == VERDICT_UP;
    return up;
}

static void add_slot_row(struct sheet *sheet, const struct scope *scope)
{
    const struct snapshot_slot *slot = scope->slot;
    bool is_previous = strcmp(scope->view.previous, slot->slot->name) == 0;
    unsigned up = count_up(slot);
    char hosts[512];
    char since[32] = "";
    uint64_t now_us = clock_wall_us();

    if (slot->role == ROLE_LIVE && scope->view.switched_wall_us > 0 &&
        scope->view.switched_wall_us <= now_us)
        sheet_age(now_us - scope->view.switched_wall_us, since);
    sheet_add_text(sheet, scope->service->service->name);
    sheet_add_text(sheet, scope->view.group);
    sheet_add_text(sheet, slot->slot->name);
    sheet_add_text(sheet, role_name(slot->role));
    sheet_add_text(sheet, deploy_slot_label(scope->deploy, scope->service_index, slot->slot->name));
    sheet_add_text(sheet, slot->slot->version);
    sheet_add_format(sheet, "%u/%u", up, slot->pick_count);
    sheet_add_u64(sheet, slot->pick_count);
    sheet_add_u64(sheet, up);
    sheet_add_u64(sheet, slot_in_flight(slot->slot));
    sheet_add_u64(sheet, deploy_draining(scope->deploy, slot->slot));
    sheet_add_text(sheet, join(slot->hosts, slot->host_count, "", hosts, sizeof hosts));
    sheet_add_bool(sheet, is_previous);
    if (is_previous)
        sheet_add_text(sheet, "rollback goes here");
    else
        sheet_add_text(sheet, since);
}

static void add_age(struct sheet *sheet, uint64_t at_us, uint64_t now_us)
{
    if (at_us == 0 || at_us > now_us)
        sheet_add_none(sheet);
    else
        sheet_add_seconds(sheet, now_us - at_us);
}

/* The history as a bar, oldest first: '#' good, '.' bad. */
static void add_bar(struct sheet *sheet, const struct health_view *view)
{
    char bar[HEALTH_HISTORY + 1];

    for (unsigned i = 0; i < view->history_count; i++)
        bar[i] = (view->history >> (view->history_count - 1 - i) & 1) != 0 ? '#' : '.';
    bar[view->history_count] = '\0';
    sheet_add_text(sheet, bar);
}

/* The last check in words. */
static void add_check_words(struct sheet *sheet, const struct health_view *view)
{
    if (!view->is_enabled)
        sheet_add_text(sheet, "health is off");
    else if (view->results == 0)
        sheet_add_text(sheet, "no result yet");
    else if (view->verdict == VERDICT_MISDEPLOYED || view->is_ejected)
        sheet_add_text(sheet, view->error_words);
    else if (view->verdict == VERDICT_DOWN && view->is_passive)
        sheet_add_format(sheet, "taken out by traffic: %s", view->error_words);
    else if (view->last_fault != FAULT_NONE)
        sheet_add_format(sheet, "%s (%u in a row)", view->error_words, view->run);
    else if (view->last_status > 0)
        sheet_add_format(sheet, "status %u in %.1f ms", view->last_status,
                         (double)view->last_duration_us / 1000);
    else
        sheet_add_format(sheet, "connected in %.1f ms", (double)view->last_duration_us / 1000);
}

/* "depth=7 pool.active=3" */
static void add_gauges(struct sheet *sheet, const struct target *target)
{
    struct health_gauge gauges[PROBE_GAUGES_MAX];
    unsigned count = health_gauges(target, gauges);
    struct text list;

    text_init(&list, 8192);
    for (unsigned i = 0; i < count; i++)
        text_add_format(&list, "%s%s=%.15g", i > 0 ? " " : "", gauges[i].name, gauges[i].value);
    sheet_add_text(sheet, list.len > 0 ? list.bytes : "");
    text_fini(&list);
}

static void add_finding_cells(struct sheet *sheet, const struct target *target,
                              const struct health_view *view, uint64_t now_us)
{
    uint64_t until_us = view->ejected_until_us;

    sheet_add_bool(sheet, view->verdict == VERDICT_MISDEPLOYED);
    sheet_add_text(sheet, probe_database_name(view->database));
    sheet_add_bool(sheet, view->is_ejected);
    sheet_add_seconds(sheet, view->is_ejected && until_us > now_us ? until_us - now_us : 0);
    sheet_add_u64(sheet, view->ejections);
    add_gauges(sheet, target);
}

static void add_health_cells(struct sheet *sheet, const struct target *target)
{
    struct health_view view;
    uint64_t now_us = clock_monotonic_us();

    if (!health_view(target, &view))
        view = (struct health_view){ .is_enabled = false };
    sheet_add_bool(sheet, view.is_enabled);
    sheet_add_u64(sheet, view.results);
    sheet_add_u64(sheet, view.failures);
    add_age(sheet, view.since_us, now_us);
    add_age(sheet, view.last_us, now_us);
    sheet_add_text(sheet, view.results > 0 ? fault_name(view.last_fault) : "");
    sheet_add_u64(sheet, view.last_status);
    sheet_add_u64(sheet, view.last_duration_us);
    add_check_words(sheet, &view);
    sheet_add_text(sheet, view.error_words);
    add_age(sheet, view.error_us, now_us);
    add_bar(sheet, &view);
    add_finding_cells(sheet, target, &view, now_us);
}

static uint64_t sum_cells(const struct target *target, size_t offset)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < target->worker_count; i++) {
        const char *cell = (const char *)&target->cells[i];

        sum += atomic_load_explicit((const _Atomic uint64_t *)(const void *)(cell + offset),
                                    memory_order_relaxed);
    }
    return sum;
}

static void add_target_row(struct sheet *sheet, const struct scope *scope, const struct pick *pick)
{
    const struct target *target = pick->target;

    sheet_add_text(sheet, scope->service->service->name);
    sheet_add_text(sheet, scope->slot->slot->name);
    sheet_add_text(sheet, target->name);
    sheet_add_text(sheet, verdict_name(target_verdict(target)));
    sheet_add_text(sheet, order_name(pick->order));
    sheet_add_u64(sheet, pick->weight);
    sheet_add_u64(sheet, target_in_flight(target));
    sheet_add_u64(sheet, sum_cells(target, offsetof(struct target_cell, idle)));
    sheet_add_u64(sheet, sum_cells(target, offsetof(struct target_cell, requests)));
    sheet_add_u64(sheet, sum_cells(target, offsetof(struct target_cell, connect_errors)));
    add_health_cells(sheet, target);
}

static void add_service_row(struct sheet *sheet, const struct scope *scope)
{
    const struct snapshot_service *service = scope->service;
    const char *names[64];
    unsigned count = service->slot_count < 64 ? service->slot_count : 64;
    char line[512];
    char stamp[CLOCK_STAMP_SIZE] = "";

    for (unsigned i = 0; i < count; i++)
        names[i] = service->slots[i].slot->name;
    if (scope->view.switched_wall_us > 0)
        clock_stamp(scope->view.switched_wall_us, stamp);
    sheet_add_text(sheet, service->service->name);
    sheet_add_text(sheet, scope->view.group);
    sheet_add_text(sheet, service->slots[service->active].slot->name);
    sheet_add_text(sheet, scope->view.previous);
    sheet_add_text(sheet, join(names, count, "", line, sizeof line));
    sheet_add_text(sheet, join(service->hosts, service->host_count, "*", line, sizeof line));
    sheet_add_text(sheet, join(service->paths, service->path_count, "/", line, sizeof line));
    sheet_add_u64(sheet, scope->view.switch_count);
    sheet_add_text(sheet, stamp);
    sheet_add_text(sheet, cmd_traffic_mode(scope));
    sheet_add_text(sheet, cmd_rollout_part(scope));
}

enum part { PART_SERVICES, PART_SLOTS, PART_TARGETS };

static const struct {
    const char *key;
    const struct sheet_column *columns;
    unsigned count;
} parts[] = {
    [PART_SERVICES] = { "services", service_columns, COUNT(service_columns) },
    [PART_SLOTS] = { "slots", slot_columns, COUNT(slot_columns) },
    [PART_TARGETS] = { "targets", target_columns, COUNT(target_columns) },
};

static void add_rows(struct sheet *sheet, enum part part, const struct scope *scope, bool is_first)
{
    switch (part) {
    case PART_SERVICES:
        if (is_first)
            add_service_row(sheet, scope);
        return;
    case PART_SLOTS: add_slot_row(sheet, scope); return;
    case PART_TARGETS:
        for (unsigned i = 0; i < scope->slot->pick_count; i++)
            add_target_row(sheet, scope, &scope->slot->picks[i]);
        return;
    }
}

/* One table of what the path means: into the JSON always, for people if `shown`. */
static void add_part(struct call *call, enum part part, const struct args_path *path, bool shown)
{
    struct sheet *sheet = sheet_new(parts[part].columns, parts[part].count);
    unsigned last = UINT_MAX;
    struct scope scope;

    scope_init(&scope, call->room->deploy, path);
    while (scope_next(&scope)) {
        add_rows(sheet, part, &scope, scope.service_index != last);
        last = scope.service_index;
    }
    if (shown)
        sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), parts[part].key, sheet_json(sheet));
    sheet_free(sheet);
}

static bool take_path(struct call *call, unsigned depth_max, struct args_path *path)
{
    const char *text = call->args.count > 0 ? call->args.words[0] : NULL;

    if (scope_parse(call->room->deploy, text, path, &call->reply) < 0)
        return false;
    if (path->depth > depth_max)
        call_refuse_usage(call, "\"%.80s\" is too long a path here", text);
    return path->depth <= depth_max;
}

static void add_head_line(struct call *call)
{
    struct deploy_durability durability;
    struct deploy_lock_view lock;
    uint64_t now_us = clock_wall_us();
    char age[32];

    sheet_age(now_us > call->room->started_wall_us ? now_us - call->room->started_wall_us : 0, age);
    deploy_view_durability(call->room->deploy, &durability);
    deploy_view_lock(call->room->deploy, &lock);
    text_add_format(&call->reply.text,
                    "switchyard " SWITCHYARD_VERSION ", pid %d, up %s, epoch %" PRIu64 ", %s\n",
                    (int)getpid(), age, snapshot_epoch(snapshot_current()),
                    durability.is_volatile ? "VOLATILE: the state is not on disk" : "durable");
    if (lock.is_held)
        text_add_format(&call->reply.text, "locked by %s: %s\n", lock.owner, lock.reason);
    json_add_text(reply_result(&call->reply), "version", SWITCHYARD_VERSION);
    json_add_bool(reply_result(&call->reply), "durable", !durability.is_volatile);
    json_add_bool(reply_result(&call->reply), "locked", lock.is_held);
}

enum call_step cmd_status_run(struct call *call)
{
    struct args_path path;

    if ((call->args.given & ARGS_COMPARE) != 0)
        return cmd_compare_run(call);
    if (!take_path(call, 1, &path))
        return CALL_DONE;
    add_head_line(call);
    degraded_add(call->room, &path, &call->reply.text, reply_result(&call->reply));
    laggards_add(call->room, &path, &call->reply.text, reply_result(&call->reply));
    cmd_traffic_add_lines(call->room->deploy, &path, &call->reply.text);
    cmd_rules_add_lines(call->room, &path, &call->reply.text);
    cmd_database_add_lines(call);
    cmd_database_check_add_lights(call, &path);
    cmd_rules_add_json(call->room, &path, reply_result(&call->reply));
    add_part(call, PART_SERVICES, &path, false);
    add_part(call, PART_SLOTS, &path, true);
    add_part(call, PART_TARGETS, &path, true);
    return CALL_DONE;
}

enum call_step cmd_status_list(struct call *call)
{
    add_part(call, PART_SERVICES, NULL, true);
    return CALL_DONE;
}

enum call_step cmd_status_slots(struct call *call)
{
    struct args_path path;

    if (take_path(call, 1, &path))
        add_part(call, PART_SLOTS, &path, true);
    return CALL_DONE;
}

enum call_step cmd_status_targets(struct call *call)
{
    struct args_path path;

    if (take_path(call, 2, &path))
        add_part(call, PART_TARGETS, &path, true);
    return CALL_DONE;
}
