/*
 * `switchctl db apply --emergency FILE`: one migration, looked at first, applied with a token for exactly that: the file,
 * the database, what is applied there, the epoch. Called by switchctl's main, which fills in the daemon's part.
 */
#ifndef LINT_APPLY_COMMAND_H
#define LINT_APPLY_COMMAND_H

#include <stdbool.h>

/* What is asked of the daemon; NULL: there is none, then nothing critical is applied. */
struct apply_ops {
    /* Before anything happens: 0, or the exit code to end with (words were printed). */
    int (*begin)(void *arg, const char *token, const char *level, const char *file);
    void (*finish)(void *arg, const char *token, bool is_applied, const char *words);
    void *arg;
};

/* words: what stands behind "db apply". The exit code of the program. */
int apply_command(int count, char *const *words, const struct apply_ops *ops);

#endif
