/*
 * What was decided automatically: see cmd_decision_priv.h. An explanation has every number in a form that can be worked
 * out again by hand: a rate as x of n, what would be allowed and expected, the evidence against its threshold.
 */
#include "control/cmd_decision_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "pilot/casebook.h"

enum { LIST_DEFAULT = 20, LIST_MAX = 1000 };

static const double interval_z = 2.5758; /* 99 % */

static const struct sheet_column list_columns[] = {
    { "id", "ID", SHEET_NUMBER },           { "time", "TIME", SHEET_TEXT },
    { "service", "SERVICE", SHEET_TEXT },   { "action", "ACTION", SHEET_TEXT },
    { "trigger", "TRIGGER", SHEET_TEXT },   { "candidate", "CANDIDATE", SHEET_TEXT },
    { "baseline", NULL, SHEET_TEXT },       { "version", "VERSION", SHEET_TEXT },
    { "epoch", "EPOCH", SHEET_NUMBER },     { "config", NULL, SHEET_TEXT },
    { "record_bytes", NULL, SHEET_NUMBER }, { "words", "WHY", SHEET_TEXT },
};

static const struct sheet_column row_columns[] = {
    { "name", "ROW", SHEET_TEXT },
    { NULL, "EVIDENCE", SHEET_TEXT },
    { NULL, "THRESHOLD", SHEET_TEXT },
    { NULL, "STATE", SHEET_TEXT },
};

static void add_row(struct sheet *sheet, const struct decision *decision)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(decision->wall_us, stamp);
    sheet_add_u64(sheet, decision->id);
    sheet_add_text(sheet, stamp);
    sheet_add_text(sheet, decision->service);
    sheet_add_text(sheet, decision_action_name(decision->action));
    sheet_add_text(sheet, decision->trigger);
    sheet_add_text(sheet, decision->candidate);
    sheet_add_text(sheet, decision->baseline);
    sheet_add_text(sheet, decision->version);
    sheet_add_u64(sheet, decision->epoch);
    sheet_add_format(sheet, "%016" PRIx64, decision->config_hash);
    sheet_add_u64(sheet, decision->record_bytes);
    sheet_add_text(sheet, decision->words);
}

static bool has_casebook(struct call *call)
{
    if (call->room->casebook != NULL)
        return true;
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "no decisions are kept");
    return false;
}

/* The page, newest first; the id at which the next one begins, 0: there is none. */
static uint64_t add_page(struct sheet *sheet, const struct call *call, uint64_t from,
                         uint64_t limit)
{
    const char *name = call->args.count > 0 ? call->args.words[0] : NULL;
    const struct decision *decision = NULL;

    for (unsigned i = 0; (decision = casebook_at(call->room->casebook, i)) != NULL; i++) {
        if (from != 0 && decision->id > from)
            continue;
        if (name != NULL && slice_is_equal(slice_from(name), slice_from(decision->service)) == 0)
            continue;
        if (sheet_row_count(sheet) == limit)
            return decision->id;
        add_row(sheet, decision);
    }
    return 0;
}

enum call_step cmd_decision_list(struct call *call)
{
    const struct args *args = &call->args;
    uint64_t limit = (args->given & ARGS_LIMIT) != 0 ? args->limit : LIST_DEFAULT;
    struct sheet *sheet = NULL;
    uint64_t from = 0;
    uint64_t next = 0;

    if (limit == 0 || limit > LIST_MAX)
        return call_refuse_usage(call, "--limit takes 1 to %d", LIST_MAX);
    if (args->from != NULL &&
        (num_parse_u64(slice_from(args->from), UINT64_MAX, &from) < 0 || from == 0))
        return call_refuse_usage(call, "--from takes the number of a decision");
    if (!has_casebook(call))
        return CALL_DONE;
    sheet = sheet_new(list_columns, sizeof list_columns / sizeof list_columns[0]);
    next = add_page(sheet, call, from, limit);
    sheet_print(sheet, &call->reply.text);
    if (next != 0)
        text_add_format(&call->reply.text, "more: --from %" PRIu64 "\n", next);
    json_add(reply_result(&call->reply), "decisions", sheet_json(sheet));
    if (next != 0)
        json_add_u64(reply_result(&call->reply), "next", next);
    else
        json_add_null(reply_result(&call->reply), "next");
    sheet_free(sheet);
    return CALL_DONE;
}

