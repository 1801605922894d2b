/*
 * The one way in which the pilot moves traffic back or says something: rows, guards, probes, signals, tenants and the
 * deadline of a confirmation all come here. Control thread.
 */
#ifndef PILOT_ACT_PRIV_H
#define PILOT_ACT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "pilot/pilot.h"

struct act_cause {
    const char *trigger; /* "err_mod", "guard_error", "signal:complaints", "selfprobe" … */
    const char *words;   /* the explanation, one line */
    uint64_t decision;   /* 0: none stored */
};

/* Asks for the rollback of the service's trial (its group moves as a whole): at most one automatic move per trial, only
 * to a side that is fit and not worse, only in the automatic window; else an alert. True: it was asked for. */
bool act_roll_back(struct pilot *pilot, unsigned service_index, const struct act_cause *cause);

/* One line for the log, `show alerts` and the metrics. */
void act_alert(struct pilot *pilot, unsigned service_index, enum pilot_severity severity,
               const struct act_cause *cause);

#endif
