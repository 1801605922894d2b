/* See cmd_webhook_priv.h. The list is what the thread that posts said a moment ago; nothing here waits for a receiver. */
#include "control/cmd_webhook_priv.h"

#include "base/clock.h"
#include "control/json_priv.h"
#include "control/outbox_priv.h"
#include "control/sheet_priv.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { SPARE_US = 5 * 1000000 }; /* for the answer, beyond the attempt's own time */

static const struct sheet_column columns[] = {
    { "webhook", "WEBHOOK", SHEET_TEXT },
    { "receiver", "RECEIVER", SHEET_TEXT },
    { "state", "STATE", SHEET_TEXT },
    { "queued", "QUEUED", SHEET_NUMBER },
    { "queued_bytes", NULL, SHEET_NUMBER },
    { "oldest_seconds", "OLDEST", SHEET_SECONDS },
    { "retry_seconds", "RETRY IN", SHEET_SECONDS },
    { "delivered", "DELIVERED", SHEET_NUMBER },
    { "refused", "REFUSED", SHEET_NUMBER },
    { "expired", "EXPIRED", SHEET_NUMBER },
    { "dropped", "DROPPED", SHEET_NUMBER },
    { "repeats", NULL, SHEET_NUMBER },
    { "failures", NULL, SHEET_NUMBER },
    { "unsaved", NULL, SHEET_NUMBER },
    { "damaged", NULL, SHEET_NUMBER },
    { "last_delivery", "LAST DELIVERY", SHEET_TEXT },
    { "last_failure", "LAST FAILURE", SHEET_TEXT },
    { "error", "ERROR", SHEET_TEXT },
};

static const struct sheet_column hook_columns[] = {
    { "hook", "HOOK", SHEET_TEXT },
    { "running", "RUNS", SHEET_BOOL },
    { "queued", "QUEUED", SHEET_NUMBER },
    { "oldest_seconds", "OLDEST", SHEET_SECONDS },
    { "retry_seconds", "RETRY IN", SHEET_SECONDS },
    { "succeeded", "SUCCEEDED", SHEET_NUMBER },
    { "failed", "FAILED", SHEET_NUMBER },
    { "expired", "EXPIRED", SHEET_NUMBER },
    { "dropped", "DROPPED", SHEET_NUMBER },
    { "repeats", NULL, SHEET_NUMBER },
    { "ended", "ENDED", SHEET_TEXT },
    { "last", "LAST", SHEET_TEXT },
};

static const char *name_state(enum post_state state)
{
    switch (state) {
    case POST_IDLE: return "idle";
    case POST_SENDING: return "sending";
    case POST_WAITING: return "waiting";
    }
    return "";
}

static void add_stamp(struct sheet *sheet, uint64_t wall_us)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(wall_us, stamp);
    sheet_add_text(sheet, wall_us != 0 ? stamp : NULL);
}

static void add_ages(struct sheet *sheet, const struct post_view *view)
{
    uint64_t now = clock_wall_us();

    if (view->queue.count == 0)
        sheet_add_none(sheet);
    else
        sheet_add_seconds(sheet, now > view->queue.oldest_us ? now - view->queue.oldest_us : 0);
    if (view->state == POST_WAITING)
        sheet_add_seconds(sheet, view->wait_us);
    else
        sheet_add_none(sheet);
}

static void add_row(struct sheet *sheet, const struct post_view *view)
{
    sheet_add_text(sheet, view->name);
    sheet_add_text(sheet, view->place);
    sheet_add_text(sheet, name_state(view->state));
    sheet_add_u64(sheet, view->queue.count);
    sheet_add_u64(sheet, view->queue.bytes);
    add_ages(sheet, view);
    sheet_add_u64(sheet, view->delivered);
    sheet_add_u64(sheet, view->refused);
    sheet_add_u64(sheet, view->expired);
    sheet_add_u64(sheet, view->queue.dropped);
    sheet_add_u64(sheet, view->repeats);
    sheet_add_u64(sheet, view->failures);
    sheet_add_u64(sheet, view->queue.unsaved);
    sheet_add_u64(sheet, view->queue.damaged);
    add_stamp(sheet, view->delivered_us);
    add_stamp(sheet, view->failed_us);
    sheet_add_text(sheet, view->words);
}

static void add_hook(struct sheet *sheet, const struct post_view *view)
{
    sheet_add_text(sheet, view->name);
    sheet_add_bool(sheet, view->state == POST_SENDING);
    sheet_add_u64(sheet, view->queue.count);
    add_ages(sheet, view);
    sheet_add_u64(sheet, view->delivered);
    sheet_add_u64(sheet, view->failures);
    sheet_add_u64(sheet, view->expired);
    sheet_add_u64(sheet, view->queue.dropped);
    sheet_add_u64(sheet, view->repeats);
    add_stamp(sheet, view->delivered_us > view->failed_us ? view->delivered_us : view->failed_us);
    sheet_add_text(sheet, view->words);
}

static void give_out(struct call *call, struct sheet *sheet, const char *key, bool is_always)
{
    if (is_always || sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), key, sheet_json(sheet));
    sheet_free(sheet);
}

enum call_step cmd_webhook_list(struct call *call)
{
    const struct outbox *outbox = call->room->outbox;
    struct sheet *webhooks = sheet_new(columns, COUNT(columns));
    struct sheet *hooks = sheet_new(hook_columns, COUNT(hook_columns));
    struct post_view view;
    struct post_view hook;

    for (size_t i = 0; outbox != NULL && outbox_look(outbox, i, &view); i++)
        add_row(webhooks, &view);
    for (size_t i = 0; outbox != NULL && outbox_look_hook(outbox, i, &hook); i++)
        add_hook(hooks, &hook);
    give_out(call, webhooks, "webhooks", true);
    give_out(call, hooks, "hooks", false);
    return CALL_DONE;
}

static void on_tested(void *arg, const char *name, const struct post_result *result)
{
    struct call *call = arg;
    cJSON *json = NULL;

    if (!call_return(call))
        return; /* nobody waits for it any more */
    json = reply_result(&call->reply);
    json_add_text(json, "webhook", name);
    json_add_u64(json, "status", (uint64_t)result->status);
    json_add_u64(json, "duration_us", result->duration_us);
    json_add_text(json, "words", result->words);
    if (result->fate == POST_DELIVERED) {
        text_add_format(&call->reply.text, "webhook %s: delivered, %s after %llu ms\n", name,
                        result->words, (unsigned long long)(result->duration_us / 1000));
    } else {
        reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NOT_DELIVERED, "webhook %s: %s", name,
                   result->words);
        reply_hint(&call->reply, "the events that wait are tried on their own; \"webhook list\" "
                                 "has them");
    }
    call_finish(call);
}

enum call_step cmd_webhook_test(struct call *call)
{
    const char *name = call->args.words[0];
    uint64_t timeout_us = 0;

    call_lend(call);
    if (call->room->outbox != NULL &&
        outbox_test(call->room->outbox, name, &timeout_us, on_tested, call)) {
        if ((call->args.given & ARGS_TIMEOUT) == 0)
            call->args.timeout_us = timeout_us + SPARE_US;
        return CALL_PARKED;
    }
    call_return(call);
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "there is no webhook %.63s",
               name);
    reply_hint(&call->reply, "\"webhook list\" has those that are configured");
    return CALL_DONE;
}
