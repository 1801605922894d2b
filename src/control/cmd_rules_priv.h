/*
 * How the judgement of what is on trial stands: `show rules`, `release`, and the lines of `status`. The
 * judging is done elsewhere (pilot). Thread: control.
 */
#ifndef CONTROL_CMD_RULES_PRIV_H
#define CONTROL_CMD_RULES_PRIV_H

#include "control/call_priv.h"

struct args_path;

enum call_step cmd_rules_show(struct call *call);
enum call_step cmd_rules_release(struct call *call);

/* For `status` and `canary status`: a line for every service of the path that is on trial or has something in quarantine. */
void cmd_rules_add_lines(const struct control_room *room, const struct args_path *path,
                         struct text *out);

/* The same as an array under "trials". */
void cmd_rules_add_json(const struct control_room *room, const struct args_path *path,
                        cJSON *result);

#endif
