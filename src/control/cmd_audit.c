/* Pages and checks of the audit trail: see cmd_audit_priv.h. */
#include "control/cmd_audit_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_reader.h"
#include "audit/audit_trail.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "control/json_priv.h"
#include "control/moment_priv.h"
#include "control/paging_priv.h"
#include "control/sheet_priv.h"
#include "net/clerk.h"

enum { DEFAULT_COUNT = 20, COUNT_MAX = 1000 };

static const struct sheet_column columns[] = {
    { "seq", "SEQ", SHEET_NUMBER },
    { "time", "TIME", SHEET_TEXT },
    { "actor", "ACTOR", SHEET_TEXT },
    { "role", "ROLE", SHEET_TEXT },
    { "as", "AS", SHEET_TEXT },
    { "from", NULL, SHEET_TEXT },
    { "verb", "VERB", SHEET_TEXT },
    { "service", "NAME", SHEET_TEXT },
    { "outcome", "RESULT", SHEET_TEXT },
    { "fault", NULL, SHEET_TEXT },
    { "gate", "GATE", SHEET_TEXT },
    { "bypassed", "BYPASSED", SHEET_TEXT },
    { "epoch_before", NULL, SHEET_NUMBER },
    { "epoch", "EPOCH", SHEET_NUMBER },
    { "duration_us", "US", SHEET_NUMBER },
    { "trigger", "TRIGGER", SHEET_TEXT },
    { "reason", "REASON", SHEET_TEXT },
    { "words", "WORDS", SHEET_TEXT },
    { "note", "NOTE", SHEET_TEXT },
};

/* What a thread finds out for a call; the call may be gone by then. */
struct inquiry {
    struct call *call;
    struct audit_trail *trail;
    struct audit_filter filter;
    size_t limit;
    uint64_t first;
    struct audit_page page;
    struct audit_files_report report; /* of a check */
    int err;
    char words[AUDIT_FILES_WORDS];
};

static void free_inquiry(struct inquiry *inquiry)
{
    free(inquiry->page.records);
    free(inquiry);
}

static enum call_step refuse_none(struct call *call)
{
    reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE, "this daemon keeps no audit trail");
    return CALL_DONE;
}

static void fail_reading(struct call *call, const char *words)
{
    reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE, "the audit trail cannot be read: %s",
               words[0] != '\0' ? words : "the daemon ends");
}

static enum call_step ask(struct inquiry *inquiry, void (*run)(void *arg, const _Atomic bool *cut),
                          void (*done)(void *arg, bool was_run))
{
    struct clerk_task task = { .run = run, .done = done, .arg = inquiry };

    inquiry->call->asked = "the reader of the trail";
    call_lend(inquiry->call);
    clerk_add(audit_trail_clerk(inquiry->trail), &task);
    return CALL_PARKED;
}

static void add_row(struct sheet *sheet, const struct audit_record *record)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(record->time_us, stamp);
    sheet_add_u64(sheet, record->seq);
    sheet_add_text(sheet, stamp);
    sheet_add_text(sheet, record->actor);
    sheet_add_text(sheet, record->role);
    sheet_add_text(sheet, record->as);
    sheet_add_text(sheet, record->from);
    sheet_add_text(sheet, record->verb);
    sheet_add_text(sheet, record->service);
    sheet_add_text(sheet, record->outcome);
    sheet_add_text(sheet, record->fault);
    sheet_add_text(sheet, record->gate);
    sheet_add_text(sheet, record->bypassed);
    sheet_add_u64(sheet, record->epoch_before);
    sheet_add_u64(sheet, record->epoch);
    sheet_add_u64(sheet, record->duration_us);
    sheet_add_text(sheet, record->trigger);
    sheet_add_text(sheet, record->reason);
    sheet_add_text(sheet, record->words);
    sheet_add_text(sheet, record->note);
}

static void give_page(struct call *call, const struct inquiry *inquiry)
{
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    char place[24] = "";

    for (size_t i = 0; i < inquiry->page.count; i++)
        add_row(sheet, &inquiry->page.records[i]);
    sheet_print(sheet, &call->reply.text);
    if (inquiry->page.next != 0) {
        snprintf(place, sizeof place, "%" PRIu64, inquiry->page.next);
        text_add_format(&call->reply.text, "more: --from %s\n", place);
    }
    json_add(reply_result(&call->reply), "audit", sheet_json(sheet));
    json_add_text(reply_result(&call->reply), "next", inquiry->page.next != 0 ? place : NULL);
    sheet_free(sheet);
}

static void run_page(void *arg, const _Atomic bool *is_cut)
{
    struct inquiry *inquiry = arg;

    (void)is_cut; /* a page is short */
    inquiry->err = audit_reader_page(inquiry->trail, &inquiry->filter, inquiry->limit,
                                     &inquiry->page, inquiry->words);
}

