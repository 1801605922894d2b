/* The state each second: see api_picture_priv.h. */
#include "control/api_picture_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/admin.h"
#include "control/share_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout.h"
#include "evidence/counts.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/slot_evidence.h"
#include "route/snapshot.h"
#include "route/split.h"

enum { STALE_US = 5 * 1000000 };

/* What a slot had counted when it was drawn last. */
struct seen {
    char service[64];
    char slot[64];
    uint64_t at_us; /* 0: this place is free */
    uint64_t n;
    uint64_t e;
    uint64_t buckets[COUNTS_BUCKETS];
};

struct api_picture {
    const struct control_room *room;
    uint64_t now_us;
    unsigned slots_drawn;
    unsigned targets_drawn;
    unsigned left_out;
    struct seen *seen[API_PICTURE_SLOTS]; /* by the order of drawing */
};

struct api_picture *api_picture_new(const struct control_room *room)
{
    struct api_picture *picture = mem_zalloc(sizeof *picture);

    picture->room = room;
    return picture;
}

void api_picture_free(struct api_picture *picture)
{
    for (unsigned i = 0; i < API_PICTURE_SLOTS; i++)
        free(picture->seen[i]);
    free(picture);
}

static void add_text(struct text *out, const char *key, const char *value)
{
    text_add_format(out, ",\"%s\":", key);
    if (value == NULL || value[0] == '\0') {
        text_add(out, "null");
        return;
    }
    text_add(out, "\"");
    text_add_json(out, slice_from(value));
    text_add(out, "\"");
}

/* What was counted at that place, if it was of this slot and not long ago; the place is the slot's from now on. */
static struct seen *find_seen(struct api_picture *picture, const struct snapshot_service *service,
                              const struct slot *slot, bool *is_known)
{
    struct seen **place = &picture->seen[picture->slots_drawn];
    struct seen *seen = *place;

    if (seen == NULL)
        seen = *place = mem_zalloc(sizeof *seen);
    *is_known = seen->at_us != 0 && picture->now_us > seen->at_us &&
                picture->now_us - seen->at_us < STALE_US && strcmp(seen->slot, slot->name) == 0 &&
                strcmp(seen->service, service->service->name) == 0;
    memcpy(seen->slot, slot->name, sizeof seen->slot);
    slice_copy(slice_from(service->service->name), seen->service, sizeof seen->service);
    return seen;
}

/* What was counted since; 0 when the slot was made anew. */
static uint64_t grown(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

/* The upper edge of the bucket below which so many percent of all are. */
static uint64_t find_quantile(const uint64_t *buckets, uint64_t all, unsigned percent)
{
    uint64_t rank = (all * percent + 99) / 100;
    uint64_t sum = 0;
    unsigned bucket = 0;

    for (; bucket < COUNTS_BUCKETS - 1; bucket++) {
        sum += buckets[bucket];
        if (sum >= rank)
            break;
    }
    return counts_edge_us(bucket);
}

static void add_latency(struct text *out, const struct seen *seen,
                        const struct slot_evidence_totals *totals)
{
    static const unsigned percents[] = { 50, 95, 99 };
    uint64_t buckets[COUNTS_BUCKETS];
    uint64_t all = 0;

    for (unsigned i = 0; i < COUNTS_BUCKETS; i++) {
        buckets[i] = grown(totals->buckets[i], seen->buckets[i]);
        all += buckets[i];
    }
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        text_add_format(out, ",\"p%u_us\":", percents[i]);
        if (all > 0)
            text_add_format(out, "%" PRIu64, find_quantile(buckets, all, percents[i]));
        else
            text_add(out, "null");
    }
}

static void add_rates(struct api_picture *picture, const struct snapshot_service *service,
                      struct slot *slot, struct text *out)
{
    const struct slot_evidence_totals *totals = slot_evidence_totals(slot);
    bool is_known = false;
    struct seen *seen = find_seen(picture, service, slot, &is_known);
    uint64_t requests = grown(totals->n, seen->n);
    uint64_t errors = grown(totals->e, seen->e);

    text_add_format(out, ",\"requests\":%" PRIu64 ",\"errors\":%" PRIu64, totals->n, totals->e);
    if (is_known) {
        double seconds = (double)(picture->now_us - seen->at_us) / 1e6;

        text_add_format(out, ",\"rate\":%.2f,\"error_rate\":%.5f", (double)requests / seconds,
                        requests > 0 ? (double)errors / (double)requests : 0.0);
        add_latency(out, seen, totals);
    } else {
        text_add(out, ",\"rate\":null,\"error_rate\":null,\"p50_us\":null,\"p95_us\":null,"
                      "\"p99_us\":null");
    }
    seen->at_us = picture->now_us;
    seen->n = totals->n;
    seen->e = totals->e;
    memcpy(seen->buckets, totals->buckets, sizeof seen->buckets);
}

static void add_targets(struct api_picture *picture, const struct snapshot_slot *slot,
                        struct text *out)
{
    const char *comma = "";

