/* See pilot/comparison.h. */
#include "pilot/comparison_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "deploy/deploy_view.h"
#include "pilot/pilot_priv.h"
#include "route/snapshot.h"

void comparison_begin(struct comparison_marks *marks, const struct snapshot_service *service,
                      uint64_t now_us)
{
    comparison_end(marks);
    marks->list = mem_zalloc((service->slot_count + 1) * sizeof *marks->list);
    marks->count = service->slot_count;
    marks->began_us = now_us;
    for (unsigned i = 0; i < service->slot_count; i++) {
        marks->list[i].slot = service->slots[i].slot;
        marks->list[i].totals = *slot_evidence_totals(service->slots[i].slot);
    }
}

void comparison_end(struct comparison_marks *marks)
{
    free(marks->list);
    *marks = (struct comparison_marks){ .list = NULL };
}

static const struct slot_evidence_totals *find_mark(const struct comparison_marks *marks,
                                                    const struct slot *slot)
{
    static const struct slot_evidence_totals none;

    for (unsigned i = 0; i < marks->count; i++)
        if (marks->list[i].slot == slot)
            return &marks->list[i].totals;
    return &none; /* it is newer than the trial, or there is none */
}

static void measure(const struct slot_evidence_totals *was, const struct slot_evidence_totals *is,
                    uint64_t since_us, struct comparison_side *out)
{
    uint64_t successes = 0;
    uint64_t sum = 0;

    out->requests = is->n - was->n;
    out->errors = is->e - was->e;
    out->per_second = since_us > 0 ? (double)out->requests * 1e6 / (double)since_us : 0;
    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        successes += is->buckets[i] - was->buckets[i];
    if (successes == 0)
        return;
    out->mean_us = (is->sum_us - was->sum_us) / successes;
    for (unsigned i = 0; i < COUNTS_BUCKETS && out->p95_us == 0; i++) {
        sum += is->buckets[i] - was->buckets[i];
        if (sum >= successes - successes / 20)
            out->p95_us = counts_edge_us(i);
    }
}

static void look_at(const struct lookout *lookout, const struct snapshot_slot *slot,
                    uint64_t since_us, struct comparison_side *out)
{
    const struct slot_evidence_totals *was = find_mark(&lookout->marks, slot->slot);

    *out = (struct comparison_side){ .requests = 0 };
    snprintf(out->slot, sizeof out->slot, "%s", slot->slot->name);
    measure(was, slot_evidence_totals(slot->slot), since_us, out);
}

static const struct snapshot_slot *find_slot(const struct snapshot_service *service,
                                             const char *name)
{
    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, name) == 0)
            return &service->slots[i];
    return NULL;
}

static const struct snapshot_slot *find_standby(const struct snapshot_service *service)
{
    for (unsigned i = 0; i < service->slot_count; i++)
        if (service->slots[i].role == ROLE_STANDBY)
            return &service->slots[i];
    return NULL;
}

bool comparison_look(struct pilot *pilot, unsigned service_index, struct comparison *out)
{
    const struct lookout *lookout = &pilot->lookouts[service_index];
    const struct snapshot_service *service = snapshot_service_at(snapshot_current(), service_index);
    const struct snapshot_slot *candidate = find_standby(service);
    const struct snapshot_slot *baseline = &service->slots[service->active];
    uint64_t now_us = clock_monotonic_us();

    *out = (struct comparison){ .is_trial = lookout->trial != 0 };
    out->since_us = out->is_trial ? now_us - lookout->marks.began_us : now_us - pilot->began_us;
    if (out->is_trial) {
        candidate = find_slot(service, lookout->view.candidate);
        baseline = find_slot(service, lookout->view.baseline);
    }
    if (lookout->engine == NULL || candidate == NULL || baseline == NULL)
        return false;
    look_at(lookout, candidate, out->since_us, &out->candidate);
    look_at(lookout, baseline, out->since_us, &out->baseline);
    return true;
}
