/* `switchctl db plan [options] PATH...`: what a database does not have yet. Called by switchctl's main. */
#ifndef LINT_PLAN_COMMAND_H
#define LINT_PLAN_COMMAND_H

/* words: what stands behind "db plan". The exit code of the program. */
int plan_command(int count, char *const *words);

#endif
