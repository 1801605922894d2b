/* Shares, holds, queues, tunnels and limits as metrics: see metrics_traffic_priv.h. */
#include "control/metrics_traffic_priv.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "control/exposition_priv.h"
#include "control/share_priv.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "route/pins.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/slot_evidence.h"
#include "route/snapshot.h"

enum { LABELS_MAX = 4096 };

struct writer {
    struct exposition x;
    const struct deploy *deploy;
    const struct snapshot *snapshot;
    struct text labels;
};

/* The label of a service, and of one of its slots if there is one. */
static const char *label(struct writer *writer, const struct snapshot_service *service,
                         const struct snapshot_slot *slot)
{
    text_clear(&writer->labels);
    exposition_label(&writer->labels, "service", service->service->name);
    if (slot != NULL)
        exposition_label(&writer->labels, "slot", slot->slot->name);
    return writer->labels.bytes;
}

/* One counter of each service. */
static const struct {
    const char *name;
    enum exposition_type type;
    size_t at;
    const char *help;
} service_families[] = {
    { "switchyard_hold_queue_length", EXPOSITION_GAUGE, offsetof(struct service_counts, held),
      "Requests that wait because the service is paused." },
    { "switchyard_hold_queue_bytes", EXPOSITION_GAUGE, offsetof(struct service_counts, held_bytes),
      "Bytes that these requests have sent and that are kept." },
    { "switchyard_held_requests_total", EXPOSITION_COUNTER,
      offsetof(struct service_counts, held_total), "Requests that have waited." },
    { "switchyard_hold_rejected_total", EXPOSITION_COUNTER,
      offsetof(struct service_counts, hold_refused),
      "Requests refused because too many waited already." },
    { "switchyard_hold_expired_total", EXPOSITION_COUNTER,
      offsetof(struct service_counts, hold_expired),
      "Requests refused because they had waited long enough." },
    { "switchyard_maintenance_responses_total", EXPOSITION_COUNTER,
      offsetof(struct service_counts, maintenance), "Requests answered by the maintenance page." },
    { "switchyard_preview_refused_total", EXPOSITION_COUNTER,
      offsetof(struct service_counts, preview_refused),
      "Requests for a preview without the secret or from elsewhere." },
    { "switchyard_limited_total", EXPOSITION_COUNTER, offsetof(struct service_counts, limited),
      "Requests refused because their client had sent too many." },
    { "switchyard_shielded_total", EXPOSITION_COUNTER, offsetof(struct service_counts, shielded),
      "Requests that failed on the candidate and were sent to the live slot." },
    { "switchyard_retry_budget_exhausted_total", EXPOSITION_COUNTER,
      offsetof(struct service_counts, budget_spent),
      "Further attempts not made because too many were made already." },
};

static uint64_t load(const void *base, size_t at)
{
    const void *counter = (const char *)base + at;

    return atomic_load_explicit((const _Atomic uint64_t *)counter, memory_order_relaxed);
}

static void write_service_families(struct writer *writer)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    for (size_t k = 0; k < sizeof service_families / sizeof service_families[0]; k++) {
        exposition_open(&writer->x, service_families[k].name, service_families[k].type,
                        service_families[k].help);
        for (unsigned i = 0; i < count; i++) {
            const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);

            exposition_u64(&writer->x, label(writer, service, NULL),
                           load(&service->service->counts, service_families[k].at));
        }
    }
}

static void write_holds(struct writer *writer)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    exposition_open(&writer->x, "switchyard_hold_duration_seconds", EXPOSITION_HISTOGRAM,
                    "How long requests were held that wait no more.");
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);
        const struct service_counts *counts = &service->service->counts;
        uint64_t buckets[SERVICE_HOLD_BUCKETS];

        for (unsigned k = 0; k < SERVICE_HOLD_BUCKETS; k++)
            buckets[k] = atomic_load_explicit(&counts->hold_buckets[k], memory_order_relaxed);
        exposition_histogram(
            &writer->x, label(writer, service, NULL),
            &(struct exposition_histogram){
                .buckets = buckets,
                .edges_us = service_hold_edges_us,
                .count = SERVICE_HOLD_BUCKETS,
                .sum_us = load(counts, offsetof(struct service_counts, hold_us_total)) });
    }
}

/* One counter of each slot, summed over the workers. */
static const struct {
    const char *name;
    enum exposition_type type;
    size_t at;
    const char *help;
} slot_families[] = {
    { "switchyard_tunnels", EXPOSITION_GAUGE, offsetof(struct slot_cell, tunnels),
      "Open tunnels, WebSockets among them." },
    { "switchyard_tunnels_total", EXPOSITION_COUNTER, offsetof(struct slot_cell, tunnels_total),
      "Tunnels that were opened." },
    { "switchyard_tunnel_received_bytes_total", EXPOSITION_COUNTER,
      offsetof(struct slot_cell, tunnel_bytes_in), "Bytes from clients through tunnels." },
    { "switchyard_tunnel_sent_bytes_total", EXPOSITION_COUNTER,
      offsetof(struct slot_cell, tunnel_bytes_out), "Bytes to clients through tunnels." },
    { "switchyard_drain_forced_total", EXPOSITION_COUNTER,
      offsetof(struct slot_cell, tunnels_closed), "Tunnels that were ended by a drain." },
    { "switchyard_queue_length", EXPOSITION_GAUGE, offsetof(struct slot_cell, queued),
      "Requests that wait for a place in the slot." },
    { "switchyard_queue_rejected_total", EXPOSITION_COUNTER,
      offsetof(struct slot_cell, queue_refused),
      "Requests refused because the slot had no place for them in time." },
    { "switchyard_preview_requests_total", EXPOSITION_COUNTER, offsetof(struct slot_cell, previews),
      "Requests by preview: they are in no other counter of the slot." },
    { "switchyard_slot_shielded_total", EXPOSITION_COUNTER, offsetof(struct slot_cell, shielded),
      "Failures of the slot that another one made good." },
};

