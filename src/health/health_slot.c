/* See health/health_slot.h. */
#include "health/health_slot.h"

#include <string.h>

#include "health/health.h"
#include "route/snapshot.h"

const char *health_slot_state_name(enum health_slot_state state)
{
    switch (state) {
    case HEALTH_SLOT_UNKNOWN: return "unknown";
    case HEALTH_SLOT_OK: return "ok";
    case HEALTH_SLOT_DB: return "db";
    case HEALTH_SLOT_FAIL: return "fail";
    }
    return "unknown";
}

static void count_view(const struct health_view *view, struct health_slot_view *out)
{
    if (!view->is_enabled || view->history_count == 0) {
        out->unknown++;
        return;
    }
    if (view->last_us > out->newest_us)
        out->newest_us = view->last_us;
    if (out->oldest_us == 0 || view->last_us < out->oldest_us)
        out->oldest_us = view->last_us;
    if ((view->history & 1) == 0) {
        out->bad++;
        return;
    }
    out->good++;
    out->database_bad += view->database == PROBE_DATABASE_BAD;
}

static void conclude(struct health_slot_view *out)
{
    if (out->good > 0)
        out->state = out->database_bad == out->good ? HEALTH_SLOT_DB : HEALTH_SLOT_OK;
    else if (out->bad > 0 && out->unknown == 0)
        out->state = HEALTH_SLOT_FAIL;
}

void health_slot_view(const struct health_view *targets, unsigned count,
                      struct health_slot_view *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < count; i++)
        count_view(&targets[i], out);
    conclude(out);
}

void health_slot_look(const struct snapshot_slot *slot, struct health_slot_view *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < slot->pick_count; i++) {
        struct health_view view;

        if (slot->picks[i].order != ORDER_READY)
            continue;
        (void)health_view(slot->picks[i].target,
                          &view); /* not watched: all zero, which is unknown */
        count_view(&view, out);
    }
    conclude(out);
}
