/* See metrics_judgement_priv.h. */
#include "control/metrics_judgement_priv.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/admin.h"
#include "control/exposition_priv.h"
#include "control/rule_state_priv.h"
#include "deploy/change.h"
#include "deploy/deploy_view.h"
#include "pilot/pilot.h"
#include "route/snapshot.h"

enum { LABELS_MAX = 4096 };

struct judged {
    const char *name;
    struct pilot_trial trial;
    struct rule_view rules[RULES_MAX];
    unsigned rule_count;
};

struct writer {
    struct exposition x;
    const struct control_room *room;
    const struct snapshot *snapshot;
    struct judged *services;
    unsigned count;
    struct text labels;
};

static void take_services(struct writer *writer)
{
    writer->count = snapshot_service_count(writer->snapshot);
    writer->services = mem_zalloc((writer->count + 1) * sizeof *writer->services);
    for (unsigned i = 0; i < writer->count; i++) {
        struct judged *judged = &writer->services[i];

        judged->name = snapshot_service_at(writer->snapshot, i)->service->name;
        pilot_look(writer->room->pilot, i, &judged->trial);
        if (judged->trial.is_watched)
            judged->rule_count = rule_state_list(&judged->trial, judged->rules);
    }
}

/* The service, and one more label unless its name is NULL. */
static const char *label(struct writer *writer, const char *service, const char *name,
                         const char *value)
{
    text_clear(&writer->labels);
    exposition_label(&writer->labels, "service", service);
    if (name != NULL)
        exposition_label(&writer->labels, name, value);
    return writer->labels.bytes;
}

enum rule_number { RULE_EVIDENCE, RULE_VALUE, RULE_THRESHOLD, RULE_STATE };

static const struct {
    const char *name;
    enum rule_number number;
    const char *help;
} rule_families[] = {
    { "switchyard_canary_evidence_log", RULE_EVIDENCE,
      "Evidence against the candidate by rule, as a natural logarithm; of services on trial." },
    { "switchyard_rule_value", RULE_VALUE,
      "What a rule compares, of services on trial: evidence of rows, share, microseconds or "
      "ratio of guards." },
    { "switchyard_rule_threshold", RULE_THRESHOLD, "What it is compared with." },
    { "switchyard_rule_state", RULE_STATE,
      "0 off, 1 waits, 2 judges, 3 suspects, 4 reached, 5 silent." },
};

static void write_rule(struct writer *writer, const struct judged *judged,
                       const struct rule_view *rule, enum rule_number number)
{
    const char *labels = label(writer, judged->name, "rule", rule->name);
    bool is_row = slice_is_equal(slice_from(rule->unit), SLICE("nats"));

    switch (number) {
    case RULE_EVIDENCE:
        if (is_row)
            exposition_real(&writer->x, labels, rule->value);
        return;
    case RULE_VALUE: exposition_real(&writer->x, labels, rule->value); return;
    case RULE_THRESHOLD: exposition_real(&writer->x, labels, rule->threshold); return;
    case RULE_STATE: exposition_u64(&writer->x, labels, rule->state); return;
    }
}

static void write_rules(struct writer *writer)
{
    for (size_t k = 0; k < sizeof rule_families / sizeof rule_families[0]; k++) {
        exposition_open(&writer->x, rule_families[k].name, EXPOSITION_GAUGE, rule_families[k].help);
        for (unsigned i = 0; i < writer->count; i++)
            for (unsigned j = 0; j < writer->services[i].rule_count; j++)
                write_rule(writer, &writer->services[i], &writer->services[i].rules[j],
                           rule_families[k].number);
    }
}

static void write_rollbacks(struct writer *writer)
{
    struct pilot_rollbacks row;

    exposition_open(&writer->x, "switchyard_rollbacks_total", EXPOSITION_COUNTER,
                    "Rollbacks that were asked for without a person, and what became of them.");
    for (unsigned i = 0; pilot_rollbacks_at(writer->room->pilot, i, &row); i++) {
        (void)label(writer, row.service, "trigger", row.trigger);
        exposition_label(&writer->labels, "result", outcome_name(row.outcome));
        exposition_u64(&writer->x, writer->labels.bytes, row.count);
    }
}

static void write_windows(struct writer *writer)
{
    exposition_open(&writer->x, "switchyard_rollback_window_remaining_seconds", EXPOSITION_GAUGE,
                    "So long what was switched to is still taken back by itself.");
    for (unsigned i = 0; i < writer->count; i++)
        if (writer->services[i].trial.is_judged)
            exposition_seconds(&writer->x, label(writer, writer->services[i].name, NULL, NULL),
                               writer->services[i].trial.left_us);
    exposition_open(&writer->x, "switchyard_quarantined_versions", EXPOSITION_GAUGE,
                    "Versions that were rolled back by themselves and may not be started.");
    for (unsigned i = 0; i < writer->count; i++) {
        struct deploy_book_view book;

        deploy_view_book(writer->room->deploy, i, &book);
        exposition_u64(&writer->x, label(writer, writer->services[i].name, NULL, NULL),
                       book.blocked);
    }
}

static void write_alerts(struct writer *writer)
{
    exposition_open(&writer->x, "switchyard_alerts_total", EXPOSITION_COUNTER,
                    "What people were told.");
    for (unsigned i = 0; i < writer->count; i++)
        for (int k = 0; k < PILOT_SEVERITIES; k++) {
            enum pilot_severity severity = (enum pilot_severity)k;

            exposition_u64(
                &writer->x,
                label(writer, writer->services[i].name, "severity", pilot_severity_name(severity)),
                pilot_alert_count(writer->room->pilot, i, severity));
        }
}

void metrics_judgement_write(const struct control_room *room, struct text *out)
{
    struct writer writer = { .x = { .out = out }, .room = room, .snapshot = snapshot_current() };

    if (room->pilot == NULL)
        return;
    text_init(&writer.labels, LABELS_MAX);
    take_services(&writer);
    write_rules(&writer);
    write_rollbacks(&writer);
    write_windows(&writer);
    write_alerts(&writer);
    free(writer.services);
    text_fini(&writer.labels);
}
