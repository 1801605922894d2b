/* rollout start, status, pause, resume, advance, abort, wait; confirm, approve, reject, check. Thread: control. */
#ifndef CONTROL_CMD_ROLLOUT_PRIV_H
#define CONTROL_CMD_ROLLOUT_PRIV_H

#include "control/call_priv.h"

struct scope;

enum call_step cmd_rollout_start(struct call *call);
enum call_step cmd_rollout_pause(struct call *call);
enum call_step cmd_rollout_resume(struct call *call);
enum call_step cmd_rollout_advance(struct call *call);
enum call_step cmd_rollout_abort(struct call *call);
enum call_step cmd_rollout_confirm(struct call *call);
enum call_step cmd_rollout_approve(struct call *call);
enum call_step cmd_rollout_reject(struct call *call);
enum call_step cmd_rollout_check(struct call *call);

/* cmd_rollout_status.c */
enum call_step cmd_rollout_status(struct call *call);
enum call_step cmd_rollout_wait(struct call *call);

/* The service's rollout and what is to be confirmed, a line each, if there is any. */
void cmd_rollout_add_lines(const struct scope *scope, struct text *out);

/* The part of a deployment that the service is in: "normal", "deployment", "testing", "cutover", "verified". */
const char *cmd_rollout_part(const struct scope *scope);

#endif
