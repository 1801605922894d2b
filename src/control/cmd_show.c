/* The daemon itself: see cmd_show_priv.h. */
#include "control/cmd_show_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/audit_trail.h"
#include "base/clock.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/dump.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "control/stats.h"
#include "deploy/deploy_view.h"
#include "health/health.h"
#include "route/slot.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The one row of a sheet, for people and for programs. */
static enum call_step give_list(struct call *call, const char *key, struct sheet *sheet)
{
    sheet_print_list(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), key, sheet_json_list(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}

static struct control_stats *take_stats(const struct call *call)
{
    struct control_stats *stats = mem_zalloc(sizeof *stats);

    if (call->room->stats != NULL)
        call->room->stats(call->room->arg, stats);
    return stats;
}

static const struct sheet_column fact_columns[] = {
    { "version", "version", SHEET_TEXT },
    { "commit", "commit", SHEET_TEXT },
    { "pid", "pid", SHEET_NUMBER },
    { "started", "started", SHEET_TEXT },
    { "uptime_seconds", "up", SHEET_SECONDS },
    { "epoch", "epoch", SHEET_NUMBER },
    { "services", "services", SHEET_NUMBER },
    { "health_known", "all verdicts known", SHEET_BOOL },
    { "stopping", "stopping", SHEET_BOOL },
    { "durable", "durable", SHEET_BOOL },
    { "generation", "state generation", SHEET_NUMBER },
    { "state_writes", "state writes", SHEET_NUMBER },
    { "state_write_errors", "state write errors", SHEET_NUMBER },
    { "last_error", "last state error", SHEET_TEXT },
    { "level", "your level", SHEET_TEXT },
    { "actor", "you are", SHEET_TEXT },
};

enum call_step cmd_show_info(struct call *call)
{
    struct sheet *sheet = sheet_new(fact_columns, COUNT(fact_columns));
    const struct snapshot *snapshot = snapshot_current();
    struct control_stats *stats = take_stats(call);
    struct deploy_durability durability;
    char stamp[CLOCK_STAMP_SIZE];
    uint64_t now_us = clock_wall_us();
    uint64_t began_us = call->room->started_wall_us;

    deploy_view_durability(call->room->deploy, &durability);
    clock_stamp(began_us, stamp);
    sheet_add_text(sheet, SWITCHYARD_VERSION);
    sheet_add_text(sheet, SWITCHYARD_COMMIT);
    sheet_add_u64(sheet, (uint64_t)getpid());
    sheet_add_text(sheet, stamp);
    sheet_add_seconds(sheet, now_us > began_us ? now_us - began_us : 0);
    sheet_add_u64(sheet, snapshot_epoch(snapshot));
    sheet_add_u64(sheet, snapshot_service_count(snapshot));
    sheet_add_bool(sheet, health_all_known(call->room->health));
    sheet_add_bool(sheet, stats->is_stopping);
    sheet_add_bool(sheet, !durability.is_volatile);
    sheet_add_u64(sheet, durability.generation);
    sheet_add_u64(sheet, durability.writes);
    sheet_add_u64(sheet, durability.write_errors);
    sheet_add_text(sheet, durability.last_error);
    sheet_add_text(sheet, level_name(call->peer.level));
    sheet_add_text(sheet, call->peer.actor);
    free(stats);
    return give_list(call, "info", sheet);
}

static const struct sheet_column conn_columns[] = {
    { "connections", "client connections", SHEET_NUMBER },
    { "connections_total", "client connections since the start", SHEET_NUMBER },
    { "connections_refused", "client connections refused", SHEET_NUMBER },
    { "exchanges", "requests in flight", SHEET_NUMBER },
    { "exchanges_total", "requests since the start", SHEET_NUMBER },
    { "upstreams", "connections to targets", SHEET_NUMBER },
    { "upstreams_idle", "of these idle", SHEET_NUMBER },
};

enum call_step cmd_show_conns(struct call *call)
{
    struct sheet *sheet = sheet_new(conn_columns, COUNT(conn_columns));
    struct control_stats *stats = take_stats(call);

    sheet_add_u64(sheet, stats->connections);
    sheet_add_u64(sheet, stats->connections_total);
    sheet_add_u64(sheet, stats->connections_refused);
    sheet_add_u64(sheet, stats->exchanges);
    sheet_add_u64(sheet, stats->exchanges_total);
    sheet_add_u64(sheet, stats->upstreams);
    sheet_add_u64(sheet, stats->upstreams_idle);
    free(stats);
    return give_list(call, "conns", sheet);
}

enum call_step cmd_show_config(struct call *call)
{
    const struct config *config = deploy_config(call->room->deploy);
    struct text text;

    text_init(&text, REPLY_BYTES_MAX);
    dump_config(config, &text);
    text_add_slice(&call->reply.text, text_slice(&text));
    json_add_text(reply_result(&call->reply), "config", text.bytes != NULL ? text.bytes : "");
    text_fini(&text);
    return CALL_DONE;
}

static const struct sheet_column error_columns[] = {
    { "service", "SERVICE", SHEET_TEXT }, { "slot", "SLOT", SHEET_TEXT },
    { "fault", "FAULT", SHEET_TEXT },     { "count", "COUNT", SHEET_NUMBER },
    { "words", "WORDS", SHEET_TEXT },
};

static void add_error(struct sheet *sheet, const char *place[2], const char *what, uint64_t count,
                      const char *words)
{
    if (count == 0)
        return;
    sheet_add_text(sheet, place[0]);
    sheet_add_text(sheet, place[1]);
    sheet_add_text(sheet, what);
    sheet_add_u64(sheet, count);
    sheet_add_text(sheet, words);
}

static void add_slot_errors(struct sheet *sheet, const struct scope *scope)
{
    const char *place[2] = { scope->service->service->name, scope->slot->slot->name };

    for (unsigned i = FAULT_NONE + 1; i < FAULT_COUNT; i++)
        add_error(sheet, place, fault_name((enum fault)i),
                  slot_sum_faults(scope->slot->slot, (enum fault)i), fault_words((enum fault)i));
}

/* What belongs to no slot. */
static void add_other_errors(struct sheet *sheet, const struct call *call)
{
    const char *nowhere[2] = { NULL, NULL };
    struct control_stats *stats = take_stats(call);
    struct deploy_durability durability;
    struct audit_trail_view audit = { .write_errors = 0 };
    char status[16];

    for (unsigned i = 0; i < COUNT(stats->unrouted); i++) {
        snprintf(status, sizeof status, "%u", i);
        add_error(sheet, nowhere, status, stats->unrouted[i], "answers without a service");
    }
    deploy_view_durability(call->room->deploy, &durability);
    add_error(sheet, nowhere, "state", durability.write_errors, durability.last_error);
    if (call->room->audit != NULL)
        audit_trail_look(call->room->audit, &audit);
    add_error(sheet, nowhere, "audit", audit.write_errors, audit.last_error);
    add_error(sheet, nowhere, "access_log", stats->access_dropped, "lines of the access log lost");
    add_error(sheet, nowhere, "log", stats->log_errors, "failed writes of log files");
    free(stats);
}

enum call_step cmd_show_errors(struct call *call)
{
    struct sheet *sheet = sheet_new(error_columns, COUNT(error_columns));
    struct scope scope;

    scope_init(&scope, call->room->deploy, NULL);
    while (scope_next(&scope))
        add_slot_errors(sheet, &scope);
    add_other_errors(sheet, call);
    if (sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    else
        text_add(&call->reply.text, "no errors\n");
    json_add(reply_result(&call->reply), "errors", sheet_json(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}
