/*
 * Programs of the system that check what we write or speak to what we serve (promtool, prometheus, mandoc …): found on
 * the PATH, run to their end with a deadline, or kept running for a test. They die with the thread that started them.
 * Test thread.
 */
#ifndef SUPPORT_TOOL_H
#define SUPPORT_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether there is such a program; when not, a line SKIPPED names what installs it. */
bool tool_exists(const char *name);

/* Runs words (NULL at the end) in folder (NULL: here) with input on standard input: the exit code, -1 when it was ended
 * after ms. *out: what it said on both outputs; the caller frees. out may be NULL. */
struct tool {
    const char *const *words;
    const char *folder;
    const char *input; /* NULL: nothing */
    unsigned ms;
};
int tool_run(const struct tool *tool, char **out);

/* Starts it and goes on; its words go to the file log. */
pid_t tool_start(const struct tool *tool, const char *log);
void tool_stop(pid_t pid); /* SIGTERM, then SIGKILL */

#endif
