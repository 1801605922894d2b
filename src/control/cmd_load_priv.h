/* show load: counts and latency of each slot since the start, of which `switchctl watch` takes differences. Thread:
 * control. */
#ifndef CONTROL_CMD_LOAD_PRIV_H
#define CONTROL_CMD_LOAD_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_load_show(struct call *call);

#endif
