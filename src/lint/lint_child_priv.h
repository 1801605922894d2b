/* A child process with limits of time and memory. Called by lint_command.c. */
#ifndef LINT_LINT_CHILD_PRIV_H
#define LINT_LINT_CHILD_PRIV_H

#include "lint/lint.h"

/* Runs work(arg, progress) in a child and gives its exit code; 1, after words on stderr, when it did not end by itself
 * within the limits. What work prints to stdout and stderr goes where ours goes. */
int lint_child_run(const struct lint_options *options,
                   int (*work)(const struct lint_options *options, struct lint_progress *progress));

#endif
