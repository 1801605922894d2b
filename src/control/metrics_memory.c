/* What is remembered and what was told from outside: see metrics_memory_priv.h. */
#include "control/metrics_memory_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "config/config.h"
#include "control/admin.h"
#include "control/exposition_priv.h"
#include "deploy/deploy.h"
#include "deploy/drill_view.h"
#include "pilot/casebook.h"
#include "pilot/signals.h"

enum { LABELS_MAX = 4096 };

static void write_decisions(struct exposition *x, const struct casebook *casebook)
{
    struct casebook_stats stats;
    char label[48];

    casebook_stats(casebook, &stats);
    exposition_open(x, "switchyard_decisions_total", EXPOSITION_COUNTER,
                    "Automatic decisions, by what was done.");
    for (int i = 0; i < DECISION_ACTION_COUNT; i++) {
        snprintf(label, sizeof label, "action=\"%s\"",
                 decision_action_name((enum decision_action)i));
        exposition_u64(x, label, stats.added[i]);
    }
    exposition_open(x, "switchyard_decisions_write_errors_total", EXPOSITION_COUNTER,
                    "Decisions that could not be written to the disk, or removed from it.");
    exposition_u64(x, "", stats.write_errors);
    exposition_open(x, "switchyard_decisions_stored", EXPOSITION_GAUGE, "Decisions on disk.");
    exposition_u64(x, "", stats.files);
    exposition_open(x, "switchyard_decisions_stored_bytes", EXPOSITION_GAUGE,
                    "What they take there.");
    exposition_u64(x, "", stats.bytes);
}

/* The caller frees them. */
static char *make_labels(const struct signal_view *view)
{
    struct text labels;

    text_init(&labels, LABELS_MAX);
    exposition_label(&labels, "service", view->service);
    exposition_label(&labels, "signal", view->signal->name);
    return text_take(&labels);
}

static void write_states(struct exposition *x, const struct signal_view *view)
{
    char *labels = make_labels(view);
    char state[40];

    for (int level = 0; level < SIGNAL_LEVELS; level++) {
        snprintf(state, sizeof state, "state=\"%s\"", signal_level_name((enum signal_level)level));
        exposition_u64_with(x, labels, state, (int)view->level == level);
    }
    free(labels);
}

/* A word has no number, and what is unknown has none any more. */
static void write_value(struct exposition *x, const struct signal_view *view)
{
    char *labels = NULL;
    double value = 0;

    if (view->value[0] == '\0' || view->is_stale || condition_number(view->value, &value) != 0)
        return;
    labels = make_labels(view);
    exposition_double_with(x, labels, "", value);
    free(labels);
}

static void write_signals(struct exposition *x, const struct signals *signals)
{
    struct signal_view view;

    exposition_open(x, "switchyard_signal_value", EXPOSITION_GAUGE,
                    "Values that were told from outside, as far as they are numbers and not too "
                    "old.");
    for (unsigned i = 0; signals_at(signals, i, &view); i++)
        write_value(x, &view);
    exposition_open(x, "switchyard_signal_state", EXPOSITION_GAUGE,
                    "1 for the level at which a signal is.");
    for (unsigned i = 0; signals_at(signals, i, &view); i++)
        write_states(x, &view);
}

static void write_drills(struct exposition *x, const struct deploy *deploy)
{
    const struct config *config = deploy_config(deploy);
    uint64_t now_us = clock_wall_us();
    struct text labels;

    exposition_open(x, "switchyard_rollback_drill_age_seconds", EXPOSITION_GAUGE,
                    "Since the last drill that showed that traffic can be taken back.");
    text_init(&labels, LABELS_MAX);
    for (unsigned i = 0; config != NULL && i < config->service_count; i++) {
        struct deploy_drill_view view;

        deploy_view_drill(deploy, i, &view);
        if (view.good_wall_us == 0)
            continue;
        text_clear(&labels);
        exposition_label(&labels, "service", config->services[i].name);
        exposition_seconds(x, labels.bytes,
                           now_us > view.good_wall_us ? now_us - view.good_wall_us : 0);
    }
    text_fini(&labels);
}

void metrics_memory_write(const struct control_room *room, struct text *out)
{
    struct exposition x = { .out = out };

    if (room->casebook != NULL)
        write_decisions(&x, room->casebook);
    write_drills(&x, room->deploy);
    if (room->signals != NULL)
        write_signals(&x, room->signals);
}
