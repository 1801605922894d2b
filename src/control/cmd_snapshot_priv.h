/* Snapshots of databases: taking, listing, checking, restoring beside the live one, forgetting. Thread: control. */
#ifndef CONTROL_CMD_SNAPSHOT_PRIV_H
#define CONTROL_CMD_SNAPSHOT_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_snapshot_take(struct call *call);
enum call_step cmd_snapshot_list(struct call *call);
enum call_step cmd_snapshot_verify(struct call *call);
enum call_step cmd_snapshot_restore(struct call *call);
enum call_step cmd_snapshot_forget(struct call *call);

#endif
