/* See cmd_rules_priv.h. */
#include "control/cmd_rules_priv.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "control/json_priv.h"
#include "control/rule_state_priv.h"
#include "control/scope_priv.h"
#include "control/share_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy_view.h"
#include "pilot/pilot.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A service of the path, with what is known of its trial. */
struct subject {
    const char *name;
    unsigned index;
    struct deploy_trial_view trial;
    struct deploy_book_view book;
    struct pilot_trial *pilot;
};

typedef void subject_fn(void *arg, const struct subject *subject);

static void walk(const struct control_room *room, const struct args_path *path, subject_fn *fn,
                 void *arg)
{
    struct subject subject = { .pilot = mem_zalloc(sizeof *subject.pilot) };
    unsigned last = UINT_MAX;
    struct scope scope;

    scope_init(&scope, room->deploy, path);
    while (room->pilot != NULL && scope_next(&scope)) {
        if (scope.service_index == last)
            continue;
        last = subject.index = scope.service_index;
        subject.name = scope.service->service->name;
        deploy_view_trial(room->deploy, last, &subject.trial);
        deploy_view_book(room->deploy, last, &subject.book);
        pilot_look(room->pilot, last, subject.pilot);
        fn(arg, &subject);
    }
    free(subject.pilot);
}

static const struct sheet_column rule_columns[] = {
    { NULL, "SERVICE", SHEET_TEXT }, { NULL, "RULE", SHEET_TEXT },  { NULL, "VALUE", SHEET_TEXT },
    { NULL, "LIMIT", SHEET_TEXT },   { NULL, "STATE", SHEET_TEXT },
};

static void add_value(struct sheet *sheet, const struct rule_view *rule, double value)
{
    if (!isfinite(value))
        sheet_add_none(sheet);
    else if (slice_is_equal(slice_from(rule->unit), SLICE("us")))
        sheet_add_format(sheet, "%.1fms", value / 1000);
    else if (slice_is_equal(slice_from(rule->unit), SLICE("share")))
        sheet_add_format(sheet, "%.3f%%", value * 100);
    else
        sheet_add_format(sheet, "%.2f", value);
}

struct rule_output {
    struct sheet *sheet;
    cJSON *array;
};

static void add_rules(void *arg, const struct subject *subject)
{
    struct rule_output *out = arg;
    struct rule_view rules[RULES_MAX];
    unsigned count = rule_state_list(subject->pilot, rules);

    for (unsigned i = 0; i < count; i++) {
        cJSON *object = json_object();

        sheet_add_text(out->sheet, subject->name);
        sheet_add_text(out->sheet, rules[i].name);
        add_value(out->sheet, &rules[i], rules[i].value);
        add_value(out->sheet, &rules[i], rules[i].threshold);
        sheet_add_text(out->sheet, rule_state_name(rules[i].state));
        json_add_text(object, "service", subject->name);
        json_add_text(object, "rule", rules[i].name);
        json_add_text(object, "unit", rules[i].unit);
        json_add_real(object, "value", rules[i].value);
        json_add_real(object, "threshold", rules[i].threshold);
        json_add_text(object, "state", rule_state_name(rules[i].state));
        json_add(out->array, NULL, object);
    }
}

enum call_step cmd_rules_show(struct call *call)
{
    const char *name = call->args.count > 0 ? call->args.words[0] : NULL;
    struct rule_output out = { .array = json_array() };
    struct args_path path;

    if (scope_parse(call->room->deploy, name, &path, &call->reply) < 0 || path.depth > 1) {
        cJSON_Delete(out.array);
        if (path.depth > 1)
            return call_refuse_usage(call, "\"%.80s\" is no name of a service or group", name);
        return CALL_DONE;
    }
    out.sheet = sheet_new(rule_columns, COUNT(rule_columns));
    walk(call->room, &path, add_rules, &out);
    cmd_rules_add_lines(call->room, &path, &call->reply.text);
    if (sheet_row_count(out.sheet) > 0)
        sheet_print(out.sheet, &call->reply.text);
    else
        text_add(&call->reply.text, "nothing is judged: no service has two slots and evidence\n");
    cmd_rules_add_json(call->room, &path, reply_result(&call->reply));
    json_add(reply_result(&call->reply), "rules", out.array);
    sheet_free(out.sheet);
    return CALL_DONE;
}

static void on_released(struct call *call, const struct change_result *result)
{
    call_describe_change(call, result);
    if (reply_is_ok(&call->reply))
        json_add_text(reply_result(&call->reply), "name", call->args.words[0]);
    call_finish(call);
}

enum call_step cmd_rules_release(struct call *call)
{
    struct change change;

