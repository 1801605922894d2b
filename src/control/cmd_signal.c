/*
 * See cmd_signal_priv.h. A value goes to the services that are named (a group stands for all of its own), or to all that
 * have a signal of that name. With the number of a rollout it counts only while that one goes on, so that what was
 * measured for the last release says nothing about the next.
 */
#include "control/cmd_signal_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/config.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy.h"
#include "deploy/rollout.h"
#include "pilot/signals.h"

enum { COUNTS_SIZE = 2000 };

static const struct sheet_column columns[] = {
    { "service", "SERVICE", SHEET_TEXT }, { "signal", "SIGNAL", SHEET_TEXT },
    { "value", "VALUE", SHEET_TEXT },     { "state", "STATE", SHEET_TEXT },
    { "stale", "STALE", SHEET_BOOL },     { "age_seconds", "AGE", SHEET_SECONDS },
    { "warn", "WARN", SHEET_TEXT },       { "critical", "CRITICAL", SHEET_TEXT },
    { "action", "ACTION", SHEET_TEXT },   { "consecutive", NULL, SHEET_NUMBER },
    { "counts", "COUNTS", SHEET_TEXT },
};

/* One NAME=VALUE of the command. */
struct pair {
    char name[CONFIG_SIGNAL_NAME_MAX + 1];
    const char *value;
};

static const char *action_name(enum config_signal_action action)
{
    switch (action) {
    case CONFIG_SIGNAL_ALERT: return "alert";
    case CONFIG_SIGNAL_ROLLBACK: return "rollback";
    case CONFIG_SIGNAL_HOLD: return "hold";
    }
    return "";
}

static bool is_of(const struct config *config, unsigned service_index, const char *name)
{
    const struct config_service *service = &config->services[service_index];
    size_t group = config_group_of(config, service);

    return strcmp(service->name, name) == 0 ||
           (group < config->group_count && strcmp(config->groups[group].name, name) == 0);
}

/* Whom the command means; false: the service may have the signal, but it is not meant. */
static bool is_meant(const struct call *call, unsigned service_index, uint64_t rollout)
{
    const char *name = args_named(&call->args, "--service");
    struct deploy_rollout_view view;

    if (name != NULL)
        return is_of(deploy_config(call->room->deploy), service_index, name);
    if (rollout == 0)
        return true;
    deploy_view_rollout(call->room->deploy, service_index, &view);
    return view.id == rollout && view.ended_wall_us == 0;
}

static bool take_pair(struct call *call, const char *word, struct pair *out)
{
    const char *equals = strchr(word, '=');

    if (equals != NULL && equals != word && equals[1] != '\0' &&
        slice_copy(slice_of(word, (size_t)(equals - word)), out->name, sizeof out->name)) {
        out->value = equals + 1;
        return true;
    }
    (void)call_refuse_usage(call, "\"%.80s\" is no NAME=VALUE", word);
    return false;
}

/* For every meant service that has the signal: is the value good? How many have it; -1: it is not. */
static int check_pair(struct call *call, const struct pair *pair, const bool *meant, unsigned count)
{
    const struct signals *signals = call->room->signals;
    char words[SIGNALS_WORDS] = "";
    int has = 0;

    for (unsigned i = 0; i < count; i++) {
        int err = meant[i] ? signals_check(signals, i, pair->name, pair->value, words) : 0;

        if (!meant[i] || !signals_has(signals, i, pair->name))
            continue;
        if (err != 0) {
            (void)call_refuse_usage(call, "%s", words);
            return -1;
        }
        has++;
    }
    if (has > 0)
        return has;
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "%s",
               words[0] != '\0' ? words : "nobody is meant");
    reply_hint(&call->reply, "\"show signals\" has those that are configured");
    return -1;
}

static void set_pair(struct call *call, const struct pair *pair, const bool *meant, unsigned count)
{
    uint64_t now_us = clock_monotonic_us();

    for (unsigned i = 0; i < count; i++)
        if (meant[i] && signals_has(call->room->signals, i, pair->name))
            signals_set(call->room->signals, i, pair->name, pair->value, now_us);
}

