/* What /metrics says about traffic, health and changes: see metrics_priv.h. */
#include "control/metrics_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "control/exposition_priv.h"
#include "control/metrics_audit_priv.h"
#include "control/metrics_backup_priv.h"
#include "control/metrics_control_priv.h"
#include "control/metrics_database_priv.h"
#include "control/metrics_judgement_priv.h"
#include "control/metrics_memory_priv.h"
#include "control/metrics_process_priv.h"
#include "control/metrics_rollout_priv.h"
#include "control/metrics_tls_priv.h"
#include "control/metrics_traffic_priv.h"
#include "control/metrics_webhook_priv.h"
#include "control/metrics_word_priv.h"
#include "control/stats.h"
#include "control/tally_priv.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "deploy/word_view.h"
#include "health/health.h"
#include "http/head.h"
#include "route/snapshot.h"

/* The picture flattened, with the labels of each slot and target made once per scrape. */
struct slot_row {
    unsigned service_index;
    const struct snapshot_slot *slot;
    char *labels;       /* service, slot */
    uint64_t exchanges; /* finished: none of its request counters is set while this is 0 */
};

struct target_row {
    const struct pick *pick;
    char *labels; /* service, slot, target */
    struct health_view health;
};

struct scrape {
    struct exposition x;
    const struct control_room *room;
    struct slot_row *slots;
    size_t slot_count;
    struct target_row *targets;
    size_t target_count;
};

enum { LABELS_MAX = 4096, CODE_BASE = 88 /* see SLOT_CODES */ };

static char *make_labels(const char *service, const char *slot, const char *target)
{
    struct text labels;

    text_init(&labels, LABELS_MAX);
    exposition_label(&labels, "service", service);
    exposition_label(&labels, "slot", slot);
    if (target != NULL)
        exposition_label(&labels, "target", target);
    return text_take(&labels);
}

static void take_slot(struct scrape *scrape, const struct snapshot_service *of, unsigned index,
                      const struct snapshot_slot *slot)
{
    struct slot_row *row = &scrape->slots[scrape->slot_count++];
    const char *service = of->service->name;
    struct slot_totals totals;

    row->slot = slot;
    row->service_index = index;
    row->labels = make_labels(service, slot->slot->name, NULL);
    slot_sum_histogram(slot->slot, 0, &totals);
    for (unsigned i = 0; i < SLOT_BUCKETS; i++)
        row->exchanges += totals.buckets[i];
    for (unsigned i = 0; i < slot->pick_count; i++) {
        struct target_row *target = &scrape->targets[scrape->target_count++];

        target->pick = &slot->picks[i];
        target->labels = make_labels(service, slot->slot->name, slot->picks[i].target->name);
        if (!health_view(slot->picks[i].target, &target->health))
            target->health.is_enabled = false;
    }
}

static void take_picture(struct scrape *scrape)
{
    const struct snapshot *snapshot = snapshot_current();
    unsigned count = snapshot_service_count(snapshot);
    size_t slots = 0;
    size_t targets = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(snapshot, i);

        slots += service->slot_count;
        for (unsigned k = 0; k < service->slot_count; k++)
            targets += service->slots[k].pick_count;
    }
    scrape->slots = mem_zalloc((slots + 1) * sizeof *scrape->slots);
    scrape->targets = mem_zalloc((targets + 1) * sizeof *scrape->targets);
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(snapshot, i);

        for (unsigned k = 0; k < service->slot_count; k++)
            take_slot(scrape, service, i, &service->slots[k]);
    }
}

static void free_picture(struct scrape *scrape)
{
    for (size_t i = 0; i < scrape->slot_count; i++)
        free(scrape->slots[i].labels);
    for (size_t i = 0; i < scrape->target_count; i++)
        free(scrape->targets[i].labels);
    free(scrape->slots);
    free(scrape->targets);
}

static bool has_counted(const struct slot_cell *cell)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < SLOT_BUCKETS; i++)
        sum += atomic_load_explicit(&cell->duration.buckets[i], memory_order_relaxed);
    return sum > 0;
}

/* One pass over the counters of each worker, in the order of memory: there are thousands and few are not 0. */
static void sum_requests(const struct slot *slot, uint64_t *sums)
{
    memset(sums, 0, sizeof *sums * SLOT_METHODS * SLOT_CODES);
    for (unsigned worker = 0; worker < slot->worker_count; worker++) {
        if (!has_counted(&slot->cells[worker]))
            continue;
        for (unsigned i = 0; i < SLOT_METHODS * SLOT_CODES; i++)
            sums[i] += atomic_load_explicit(&slot->cells[worker].requests[i], memory_order_relaxed);
    }
}