    text_add(out, ",\"targets\":[");
    for (unsigned i = 0; i < slot->pick_count; i++) {
        const struct pick *pick = &slot->picks[i];

        if (picture->targets_drawn == API_PICTURE_TARGETS)
            break;
        picture->targets_drawn++;
        text_add_format(out, "%s{\"target\":\"", comma);
        text_add_json(out, slice_from(pick->target->name));
        text_add_format(out, "\",\"verdict\":\"%s\",\"order\":\"%s\",\"weight\":%u}",
                        verdict_name(target_verdict(pick->target)), order_name(pick->order),
                        pick->weight);
        comma = ",";
    }
    text_add(out, "]");
}

static unsigned count_up(const struct snapshot_slot *slot)
{
    unsigned count = 0;

    for (unsigned i = 0; i < slot->pick_count; i++)
        count += target_verdict(slot->picks[i].target) == VERDICT_UP;
    return count;
}

static void add_slot(struct api_picture *picture, const struct snapshot_service *service,
                     unsigned at, struct text *out)
{
    const struct snapshot_slot *slot = &service->slots[at];

    text_add_format(out, "%s{\"slot\":\"", at > 0 ? "," : "");
    text_add_json(out, slice_from(slot->slot->name));
    text_add_format(out, "\",\"role\":\"%s\"", role_name(slot->role));
    add_text(out, "version", slot->version);
    text_add_format(out,
                    ",\"share\":%.4f,\"in_flight\":%" PRIu64 ",\"targets_up\":%u,"
                    "\"targets_all\":%u",
                    (double)share_of_slot(service, at) / SPLIT_WHOLE, slot_in_flight(slot->slot),
                    count_up(slot), slot->pick_count);
    add_rates(picture, service, slot->slot, out);
    add_targets(picture, slot, out);
    text_add(out, "}");
    picture->slots_drawn++;
}

static void add_state(const struct api_picture *picture, unsigned index, struct text *out)
{
    struct deploy_traffic_view traffic;
    struct deploy_rollout_view rollout;
    struct deploy_service_view view;

    deploy_view_traffic(picture->room->deploy, index, &traffic);
    deploy_view_rollout(picture->room->deploy, index, &rollout);
    deploy_view_service(picture->room->deploy, index, &view);
    add_text(out, "group", view.group);
    text_add_format(out, ",\"traffic\":\"%s\"",
                    traffic.is_held    ? "held"
                    : traffic.is_maint ? "maintenance"
                                       : "open");
    if (rollout.id == 0) {
        text_add(out, ",\"rollout\":null");
        return;
    }
    text_add_format(out, ",\"rollout\":{\"id\":%" PRIu64 ",\"phase\":\"%s\"", rollout.id,
                    rollout_phase_name(rollout.phase));
    add_text(out, "to", rollout.to);
    add_text(out, "waits_for", rollout.waits_for);
    text_add(out, "}");
}

static void add_service(struct api_picture *picture, const struct snapshot_service *service,
                        unsigned index, struct text *out)
{
    struct deploy_canary_view canary;

    if (picture->slots_drawn + service->slot_count > API_PICTURE_SLOTS) {
        picture->left_out += service->slot_count;
        return;
    }
    deploy_view_canary(picture->room->deploy, index, &canary);
    text_add_format(out, "%s{\"service\":\"", picture->slots_drawn > 0 ? "," : "");
    text_add_json(out, slice_from(service->service->name));
    text_add(out, "\"");
    add_text(out, "active", service->slots[service->active].slot->name);
    add_state(picture, index, out);
    text_add(out, ",\"slots\":[");
    for (unsigned k = 0; k < service->slot_count; k++)
        add_slot(picture, service, k, out);
    text_add(out, "]}");
}

void api_picture_write(struct api_picture *picture, uint64_t now_us, struct text *out)
{
    const struct snapshot *snapshot = snapshot_current();
    unsigned count = snapshot_service_count(snapshot);
    char stamp[CLOCK_STAMP_SIZE];

    picture->now_us = now_us;
    picture->slots_drawn = picture->targets_drawn = picture->left_out = 0;
    clock_stamp(clock_wall_us(), stamp);
    text_add_format(out, "{\"time\":\"%s\",\"epoch\":%" PRIu64 ",\"services\":[", stamp,
                    snapshot_epoch(snapshot));
    for (unsigned i = 0; i < count; i++)
        add_service(picture, snapshot_service_at(snapshot, i), i, out);
    text_add_format(out, "],\"left_out\":%u}", picture->left_out);
    if (!text_is_cut(out))
        return;
    text_clear(out); /* half of it would be no JSON */
    text_add_format(out, "{\"time\":\"%s\",\"epoch\":%" PRIu64 ",\"services\":[],\"left_out\":%u}",
                    stamp, snapshot_epoch(snapshot), picture->slots_drawn + picture->left_out);
}