/* Whether anybody is meant; if not, the answer says why. */
static bool find_meant(struct call *call, bool *meant, unsigned count)
{
    const char *rollout = args_named(&call->args, "--rollout");
    const char *name = args_named(&call->args, "--service");
    uint64_t id = 0;
    bool is_any = false;

    if (rollout != NULL && name != NULL) {
        (void)call_refuse_usage(call, "--service and --rollout exclude each other");
        return false;
    }
    if (rollout != NULL && (num_parse_u64(slice_from(rollout), UINT64_MAX, &id) < 0 || id == 0)) {
        (void)call_refuse_usage(call, "--rollout takes the number of a rollout");
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        meant[i] = is_meant(call, i, id);
        is_any = is_any || meant[i];
    }
    if (is_any)
        return true;
    if (rollout != NULL)
        reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_UNKNOWN_NAME,
                   "rollout %s does not go on any more", rollout);
    else
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "no service or group %s",
                   name != NULL ? name : "");
    return false;
}

static void set_all(struct call *call, bool *meant, unsigned count)
{
    struct pair pairs[ARGS_MAX];
    const struct args *args = &call->args;
    int sum = 0;

    if (!find_meant(call, meant, count))
        return;
    for (unsigned i = 0; i < args->count; i++) {
        int has = take_pair(call, args->words[i], &pairs[i])
                      ? check_pair(call, &pairs[i], meant, count)
                      : -1;

        if (has < 0)
            return;
        sum += has;
    }
    for (unsigned i = 0; i < args->count; i++)
        set_pair(call, &pairs[i], meant, count);
    text_add_format(&call->reply.text, "%d value%s set\n", sum, sum == 1 ? " is" : "s are");
    json_add_u64(reply_result(&call->reply), "set", (uint64_t)sum);
}

enum call_step cmd_signal_set(struct call *call)
{
    unsigned count = (unsigned)deploy_config(call->room->deploy)->service_count;
    bool *meant = mem_zalloc((count + 1) * sizeof *meant);

    if (call->room->signals != NULL)
        set_all(call, meant, count);
    else
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "there are no signals");
    free(meant);
    return CALL_DONE;
}

/* "401,403 on /login in 60s"; nothing of one that is told. */
static void add_counts(struct sheet *sheet, const struct config_signal *signal)
{
    struct text text;

    if (!config_signal_is_counted(signal)) {
        sheet_add_none(sheet);
        return;
    }
    text_init(&text, COUNTS_SIZE);
    for (size_t i = 0; i < signal->status.count; i++) {
        const struct config_status_range *range = &signal->status.items[i];

        text_add_format(&text, "%s%u", i > 0 ? "," : "", range->from);
        if (range->to != range->from)
            text_add_format(&text, "-%u", range->to);
    }
    text_add_format(&text, " on %s in %.0fs%s", signal->path != NULL ? signal->path : "/",
                    (double)signal->per / 1e6,
                    signal->of == CONFIG_SIGNAL_OF_CANDIDATE ? " of the candidate" : "");
    sheet_add_text(sheet, text.bytes);
    text_fini(&text);
}

static void add_row(struct sheet *sheet, const struct signal_view *view, uint64_t now_us)
{
    sheet_add_text(sheet, view->service);
    sheet_add_text(sheet, view->signal->name);
    sheet_add_text(sheet, view->value);
    sheet_add_text(sheet, signal_level_name(view->level));
    sheet_add_bool(sheet, view->is_stale);
    if (view->set_us != 0)
        sheet_add_seconds(sheet, now_us > view->set_us ? now_us - view->set_us : 0);
    else
        sheet_add_none(sheet);
    sheet_add_text(sheet, view->signal->warn);
    sheet_add_text(sheet, view->signal->critical);
    sheet_add_text(sheet, action_name(view->signal->action));
    sheet_add_u64(sheet, view->signal->consecutive);
    add_counts(sheet, view->signal);
}

enum call_step cmd_signal_show(struct call *call)
{
    const struct config *config = deploy_config(call->room->deploy);
    const char *name = call->args.count > 0 ? call->args.words[0] : NULL;
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    struct signal_view view;

    for (unsigned i = 0; call->room->signals != NULL && signals_at(call->room->signals, i, &view);
         i++)
        if (name == NULL || is_of(config, view.service_index, name))
            add_row(sheet, &view, clock_monotonic_us());
    sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "signals", sheet_json(sheet));
    sheet_free(sheet);
    return CALL_DONE;
}
