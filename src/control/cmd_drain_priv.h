/* drain and show drain: emptying a slot. Thread: control. */
#ifndef CONTROL_CMD_DRAIN_PRIV_H
#define CONTROL_CMD_DRAIN_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_drain_run(struct call *call);
enum call_step cmd_drain_show(struct call *call);

#endif
