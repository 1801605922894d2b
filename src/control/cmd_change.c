/* Changes that are one step of deploy: see cmd_change_priv.h. */
#include "control/cmd_change_priv.h"

#include <inttypes.h>
#include <stdio.h>

#include "control/json_priv.h"
#include "pilot/front_check.h"

/* "0.8 ms", "12 ms", "2.31 s" into out (at least 32 bytes). */
static void format_took(uint64_t us, char *out)
{
    if (us < 10000)
        snprintf(out, 32, "%.1f ms", (double)us / 1000);
    else if (us < 1000000)
        snprintf(out, 32, "%" PRIu64 " ms", us / 1000);
    else
        snprintf(out, 32, "%.2f s", (double)us / 1000000);
}

static const char *past_tense(enum change_kind kind)
{
    return kind == CHANGE_ROLLBACK ? "rolled back" : "switched";
}

static const char *const verdict_words[] = {
    [FRONT_GOOD] = "good",
    [FRONT_BAD] = "bad",
    [FRONT_UNKNOWN] = "unknown",
};

static void on_checked(void *arg, const struct front_report *report)
{
    struct call *call = arg;
    struct reply *reply = &call->reply;

    if (!call_return(call))
        return; /* the alert tells it */
    json_add_text(reply_result(reply), "verified", verdict_words[report->verdict]);
    json_add_text(reply_result(reply), "verification", report->words);
    if (report->verdict == FRONT_BAD) {
        reply_fail(reply, OUTCOME_REVERTED, report->fault, "the traffic was moved, but %s",
                   report->words);
        reply_hint(reply, "\"status\" and \"show targets\" tell how the slots are; \"maint on "
                          "NAME\" gives clients a page meanwhile");
    } else {
        text_add_format(&reply->text, "%s%s\n",
                        report->verdict == FRONT_GOOD ? "verified through the front door"
                                                      : "not verified: ",
                        report->verdict == FRONT_GOOD ? "" : report->words);
    }
    call_finish(call);
}

/* The traffic has moved: only now somebody looks whether that was enough. */
static bool begin_check(struct call *call, const struct change_result *result)
{
    char what[160];

    if ((call->args.given & ARGS_EMERGENCY) == 0 || !reply_is_ok(&call->reply) ||
        call->room->pilot == NULL)
        return false;
    snprintf(what, sizeof what, "the emergency rollback of %.63s to %.63s", call->args.words[0],
             result->to);
    call_lend(call);
    front_check_start(call->room->pilot, call->args.words[0], what, on_checked, call);
    return true;
}

static void on_switched(struct call *call, const struct change_result *result)
{
    struct reply *reply = &call->reply;
    cJSON *json = reply_result(reply);
    const char *name = call->args.words[0];
    char took[32];

    call_take_result(call, result);
    json_add_text(json, "name", name);
    json_add_text(json, "from", result->from);
    json_add_text(json, "to", result->to);
    json_add_text(json, "skipped", result->skipped);
    json_add_text(json, "note", result->note);
    format_took(result->duration_us, took);
    if (reply_is_ok(reply) && result->changed)
        text_add_format(&reply->text, "%s %s %s -> %s, epoch %" PRIu64 ", %s, %s\n",
                        past_tense((enum change_kind)call->step), name, result->from, result->to,
                        result->epoch, took, result->is_durable ? "durable" : "volatile");
    else if (reply_is_ok(reply))
        text_add_format(&reply->text, "%s is on %s already, epoch %" PRIu64 "\n", name, result->to,
                        result->epoch);
    if (result->skipped[0] != '\0')
        text_add_format(&reply->text, "carried past the gates: %s\n", result->skipped);
    if (reply_is_ok(reply) && result->note[0] != '\0')
        text_add_format(&reply->text, "%s\n", result->note);
    if (!begin_check(call, result))
        call_finish(call);
}

static enum call_step submit_switch(struct call *call, enum change_kind kind)
{
    struct change change;

    if (call_name_change(call, kind, &change) < 0)
        return CALL_DONE;
    call->step = (unsigned)kind;
    return call_submit(call, &change, on_switched);
}

enum call_step cmd_change_switch(struct call *call)
{
    return submit_switch(call, CHANGE_SWITCH);
}

enum call_step cmd_change_rollback(struct call *call)
{
    return submit_switch(call, CHANGE_ROLLBACK);
}

static void on_reloaded(struct call *call, const struct change_result *result)
{
    char took[32];

    call_take_result(call, result);
    format_took(result->duration_us, took);
    if (reply_is_ok(&call->reply)) {
        text_add_format(&call->reply.text, "%s, epoch %" PRIu64 ", %s\n",
                        result->changed ? "reloaded" : "reloaded, nothing has changed",
                        result->epoch, took);
        if (result->words[0] != '\0' && call->reply.words[0] == '\0')
            text_add_format(&call->reply.text, "%s\n", result->words);
    }
    call_finish(call);
}

enum call_step cmd_change_reload(struct call *call)
{
    struct change change;

    call_fill_change(call, CHANGE_RELOAD, &change);
    return call_submit(call, &change, on_reloaded);
}