static void on_page(void *arg, bool was_run)
{
    struct inquiry *inquiry = arg;
    struct call *call = inquiry->call;

    if (call_return(call)) {
        if (!was_run || inquiry->err != 0)
            fail_reading(call, inquiry->words);
        else
            give_page(call, inquiry);
        call_finish(call);
    }
    free_inquiry(inquiry);
}

static void take_named(const struct call *call, const char *option, char *field, size_t size)
{
    const char *value = args_named(&call->args, option);

    snprintf(field, size, "%s", value != NULL ? value : "");
}

enum call_step cmd_audit_filter(struct call *call, struct audit_filter *filter, uint64_t *count)
{
    if (paging_take(call, COUNT_MAX, count, filter->service) == CALL_DONE)
        return CALL_DONE;
    take_named(call, "--kind", filter->verb, sizeof filter->verb);
    take_named(call, "--outcome", filter->outcome, sizeof filter->outcome);
    take_named(call, "--actor", filter->actor, sizeof filter->actor);
    take_named(call, "--trigger", filter->trigger, sizeof filter->trigger);
    return moment_take(call, &filter->since_us, &filter->until_us);
}

static struct inquiry *new_inquiry(struct call *call)
{
    struct inquiry *inquiry = mem_zalloc(sizeof *inquiry);

    inquiry->call = call;
    inquiry->trail = call->room->audit;
    return inquiry;
}

/* --from is a sequence number in both commands. */
static bool take_from(struct call *call, uint64_t *out)
{
    const char *from = call->args.from;

    *out = 0;
    return from == NULL || (num_parse_u64(slice_from(from), UINT64_MAX, out) == 0 && *out > 0);
}

enum call_step cmd_audit_show(struct call *call)
{
    struct audit_filter filter = { 0 };
    struct inquiry *inquiry = NULL;
    uint64_t count = DEFAULT_COUNT;

    if (call->room->audit == NULL)
        return refuse_none(call);
    if (cmd_audit_filter(call, &filter, &count) == CALL_DONE)
        return CALL_DONE;
    if (!take_from(call, &filter.before))
        return call_refuse_usage(call, "--from takes the place that the page before has named");
    inquiry = new_inquiry(call);
    inquiry->filter = filter;
    inquiry->limit = (size_t)count;
    return ask(inquiry, run_page, on_page);
}

static void give_report(struct call *call, const struct audit_files_report *report)
{
    const struct audit_finding *finding = &report->finding;
    cJSON *result = reply_result(&call->reply);
    bool is_whole = finding->defect == AUDIT_WHOLE;

    json_add_bool(result, "whole", is_whole);
    json_add_text(result, "defect", is_whole ? NULL : audit_defect_name(finding->defect));
    json_add_u64(result, "records", report->records);
    json_add_u64(result, "sealed", report->sealed);
    json_add_u64(result, "files", report->files);
    json_add_u64(result, "anchors", report->marks);
    json_add_u64(result, "last_seq", report->last_seq);
    json_add_text(result, "last_hash", report->last_hash);
    if (is_whole) {
        text_add_format(&call->reply.text,
                        "%" PRIu64 " records in %" PRIu64 " files are whole, %" PRIu64
                        " of them sealed, %" PRIu64 " anchors agree; the last is %" PRIu64 " %s\n",
                        report->records, report->files, report->sealed, report->marks,
                        report->last_seq, report->last_hash);
        return;
    }
    json_add_u64(result, "seq", finding->seq);
    json_add_text(result, "file", finding->file);
    json_add_u64(result, "line", finding->line);
    reply_fail(&call->reply, OUTCOME_FAILED, FAULT_AUDIT_BROKEN,
               "%s at record %" PRIu64 ": %s (%s, line %" PRIu64 ")",
               audit_defect_name(finding->defect), finding->seq, finding->words, finding->file,
               finding->line);
    reply_hint(&call->reply,
               "keep the files as they are, and compare them with a copy; what stands "
               "before that record is whole");
}

static void run_check(void *arg, const _Atomic bool *is_cut)
{
    struct inquiry *inquiry = arg;

    (void)is_cut;
    inquiry->err =
        audit_trail_verify(inquiry->trail, inquiry->first, &inquiry->report, inquiry->words);
}

static void on_checked(void *arg, bool was_run)
{
    struct inquiry *inquiry = arg;
    struct call *call = inquiry->call;

    if (call_return(call)) {
        if (!was_run || inquiry->err != 0)
            fail_reading(call, inquiry->words);
        else
            give_report(call, &inquiry->report);
        call_finish(call);
    }
    free_inquiry(inquiry);
}

enum call_step cmd_audit_verify(struct call *call)
{
    struct inquiry *inquiry = NULL;
    uint64_t first = 0;

    if (call->room->audit == NULL)
        return refuse_none(call);
    if (!take_from(call, &first))
        return call_refuse_usage(call, "--from takes the number of the first record that is there");
    inquiry = new_inquiry(call);
    inquiry->first = first;
    return ask(inquiry, run_check, on_checked);
}
