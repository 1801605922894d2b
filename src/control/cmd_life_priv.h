/* help, version, whoami, prompt, quit, shutdown: the connection and the daemon's life. Thread: control. */
#ifndef CONTROL_CMD_LIFE_PRIV_H
#define CONTROL_CMD_LIFE_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_life_help(struct call *call);
enum call_step cmd_life_version(struct call *call);
enum call_step cmd_life_whoami(struct call *call);
enum call_step cmd_life_prompt(struct call *call);
enum call_step cmd_life_quit(struct call *call);
enum call_step cmd_life_shutdown(struct call *call);

#endif
