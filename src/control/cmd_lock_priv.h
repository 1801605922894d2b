/* lock show, acquire, release: the deploy lock. Thread: control. */
#ifndef CONTROL_CMD_LOCK_PRIV_H
#define CONTROL_CMD_LOCK_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_lock_show(struct call *call);
enum call_step cmd_lock_acquire(struct call *call);
enum call_step cmd_lock_release(struct call *call);

#endif
