/* replay: a decision is worked out again from what was recorded. Thread: control. */
#ifndef CONTROL_CMD_REPLAY_PRIV_H
#define CONTROL_CMD_REPLAY_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_replay_run(struct call *call);

#endif
