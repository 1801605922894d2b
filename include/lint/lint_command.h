/*
 * `switchctl db lint [options] PATH...`: reads the options, runs the linter in a child with limits, and ends with its
 * answer. Called by switchctl's main; no daemon is asked.
 */
#ifndef LINT_LINT_COMMAND_H
#define LINT_LINT_COMMAND_H

#include "lint/lint.h"

/* words: what stands behind "db lint". The exit code of the program. */
int lint_command(int count, char *const *words);

/* ERR_INVALID with words for people in problem. Paths and texts stay in `words`; paths is of `count` entries. */
int lint_command_parse(int count, char *const *words, struct lint_options *options,
                       const char **paths, struct slice problem);
void lint_command_help(void);

#endif
