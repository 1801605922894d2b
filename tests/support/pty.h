/*
 * A program on a terminal of its own: what it draws, what it is typed, how large the window is, and whether the terminal
 * is as it was when it ends. Test thread.
 */
#ifndef SUPPORT_PTY_H
#define SUPPORT_PTY_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/text.h"

struct pty {
    int fd; /* our side */
    pid_t pid;
    struct text out;      /* all that was written to it */
    struct termios began; /* how the terminal was */
};

/* words: NULL at the end. */
void pty_start(struct pty *pty, const char *const *words, unsigned rows, unsigned columns);

/* Until `part` was written behind the place `from` of the output; the place behind it, 0: not within ms. */
size_t pty_await(struct pty *pty, const char *part, size_t from, unsigned ms);
void pty_type(const struct pty *pty, const char *keys);
void pty_resize(const struct pty *pty, unsigned rows, unsigned columns);

/* The exit code (128 and the number of a signal that ended it); -1: it goes on after ms, and is ended. */
int pty_end(struct pty *pty, unsigned ms);

/* Whether the terminal echoes and takes lines as at the start. Before pty_close. */
bool pty_is_restored(const struct pty *pty);
void pty_close(struct pty *pty);

#endif
