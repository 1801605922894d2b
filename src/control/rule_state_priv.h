/*
 * The rules of a service's judgement as people see them: rows of evidence and windowed limits in one list, each with its
 * value, what it is compared with, and how far it is. Thread: control.
 */
#ifndef CONTROL_RULE_STATE_PRIV_H
#define CONTROL_RULE_STATE_PRIV_H

#include <stdbool.h>

#include "pilot/pilot.h"

enum rule_state { RULE_OFF, RULE_WAITS, RULE_JUDGES, RULE_SUSPECTS, RULE_REACHED, RULE_SILENT };
const char *rule_state_name(enum rule_state state); /* "off", "waits" … */

struct rule_view {
    const char *name;
    const char *unit; /* "nats", "share", "us", "ratio" */
    double value;     /* -INFINITY: none yet */
    double threshold; /* NaN: none, it is off */
    enum rule_state state;
};

enum { RULES_MAX = ENGINE_ROWS_MAX + ENGINE_GUARDS_MAX };

/* All rules of what pilot_look gave; the count. */
unsigned rule_state_list(const struct pilot_trial *trial, struct rule_view out[RULES_MAX]);

/* The row that is nearest to its end, while there is a candidate and any evidence; NULL: none. */
const struct engine_row_view *rule_state_leading(const struct pilot_trial *trial);

#endif
