/* canary start, set, step, pause, resume, abort, promote, status: a share of users. Thread: control. */
#ifndef CONTROL_CMD_CANARY_PRIV_H
#define CONTROL_CMD_CANARY_PRIV_H

#include "control/call_priv.h"

struct scope;

enum call_step cmd_canary_start(struct call *call);
enum call_step cmd_canary_set(struct call *call);
enum call_step cmd_canary_step(struct call *call);
enum call_step cmd_canary_pause(struct call *call);
enum call_step cmd_canary_resume(struct call *call);
enum call_step cmd_canary_abort(struct call *call);
enum call_step cmd_canary_promote(struct call *call);
enum call_step cmd_canary_status(struct call *call);

/* For `status`: one line about the canary of the scope's present service, nothing when there is none. */
void cmd_canary_add_line(const struct scope *scope, struct text *out);

#endif