static void write_requests_of(struct scrape *scrape, const struct slot_row *row)
{
    uint64_t sums[SLOT_METHODS * SLOT_CODES];
    char labels[64];

    sum_requests(row->slot->slot, sums);
    for (unsigned i = 0; i < SLOT_METHODS * SLOT_CODES; i++) {
        unsigned code = i % SLOT_CODES;

        if (sums[i] == 0)
            continue;
        snprintf(labels, sizeof labels, "method=\"%s\",code=\"%u\"",
                 method_name((enum method)(i / SLOT_CODES)), code > 0 ? code + CODE_BASE : 0);
        exposition_u64_with(&scrape->x, row->labels, labels, sums[i]);
    }
}

static void write_requests(struct scrape *scrape)
{
    exposition_open(&scrape->x, "switchyard_http_requests_total", EXPOSITION_COUNTER,
                    "Finished exchanges; code 0: no status was sent.");
    for (size_t i = 0; i < scrape->slot_count; i++)
        if (scrape->slots[i].exchanges > 0)
            write_requests_of(scrape, &scrape->slots[i]);
}

static void write_histogram(struct scrape *scrape, int which, const char *name, const char *help)
{
    uint64_t edges[SLOT_BUCKETS - 1];

    for (unsigned i = 0; i < SLOT_BUCKETS - 1; i++)
        edges[i] = slot_bucket_edges_us[i];
    exposition_open(&scrape->x, name, EXPOSITION_HISTOGRAM, help);
    for (size_t i = 0; i < scrape->slot_count; i++) {
        struct slot_totals totals;

        slot_sum_histogram(scrape->slots[i].slot->slot, which, &totals);
        exposition_histogram(&scrape->x, scrape->slots[i].labels,
                             &(struct exposition_histogram){ .buckets = totals.buckets,
                                                             .edges_us = edges,
                                                             .count = SLOT_BUCKETS,
                                                             .sum_us = totals.sum_us });
    }
}

/* Sum over the workers of one counter of a slot's cells. */
static uint64_t sum_slot(const struct slot *slot, size_t offset)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < slot->worker_count; i++) {
        const void *counter = (const char *)&slot->cells[i] + offset;

        sum += atomic_load_explicit((const _Atomic uint64_t *)counter, memory_order_relaxed);
    }
    return sum;
}

static const struct {
    const char *name;
    enum exposition_type type;
    size_t offset;
    const char *help;
} slot_counters[] = {
    { "switchyard_http_requests_in_flight", EXPOSITION_GAUGE, offsetof(struct slot_cell, in_flight),
      "Exchanges routed to the slot and not finished." },
    { "switchyard_request_bytes_total", EXPOSITION_COUNTER, offsetof(struct slot_cell, bytes_in),
      "Bytes of requests received from clients, heads included." },
    { "switchyard_response_bytes_total", EXPOSITION_COUNTER, offsetof(struct slot_cell, bytes_out),
      "Bytes of responses sent to clients, heads included." },
};

static void write_slot_counters(struct scrape *scrape)
{
    for (size_t k = 0; k < sizeof slot_counters / sizeof slot_counters[0]; k++) {
        exposition_open(&scrape->x, slot_counters[k].name, slot_counters[k].type,
                        slot_counters[k].help);
        for (size_t i = 0; i < scrape->slot_count; i++)
            exposition_u64(&scrape->x, scrape->slots[i].labels,
                           sum_slot(scrape->slots[i].slot->slot, slot_counters[k].offset));
    }
}

static uint64_t sum_retries(const struct slot *slot, enum slot_retry cause)
{
    return sum_slot(slot, offsetof(struct slot_cell, retries) +
                              (size_t)cause * sizeof slot->cells[0].retries[0]);
}

static void write_retries(struct scrape *scrape)
{
    char label[32];

    exposition_open(&scrape->x, "switchyard_retries_total", EXPOSITION_COUNTER,
                    "Further attempts after one failed, by what it failed of.");
    for (size_t i = 0; i < scrape->slot_count; i++)
        for (unsigned cause = 0; cause < SLOT_RETRY_CAUSES; cause++) {
            snprintf(label, sizeof label, "cause=\"%s\"", slot_retry_name((enum slot_retry)cause));
            exposition_u64_with(&scrape->x, scrape->slots[i].labels, label,
                                sum_retries(scrape->slots[i].slot->slot, (enum slot_retry)cause));
        }
}

