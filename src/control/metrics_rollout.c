/* Phases, deadlines and times of deployments: see metrics_rollout_priv.h. */
#include "control/metrics_rollout_priv.h"

#include <stdlib.h>

#include "config/config.h"
#include "control/admin.h"
#include "control/exposition_priv.h"
#include "deploy/deploy.h"
#include "deploy/rollout.h"
#include "deploy/rollout_view.h"
#include "pilot/deployments.h"
#include "route/service.h"
#include "route/snapshot.h"

enum { LABELS_MAX = 4096 };

/* The caller frees them. */
static char *make_labels(const char *service, const char *name, const char *value)
{
    struct text labels;

    text_init(&labels, LABELS_MAX);
    exposition_label(&labels, "service", service);
    if (name != NULL)
        exposition_label(&labels, name, value);
    return text_take(&labels);
}

static void write_phases(struct exposition *x, const struct deploy *deploy)
{
    struct deploy_rollout_view view;

    exposition_open(x, "switchyard_rollout_phase", EXPOSITION_GAUGE,
                    "1 for the phase of the last rollout of a service or group.");
    for (unsigned i = 0; deploy_rollout_at(deploy, i, NULL, &view); i++)
        for (unsigned phase = 0; phase < ROLLOUT_PHASE_COUNT; phase++) {
            char *labels =
                make_labels(view.name, "phase", rollout_phase_name((enum rollout_phase)phase));

            exposition_u64(x, labels, (unsigned)view.phase == phase);
            free(labels);
        }
}

static void write_holds(struct exposition *x, const struct deploy *deploy)
{
    struct deploy_rollout_view view;

    exposition_open(x, "switchyard_rollout_held", EXPOSITION_GAUGE,
                    "1 while a rollout stays where it is until somebody decides: its phase took "
                    "longer than it may, or there is not enough evidence.");
    for (unsigned i = 0; deploy_rollout_at(deploy, i, NULL, &view); i++) {
        char *labels = make_labels(view.name, NULL, NULL);

        exposition_u64(x, labels, view.is_held);
        free(labels);
    }
}

static void write_deadlines(struct exposition *x, const struct deploy *deploy)
{
    const struct snapshot *snapshot = snapshot_current();
    unsigned count = snapshot != NULL ? snapshot_service_count(snapshot) : 0;

    exposition_open(x, "switchyard_rollout_confirm_remaining_seconds", EXPOSITION_GAUGE,
                    "Until a switch that nobody has confirmed goes back by itself.");
    for (unsigned i = 0; i < count; i++) {
        struct deploy_confirm_view confirm;
        char *labels = NULL;

        deploy_view_confirm(deploy, i, &confirm);
        if (!confirm.is_waiting)
            continue;
        labels = make_labels(snapshot_service_at(snapshot, i)->service->name, NULL, NULL);
        exposition_seconds(x, labels, confirm.left_us);
        free(labels);
    }
}

static void write_times(struct exposition *x, const struct deployments *deployments, bool is_waited)
{
    struct deployment_times times;

    for (unsigned i = 0; deployments_at(deployments, i, &times); i++) {
        char *labels = make_labels(times.service, "result", rollout_phase_name(times.result));
        struct exposition_histogram histogram = {
            .buckets = is_waited ? times.waited : times.took,
            .edges_us = deployment_edges_us,
            .count = DEPLOYMENT_BUCKETS,
            .sum_us = is_waited ? times.waited_sum_us : times.took_sum_us,
        };

        exposition_histogram(x, labels, &histogram);
        free(labels);
    }
}

void metrics_rollout_write(const struct control_room *room, struct text *out)
{
    struct exposition x = { .out = out };

    write_phases(&x, room->deploy);
    write_holds(&x, room->deploy);
    write_deadlines(&x, room->deploy);
    if (room->deployments == NULL)
        return;
    exposition_open(&x, "switchyard_deployment_duration_seconds", EXPOSITION_HISTOGRAM,
                    "From the beginning of a rollout to its end.");
    write_times(&x, room->deployments, false);
    exposition_open(&x, "switchyard_deployment_manual_wait_seconds", EXPOSITION_HISTOGRAM,
                    "The part of it that was waited for people.");
    write_times(&x, room->deployments, true);
}
