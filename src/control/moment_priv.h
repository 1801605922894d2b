/* Times that people give with --since and --until: a stamp, or how long ago. Thread: control. */
#ifndef CONTROL_MOMENT_PRIV_H
#define CONTROL_MOMENT_PRIV_H

#include <stdint.h>

#include "control/call_priv.h"

/* What the options say, 0 where they say nothing. CALL_DONE: the answer says why not; else CALL_PARKED. */
enum call_step moment_take(struct call *call, uint64_t *since_wall_us, uint64_t *until_wall_us);

#endif
