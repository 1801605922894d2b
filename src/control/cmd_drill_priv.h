/* drill: trying out that traffic can be taken back. Thread: control. */
#ifndef CONTROL_CMD_DRILL_PRIV_H
#define CONTROL_CMD_DRILL_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_drill_run(struct call *call);

#endif
