/* explain: where a request would go, by the code that routes requests. Thread: control. */
#ifndef CONTROL_CMD_EXPLAIN_PRIV_H
#define CONTROL_CMD_EXPLAIN_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_explain_run(struct call *call);

#endif
