/*
 * What was said to people: the newest alerts in a ring, and the same alert of a service at most once a minute. A value;
 * control thread.
 */
#ifndef PILOT_ALERT_LOG_PRIV_H
#define PILOT_ALERT_LOG_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "pilot/pilot.h"

enum { ALERT_LOG_REPEAT_US = 60 * 1000 * 1000 };

struct alert_log_item {
    struct pilot_alert alert;
    uint64_t at_us;      /* monotonic */
    uint64_t suppressed; /* the same since then */
    bool is_old;         /* does not speak for later ones */
};

struct alert_log {
    struct alert_log_item *ring; /* PILOT_ALERTS */
    uint64_t count;              /* ever added; the newest is at (count - 1) % PILOT_ALERTS */
};

void alert_log_init(struct alert_log *log);
void alert_log_fini(struct alert_log *log);

/* Adds it with an id; NULL: the same service, trigger and severity spoke within the last minute. */
const struct pilot_alert *alert_log_add(struct alert_log *log, const struct pilot_alert *alert,
                                        uint64_t now_us);
/* The same alert may be said again at once. */
void alert_log_forget(struct alert_log *log, const struct pilot_alert *alert);
const struct pilot_alert *alert_log_at(const struct alert_log *log, unsigned index);

#endif
