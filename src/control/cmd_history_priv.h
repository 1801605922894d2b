/* show history: what was changed, by whom and with what result. Thread: control. */
#ifndef CONTROL_CMD_HISTORY_PRIV_H
#define CONTROL_CMD_HISTORY_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_history_run(struct call *call);

#endif
