/* `switchctl audit verify FILE…`: checks files of an audit trail without a daemon. */
#ifndef CTL_AUDIT_COMMAND_H
#define CTL_AUDIT_COMMAND_H

#include <stdbool.h>

/* Whether the words behind the program's name are this command with files, so that no daemon is asked. */
bool audit_command_is_meant(int argc, char **argv);

/* The exit code: 0 whole, 1 not, or not readable, 2 usage. */
int audit_command(int argc, char **argv);

#endif
