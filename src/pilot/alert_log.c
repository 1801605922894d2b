/* See alert_log_priv.h. */
#include "pilot/alert_log_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void alert_log_init(struct alert_log *log)
{
    *log = (struct alert_log){ .ring = mem_grow(NULL, PILOT_ALERTS, sizeof *log->ring) };
}

void alert_log_fini(struct alert_log *log)
{
    free(log->ring);
    *log = (struct alert_log){ .ring = NULL };
}

static bool is_same(const struct pilot_alert *a, const struct pilot_alert *b)
{
    return a->severity == b->severity && strcmp(a->service, b->service) == 0 &&
           strcmp(a->trigger, b->trigger) == 0;
}

/* The newest alert of the same kind that is young enough to speak for this one. */
static struct alert_log_item *find_recent(struct alert_log *log, const struct pilot_alert *alert,
                                          uint64_t now_us)
{
    for (uint64_t i = 0; i < log->count && i < PILOT_ALERTS; i++) {
        struct alert_log_item *item = &log->ring[(log->count - 1 - i) % PILOT_ALERTS];

        if (item->at_us + ALERT_LOG_REPEAT_US <= now_us)
            return NULL;
        if (!item->is_old && is_same(&item->alert, alert))
            return item;
    }
    return NULL;
}

const struct pilot_alert *alert_log_add(struct alert_log *log, const struct pilot_alert *alert,
                                        uint64_t now_us)
{
    struct alert_log_item *item = find_recent(log, alert, now_us);

    if (item != NULL) {
        item->suppressed++;
        return NULL;
    }
    item = &log->ring[log->count++ % PILOT_ALERTS];
    *item = (struct alert_log_item){ .alert = *alert, .at_us = now_us };
    item->alert.id = log->count;
    return &item->alert;
}

void alert_log_forget(struct alert_log *log, const struct pilot_alert *alert)
{
    for (uint64_t i = 0; i < log->count && i < PILOT_ALERTS; i++)
        if (is_same(&log->ring[i].alert, alert))
            log->ring[i].is_old = true;
}

const struct pilot_alert *alert_log_at(const struct alert_log *log, unsigned index)
{
    if (index >= log->count || index >= PILOT_ALERTS)
        return NULL;
    return &log->ring[(log->count - 1 - index) % PILOT_ALERTS].alert;
}
