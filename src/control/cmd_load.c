/*
 * See cmd_load_priv.h. Counts only grow while a slot lives, so that whoever asks twice knows what happened between.
 * Latency is given as pairs of an upper edge and a count: of the successes that a release is judged by where they are
 * counted, else of all requests in the few buckets of the metrics.
 */
#include "control/cmd_load_priv.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/share_priv.h"
#include "control/sheet_priv.h"
#include "evidence/counts.h"
#include "route/slot.h"
#include "route/slot_evidence.h"
#include "route/target.h"

enum { CODE_BASE = 88, CODE_ERROR = 500 - CODE_BASE, CODE_END = 600 - CODE_BASE };

static const struct sheet_column columns[] = {
    { "service", "SERVICE", SHEET_TEXT },
    { "slot", "SLOT", SHEET_TEXT },
    { "role", "ROLE", SHEET_TEXT },
    { "version", "VERSION", SHEET_TEXT },
    { "share", "SHARE", SHEET_TEXT },
    { "targets_up", NULL, SHEET_NUMBER },
    { "targets", NULL, SHEET_NUMBER },
    { NULL, "UP", SHEET_TEXT },
    { "requests", "REQUESTS", SHEET_NUMBER },
    { "errors", "ERRORS", SHEET_NUMBER },
    { "in_flight", "INFLIGHT", SHEET_NUMBER },
    { "tunnels", "TUNNELS", SHEET_NUMBER },
    { "bytes_in", "RECEIVED", SHEET_NUMBER },
    { "bytes_out", "SENT", SHEET_NUMBER },
};

struct sums {
    uint64_t requests;
    uint64_t errors;
    uint64_t tunnels;
    uint64_t bytes_in;
    uint64_t bytes_out;
};

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Finished requests; answers of 500 and above are errors. */
static struct sums sum_up(const struct slot *slot)
{
    struct sums sums = { 0 };

    for (unsigned worker = 0; worker < slot->worker_count; worker++) {
        const struct slot_cell *cell = &slot->cells[worker];

        for (unsigned i = 0; i < SLOT_BUCKETS; i++)
            sums.requests += load(&cell->duration.buckets[i]);
        for (unsigned i = 0; i < SLOT_METHODS; i++)
            for (unsigned code = CODE_ERROR; code < CODE_END; code++)
                sums.errors += load(&cell->requests[i * SLOT_CODES + code]);
        sums.tunnels += load(&cell->tunnels);
        sums.bytes_in += load(&cell->bytes_in);
        sums.bytes_out += load(&cell->bytes_out);
    }
    return sums;
}

static void add_slot(struct sheet *sheet, const struct scope *scope)
{
    const struct snapshot_slot *slot = scope->slot;
    struct sums sums = sum_up(slot->slot);
    char share[SHARE_TEXT_SIZE];
    unsigned up = 0;

    for (unsigned i = 0; i < slot->pick_count; i++)
        up += target_verdict(slot->picks[i].target) == VERDICT_UP;
    share_format(share_of_slot(scope->service, (unsigned)(slot - scope->service->slots)), share);
    sheet_add_text(sheet, scope->service->service->name);
    sheet_add_text(sheet, slot->slot->name);
    sheet_add_text(sheet, role_name(slot->role));
    sheet_add_text(sheet, slot->slot->version);
    sheet_add_text(sheet, share);
    sheet_add_u64(sheet, up);
    sheet_add_u64(sheet, slot->pick_count);
    sheet_add_format(sheet, "%u/%u", up, slot->pick_count);
    sheet_add_u64(sheet, sums.requests);
    sheet_add_u64(sheet, sums.errors);
    sheet_add_u64(sheet, slot_in_flight(slot->slot));
    sheet_add_u64(sheet, sums.tunnels);
    sheet_add_u64(sheet, sums.bytes_in);
    sheet_add_u64(sheet, sums.bytes_out);
}

static void add_pair(cJSON *list, uint64_t edge_us, uint64_t count)
{
    cJSON *pair = NULL;

    if (count == 0)
        return;
    pair = json_array();
    json_add_u64(pair, NULL, edge_us);
    json_add_u64(pair, NULL, count);
    json_add(list, NULL, pair);
}

/* What is beyond the last edge counts as that edge. */
static cJSON *latency_of(const struct scope *scope)
{
    cJSON *list = json_array();
    struct slot_totals totals;

    if (scope->service->policy.evidence) {
        const struct slot_evidence_totals *judged = slot_evidence_totals(scope->slot->slot);

        for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
            add_pair(list, counts_edge_us(i < COUNTS_BUCKETS - 1 ? i : i - 1), judged->buckets[i]);
        return list;
    }
    slot_sum_histogram(scope->slot->slot, 0, &totals);
    for (unsigned i = 0; i < SLOT_BUCKETS; i++)
        add_pair(list, slot_bucket_edges_us[i < SLOT_BUCKETS - 1 ? i : i - 1], totals.buckets[i]);
    return list;
}

enum call_step cmd_load_show(struct call *call)
{
    const char *name = call->args.count > 0 ? call->args.words[0] : NULL;
    struct args_path path;
    struct scope scope;
    struct sheet *sheet = NULL;
    cJSON *rows = NULL;
    int index = 0;

    if (scope_parse(call->room->deploy, name, &path, &call->reply) < 0)
        return CALL_DONE;
    sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope))
        add_slot(sheet, &scope);
    sheet_print(sheet, &call->reply.text);
    rows = sheet_json(sheet);
    sheet_free(sheet);
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope))
        json_add(cJSON_GetArrayItem(rows, index++), "latency_us", latency_of(&scope));
    json_add_u64(reply_result(&call->reply), "monotonic_us", clock_monotonic_us());
    json_add(reply_result(&call->reply), "load", rows);
    return CALL_DONE;
}
