/* See evidence/explanation.h: the line for an event. Called when one is logged, stored or asked for. */
#include "evidence/explanation.h"

#include <math.h>
#include <string.h>

#include "evidence/engine_priv.h"

static const double wilson_z = 2.5758;

struct explanation_interval explanation_interval(uint64_t x, uint64_t n)
{
    double count = (double)n;
    double rate = n > 0 ? (double)x / count : 0;
    double square = wilson_z * wilson_z;
    double middle = 0;
    double half = 0;

    if (n == 0)
        return (struct explanation_interval){ 0, 1 };
    middle = (rate + square / (2 * count)) / (1 + square / count);
    half = wilson_z * sqrt(rate * (1 - rate) / count + square / (4 * count * count)) /
           (1 + square / count);
    return (struct explanation_interval){ fmax(0, middle - half), fmin(1, middle + half) };
}

static void add_beginning(struct text *out, const struct engine_event *event,
                          const struct explanation_names *names)
{
    text_add_format(out, "%s by %s: ", engine_action_name(event->action), event->trigger);
    if (event->action == ENGINE_BLOCKED)
        text_add_format(out, "rollback waits until %s is fit again; ", names->baseline);
    if (event->action == ENGINE_SHARED)
        text_add(out, "both slots suffer, no move helps; ");
    if (event->action == ENGINE_ALERT)
        text_add(out, "automatic rollback is off or its time is over; ");
    text_add_format(out, "candidate %s", names->candidate);
    if (names->version != NULL)
        text_add_format(out, " %s", names->version);
    text_add_format(out, " at weight %g%%", event->weight);
}

static double percent(uint64_t x, uint64_t n)
{
    return n > 0 ? 100 * (double)x / (double)n : 0;
}

static void add_baseline(struct text *out, const struct engine_event *event, const char *name)
{
    if (event->baseline_n == 0) {
        text_add_format(out,
                        "; no baseline, remembered %.3f%%: what fails everywhere looks the same",
                        100 * event->baseline_rate);
        return;
    }
    text_add_format(out, "; baseline %s %llu of %llu", name, (unsigned long long)event->baseline_x,
                    (unsigned long long)event->baseline_n);
    if (event->baseline_edge_us > 0)
        text_add_format(out, " slower than %.1f ms", event->baseline_edge_us / 1000);
    text_add_format(out, " (%.3f%%)", percent(event->baseline_x, event->baseline_n));
}

static void add_candidate(struct text *out, const struct engine_event *event)
{
    struct explanation_interval interval =
        explanation_interval(event->candidate_x, event->candidate_n);
    bool is_latency = event->candidate_edge_us > 0;

    text_add_format(out, ": %llu %s of %llu", (unsigned long long)event->candidate_x,
                    is_latency ? "slow responses" : "errors",
                    (unsigned long long)event->candidate_n);
    if (is_latency)
        text_add_format(out, " slower than %.1f ms", event->candidate_edge_us / 1000);
    text_add_format(out, " (%.3f%%, 99%% interval %.3f%%..%.3f%%)",
                    percent(event->candidate_x, event->candidate_n), 100 * interval.low,
                    100 * interval.high);
}

static void add_row(struct text *out, const struct engine_event *event,
                    const struct explanation_names *names)
{
    add_candidate(out, event);
    add_baseline(out, event, names->baseline);
    text_add_format(out, "; at the allowed %.3f%% one would expect %.1f; since %.1f s ago",
                    100 * event->limit, event->limit * (double)event->candidate_n,
                    (double)(event->at_ms - event->since_ms) / 1000);
    if (!isnan(event->confirm))
        text_add_format(out, "; the baseline's testimony %.1f", event->confirm);
    text_add_format(out,
                    "; evidence %.2f %s %.2f (false-alarm budget %g per hour, dispersion %.2f)",
                    event->evidence, event->evidence >= event->threshold ? ">=" : "<",
                    event->threshold, event->budget_per_hour, event->phi);
}

static void add_top(struct text *out, const struct engine_event *event)
{
    if (event->top_bin < 0)
        return;
    text_add_format(out, "; most errors have key %d: %llu of its last %llu requests",
                    event->top_bin, (unsigned long long)event->top_bin_e,
                    (unsigned long long)event->top_bin_n);
    if (event->action == ENGINE_CONCENTRATED)
        text_add(out, ", the other keys are fine: it is left out");
}

/* Windows and levels: what was compared with what. */
static void add_value(struct text *out, const struct engine_event *event,
                      const struct explanation_names *names)
{
    if (strcmp(event->trigger, "guard_mean") == 0 || strcmp(event->trigger, "alert_mean") == 0) {
        text_add_format(out, ": average response %.1f ms of %llu requests, limit %.1f ms",
                        event->value / 1000, (unsigned long long)event->candidate_n,
                        event->limit / 1000);
        return;
    }
    if (strcmp(event->trigger, "guard_slow") == 0) {
        text_add_format(
            out, ": average response %.2f times that of %s, limit %.2f, of %llu requests",
            event->value, names->baseline, event->limit, (unsigned long long)event->candidate_n);
        return;
    }
    add_candidate(out, event);
    if (strcmp(event->trigger, "guard_spike") == 0)
        text_add_format(out, ", %.3f points more than the baseline, limit %.3f points",
                        100 * event->value, 100 * event->limit);
    else
        text_add_format(out, ", limit %.3f%%", 100 * event->limit);
    if (event->baseline_n > 0)
        add_baseline(out, event, names->baseline);
}

static void add_probe(struct text *out, const struct engine_event *event,
                      const struct explanation_names *names)
{
    if (event->action == ENGINE_SHARED) {
        text_add_format(out, ": it and %s are both unhealthy or without their database",
                        names->baseline);
        return;
    }
    text_add_format(out, ": %s for %.1f s while %s is fit",
                    strcmp(event->trigger, "db_fail") == 0 ? "its database is unreachable"
                                                           : "unhealthy",
                    (double)(event->at_ms - event->since_ms) / 1000, names->baseline);
    if (strcmp(event->trigger, "health_and_errors") == 0)
        text_add_format(out, ", and %llu of its last %llu requests were errors",
                        (unsigned long long)event->candidate_x,
                        (unsigned long long)event->candidate_n);
    if (strcmp(event->trigger, "health_no_traffic") == 0)
        text_add(out, ", and it answers next to nothing");
}

static bool starts_with(const struct engine_event *event, const char *prefix)
{
    return strncmp(event->trigger, prefix, strlen(prefix)) == 0;
}

void explanation_add_event(struct text *out, const struct engine_event *event,
                           const struct explanation_names *names)
{
    if (event->action == ENGINE_UNHELPED) {
        text_add_format(out,
                        "%s: %s has %llu errors of %llu (%.3f%%) since then, the candidate %s had "
                        "%.3f%%: the cause is elsewhere",
                        event->trigger, names->baseline, (unsigned long long)event->baseline_x,
                        (unsigned long long)event->baseline_n,
                        percent(event->baseline_x, event->baseline_n), names->candidate,
                        100 * event->limit);
        return;
    }
    add_beginning(out, event, names);
    if (event->threshold > 0)
        add_row(out, event, names);
    else if (starts_with(event, "guard_") || starts_with(event, "alert_"))
        add_value(out, event, names);
    else
        add_probe(out, event, names);
    add_top(out, event);
}
