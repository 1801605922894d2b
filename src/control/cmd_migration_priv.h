/*
 * What `switchctl db plan`, `db apply` and `db prove` ask of the daemon: where a database is, whether an emergency may be
 * applied, and that it is remembered who did it and what became of it. Thread: control.
 */
#ifndef CONTROL_CMD_MIGRATION_PRIV_H
#define CONTROL_CMD_MIGRATION_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_migration_describe(struct call *call);
enum call_step cmd_migration_approve(struct call *call);
enum call_step cmd_migration_begin(struct call *call);
enum call_step cmd_migration_finish(struct call *call);

#endif