static void write_slot_family(struct writer *writer, size_t at)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);

        for (unsigned k = 0; k < service->slot_count; k++) {
            const struct slot *slot = service->slots[k].slot;
            uint64_t sum = 0;

            for (unsigned worker = 0; worker < slot->worker_count; worker++)
                sum += load(&slot->cells[worker], at);
            exposition_u64(&writer->x, label(writer, service, &service->slots[k]), sum);
        }
    }
}

static void write_slot_families(struct writer *writer)
{
    for (size_t k = 0; k < sizeof slot_families / sizeof slot_families[0]; k++) {
        exposition_open(&writer->x, slot_families[k].name, slot_families[k].type,
                        slot_families[k].help);
        write_slot_family(writer, slot_families[k].at);
    }
}

static const struct {
    const char *name;
    size_t at;
    const char *help;
} evidence_families[] = {
    { "switchyard_evidence_requests_total", offsetof(struct slot_evidence_totals, n),
      "Requests that the slot is judged by." },
    { "switchyard_evidence_errors_total", offsetof(struct slot_evidence_totals, e),
      "Errors among the requests that the slot is judged by." },
    { "switchyard_evidence_stalled_total", offsetof(struct slot_evidence_totals, stalled),
      "Errors among them that were counted because no response head came in time." },
};

static void write_evidence(struct writer *writer, size_t family)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    exposition_open(&writer->x, evidence_families[family].name, EXPOSITION_COUNTER,
                    evidence_families[family].help);
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);

        for (unsigned k = 0; k < service->slot_count; k++) {
            const void *totals = slot_evidence_totals(service->slots[k].slot);
            const void *value = (const char *)totals + evidence_families[family].at;

            exposition_u64(&writer->x, label(writer, service, &service->slots[k]),
                           *(const uint64_t *)value);
        }
    }
}

/* As exposition_seconds writes six decimals of a second from microseconds, so a ratio from millionths. */
static void write_ratio(struct writer *writer, const char *labels, uint32_t share)
{
    exposition_seconds(&writer->x, labels, share * (uint64_t)(1000000 / SPLIT_WHOLE));
}

static void write_shares(struct writer *writer)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    exposition_open(&writer->x, "switchyard_slot_traffic_ratio", EXPOSITION_GAUGE,
                    "Part of the users that the rules give to the slot, pinned ones aside.");
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);

        for (unsigned k = 0; k < service->slot_count; k++)
            write_ratio(writer, label(writer, service, &service->slots[k]),
                        share_of_slot(service, k));
    }
    exposition_open(&writer->x, "switchyard_canary_share", EXPOSITION_GAUGE,
                    "Part of the users that a canary gives to its candidate; 0: there is none.");
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(writer->snapshot, i);

        write_ratio(writer, label(writer, service, NULL),
                    SPLIT_WHOLE - share_of_slot(service, service->active));
    }
}

enum service_state { STATE_PAUSED, STATE_MAINTENANCE, STATE_PINS, STATE_COUNT };

static const struct {
    const char *name;
    const char *help;
} states[STATE_COUNT] = {
    [STATE_PAUSED] = { "switchyard_paused", "1 while new requests of the service wait." },
    [STATE_MAINTENANCE] = { "switchyard_maintenance",
                            "1 while the service answers with its maintenance page." },
    [STATE_PINS] = { "switchyard_tenant_pins",
                     "Tenants that are pinned to a slot; services of one group share them." },
};

static uint64_t state_of(const struct writer *writer, unsigned service, enum service_state state)
{
    const struct pins *pins = NULL;
    struct deploy_traffic_view view;

    deploy_view_traffic(writer->deploy, service, &view);
    switch (state) {
    case STATE_PAUSED: return view.is_held;
    case STATE_MAINTENANCE: return view.is_maint;
    case STATE_PINS:
        pins = deploy_pins(writer->deploy, service);
        return pins != NULL ? pins_count(pins) : 0;
    case STATE_COUNT: break;
    }
    return 0;
}

static void write_states(struct writer *writer)
{
    unsigned count = snapshot_service_count(writer->snapshot);

    for (unsigned state = 0; state < STATE_COUNT; state++) {
        exposition_open(&writer->x, states[state].name, EXPOSITION_GAUGE, states[state].help);
        for (unsigned i = 0; i < count; i++)
            exposition_u64(&writer->x,
                           label(writer, snapshot_service_at(writer->snapshot, i), NULL),
                           state_of(writer, i, (enum service_state)state));
    }
}

void metrics_traffic_write(const struct deploy *deploy, struct text *out)
{
    struct writer writer = { .x = { .out = out },
                             .deploy = deploy,
                             .snapshot = snapshot_current() };

    text_init(&writer.labels, LABELS_MAX);
    write_shares(&writer);
    write_states(&writer);
    write_service_families(&writer);
    write_holds(&writer);
    write_slot_families(&writer);
    for (size_t k = 0; k < sizeof evidence_families / sizeof evidence_families[0]; k++)
        write_evidence(&writer, k);
    text_fini(&writer.labels);
}
