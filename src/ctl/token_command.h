/*
 * `switchctl token`: makes a token for the HTTP side of control, and shows what is in one. Asks no daemon.
 */
#ifndef CTL_TOKEN_COMMAND_H
#define CTL_TOKEN_COMMAND_H

/* The words behind "token"; an exit code. */
int token_command(int argc, char **argv);

#endif
