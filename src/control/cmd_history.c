/* Finished changes: see cmd_history_priv.h. */
#include "control/cmd_history_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "control/json_priv.h"
#include "control/moment_priv.h"
#include "control/paging_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy.h"
#include "deploy/history_filter.h"

enum { DEFAULT_COUNT = 20, COUNT_MAX = 10000 };

static const struct sheet_column columns[] = {
    { "sequence", "SEQ", SHEET_NUMBER },    { "time", "TIME", SHEET_TEXT },
    { "kind", "CHANGE", SHEET_TEXT },       { "name", "NAME", SHEET_TEXT },
    { "from", "FROM", SHEET_TEXT },         { "to", "TO", SHEET_TEXT },
    { "target", "TARGET", SHEET_TEXT },     { "outcome", "RESULT", SHEET_TEXT },
    { "gate", "GATE", SHEET_TEXT },         { "forced", "FORCED", SHEET_BOOL },
    { "epoch_before", NULL, SHEET_NUMBER }, { "epoch", "EPOCH", SHEET_NUMBER },
    { "duration_us", "US", SHEET_NUMBER },  { "actor", "ACTOR", SHEET_TEXT },
    { "trigger", "TRIGGER", SHEET_TEXT },   { "decision", "DECISION", SHEET_NUMBER },
    { "reason", "REASON", SHEET_TEXT },     { "emergency", "EMERGENCY", SHEET_BOOL },
    { "skipped", "SKIPPED", SHEET_TEXT },
};

static void add_row(struct sheet *sheet, const struct history_entry *entry)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(entry->wall_us, stamp);
    sheet_add_u64(sheet, entry->sequence);
    sheet_add_text(sheet, stamp);
    sheet_add_text(sheet, change_kind_name(entry->kind));
    sheet_add_text(sheet, entry->name);
    sheet_add_text(sheet, entry->from);
    sheet_add_text(sheet, entry->to);
    sheet_add_text(sheet, entry->target);
    sheet_add_text(sheet, outcome_name(entry->outcome));
    sheet_add_text(sheet, entry->gate);
    sheet_add_bool(sheet, entry->is_forced);
    sheet_add_u64(sheet, entry->epoch_before);
    sheet_add_u64(sheet, entry->epoch);
    sheet_add_u64(sheet, entry->duration_us);
    sheet_add_text(sheet, entry->actor);
    sheet_add_text(sheet, entry->trigger);
    if (entry->decision != 0)
        sheet_add_u64(sheet, entry->decision);
    else
        sheet_add_none(sheet);
    sheet_add_text(sheet, entry->reason);
    sheet_add_bool(sheet, entry->is_emergency);
    sheet_add_text(sheet, entry->skipped);
}

static enum call_step take_options(struct call *call, struct history_filter *filter)
{
    const struct args *args = &call->args;
    const char *kind = args_named(args, "--kind");
    const char *outcome = args_named(args, "--outcome");
    const char *actor = args_named(args, "--actor");
    const char *trigger = args_named(args, "--trigger");

    filter->has_kind = kind != NULL;
    filter->has_outcome = outcome != NULL;
    if (kind != NULL && history_filter_kind(kind, &filter->kind) < 0)
        return call_refuse_usage(call, "\"%.60s\" is no kind of change; the column CHANGE has them",
                                 kind);
    if (outcome != NULL && history_filter_outcome(outcome, &filter->outcome) < 0)
        return call_refuse_usage(call, "\"%.60s\" is no outcome such as done, refused or failed",
                                 outcome);
    snprintf(filter->actor, sizeof filter->actor, "%s", actor != NULL ? actor : "");
    snprintf(filter->trigger, sizeof filter->trigger, "%s", trigger != NULL ? trigger : "");
    if (args->from != NULL &&
        (num_parse_u64(slice_from(args->from), UINT64_MAX, &filter->before) < 0 ||
         filter->before == 0))
        return call_refuse_usage(call, "--from takes the place that the page before has named");
    return moment_take(call, &filter->since_wall_us, &filter->until_wall_us);
}

static enum call_step take_words(struct call *call, struct history_filter *filter, uint64_t *count)
{
    if (paging_take(call, COUNT_MAX, count, filter->name) == CALL_DONE)
        return CALL_DONE;
    return take_options(call, filter);
}

static void give_page(struct call *call, const struct history_filter *filter, unsigned limit)
{
    const struct history_entry **page = mem_grow(NULL, limit, sizeof *page);
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    uint64_t next = 0;
    unsigned count = deploy_history_page(call->room->deploy, filter, limit, page, &next);
    char place[24] = "";

    for (unsigned i = 0; i < count; i++)
        add_row(sheet, page[i]);
    sheet_print(sheet, &call->reply.text);
    if (next != 0) {
        snprintf(place, sizeof place, "%" PRIu64, next);
        text_add_format(&call->reply.text, "more: --from %s\n", place);
    }
    json_add(reply_result(&call->reply), "history", sheet_json(sheet));
    json_add_text(reply_result(&call->reply), "next", next != 0 ? place : NULL);
    sheet_free(sheet);
    free(page);
}

enum call_step cmd_history_run(struct call *call)
{
    struct history_filter filter = { 0 };
    uint64_t count = DEFAULT_COUNT;

    if (take_words(call, &filter, &count) == CALL_PARKED)
        give_page(call, &filter, (unsigned)count);
    return CALL_DONE;
}
