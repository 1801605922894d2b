/* signal, show signals: values that are told from outside. Thread: control. */
#ifndef CONTROL_CMD_SIGNAL_PRIV_H
#define CONTROL_CMD_SIGNAL_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_signal_set(struct call *call);
enum call_step cmd_signal_show(struct call *call);

#endif