const struct decision *cmd_decision_find(struct call *call)
{
    const struct decision *decision = NULL;
    uint64_t id = 0;

    if (num_parse_u64(slice_from(call->args.words[0]), UINT64_MAX, &id) < 0) {
        (void)call_refuse_usage(call, "\"%.40s\" is no number of a decision", call->args.words[0]);
        return NULL;
    }
    if (!has_casebook(call))
        return NULL;
    decision = casebook_find(call->room->casebook, id);
    if (decision != NULL)
        return decision;
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "no decision %" PRIu64, id);
    reply_hint(&call->reply, "\"decisions\" lists those that are kept: the newest %d",
               CASEBOOK_FILES_MAX);
    return NULL;
}

/* Wilson's interval of a share. */
static void find_interval(uint64_t x, uint64_t n, double *low, double *high)
{
    double count = (double)n;
    double rate = (double)x / count;
    double z2 = interval_z * interval_z;
    double middle = (rate + z2 / (2 * count)) / (1 + z2 / count);
    double half =
        interval_z / (1 + z2 / count) * sqrt(rate * (1 - rate) / count + z2 / (4 * count * count));

    *low = middle - half > 0 ? middle - half : 0;
    *high = middle + half < 1 ? middle + half : 1;
}

/* "11 of 179 (6.145%; 99% interval 2.909% to 12.516%), slower than 63.5 ms" */
static void add_side(struct text *out, const char *name, uint64_t x, uint64_t n, double edge_us)
{
    double low = 0;
    double high = 0;

    if (n == 0)
        return;
    find_interval(x, n, &low, &high);
    text_add_format(out,
                    "%s: %" PRIu64 " %s of %" PRIu64 " (%.3f%%; 99%% interval %.3f%% to %.3f%%)",
                    name, x, edge_us > 0 ? "slow responses" : "errors", n,
                    100 * (double)x / (double)n, 100 * low, 100 * high);
    if (edge_us > 0)
        text_add_format(out, ", slower than %.1f ms", edge_us / 1000);
    text_add(out, "\n");
}

static void add_judgement(struct text *out, const struct engine_event *event)
{
    if (event->threshold != 0) {
        if (event->candidate_n > 0)
            text_add_format(out, "allowed: %.3f%%, that is %.1f of %" PRIu64 " requests\n",
                            100 * event->limit, event->limit * (double)event->candidate_n,
                            event->candidate_n);
        text_add_format(out,
                        "evidence: %.2f %s threshold %.2f (false alarms %g per hour; "
                        "dispersion %.2f)\n",
                        event->evidence, event->evidence >= event->threshold ? ">=" : "<",
                        event->threshold, event->budget_per_hour, event->phi);
    } else if (event->value != 0 || event->limit != 0) {
        text_add_format(out, "measured: %g, the limit is %g\n", event->value, event->limit);
    }
    if (!isnan(event->confirm) && event->confirm != 0)
        text_add_format(out, "testimony of the baseline: %.2f\n", event->confirm);
    if (event->top_bin >= 0)
        text_add_format(
            out, "key bin with the most errors: %d, %" PRIu64 " errors of %" PRIu64 " requests\n",
            event->top_bin, event->top_bin_e, event->top_bin_n);
}

static void explain_event(struct text *out, const struct engine_event *event)
{
    add_side(out, "candidate", event->candidate_x, event->candidate_n, event->candidate_edge_us);
    add_side(out, "baseline", event->baseline_x, event->baseline_n, event->baseline_edge_us);
    add_judgement(out, event);
    text_add_format(out, "counted: from %.1fs to %.1fs of the trial, at a weight of %g%%\n",
                    (double)event->since_ms / 1000, (double)event->at_ms / 1000, event->weight);
}

static void add_value(struct sheet *sheet, double value)
{
    if (isfinite(value))
        sheet_add_format(sheet, "%.2f", value);
    else
        sheet_add_none(sheet);
}

static const char *state_of(const struct decision *decision, const struct decision_row *row)
{
    if (slice_is_equal(slice_from(row->name), slice_from(decision->trigger)))
        return "fired";
    if (row->muted_ms > 0)
        return "muted";
    return row->is_active ? "did not fire" : "was not judged";
}

