/* db status, db test: the databases of the releases. Thread: control. */
#ifndef CONTROL_CMD_DATABASE_PRIV_H
#define CONTROL_CMD_DATABASE_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_database_status(struct call *call);
enum call_step cmd_database_test(struct call *call);

/* For `status`: a line per database, and the same as JSON; nothing without databases. */
void cmd_database_add_lines(struct call *call);

#endif
