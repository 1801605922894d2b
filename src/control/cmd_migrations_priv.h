/* db migrations: what is pending in the folders that databases name, as judged last. Thread: control. */
#ifndef CONTROL_CMD_MIGRATIONS_PRIV_H
#define CONTROL_CMD_MIGRATIONS_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_migrations_show(struct call *call);

#endif
