/*
 * An app server under the test's control, on threads of its own (one per connection). It plays scripts of
 * exact bytes, or gives queued answers to whole requests, or answers by itself (origin_auto.h), and records
 * byte for byte what it received. Test thread unless it says otherwise.
 */
#ifndef SUPPORT_ORIGIN_H
#define SUPPORT_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct origin;
struct origin_line; /* one connection: support/origin_priv.h */

enum origin_act_kind {
    ORIGIN_END,        /* closes (also the end of every script) */
    ORIGIN_HEAD,       /* reads until the empty line */
    ORIGIN_REQUEST,    /* reads a request, head and body by its framing */
    ORIGIN_BYTES,      /* reads size bytes */
    ORIGIN_EVERYTHING, /* reads until the peer ends */
    ORIGIN_SEND,       /* bytes, size */
    ORIGIN_FILL,       /* sends size bytes 'x' */
    ORIGIN_SLOWLY,     /* bytes, size, one by one */
    ORIGIN_AWAIT,      /* until bytes (a name) is raised */
    ORIGIN_RAISE,      /* raises bytes (a name) */
    ORIGIN_SHUT,       /* ends the sending side */
    ORIGIN_RESET,      /* RST */
    ORIGIN_AGAIN,      /* from the first act */
};

struct origin_act {
    enum origin_act_kind kind;
    const char *bytes;
    size_t size;
};

/* Acts in short. */
#define ACT(kind)                                                                                  \
    {                                                                                              \
        ORIGIN_##kind, NULL, 0                                                                     \
    }
#define ACT_SEND(literal)                                                                          \
    {                                                                                              \
        ORIGIN_SEND, (literal), sizeof(literal) - 1                                                \
    }
#define ACT_SLOWLY(literal)                                                                        \
    {                                                                                              \
        ORIGIN_SLOWLY, (literal), sizeof(literal) - 1                                              \
    }
#define ACT_AWAIT(name)                                                                            \
    {                                                                                              \
        ORIGIN_AWAIT, (name), 0                                                                    \
    }
#define ACT_RAISE(name)                                                                            \
    {                                                                                              \
        ORIGIN_RAISE, (name), 0                                                                    \
    }
#define ACT_BYTES(count)                                                                           \
    {                                                                                              \
        ORIGIN_BYTES, NULL, (count)                                                                \
    }
#define ACT_FILL(count)                                                                            \
    {                                                                                              \
        ORIGIN_FILL, NULL, (count)                                                                 \
    }

enum origin_after { ORIGIN_KEEPS, ORIGIN_CLOSES, ORIGIN_RESETS };

/* What serves a connection, on its thread; returns to close it. */
typedef void origin_serve_fn(struct origin_line *line, void *arg);

/* Listens at address ("127.0.0.1:0", "[::1]:0", "unix:/path"). Gives queued answers; a request with target
 * "/canary" always gets 200 with body "canary"; without a queued answer it is 200 with body "ok". */
struct origin *origin_start(const char *address);

/* The same with another way of serving. */
struct origin *origin_start_with(const char *address, origin_serve_fn *serve, void *arg);
void origin_stop(struct origin *origin);
const char *origin_address(const struct origin *origin); /* with the real port */

/* Connection number n from now plays the n-th script given, the last one repeats; NULL: answers again. The
 * acts stay the caller's and must live on. */
void origin_play(struct origin *origin, const struct origin_act *acts);
void origin_answer(struct origin *origin, const void *bytes, size_t size, enum origin_after after);

/* Forgets records, scripts, queued answers and raised names. Connections stay. */
void origin_clear(struct origin *origin);

/* Stops listening and closes everything (connecting is refused), and listens again at the same place. */
void origin_down(struct origin *origin);
void origin_up(struct origin *origin);
void origin_drop_connections(struct origin *origin); /* FIN on all of them */

/* Names: any thread. */
void origin_raise(struct origin *origin, const char *name);
bool origin_await(struct origin *origin, const char *name, unsigned ms);

/* Whole requests received, over all connections in order of arrival. */
unsigned origin_requests(const struct origin *origin);
bool origin_await_requests(struct origin *origin, unsigned count, unsigned ms);

/* Bytes of request `index` as they came (head and body); valid until origin_clear. */
struct slice origin_request(const struct origin *origin, unsigned index);
unsigned origin_request_connection(const struct origin *origin, unsigned index);

/* Connections since the start (or clear), and those open now. */
unsigned origin_connections(const struct origin *origin);
unsigned origin_open_connections(const struct origin *origin);
bool origin_await_connections(struct origin *origin, unsigned count, unsigned ms);
bool origin_await_open(struct origin *origin, unsigned count, unsigned ms); /* exactly so many */

/* All bytes of connection `index` so far, a copy that the caller frees. */
char *origin_received(const struct origin *origin, unsigned index, size_t *size);
uint64_t origin_received_bytes(const struct origin *origin); /* over all connections, ever */

#endif
