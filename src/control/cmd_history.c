/* Finished changes: see cmd_history_priv.h. */
#include "control/cmd_history_priv.h"

#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"

enum { DEFAULT_COUNT = 20, COUNT_MAX = 10000 };

static const struct sheet_column columns[] = {
    { "sequence", "SEQ", SHEET_NUMBER },    { "time", "TIME", SHEET_TEXT },
    { "kind", "CHANGE", SHEET_TEXT },       { "name", "NAME", SHEET_TEXT },
    { "from", "FROM", SHEET_TEXT },         { "to", "TO", SHEET_TEXT },
    { "target", "TARGET", SHEET_TEXT },     { "outcome", "RESULT", SHEET_TEXT },
    { "gate", "GATE", SHEET_TEXT },         { "forced", "FORCED", SHEET_BOOL },
    { "epoch_before", NULL, SHEET_NUMBER }, { "epoch", "EPOCH", SHEET_NUMBER },
    { "duration_us", "US", SHEET_NUMBER },  { "actor", "ACTOR", SHEET_TEXT },
    { "reason", "REASON", SHEET_TEXT },
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
    sheet_add_text(sheet, entry->reason);
}

enum call_step cmd_history_run(struct call *call)
{
    const struct args *args = &call->args;
    struct sheet *sheet = NULL;
    struct history_entry entry;
    const char *name = NULL;
    uint64_t count = DEFAULT_COUNT;

    for (unsigned i = 0; i < args->count; i++) {
        if (i == 0 && num_parse_u64(slice_from(args->words[i]), COUNT_MAX, &count) == 0)
            continue;
        if (name != NULL || !args_is_name(args->words[i]))
            return call_refuse_usage(call, "\"%.80s\" is no count up to %d and no name",
                                     args->words[i], COUNT_MAX);
        name = args->words[i];
    }
    sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    for (unsigned i = 0;
         sheet_row_count(sheet) < count && deploy_history(call->room->deploy, i, &entry); i++)
        if (name == NULL || strcmp(name, entry.name) == 0)
            add_row(sheet, &entry);
    sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "history", sheet_json(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}
