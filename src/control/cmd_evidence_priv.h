/* show evidence: what was counted of each slot for the judgement. Thread: control. */
#ifndef CONTROL_CMD_EVIDENCE_PRIV_H
#define CONTROL_CMD_EVIDENCE_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_evidence_show(struct call *call);

#endif
