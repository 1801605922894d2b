/* See cmd_alerts_priv.h. */
#include "control/cmd_alerts_priv.h"

#include "base/clock.h"
#include "base/num.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "pilot/pilot.h"

enum { LIST_DEFAULT = 20 };

static const struct sheet_column columns[] = {
    { "id", "ID", SHEET_NUMBER },           { "time", "TIME", SHEET_TEXT },
    { "severity", "SEVERITY", SHEET_TEXT }, { "service", "SERVICE", SHEET_TEXT },
    { "trigger", "TRIGGER", SHEET_TEXT },   { "decision", "DECISION", SHEET_NUMBER },
    { "words", "WORDS", SHEET_TEXT },
};

static void add_row(struct sheet *sheet, const struct pilot_alert *alert)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(alert->wall_us, stamp);
    sheet_add_u64(sheet, alert->id);
    sheet_add_text(sheet, stamp);
    sheet_add_text(sheet, pilot_severity_name(alert->severity));
    sheet_add_text(sheet, alert->service);
    sheet_add_text(sheet, alert->trigger);
    if (alert->decision != 0)
        sheet_add_u64(sheet, alert->decision);
    else
        sheet_add_none(sheet);
    sheet_add_text(sheet, alert->words);
}

enum call_step cmd_alerts_show(struct call *call)
{
    const struct args *args = &call->args;
    uint64_t limit = LIST_DEFAULT;
    struct pilot_alert alert;
    struct sheet *sheet = NULL;

    if (args->count > 0 &&
        (num_parse_u64(slice_from(args->words[0]), PILOT_ALERTS, &limit) != 0 || limit == 0))
        return call_refuse_usage(call, "\"%.40s\" is no number from 1 to %d", args->words[0],
                                 PILOT_ALERTS);
    sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    for (unsigned i = 0; call->room->pilot != NULL && i < limit; i++) {
        if (!pilot_alert_at(call->room->pilot, i, &alert))
            break;
        add_row(sheet, &alert);
    }
    if (sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    else
        text_add(&call->reply.text, "no alerts since the start\n");
    json_add(reply_result(&call->reply), "alerts", sheet_json(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}
