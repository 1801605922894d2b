/* See cmd_charts_priv.h. The rows of numbers are written as text: a tree of thousands of them would take its time. */
#include "control/cmd_charts_priv.h"

#include "base/text.h"
#include "control/charts_priv.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "net/loop.h"
#include "route/service.h"
#include "route/slot.h"

enum { ROW_MAX = 64 * 1024 };

static const struct sheet_column columns[] = {
    { "service", "SERVICE", SHEET_TEXT }, { "slot", "SLOT", SHEET_TEXT },
    { NULL, "RATE", SHEET_TEXT },         { NULL, "PEAK", SHEET_TEXT },
    { NULL, "ERRORS", SHEET_TEXT },       { NULL, "P50", SHEET_TEXT },
    { NULL, "P99", SHEET_TEXT },
};

static void add_row(cJSON *parent, const char *key, struct text *row)
{
    cJSON *raw = cJSON_CreateRaw(row->bytes);

    CHECK(raw != NULL && !text_is_cut(row));
    json_add(parent, key, raw);
    text_clear(row);
}

static void add_ages(const struct charts *charts, uint64_t now_us, cJSON *result, struct text *row)
{
    unsigned count = charts_count(charts);

    text_add(row, "[");
    for (unsigned i = 0; i < count; i++)
        text_add_format(row, "%s%.1f", i > 0 ? "," : "",
                        (double)charts_age_us(charts, i, now_us) / 1e6);
    text_add(row, "]");
    add_row(result, "ages_seconds", row);
}

static void add_line(const struct charts *charts, const struct slot *slot, enum chart_line line,
                     struct text *row)
{
    int digits = line == CHART_RATE ? 2 : line == CHART_ERROR_RATE ? 5 : 0;
    unsigned count = charts_count(charts);

    text_add(row, "[");
    for (unsigned i = 0; i < count; i++) {
        double value = 0;

        if (i > 0)
            text_add(row, ",");
        if (charts_value(charts, slot, line, i, &value))
            text_add_format(row, "%.*f", digits, value);
        else
            text_add(row, "null");
    }
    text_add(row, "]");
}

/* The newest value of a line and the highest one; false: there is none. */
static bool sum_up(const struct charts *charts, const struct slot *slot, enum chart_line line,
                   double *newest, double *most)
{
    unsigned count = charts_count(charts);
    bool is_there = false;

    *newest = *most = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!charts_value(charts, slot, line, i, newest))
            continue;
        is_there = true;
        *most = *newest > *most ? *newest : *most;
    }
    return is_there;
}

/* For people: how it is, and the worst of the ten minutes. */
static void add_slot(struct sheet *sheet, const struct charts *charts, const struct slot *slot)
{
    double newest = 0;
    double most = 0;

    sheet_add_text(sheet, slot->service->name);
    sheet_add_text(sheet, slot->name);
    if (sum_up(charts, slot, CHART_RATE, &newest, &most)) {
        sheet_add_format(sheet, "%.1f/s", newest);
        sheet_add_format(sheet, "%.1f/s", most);
    } else {
        sheet_add_none(sheet);
        sheet_add_none(sheet);
    }
    if (sum_up(charts, slot, CHART_ERROR_RATE, &newest, &most))
        sheet_add_format(sheet, "%.2f%%", most * 100);
    else
        sheet_add_none(sheet);
    if (sum_up(charts, slot, CHART_P50, &newest, &most))
        sheet_add_format(sheet, "%.1fms", most / 1000);
    else
        sheet_add_none(sheet);
    if (sum_up(charts, slot, CHART_P99, &newest, &most))
        sheet_add_format(sheet, "%.1fms", most / 1000);
    else
        sheet_add_none(sheet);
}

static void add_lines(const struct charts *charts, const struct slot *slot, cJSON *object,
                      struct text *row)
{
    for (unsigned line = 0; line < CHART_LINES; line++) {
        add_line(charts, slot, line, row);
        add_row(object, chart_line_names[line], row);
    }
}

enum call_step cmd_charts_show(struct call *call)
{
    const struct charts *charts = call->room->charts;
    struct args_path path;
    struct scope scope;
    struct sheet *sheet = NULL;
    struct text row;
    cJSON *rows = NULL;
    int index = 0;

    if (scope_parse(call->room->deploy, call->args.words[0], &path, &call->reply) < 0)
        return CALL_DONE;
    if (charts == NULL)
        return call_refuse_usage(call, "no charts are kept here");
    text_init(&row, ROW_MAX);
    sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope))
        add_slot(sheet, charts, scope.slot->slot);
    sheet_print(sheet, &call->reply.text);
    rows = sheet_json(sheet);
    sheet_free(sheet);
    scope_init(&scope, call->room->deploy, &path);
    while (scope_next(&scope))
        add_lines(charts, scope.slot->slot, cJSON_GetArrayItem(rows, index++), &row);
    json_add_real(reply_result(&call->reply), "step_seconds", CHARTS_STEP_MS / 1000.0);
    add_ages(charts, loop_now_us(call->room->loop), reply_result(&call->reply), &row);
    json_add(reply_result(&call->reply), "charts", rows);
    text_fini(&row);
    return CALL_DONE;
}
