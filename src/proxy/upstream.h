/*
 * One connection to a target: leased to an exchange or waiting, still registered, in the worker's pool of that
 * target (target->cells[worker].pool). Ends by upstream_return or upstream_close.
 */
#ifndef PROXY_UPSTREAM_H
#define PROXY_UPSTREAM_H

#include <sys/queue.h>

#include "base/check.h"
#include "base/fault.h"
#include "net/stream.h"
#include "net/wheel.h"

struct exchange;
struct target;
struct tls_sessions;
struct tunnel;
struct warm_round;
struct worker;

/* Owner: the worker; leased to `exchange` while that is set. Thread: the worker's. */
struct upstream {
    uint32_t magic;
    bool is_kept;      /* it has served a request before the present one */
    bool is_idle;      /* in the pool */
    bool is_large;     /* its last response was a large one: read little before splicing */
    uint32_t requests; /* served so far */
    struct worker *worker;
    struct target *target;
    struct exchange *exchange;
    struct tunnel *tunnel;   /* has it to the end */
    struct warm_round *warm; /* opened ahead of need, not yet in the pool */
    struct upstream *below;  /* in the pool: the one that waits longer */
    struct upstream *above;
    struct stream stream;
    struct deadline deadline;
    LIST_ENTRY(upstream) entry;
};

/* The pool of a worker for one target: a stack, the youngest on top, the oldest at the bottom goes first. */
struct upstream_pool {
    LIST_ENTRY(upstream_pool) entry;
    struct target *target;
    struct upstream *top;
    struct upstream *bottom;
    unsigned count;
    struct tls_sessions *sessions; /* of a target with TLS */
    uint64_t told_us;              /* when a failed handshake was logged last */
    unsigned untold;               /* since then */
};

/* A waiting connection, or NULL. Asks the kernel first whether it still lives when `checked`. */
struct upstream *upstream_lease(struct worker *worker, struct target *target, bool checked);

/* A new connection under way, for an exchange or (NULL) for a warm_round; ERR_* as stream_connect. */
MUST_CHECK int upstream_open(struct worker *worker, struct target *target,
                             struct exchange *exchange, struct upstream **out);

/* Once it is connected: TLS, where the target has it. 0: it can be used; ERR_AGAIN; ERR_DENIED: the handshake failed, and
 * *fault says why. */
MUST_CHECK int upstream_secure(struct upstream *upstream, enum fault *fault);

/* Back into the pool of at most `max`, for at most idle_us. */
void upstream_return(struct upstream *upstream, unsigned max, uint64_t idle_us);
void upstream_close(struct upstream *upstream);

/* Now and then: where requests of other workers queue for a slot, idle connections of this one to its targets end,
 * so that they do not take up the targets' max_connections; and those whose settings were replaced end, too. */
void upstream_pools_share(struct worker *worker);

/* Closes what waits for the target; its pool object goes too. */
void upstream_pool_evict(struct worker *worker, struct target *target);

#endif
