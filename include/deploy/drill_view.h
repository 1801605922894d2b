/*
 * When it was last tried out that a move can be taken back. A drill is a small canary that is started and ended by the
 * daemon; both are in the history with these triggers, which is where drills are remembered. Thread: control.
 */
#ifndef DEPLOY_DRILL_VIEW_H
#define DEPLOY_DRILL_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#define DRILL_TRIGGER        "drill"        /* of the start, and of the end of a good one */
#define DRILL_TRIGGER_FAILED "drill-failed" /* of the end of any other */

struct deploy;

struct deploy_drill_view {
    uint64_t last_wall_us; /* 0: there was none */
    uint64_t good_wall_us; /* 0: no good one */
    bool was_good;         /* the last one */
    bool is_open; /* one has begun and not ended: it goes on, or the daemon ended in its middle */
};

/* Of the service at index, or of its group. */
void deploy_view_drill(const struct deploy *deploy, unsigned service_index,
                       struct deploy_drill_view *out);

#endif
