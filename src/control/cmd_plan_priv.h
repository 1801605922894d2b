/* plan, apply: a change looked at first and made later, if nothing else has changed. Thread: control. */
#ifndef CONTROL_CMD_PLAN_PRIV_H
#define CONTROL_CMD_PLAN_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_plan_run(struct call *call);
enum call_step cmd_plan_apply(struct call *call);

#endif
