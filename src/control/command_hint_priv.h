/*
 * Words that people bring along from other tools and that are no command here, and which commands do it. The table is
 * all there is: what can be the same command is an alias in command.c.
 */
#ifndef CONTROL_COMMAND_HINT_PRIV_H
#define CONTROL_COMMAND_HINT_PRIV_H

/* The sentence for such a line of words, static; NULL: there is none. */
const char *command_hint(char *const *words, unsigned count);

#endif
