/* wait healthy, wait drained: parks until it is true. Thread: control. */
#ifndef CONTROL_CMD_WAIT_PRIV_H
#define CONTROL_CMD_WAIT_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_wait_healthy(struct call *call);
enum call_step cmd_wait_drained(struct call *call);

#endif
