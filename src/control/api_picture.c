/* The state each second: see api_picture_priv.h. */
#include "control/api_picture_priv.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/admin.h"
#include "control/pulse_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout.h"
#include "deploy/rollout_view.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/slot_evidence.h"
#include "route/snapshot.h"
#include "route/split.h"

struct api_picture {
    const struct control_room *room;
    uint64_t now_us;
    unsigned slots_drawn;
    unsigned targets_drawn;
    unsigned left_out;
    struct pulse_mark *marks[API_PICTURE_SLOTS]; /* by the order of drawing */
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
        free(picture->marks[i]);
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

static void add_latency(struct text *out, const struct pulse *pulse)
{
    for (unsigned i = 0; i < PULSE_PERCENTS; i++) {
        text_add_format(out, ",\"p%u_us\":", pulse_percents[i]);
        if (pulse->has_latency)
            text_add_format(out, "%" PRIu64, pulse->us[i]);
        else
            text_add(out, "null");
    }
}

static void add_rates(struct api_picture *picture, struct slot *slot, struct text *out)
{
    struct pulse_mark **place = &picture->marks[picture->slots_drawn];
    const struct slot_evidence_totals *totals = slot_evidence_totals(slot);
    struct pulse pulse = { 0 };

    text_add_format(out, ",\"requests\":%" PRIu64 ",\"errors\":%" PRIu64, totals->n, totals->e);
    if (*place == NULL)
        *place = mem_zalloc(sizeof **place);
    if (pulse_take(*place, slot, picture->now_us, &pulse))
        text_add_format(out, ",\"rate\":%.2f,\"error_rate\":%.5f", pulse.rate, pulse.error_rate);
    else
        text_add(out, ",\"rate\":null,\"error_rate\":null");
    add_latency(out, &pulse);
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

/* The part of the users that the rules give to the slot. */
static double share_of(const struct deploy_canary_view *canary,
                       const struct snapshot_service *service, unsigned at)
{
    bool is_running = canary->is_running;

    if (is_running && strcmp(canary->candidate, service->slots[at].slot->name) == 0)
        return (double)canary->share / SPLIT_WHOLE;
    if (at != service->active)
        return 0;
    return is_running ? 1 - (double)canary->share / SPLIT_WHOLE : 1;
}

static unsigned count_up(const struct snapshot_slot *slot)
{
    unsigned count = 0;

    for (unsigned i = 0; i < slot->pick_count; i++)
        count += target_verdict(slot->picks[i].target) == VERDICT_UP;
    return count;
}

static void add_slot(struct api_picture *picture, const struct snapshot_service *service,
                     const struct deploy_canary_view *canary, unsigned at, struct text *out)
{
    const struct snapshot_slot *slot = &service->slots[at];

    text_add_format(out, "%s{\"slot\":\"", at > 0 ? "," : "");
    text_add_json(out, slice_from(slot->slot->name));
    text_add_format(out, "\",\"role\":\"%s\"", role_name(slot->role));
    add_text(out, "version", slot->version);
    text_add_format(out,
                    ",\"share\":%.4f,\"in_flight\":%" PRIu64 ",\"targets_up\":%u,"
                    "\"targets_all\":%u",
                    share_of(canary, service, at), slot_in_flight(slot->slot), count_up(slot),
                    slot->pick_count);
    add_rates(picture, slot->slot, out);
    add_targets(picture, slot, out);
    text_add(out, "}");
    picture->slots_drawn++;
}

static void add_state(const struct api_picture *picture, unsigned index, struct text *out)
{
    struct deploy_traffic_view traffic;
    struct deploy_rollout_view rollout;
    struct deploy_confirm_view confirm;
    struct deploy_service_view view;

    deploy_view_confirm(picture->room->deploy, index, &confirm);
    deploy_view_traffic(picture->room->deploy, index, &traffic);
    deploy_view_rollout(picture->room->deploy, index, &rollout);
    deploy_view_service(picture->room->deploy, index, &view);
    add_text(out, "group", view.group);
    text_add_format(out, ",\"traffic\":\"%s\"",
                    traffic.is_held    ? "held"
                    : traffic.is_maint ? "maintenance"
                                       : "open");
    if (confirm.is_waiting)
        text_add_format(out, ",\"confirm_seconds\":%.1f", (double)confirm.left_us / 1e6);
    else
        text_add(out, ",\"confirm_seconds\":null");
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
        add_slot(picture, service, &canary, k, out);
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
