/* status, list, show slots, show targets: what there is and how it is. Thread: control. */
#ifndef CONTROL_CMD_STATUS_PRIV_H
#define CONTROL_CMD_STATUS_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_status_run(struct call *call);
enum call_step cmd_status_list(struct call *call);
enum call_step cmd_status_slots(struct call *call);
enum call_step cmd_status_targets(struct call *call);

#endif