static void explain_rows(struct text *out, const struct decision *decision)
{
    struct sheet *sheet = NULL;

    if (decision->row_count == 0)
        return;
    sheet = sheet_new(row_columns, sizeof row_columns / sizeof row_columns[0]);
    for (unsigned i = 0; i < decision->row_count; i++) {
        const struct decision_row *row = &decision->rows[i];

        sheet_add_text(sheet, row->name);
        add_value(sheet, row->evidence);
        add_value(sheet, row->threshold);
        sheet_add_text(sheet, state_of(decision, row));
    }
    sheet_print(sheet, out);
    sheet_free(sheet);
}

static void explain_head(struct text *out, const struct decision *decision)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(decision->wall_us, stamp);
    text_add_format(out, "decision %" PRIu64 ", %s: %s of %s by %s\n", decision->id, stamp,
                    decision_action_name(decision->action), decision->service, decision->trigger);
    text_add_format(out, "what was done: %s\n", decision_action_words(decision->action));
    if (decision->words[0] != '\0')
        text_add_format(out, "why: %s\n", decision->words);
    if (decision->candidate[0] != '\0')
        text_add_format(out, "sides: candidate %s (version %s), baseline %s\n", decision->candidate,
                        decision->version[0] != '\0' ? decision->version : "not given",
                        decision->baseline[0] != '\0' ? decision->baseline : "none");
}

static void explain_end(struct text *out, const struct decision *decision)
{
    text_add_format(out, "in force then: epoch %" PRIu64 ", configuration %016" PRIx64 "\n",
                    decision->epoch, decision->config_hash);
    if (decision->record_bytes > 0)
        text_add_format(out,
                        "recorded: %" PRIu64 " bytes; \"replay %" PRIu64 "\" works it out again\n",
                        decision->record_bytes, decision->id);
    else
        text_add(out, "recorded: nothing that could be worked out again\n");
}

static void add_event_json(cJSON *parent, const struct engine_event *event)
{
    cJSON *object = json_object();

    json_add_text(object, "trigger", event->trigger);
    json_add_u64(object, "at_ms", event->at_ms);
    json_add_u64(object, "since_ms", event->since_ms);
    json_add_real(object, "weight", event->weight);
    json_add_u64(object, "candidate_n", event->candidate_n);
    json_add_u64(object, "candidate_x", event->candidate_x);
    json_add_u64(object, "baseline_n", event->baseline_n);
    json_add_u64(object, "baseline_x", event->baseline_x);
    json_add_real(object, "baseline_rate", event->baseline_rate);
    json_add_real(object, "limit", event->limit);
    json_add_real(object, "value", event->value);
    json_add_real(object, "evidence", event->evidence);
    json_add_real(object, "threshold", event->threshold);
    json_add_real(object, "phi", event->phi);
    json_add_real(object, "confirm", event->confirm);
    json_add_real(object, "candidate_edge_us", event->candidate_edge_us);
    json_add_real(object, "baseline_edge_us", event->baseline_edge_us);
    json_add_real(object, "budget_per_hour", event->budget_per_hour);
    json_add(parent, "event", object);
}

static void add_rows_json(cJSON *parent, const struct decision *decision)
{
    cJSON *rows = json_array();

    for (unsigned i = 0; i < decision->row_count; i++) {
        const struct decision_row *row = &decision->rows[i];
        cJSON *object = json_object();

        json_add_text(object, "name", row->name);
        json_add_bool(object, "active", row->is_active);
        json_add_real(object, "evidence", row->evidence);
        json_add_real(object, "threshold", row->threshold);
        json_add_u64(object, "muted_ms", row->muted_ms);
        json_add(rows, NULL, object);
    }
    json_add(parent, "rows", rows);
}

enum call_step cmd_decision_explain(struct call *call)
{
    const struct decision *decision = cmd_decision_find(call);
    struct sheet *sheet = NULL;
    cJSON *json = NULL;

    if (decision == NULL)
        return CALL_DONE;
    explain_head(&call->reply.text, decision);
    if (decision->has_event)
        explain_event(&call->reply.text, &decision->event);
    explain_rows(&call->reply.text, decision);
    explain_end(&call->reply.text, decision);
    sheet = sheet_new(list_columns, sizeof list_columns / sizeof list_columns[0]);
    add_row(sheet, decision);
    json = sheet_json_list(sheet);
    if (decision->has_event)
        add_event_json(json, &decision->event);
    add_rows_json(json, decision);
    json_add(reply_result(&call->reply), "decision", json);
    sheet_free(sheet);
    return CALL_DONE;
}
