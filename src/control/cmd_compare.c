/*
 * See cmd_compare_priv.h. A mark says how the candidate's value stands to the baseline's, by plain limits; whether to go
 * back is judged elsewhere, by far more. Values without enough requests are unknown, and gauges of which nobody knows
 * what is good are only shown.
 */
#include "control/cmd_compare_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "control/sheet_priv.h"
#include "health/health.h"
#include "pilot/comparison.h"
#include "pilot/signals.h"
#include "route/slot.h"
#include "route/target.h"

enum { REQUESTS_MIN = 100 };

static const double error_margin = 0.001; /* on top of 1.5 times the baseline's rate */
static const double error_ratio = 1.5;
static const double latency_ratio = 1.25;

static const struct sheet_column columns[] = {
    { "what", "WHAT", SHEET_TEXT },
    { "baseline", "BEFORE", SHEET_TEXT },
    { "candidate", "AFTER", SHEET_TEXT },
    { "verdict", "VERDICT", SHEET_TEXT },
};

static void add_row(struct sheet *sheet, const char *what, const char *before, const char *after,
                    const char *verdict)
{
    sheet_add_text(sheet, what);
    sheet_add_text(sheet, before);
    sheet_add_text(sheet, after);
    sheet_add_text(sheet, verdict);
}

static double rate_of(const struct comparison_side *side)
{
    return side->requests > 0 ? (double)side->errors / (double)side->requests : 0;
}

static bool is_enough(const struct comparison *found)
{
    return found->candidate.requests >= REQUESTS_MIN && found->baseline.requests >= REQUESTS_MIN;
}

/* How a value of which less is better stands to what is allowed of it. */
static const char *judge(double after, double before, double allowed)
{
    if (after > allowed)
        return "worse";
    return after < before ? "better" : "same";
}

static void add_errors(struct sheet *sheet, const struct comparison *found)
{
    double before = rate_of(&found->baseline);
    double after = rate_of(&found->candidate);
    char texts[2][64];

    snprintf(texts[0], sizeof texts[0], "%.3f%% (%" PRIu64 " of %" PRIu64 ")", 100 * before,
             found->baseline.errors, found->baseline.requests);
    snprintf(texts[1], sizeof texts[1], "%.3f%% (%" PRIu64 " of %" PRIu64 ")", 100 * after,
             found->candidate.errors, found->candidate.requests);
    add_row(sheet, "error rate", texts[0], texts[1],
            is_enough(found) ? judge(after, before, before * error_ratio + error_margin)
                             : "unknown");
}

static void add_latency(struct sheet *sheet, const char *what, const struct comparison *found,
                        uint64_t before_us, uint64_t after_us)
{
    double before = (double)before_us;
    char texts[2][32];

    snprintf(texts[0], sizeof texts[0], "%.1fms", before / 1000);
    snprintf(texts[1], sizeof texts[1], "%.1fms", (double)after_us / 1000);
    add_row(sheet, what, before_us > 0 ? texts[0] : NULL, after_us > 0 ? texts[1] : NULL,
            is_enough(found) && before_us > 0 && after_us > 0
                ? judge((double)after_us, before, before * latency_ratio)
                : "unknown");
}

static void add_rates(struct sheet *sheet, const struct comparison *found)
{
    char texts[2][32];

    snprintf(texts[0], sizeof texts[0], "%.1f", found->baseline.per_second);
    snprintf(texts[1], sizeof texts[1], "%.1f", found->candidate.per_second);
    add_row(sheet, "requests/s", texts[0], texts[1], NULL);
}

static const struct snapshot_slot *find_slot(const struct snapshot_service *service,
                                             const char *name)
{
    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, name) == 0)
            return &service->slots[i];
    return &service->slots[service->active];
}

static unsigned count_up(const struct snapshot_slot *slot)
{
    unsigned up = 0;

    for (unsigned i = 0; i < slot->pick_count; i++)
        up += target_verdict(slot->picks[i].target) == VERDICT_UP;
    return up;
}

static void add_targets(struct sheet *sheet, const struct snapshot_slot *before,
                        const struct snapshot_slot *after)
{
    char texts[2][32];

    snprintf(texts[0], sizeof texts[0], "%" PRIu64, slot_in_flight(before->slot));
    snprintf(texts[1], sizeof texts[1], "%" PRIu64, slot_in_flight(after->slot));
    add_row(sheet, "in flight", texts[0], texts[1], NULL);
    snprintf(texts[0], sizeof texts[0], "%u/%u", count_up(before), before->pick_count);
    snprintf(texts[1], sizeof texts[1], "%u/%u", count_up(after), after->pick_count);
    add_row(sheet, "targets up", texts[0], texts[1],
            count_up(after) < after->pick_count ? "worse" : "same");
}

