/* show charts: the last ten minutes of the slots of a service. Thread: control. */
#ifndef CONTROL_CMD_CHARTS_PRIV_H
#define CONTROL_CMD_CHARTS_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_charts_show(struct call *call);

#endif
