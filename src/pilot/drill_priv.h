/* What the pilot itself calls of the drill. Control thread. */
#ifndef PILOT_DRILL_PRIV_H
#define PILOT_DRILL_PRIV_H

#include "pilot/drill.h"

/* Ends the canary of a drill in whose middle the daemon ended before. */
void drill_settle(struct pilot *pilot);

/* Another configuration is in force. */
void drill_configure(struct pilot *pilot);

/* Whoever waits is told; the traffic is taken back by the next start. */
void drill_stop(struct pilot *pilot);

#endif
