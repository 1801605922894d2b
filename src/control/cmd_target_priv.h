/* target set, add, remove: orders about one app server. Thread: control. */
#ifndef CONTROL_CMD_TARGET_PRIV_H
#define CONTROL_CMD_TARGET_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_target_set(struct call *call);
enum call_step cmd_target_add(struct call *call);
enum call_step cmd_target_remove(struct call *call);

#endif
