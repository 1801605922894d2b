/*
 * Readiness of a descriptor that belongs to somebody else, such as a library that opens, closes and replaces it: nothing
 * here reads, writes or closes. Level-triggered. Owner: who made it. Thread: the loop's.
 */
#ifndef NET_FD_WATCH_H
#define NET_FD_WATCH_H

#include <stdbool.h>

#include "base/check.h"

struct fd_watch;
struct loop;

struct fd_watch *fd_watch_new(struct loop *loop, void (*fn)(void *arg), void *arg);
void fd_watch_free(struct fd_watch *watch); /* NULL is allowed; also from its own callback */

/* Watches this descriptor from now on, always registering it anew: one that was closed and opened again may have the same
 * number. ERR_*: the kernel would not have it. */
MUST_CHECK int fd_watch_set(struct fd_watch *watch, int fd, bool want_read, bool want_write);

/* Before the descriptor may be closed. */
void fd_watch_clear(struct fd_watch *watch);

#endif
