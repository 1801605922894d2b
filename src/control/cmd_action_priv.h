/* The commands about programs of the configuration: action list, run, test. Thread: control. */
#ifndef CONTROL_CMD_ACTION_PRIV_H
#define CONTROL_CMD_ACTION_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_action_list(struct call *call);
enum call_step cmd_action_run(struct call *call);
enum call_step cmd_action_test(struct call *call); /* those of kind test only */

#endif
