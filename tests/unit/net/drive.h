/*
 * A loop driven until a fact holds: it stops at the first turn in which the asked condition is true, or after a
 * bounded time, which fails the test. Sockets of these tests are pairs and loopback connections.
 */
#ifndef NET_DRIVE_H
#define NET_DRIVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "net/loop.h"
#include "net/stream.h"

typedef bool drive_fn(void *arg);

/* Turns the loop until is_true(arg); false when that took more than five seconds. */
bool drive_until(struct loop *loop, drive_fn *is_true, void *arg);

/* Turns the loop for at least ms. */
void drive_for(struct loop *loop, unsigned ms);

/* A stream that counts its calls of on_ready. */
struct watch {
    struct stream stream;
    unsigned calls;
    void (*then)(struct watch *watch); /* called by on_ready; may be NULL */
    void *arg;
};
extern const struct stream_ops watch_ops;

/* Opens the watch on one end of a new pair of stream sockets and returns the other, blocking one. */
int watch_open_pair(struct watch *watch, struct loop *loop);

/* Turns until on_ready was called more often than `before`. */
bool watch_await(struct watch *watch, unsigned before);

#endif
