/*
 * See cmd_drill_priv.h. The call waits for the end; a drill whose client went away or grew impatient goes on all the
 * same, to its end.
 */
#include "control/cmd_drill_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "control/json_priv.h"
#include "control/share_priv.h"
#include "control/sheet_priv.h"
#include "pilot/drill.h"

enum { SHARE_DEFAULT = 100, SHARE_MAX = 5000, WATCH_DEFAULT_US = 5000000 };

static const uint64_t watch_max_us = 600ull * 1000000;

static const struct sheet_column columns[] = {
    { "good", "good", SHEET_BOOL },
    { "inconclusive", "inconclusive", SHEET_BOOL },
    { "words", "result", SHEET_TEXT },
    { "slot", "standby", SHEET_TEXT },
    { "version", "version", SHEET_TEXT },
    { "synthetic_us", "synthetic requests, us", SHEET_NUMBER },
    { "give_us", "given in, us", SHEET_NUMBER },
    { "watch_us", "watched, us", SHEET_NUMBER },
    { "take_us", "taken back in, us", SHEET_NUMBER },
    { "requests", "requests", SHEET_NUMBER },
    { "errors", "errors", SHEET_NUMBER },
    { "decision", "decision", SHEET_NUMBER },
};

static void describe(struct call *call, const struct drill_report *report)
{
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);

    sheet_add_bool(sheet, report->is_good);
    sheet_add_bool(sheet, report->is_inconclusive);
    sheet_add_text(sheet, report->words);
    sheet_add_text(sheet, report->slot);
    sheet_add_text(sheet, report->version);
    sheet_add_u64(sheet, report->synthetic_us);
    sheet_add_u64(sheet, report->give_us);
    sheet_add_u64(sheet, report->watch_us);
    sheet_add_u64(sheet, report->take_us);
    sheet_add_u64(sheet, report->requests);
    sheet_add_u64(sheet, report->errors);
    sheet_add_u64(sheet, report->decision);
    sheet_print_list(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "drill", sheet_json_list(sheet));
    sheet_free(sheet);
    if (report->is_good)
        return;
    if (report->is_inconclusive) {
        reply_fail(&call->reply, OUTCOME_INCONCLUSIVE, FAULT_NONE, "the drill proves nothing: %s",
                   report->words);
        return;
    }
    reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE, "the drill failed: %s", report->words);
    reply_hint(&call->reply, "repair the standby slot; until then a rollback may not help");
}

static void on_drilled(void *arg, const struct drill_report *report)
{
    struct call *call = arg;

    if (!call_return(call))
        return;
    describe(call, report);
    call_finish(call);
}

/* "1%" of requests without errors is written errors=1%, and so on. */
static bool take_assertion(struct drill_spec *spec, const char *pair)
{
    const char *equals = strchr(pair, '=');
    struct slice name = slice_of(pair, equals != NULL ? (size_t)(equals - pair) : 0);
    uint32_t share = 0;

    if (equals == NULL)
        return false;
    if (slice_is_equal(name, SLICE("errors"))) {
        if (share_parse(equals + 1, &share) < 0)
            return false;
        spec->errors_max = share / 10000.0;
        return true;
    }
    if (slice_is_equal(name, SLICE("requests")))
        return num_parse_u64(slice_from(equals + 1), UINT32_MAX, &spec->requests_min) == 0;
    if (slice_is_equal(name, SLICE("slot")))
        return slice_copy(slice_from(equals + 1), spec->slot, sizeof spec->slot) &&
               spec->slot[0] != '\0';
    return slice_is_equal(name, SLICE("version")) &&
           slice_copy(slice_from(equals + 1), spec->version, sizeof spec->version) &&
           spec->version[0] != '\0';
}

/* CALL_PARKED: all is well. */
static enum call_step take_assertions(struct call *call, struct drill_spec *spec)
{
    const struct args *args = &call->args;

    for (unsigned i = 0; i < args->named_count; i++)
        if (strcmp(args->named[i].name, "--assert") == 0 &&
            !take_assertion(spec, args->named[i].value))
            return call_refuse_usage(call,
                                     "--assert takes errors=SHARE, requests=N, slot=NAME or "
                                     "version=VERSION, not \"%.60s\"",
                                     args->named[i].value);
    return CALL_PARKED;
}

static enum call_step take_options(struct call *call, struct drill_spec *spec)
{
    const char *share = args_named(&call->args, "--share");
    const char *synthetic = args_named(&call->args, "--synthetic");
    const char *watch = args_named(&call->args, "--duration");
    uint64_t count = 0;

    spec->share = synthetic != NULL && share == NULL ? 0 : SHARE_DEFAULT;
    spec->watch_us = WATCH_DEFAULT_US;
    spec->errors_max = 0.05;
    if (share != NULL && (share_parse(share, &spec->share) < 0 || spec->share > SHARE_MAX))
        return call_refuse_usage(call, "--share takes 0%% to 50%%, not \"%s\"", share);
    if (synthetic != NULL &&
        (num_parse_u64(slice_from(synthetic), DRILL_SYNTHETIC_MAX, &count) < 0 || count == 0))
        return call_refuse_usage(call, "--synthetic takes 1 to %d", DRILL_SYNTHETIC_MAX);
    if (watch != NULL && (num_parse_duration(slice_from(watch), &spec->watch_us) < 0 ||
                          spec->watch_us > watch_max_us))
        return call_refuse_usage(call, "--duration takes a duration up to 10m, not \"%s\"", watch);
    spec->synthetic = (unsigned)count;
    if (spec->share == 0 && count == 0)
        return call_refuse_usage(call, "a drill needs --share or --synthetic");
    return take_assertions(call, spec);
}

enum call_step cmd_drill_run(struct call *call)
{
    struct drill_spec spec = { .share = 0 };
    struct change named; /* actor and reason as changes have them */
    char words[DRILL_WORDS];
    int err = 0;

    if (!args_is_name(call->args.words[0]))
        return call_refuse_usage(call, "\"%.80s\" is no name", call->args.words[0]);
    if (take_options(call, &spec) != CALL_PARKED)
        return CALL_DONE;
    call_fill_change(call, CHANGE_CANARY_START, &named);
    memcpy(spec.actor, named.actor, sizeof spec.actor);
    snprintf(spec.reason, sizeof spec.reason, "%s",
             named.reason[0] != '\0' ? named.reason : "a drill");
    snprintf(spec.name, sizeof spec.name, "%s", call->args.words[0]);
    call_lend(call);
    err = drill_start(call->room->pilot, &spec, on_drilled, call, words);
    if (err == 0) {
        call->asked = "the drill";
        return CALL_PARKED;
    }
    (void)call_return(call);
    reply_fail(&call->reply, err == ERR_CONFLICT ? OUTCOME_CONFLICT : OUTCOME_REFUSED,
               err == ERR_CONFLICT ? FAULT_GATE_REFUSED : FAULT_UNKNOWN_NAME, "%s", words);
    return CALL_DONE;
}
