/*
 * Faults in system calls of a running daemon through strace: attach with an injection ("fsync:error=EIO:when=1",
 * "write:signal=KILL:when=3"), detach. And a wrapper that starts it under strace from the beginning. Test thread.
 */
#ifndef SUPPORT_STRACE_H
#define SUPPORT_STRACE_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether strace is there and may trace (prints and counts the skip for test `name` when not). */
bool strace_is_usable(const char *name);

struct strace {
    pid_t pid;
    int words_fd; /* its standard error */
};

/* Returns when every thread is attached. trace: "fsync,fdatasync"; inject may be NULL. */
void strace_attach(struct strace *strace, pid_t daemon, const char *trace, const char *inject);
void strace_detach(struct strace *strace);

#endif