    if (call_name_change(call, CHANGE_RELEASE, &change) < 0)
        return CALL_DONE;
    return call_submit(call, &change, on_released);
}

/* "rollback by itself for 52m", "only alerts" */
static void add_mode(const struct subject *subject, struct text *out)
{
    char age[32];

    sheet_age(subject->pilot->left_us, age);
    if (!subject->pilot->is_automatic)
        text_add(out, "only alerts");
    else if (subject->trial.kind == TRIAL_CANARY)
        text_add(out, "taken back by itself");
    else
        text_add_format(out, "taken back by itself for %s", age);
    if (subject->pilot->is_blocked)
        text_add(out, ", but blocked: the other side is not fit");
}

static void add_trial_line(const struct subject *subject, struct text *out)
{
    const struct engine_row_view *leading = rule_state_leading(subject->pilot);
    const struct engine_view *engine = &subject->pilot->engine;
    char share[SHARE_TEXT_SIZE];

    share_format(subject->trial.share, share);
    text_add_format(out, "%s is on trial: %s (%s) with %s against %s; ", subject->name,
                    subject->trial.candidate, subject->trial.version, share,
                    subject->trial.baseline);
    if (leading != NULL)
        text_add_format(out, "%s has %.2f of %.2f; ", leading->name, leading->evidence,
                        leading->threshold);
    else
        text_add(out, "no evidence yet; ");
    if (engine->is_shared)
        text_add(out, "both sides are unfit; ");
    else if (engine->is_candidate_unhealthy)
        text_add(out, "the candidate is unhealthy; ");
    add_mode(subject, out);
    text_add(out, "\n");
}

static void add_book_line(const struct subject *subject, struct text *out)
{
    const struct deploy_book_view *book = &subject->book;
    char age[32];

    if (book->blocked > 0)
        text_add_format(out, "%s: %s was taken back by itself and is in quarantine", subject->name,
                        book->quarantined);
    else
        text_add_format(out, "%s: something was taken back by itself", subject->name);
    sheet_age(book->cooldown_us, age);
    if (book->is_limited)
        text_add_format(out, "; nothing is started before switchctl release %s", subject->name);
    else if (book->cooldown_us > 0)
        text_add_format(out, "; nothing is started for %s", age);
    text_add(out, "\n");
}

static bool has_book(const struct deploy_book_view *book)
{
    return book->blocked > 0 || book->cooldown_us > 0 || book->is_limited;
}

static void add_lines(void *arg, const struct subject *subject)
{
    if (subject->pilot->is_watched)
        add_trial_line(subject, arg);
    if (has_book(&subject->book))
        add_book_line(subject, arg);
}

void cmd_rules_add_lines(const struct control_room *room, const struct args_path *path,
                         struct text *out)
{
    walk(room, path, add_lines, out);
}

static void add_book(const struct deploy_book_view *book, cJSON *object)
{
    json_add_text(object, "quarantined", book->quarantined[0] != '\0' ? book->quarantined : NULL);
    json_add_u64(object, "rollbacks", book->rollbacks);
    json_add_seconds(object, "cooldown_seconds", book->cooldown_us);
    json_add_bool(object, "limited", book->is_limited);
}

static void add_object(void *arg, const struct subject *subject)
{
    const struct engine_row_view *leading = rule_state_leading(subject->pilot);
    cJSON *object = NULL;

    if (!subject->pilot->is_watched && !has_book(&subject->book))
        return;
    object = json_object();
    json_add_text(object, "service", subject->name);
    json_add_bool(object, "watched", subject->pilot->is_watched);
    json_add_text(object, "candidate", subject->trial.candidate);
    json_add_text(object, "baseline", subject->trial.baseline);
    json_add_text(object, "version", subject->trial.version);
    json_add_text(object, "leading", leading != NULL ? leading->name : NULL);
    json_add_real(object, "evidence", leading != NULL ? leading->evidence : NAN);
    json_add_real(object, "threshold", leading != NULL ? leading->threshold : NAN);
    json_add_bool(object, "automatic", subject->pilot->is_automatic);
    json_add_seconds(object, "window_seconds", subject->pilot->left_us);
    json_add_bool(object, "blocked", subject->pilot->is_blocked);
    json_add_bool(object, "shared", subject->pilot->engine.is_shared);
    add_book(&subject->book, object);
    json_add(arg, NULL, object);
}

void cmd_rules_add_json(const struct control_room *room, const struct args_path *path,
                        cJSON *result)
{
    cJSON *array = json_array();

    walk(room, path, add_object, array);
    json_add(result, "trials", array);
}