/* The mean over the slot's targets that tell the number; false: none does. */
static bool mean_gauge(const struct snapshot_slot *slot, const char *name, double *out)
{
    unsigned count = 0;

    *out = 0;
    for (unsigned i = 0; i < slot->pick_count; i++) {
        struct health_gauge gauges[PROBE_GAUGES_MAX];
        unsigned found = health_gauges(slot->picks[i].target, gauges);

        for (unsigned k = 0; k < found; k++)
            if (strcmp(gauges[k].name, name) == 0) {
                *out += gauges[k].value;
                count++;
            }
    }
    *out = count > 0 ? *out / count : 0;
    return count > 0;
}

/* Numbers from the health checks, by the names of the candidate's first target that tells any. */
static void add_gauges(struct sheet *sheet, const struct snapshot_slot *before,
                       const struct snapshot_slot *after)
{
    struct health_gauge gauges[PROBE_GAUGES_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < after->pick_count && count == 0; i++)
        count = health_gauges(after->picks[i].target, gauges);
    for (unsigned i = 0; i < count; i++) {
        char texts[2][32];
        double was = 0;
        double is = 0;
        bool has_before = mean_gauge(before, gauges[i].name, &was);

        (void)mean_gauge(after, gauges[i].name, &is);
        snprintf(texts[0], sizeof texts[0], "%g", was);
        snprintf(texts[1], sizeof texts[1], "%g", is);
        add_row(sheet, gauges[i].name, has_before ? texts[0] : NULL, texts[1], NULL);
    }
}

/* They are the service's: there is one value, that of now. */
static void add_signals(struct sheet *sheet, const struct call *call, unsigned service_index)
{
    struct signal_view view;

    for (unsigned i = 0; call->room->signals != NULL && signals_at(call->room->signals, i, &view);
         i++)
        if (view.service_index == service_index)
            add_row(sheet, view.signal->name, NULL, view.value, signal_level_name(view.level));
}

static void add_rows(struct sheet *sheet, const struct call *call, const struct scope *scope,
                     const struct comparison *found)
{
    const struct snapshot_slot *before = find_slot(scope->service, found->baseline.slot);
    const struct snapshot_slot *after = find_slot(scope->service, found->candidate.slot);

    add_errors(sheet, found);
    add_latency(sheet, "mean latency", found, found->baseline.mean_us, found->candidate.mean_us);
    add_latency(sheet, "p95 latency", found, found->baseline.p95_us, found->candidate.p95_us);
    add_rates(sheet, found);
    add_targets(sheet, before, after);
    add_gauges(sheet, before, after);
    add_signals(sheet, call, scope->service_index);
}

static void describe(struct call *call, const struct scope *scope, const struct comparison *found)
{
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);
    cJSON *result = reply_result(&call->reply);
    char age[32];

    sheet_age(found->since_us, age);
    text_add_format(&call->reply.text, "%s: %s (before) and %s (after), counted %s%s\n",
                    scope->service->service->name, found->baseline.slot, found->candidate.slot,
                    found->is_trial ? "since the trial began, " : "since the start, ", age);
    add_rows(sheet, call, scope, found);
    sheet_print(sheet, &call->reply.text);
    json_add_text(result, "service", scope->service->service->name);
    json_add_text(result, "baseline", found->baseline.slot);
    json_add_text(result, "candidate", found->candidate.slot);
    json_add_bool(result, "trial", found->is_trial);
    json_add_seconds(result, "since_seconds", found->since_us);
    json_add(result, "compare", sheet_json(sheet));
    sheet_free(sheet);
}

enum call_step cmd_compare_run(struct call *call)
{
    struct comparison found;
    struct args_path path;
    struct scope scope;

    if (call->args.count == 0)
        return call_refuse_usage(call, "--compare needs the NAME of a service");
    if (scope_parse(call->room->deploy, call->args.words[0], &path, &call->reply) < 0)
        return CALL_DONE;
    scope_init(&scope, call->room->deploy, &path);
    if (path.depth != 1 || !scope_next(&scope) ||
        strcmp(scope.service->service->name, path.name) != 0)
        return call_refuse_usage(call, "--compare takes one service, not %.80s",
                                 call->args.words[0]);
    if (comparison_look(call->room->pilot, scope.service_index, &found))
        describe(call, &scope, &found);
    else
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_NONE,
                   "%s has nothing to compare: no second slot, or evidence { enabled = false }",
                   path.name);
    return CALL_DONE;
}
