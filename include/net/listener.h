/*
 * Listening sockets. They are opened on the control thread, one per worker with SO_REUSEPORT (one for all
 * for unix sockets), and served by a listener of a worker's loop, which takes at most 64 connections a turn
 * and rests 20 ms when descriptors are used up.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/check.h"

struct loop;
struct listener;

struct listener_ops {
    /* A new non-blocking, close-on-exec descriptor, now the callee's. */
    void (*on_accept)(void *arg, int fd, const struct address *peer);

    /* Accepting failed for want of descriptors or memory; called once per rest. May be NULL. */
    void (*on_starved)(void *arg, int err);
};

/* A bound, listening, non-blocking descriptor, or ERR_*: errno tells. mode: of a unix socket, 0 leaves it to
 * umask. A dead unix socket is unlinked first; one that answers is ERR_EXISTS. */
MUST_CHECK int listener_bind(const struct address *address, int backlog, unsigned mode, int *fd);

/* Takes fd. */
struct listener *listener_new(struct loop *loop, int fd, const struct listener_ops *ops, void *arg);

/* Accepts until the queue is empty (so that no client that was let in is reset), then closes. */
void listener_free(struct listener *listener);

#endif
