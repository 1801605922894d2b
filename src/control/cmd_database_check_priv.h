/* db check, db contract, and the light of `status`: the databases' word on moves of traffic. Thread: control. */
#ifndef CONTROL_CMD_DATABASE_CHECK_PRIV_H
#define CONTROL_CMD_DATABASE_CHECK_PRIV_H

#include "control/call_priv.h"

enum call_step cmd_database_check(struct call *call);
enum call_step cmd_database_contract(struct call *call);

/* For `status`: a line per service that the path means and whose slots have a database, and the same as JSON. */
void cmd_database_check_add_lights(struct call *call, const struct args_path *path);

#endif
