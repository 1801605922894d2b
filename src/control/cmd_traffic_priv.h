/* pause, resume, maint on, maint off: whether requests of a service go on. Thread: control. */
#ifndef CONTROL_CMD_TRAFFIC_PRIV_H
#define CONTROL_CMD_TRAFFIC_PRIV_H

#include "control/call_priv.h"

struct scope;

enum call_step cmd_traffic_pause(struct call *call);
enum call_step cmd_traffic_resume(struct call *call);
enum call_step cmd_traffic_maint_on(struct call *call);
enum call_step cmd_traffic_maint_off(struct call *call);

/* For `status` and `show drain`: a line for each service within path (NULL: all) whose requests do not go on as
 * usual, and one about its canary. */
void cmd_traffic_add_lines(const struct deploy *deploy, const struct args_path *path,
                           struct text *out);

/* "open", "held" or "maintenance" for the scope's present service. */
const char *cmd_traffic_mode(const struct scope *scope);

#endif