static void write_faults(struct scrape *scrape)
{
    char label[64];

    exposition_open(&scrape->x, "switchyard_upstream_errors_total", EXPOSITION_COUNTER,
                    "Exchanges that ended with a fault of a target, by its name.");
    for (size_t i = 0; i < scrape->slot_count; i++) {
        const struct slot_row *row = &scrape->slots[i];

        for (unsigned fault = 0; fault < FAULT_COUNT && row->exchanges > 0; fault++) {
            uint64_t count = slot_sum_faults(row->slot->slot, (enum fault)fault);

            if (count == 0 || fault_side((enum fault)fault) != SIDE_TARGET)
                continue;
            snprintf(label, sizeof label, "kind=\"%s\"", fault_name((enum fault)fault));
            exposition_u64_with(&scrape->x, row->labels, label, count);
        }
    }
}

static void write_slot_states(struct scrape *scrape)
{
    char label[32];
    char schema[96];
    struct text version;

    exposition_open(&scrape->x, "switchyard_slot_state", EXPOSITION_GAUGE,
                    "1 for the role the slot has now, 0 for the others.");
    for (size_t i = 0; i < scrape->slot_count; i++)
        for (unsigned role = ROLE_LIVE; role <= ROLE_OFF; role++) {
            snprintf(label, sizeof label, "state=\"%s\"", role_name((enum role)role));
            exposition_u64_with(&scrape->x, scrape->slots[i].labels, label,
                                scrape->slots[i].slot->role == (enum role)role);
        }
    exposition_open(
        &scrape->x, "switchyard_slot_info", EXPOSITION_GAUGE,
        "The version that a slot holds, and the version of its database's schema (empty: "
        "unknown); always 1.");
    text_init(&version, LABELS_MAX);
    for (size_t i = 0; i < scrape->slot_count; i++) {
        text_clear(&version);
        exposition_label(&version, "version", scrape->slots[i].slot->slot->version);
        deploy_view_schema(scrape->room->deploy, scrape->slots[i].service_index,
                           scrape->slots[i].slot->slot->name, schema);
        exposition_label(&version, "schema", schema);
        exposition_u64_with(&scrape->x, scrape->slots[i].labels, version.bytes, 1);
    }
    text_fini(&version);
}

/* The values of a target, in the order of target_families. */
enum { TARGET_FAMILIES = 12 };

static const struct {
    const char *name;
    enum exposition_type type;
    const char *help;
} target_families[TARGET_FAMILIES] = {
    { "switchyard_target_up", EXPOSITION_GAUGE, "1 while the last verdict is up." },
    { "switchyard_target_weight", EXPOSITION_GAUGE, "Share among the targets of the slot." },
    { "switchyard_target_in_flight", EXPOSITION_GAUGE, "Exchanges that hold the target." },
    { "switchyard_target_checks_total", EXPOSITION_COUNTER, "Health checks that ended." },
    { "switchyard_target_check_failures_total", EXPOSITION_COUNTER, "Health checks that failed." },
    { "switchyard_target_check_transitions_total", EXPOSITION_COUNTER, "Changes of the verdict." },
    { "switchyard_target_check_duration_seconds", EXPOSITION_GAUGE,
      "How long the last health check took." },
    { "switchyard_target_last_check_timestamp_seconds", EXPOSITION_GAUGE,
      "When the last health check ended, since 1970; 0: never." },
    { "switchyard_target_misdeployed", EXPOSITION_GAUGE,
      "1 while the target says that it is another slot." },
    { "switchyard_target_ejected", EXPOSITION_GAUGE,
      "1 while the errors of traffic keep the target out." },
    { "switchyard_target_ejections_total", EXPOSITION_COUNTER,
      "How often the errors of traffic took the target out." },
    { "switchyard_target_database_bad", EXPOSITION_GAUGE,
      "1 while the target says that it cannot use its database." },
};

static uint64_t wall_of(uint64_t monotonic_us)
{
    uint64_t age_us = clock_monotonic_us() - monotonic_us;

    return monotonic_us == 0 ? 0 : clock_wall_us() - age_us;
}

