/* `show alerts`: what people were told, newest first. Thread: control. */
#ifndef CONTROL_CMD_ALERTS_PRIV_H
#define CONTROL_CMD_ALERTS_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_alerts_show(struct call *call);

#endif
