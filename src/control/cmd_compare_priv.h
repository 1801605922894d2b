/* status NAME --compare: the candidate beside its baseline. Thread: control. */
#ifndef CONTROL_CMD_COMPARE_PRIV_H
#define CONTROL_CMD_COMPARE_PRIV_H

#include "control/call_priv.h"

/* Of the service that the first word names. */
enum call_step cmd_compare_run(struct call *call);

#endif
