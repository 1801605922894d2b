/* See metrics_control_priv.h. */
#include "control/metrics_control_priv.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/admin.h"
#include "control/exposition_priv.h"
#include "control/stats.h"
#include "control/verbs_priv.h"
#include "deploy/behind.h"
#include "deploy/deploy_view.h"
#include "deploy/word_view.h"
#include "net/lag.h"
#include "route/slot.h"
#include "route/snapshot.h"
#include "route/target.h"

enum { LABELS_MAX = 4096 };

struct writer {
    struct exposition x;
    const struct control_room *room;
    const struct snapshot *snapshot;
    struct text labels;
};

/* The labels anew, with the first of them. */
static struct text *begin(struct writer *writer, const char *name, const char *value)
{
    text_clear(&writer->labels);
    exposition_label(&writer->labels, name, value);
    return &writer->labels;
}

static void write_build(struct writer *writer)
{
    exposition_open(&writer->x, "switchyard_build_info", EXPOSITION_GAUGE,
                    "The program that runs; always 1.");
    begin(writer, "version", SWITCHYARD_VERSION);
    exposition_label(&writer->labels, "commit", SWITCHYARD_COMMIT);
    exposition_label(&writer->labels, "tls", OpenSSL_version(OPENSSL_VERSION));
    exposition_u64(&writer->x, writer->labels.bytes, 1);
}

static void write_lags(struct writer *writer)
{
    struct lag_totals lag;
    const char *thread = NULL;

    exposition_open(&writer->x, "switchyard_event_loop_lag_seconds", EXPOSITION_HISTOGRAM,
                    "How late a thread came to what was due, 20 times a second.");
    for (unsigned i = 0; writer->room->lag != NULL &&
                         (thread = writer->room->lag(writer->room->arg, i, &lag)) != NULL;
         i++)
        exposition_histogram(&writer->x, begin(writer, "thread", thread)->bytes,
                             &(struct exposition_histogram){ .buckets = lag.buckets,
                                                             .edges_us = lag_edges_us,
                                                             .count = LAG_BUCKETS,
                                                             .sum_us = lag.sum_us });
}

static void write_verbs(struct writer *writer)
{
    struct verbs_row row;
    unsigned at = 0;

    exposition_open(&writer->x, "switchyard_admin_requests_total", EXPOSITION_COUNTER,
                    "Commands that were answered.");
    while (verbs_next(writer->room->verbs, &at, &row)) {
        struct text *labels = begin(writer, "verb", row.verb);

        exposition_label(labels, "role", level_name(row.level));
        exposition_label(labels, "result", outcome_name(row.outcome));
        exposition_u64(&writer->x, labels->bytes, row.count);
    }
}

static bool is_left(const struct snapshot_slot *slot)
{
    return slot->role == ROLE_STANDBY || slot->role == ROLE_DRAINING || slot->role == ROLE_OFF;
}

static void write_drain(struct writer *writer, const char *service,
                        const struct snapshot_slot *slot)
{
    uint64_t tunnels = slot_tunnels(slot->slot);
    uint64_t all = slot_in_flight(slot->slot); /* tunnels are among them */
    struct text *labels = begin(writer, "service", service);
    size_t length = 0;

    exposition_label(labels, "slot", slot->slot->name);
    length = labels->len;
    exposition_label(labels, "kind", "requests");
    exposition_u64(&writer->x, labels->bytes, all > tunnels ? all - tunnels : 0);
    labels->bytes[labels->len = length] = '\0';
    exposition_label(labels, "kind", "tunnels");
    exposition_u64(&writer->x, labels->bytes, tunnels);
}

static void write_drains(struct writer *writer)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    exposition_open(&writer->x, "switchyard_drain_remaining", EXPOSITION_GAUGE,
                    "What is still in flight on a slot that gets no users.");
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);

        for (unsigned k = 0; k < service->slot_count; k++)
            if (is_left(&service->slots[k]))
                write_drain(writer, service->service->name, &service->slots[k]);
    }
}

/* Without health checks nobody knows better. */
static bool is_fit(const struct target *target)
{
    enum verdict verdict = target_verdict(target);

    return verdict == VERDICT_UP || verdict == VERDICT_UNKNOWN;
}

static bool has_fit(const struct snapshot_service *service, const char *name)
{
    for (unsigned i = 0; i < service->slot_count; i++) {
        const struct snapshot_slot *slot = &service->slots[i];

        for (unsigned k = 0; strcmp(slot->slot->name, name) == 0 && k < slot->pick_count; k++)
            if (slot->picks[k].order == ORDER_READY && is_fit(slot->picks[k].target))
                return true;
    }
    return false;
}

/* Where no slot names a database nothing is asked. */
static bool is_database_fit(const struct writer *writer, unsigned service)
{
    struct deploy_light_view view;

    deploy_view_light(writer->room->deploy, service, &view);
    return !view.light.is_asked || view.light.answer == WORD_PASS;
}

/* A rollback asks for nothing but a place to go back to with a target that is up. */
static void write_ways_back(struct writer *writer)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    exposition_open(
        &writer->x, "switchyard_rollback_safe", EXPOSITION_GAUGE,
        "1 while there is a slot to go back to, a target in it is fit, and its database "
        "is known to have what the release there needs.");
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);
        struct deploy_service_view view;

        deploy_view_service(writer->room->deploy, i, &view);
        exposition_u64(&writer->x, begin(writer, "service", service->service->name)->bytes,
                       view.previous[0] != '\0' && has_fit(service, view.previous) &&
                           is_database_fit(writer, i));
    }
}

static void write_behind(struct writer *writer)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    exposition_open(&writer->x, "switchyard_standby_behind_seconds", EXPOSITION_GAUGE,
                    "Since the last switch, while the slot before still holds its old version; 0: "
                    "it does not.");
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);
        struct deploy_behind_view view;

        deploy_view_behind(writer->room->deploy, i, &view);
        exposition_u64(&writer->x, begin(writer, "service", service->service->name)->bytes,
                       view.age_us / 1000000);
    }
}

void metrics_control_write(const struct control_room *room, struct text *out)
{
    struct writer writer = { .x = { .out = out }, .room = room, .snapshot = snapshot_current() };

    text_init(&writer.labels, LABELS_MAX);
    write_build(&writer);
    write_lags(&writer);
    if (room->verbs != NULL)
        write_verbs(&writer);
    write_drains(&writer);
    write_ways_back(&writer);
    write_behind(&writer);
    text_fini(&writer.labels);
}

static void write_listener(void *arg, const char *listener, uint64_t connections)
{
    struct writer *writer = arg;

    exposition_u64(&writer->x, begin(writer, "listener", listener)->bytes, connections);
}

void metrics_control_write_connections(const struct control_room *room,
                                       const struct control_stats *stats, struct text *out)
{
    struct writer writer = { .x = { .out = out } };

    text_init(&writer.labels, LABELS_MAX);
    exposition_open(&writer.x, "switchyard_connections", EXPOSITION_GAUGE,
                    "Open client connections.");
    if (room->listeners != NULL)
        room->listeners(room->arg, write_listener, &writer);
    else
        exposition_u64(&writer.x, "", stats->connections);
    text_fini(&writer.labels);
}
