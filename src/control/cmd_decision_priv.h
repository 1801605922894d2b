/* decisions, explain-decision: what was decided automatically, and on what grounds. Thread: control. */
#ifndef CONTROL_CMD_DECISION_PRIV_H
#define CONTROL_CMD_DECISION_PRIV_H

#include "control/call_priv.h"

struct decision;

enum call_step cmd_decision_list(struct call *call);
enum call_step cmd_decision_explain(struct call *call);

/* The decision that the command's first word means; NULL: the answer says why there is none. */
const struct decision *cmd_decision_find(struct call *call);

#endif
