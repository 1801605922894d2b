/*
 * Whether a peer may give a command, asked in one place before anything of it runs, whichever way it came in: first by the
 * level of the command's row, then, of a deployer, by the services that its words mean. Thread: control.
 */
#ifndef CONTROL_PERMIT_PRIV_H
#define CONTROL_PERMIT_PRIV_H

#include <stdbool.h>

struct call;
struct command;

/* By the row alone; false: the answer says why not. */
bool permit_level(struct call *call, const struct command *command);

/* By call->command and call->args; false: likewise. */
bool permit_scope(struct call *call);

/* A service or group for a deployer: a name in its scope, a service of a group in it, or a group all of whose services are. */
bool permit_is_in_scope(const struct call *call, const char *name);

#endif
