/* What was counted of each slot since it was made: see cmd_evidence_priv.h. */
#include "control/cmd_evidence_priv.h"

#include <inttypes.h>
#include <stddef.h>

#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "route/slot.h"
#include "route/slot_evidence.h"

static const struct sheet_column columns[] = {
    { "service", "SERVICE", SHEET_TEXT },
    { "slot", "SLOT", SHEET_TEXT },
    { "role", "ROLE", SHEET_TEXT },
    { "counted", NULL, SHEET_BOOL },
    { "requests", "REQUESTS", SHEET_NUMBER },
    { "errors", "ERRORS", SHEET_NUMBER },
    { NULL, "RATE", SHEET_TEXT },
    { "in_flight_too_long", "HUNG", SHEET_NUMBER },
    { "mean_us", NULL, SHEET_NUMBER },
    { NULL, "MEAN", SHEET_TEXT },
    { "p50_us", NULL, SHEET_NUMBER },
    { NULL, "P50", SHEET_TEXT },
    { "p95_us", NULL, SHEET_NUMBER },
    { NULL, "P95", SHEET_TEXT },
    { "p99_us", NULL, SHEET_NUMBER },
    { NULL, "P99", SHEET_TEXT },
};

/* Below which so many percent of the successes are, as the upper edge of their bucket. */
static uint64_t find_quantile(const struct slot_evidence_totals *totals, uint64_t successes,
                              unsigned percent)
{
    uint64_t rank =
        successes - successes / 100 * (100 - percent) - successes % 100 * (100 - percent) / 100;
    uint64_t sum = 0;
    unsigned bucket = 0;

    for (; bucket < COUNTS_BUCKETS - 1; bucket++) {
        sum += totals->buckets[bucket];
        if (sum >= rank)
            break;
    }
    return counts_edge_us(bucket);
}

/* For programs in microseconds, for people in milliseconds. */
static void add_time(struct sheet *sheet, uint64_t us)
{
    sheet_add_u64(sheet, us);
    sheet_add_format(sheet, "%" PRIu64 ".%" PRIu64 "ms", us / 1000, us % 1000 / 100);
}

static void add_times(struct sheet *sheet, const struct slot_evidence_totals *totals)
{
    static const unsigned percents[] = { 50, 95, 99 };
    uint64_t successes = 0;

    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        successes += totals->buckets[i];
    if (successes == 0) {
        for (size_t i = 0; i < 2 * (1 + sizeof percents / sizeof percents[0]); i++)
            sheet_add_none(sheet);
        return;
    }
    add_time(sheet, totals->sum_us / successes);
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++)
        add_time(sheet, find_quantile(totals, successes, percents[i]));
}

static void add_row(struct sheet *sheet, const struct scope *scope)
{
    const struct slot_evidence_totals *totals = slot_evidence_totals(scope->slot->slot);

    sheet_add_text(sheet, scope->service->service->name);
    sheet_add_text(sheet, scope->slot->slot->name);
    sheet_add_text(sheet, role_name(scope->slot->role));
    sheet_add_bool(sheet, scope->service->policy.evidence);
    sheet_add_u64(sheet, totals->n);
    sheet_add_u64(sheet, totals->e);
    if (totals->n > 0)
        sheet_add_format(sheet, "%.3f%%", (double)totals->e * 100 / (double)totals->n);
    else
        sheet_add_none(sheet);
    sheet_add_u64(sheet, totals->stalled);
    add_times(sheet, totals);
}

enum call_step cmd_evidence_show(struct call *call)
{
    const char *name = call->args.count > 0 ? call->args.words[0] : NULL;
    struct args_path path;
    struct scope scope;
    struct sheet *sheet = NULL;

    if (scope_parse(call->room->deploy, name, &path, &call->reply) < 0)
        return CALL_DONE;
    sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope))
        add_row(sheet, &scope);
    sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "evidence", sheet_json(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}
