/* The commands about who is told of what happens: webhook list, test. Thread: control. */
#ifndef CONTROL_CMD_WEBHOOK_PRIV_H
#define CONTROL_CMD_WEBHOOK_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_webhook_list(struct call *call);
enum call_step cmd_webhook_test(struct call *call);

#endif
