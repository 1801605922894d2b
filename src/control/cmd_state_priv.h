/* state export, state import: see docs/audit.md. Thread: control. */
#ifndef CONTROL_CMD_STATE_PRIV_H
#define CONTROL_CMD_STATE_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_state_export(struct call *call);
enum call_step cmd_state_import(struct call *call);

#endif