static void write_target(struct scrape *scrape, const struct target_row *row, unsigned family)
{
    struct exposition *x = &scrape->x;
    const struct health_view *health = &row->health;

    switch (family) {
    case 0: exposition_u64(x, row->labels, target_verdict(row->pick->target) == VERDICT_UP); return;
    case 1: exposition_u64(x, row->labels, row->pick->weight); return;
    case 2: exposition_u64(x, row->labels, target_in_flight(row->pick->target)); return;
    case 3: exposition_u64(x, row->labels, health->results); return;
    case 4: exposition_u64(x, row->labels, health->failures); return;
    case 5: exposition_u64(x, row->labels, health->changes); return;
    case 6: exposition_seconds(x, row->labels, health->last_duration_us); return;
    case 7: exposition_seconds(x, row->labels, wall_of(health->last_us)); return;
    case 8: exposition_u64(x, row->labels, health->verdict == VERDICT_MISDEPLOYED); return;
    case 9: exposition_u64(x, row->labels, health->is_ejected); return;
    case 10: exposition_u64(x, row->labels, health->ejections); return;
    default: exposition_u64(x, row->labels, health->database == PROBE_DATABASE_BAD); return;
    }
}

/* Numbers of the apps' own, as configured (health, gauges). */
static void write_health_values(struct scrape *scrape)
{
    struct health_gauge gauges[PROBE_GAUGES_MAX];
    struct text name;

    exposition_open(&scrape->x, "switchyard_health_value", EXPOSITION_GAUGE,
                    "Numbers of the last answer to a health check.");
    text_init(&name, LABELS_MAX);
    for (size_t i = 0; i < scrape->target_count; i++) {
        const struct target_row *row = &scrape->targets[i];
        unsigned count = health_gauges(row->pick->target, gauges);

        for (unsigned j = 0; j < count; j++) {
            text_clear(&name);
            exposition_label(&name, "name", gauges[j].name);
            exposition_double_with(&scrape->x, row->labels, name.bytes, gauges[j].value);
        }
    }
    text_fini(&name);
}

static void write_targets(struct scrape *scrape)
{
    for (unsigned family = 0; family < TARGET_FAMILIES; family++) {
        exposition_open(&scrape->x, target_families[family].name, target_families[family].type,
                        target_families[family].help);
        for (size_t i = 0; i < scrape->target_count; i++)
            write_target(scrape, &scrape->targets[i], family);
    }
}

static void write_moves(struct scrape *scrape, const struct tally_view *view)
{
    struct text labels;

    exposition_open(&scrape->x, "switchyard_switches_total", EXPOSITION_COUNTER,
                    "Switches and rollbacks of a service or group, by the slot they went to.");
    text_init(&labels, LABELS_MAX);
    for (unsigned i = 0; i < view->row_count; i++)
        for (unsigned result = 0; result < TALLY_OUTCOMES; result++) {
            const struct tally_row *row = &view->rows[i];

            if (row->counts[result] == 0)
                continue;
            text_clear(&labels);
            exposition_label(&labels, "service", row->name);
            exposition_label(&labels, "to", row->to);
            exposition_label(&labels, "cause", change_kind_name(row->kind));
            exposition_label(&labels, "result", outcome_name((enum outcome)result));
            exposition_u64(&scrape->x, labels.bytes, row->counts[result]);
        }
    text_fini(&labels);
    exposition_open(&scrape->x, "switchyard_switch_duration_seconds", EXPOSITION_HISTOGRAM,
                    "Time from the command to its effect, of switches and rollbacks.");
    exposition_histogram(&scrape->x, "",
                         &(struct exposition_histogram){ .buckets = view->buckets,
                                                         .edges_us = tally_edges_us,
                                                         .count = TALLY_BUCKETS,
                                                         .sum_us = view->sum_us });
}

static void write_reloads(struct scrape *scrape, const struct tally_view *view)
{
    char label[48];

    exposition_open(&scrape->x, "switchyard_config_reloads_total", EXPOSITION_COUNTER,
                    "Reloads of the configuration.");
    for (unsigned result = 0; result < TALLY_OUTCOMES; result++) {
        if (view->reloads[result] == 0 && result != OUTCOME_DONE && result != OUTCOME_REFUSED)
            continue;
        snprintf(label, sizeof label, "result=\"%s\"", outcome_name((enum outcome)result));
        exposition_u64(&scrape->x, label, view->reloads[result]);
    }
    exposition_open(&scrape->x, "switchyard_config_last_reload_success_timestamp_seconds",
                    EXPOSITION_GAUGE, "When the configuration in force was read, since 1970.");
    exposition_seconds(&scrape->x, "", view->reload_success_wall_us);
}

