/* show info, config, errors, conns: the daemon itself. Thread: control. */
#ifndef CONTROL_CMD_SHOW_PRIV_H
#define CONTROL_CMD_SHOW_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_show_info(struct call *call);
enum call_step cmd_show_config(struct call *call);
enum call_step cmd_show_errors(struct call *call);
enum call_step cmd_show_conns(struct call *call);

#endif
