/* switch, rollback, reload: one change, its result in words. Thread: control. */
#ifndef CONTROL_CMD_CHANGE_PRIV_H
#define CONTROL_CMD_CHANGE_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_change_switch(struct call *call);
enum call_step cmd_change_rollback(struct call *call);
enum call_step cmd_change_reload(struct call *call);

#endif