static void write_one(struct scrape *scrape, const char *name, uint64_t value, const char *help)
{
    size_t len = slice_from(name).len;
    bool is_total = len > 6 && slice_is_equal(slice_of(name + len - 6, 6), SLICE("_total"));

    exposition_open(&scrape->x, name, is_total ? EXPOSITION_COUNTER : EXPOSITION_GAUGE, help);
    exposition_u64(&scrape->x, "", value);
}

static void write_unrouted(struct scrape *scrape, const struct control_stats *stats)
{
    char label[32];

    exposition_open(&scrape->x, "switchyard_unrouted_responses_total", EXPOSITION_COUNTER,
                    "Answers of the switch itself before a service was found.");
    for (unsigned code = 0; code < sizeof stats->unrouted / sizeof stats->unrouted[0]; code++) {
        if (stats->unrouted[code] == 0)
            continue;
        snprintf(label, sizeof label, "code=\"%u\"", code);
        exposition_u64(&scrape->x, label, stats->unrouted[code]);
    }
}

static void write_daemon(struct scrape *scrape)
{
    struct control_stats *stats = mem_zalloc(sizeof *stats);
    struct deploy_durability durability;

    if (scrape->room->stats != NULL)
        scrape->room->stats(scrape->room->arg, stats);
    deploy_view_durability(scrape->room->deploy, &durability);
    write_one(scrape, "switchyard_epoch", snapshot_epoch(snapshot_current()),
              "Number of the routing picture in force.");
    write_one(scrape, "switchyard_state_write_errors_total", durability.write_errors,
              "Failed writes of the state.");
    write_one(scrape, "switchyard_state_volatile", durability.is_volatile,
              "1 while memory is ahead of the state on disk.");
    metrics_control_write_connections(scrape->room, stats, scrape->x.out);
    write_one(scrape, "switchyard_connections_accepted_total", stats->connections_total,
              "Client connections since the start.");
    write_one(scrape, "switchyard_connections_refused_total", stats->connections_refused,
              "Client connections refused for want of room.");
    write_one(scrape, "switchyard_upstream_connections", stats->upstreams,
              "Connections to targets, busy and idle.");
    write_one(scrape, "switchyard_upstream_connections_idle", stats->upstreams_idle,
              "Kept connections to targets that wait for work.");
    write_one(scrape, "switchyard_access_log_dropped_total", stats->access_dropped,
              "Lines of the access log that were lost.");
    write_one(scrape, "switchyard_log_errors_total", stats->log_errors,
              "Failed writes of log files.");
    write_unrouted(scrape, stats);
    metrics_tls_write(scrape->room, stats, scrape->x.out);
    free(stats);
}

void metrics_write(const struct control_room *room, const struct tally *tally, struct text *out)
{
    struct scrape scrape = { .x = { .out = out }, .room = room };
    struct tally_view view;

    tally_view(tally, &view);
    take_picture(&scrape);
    metrics_control_write(room, out);
    write_daemon(&scrape);
    write_requests(&scrape);
    write_histogram(
        &scrape, 0, "switchyard_http_request_duration_seconds",
        "Whole exchanges, from the first byte of the request to the last of the response.");
    write_histogram(&scrape, 1, "switchyard_upstream_response_duration_seconds",
                    "From the request being sent to the head of the target's response.");
    write_histogram(&scrape, 2, "switchyard_upstream_connect_duration_seconds",
                    "Connecting to a target, where no kept connection was used.");
    write_slot_counters(&scrape);
    write_retries(&scrape);
    write_faults(&scrape);
    write_slot_states(&scrape);
    write_targets(&scrape);
    write_health_values(&scrape);
    write_moves(&scrape, &view);
    write_reloads(&scrape, &view);
    free_picture(&scrape);
    metrics_traffic_write(room->deploy, out);
    metrics_memory_write(room, out);
    metrics_judgement_write(room, out);
    metrics_rollout_write(room, out);
    metrics_backup_write(room, out);
    metrics_webhook_write(room, out);
    metrics_database_write(room, out);
    metrics_word_write(room->deploy, out);
    metrics_audit_write(room, out);
    metrics_process_write(room->started_wall_us, out);
}
