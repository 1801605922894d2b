/*
 * Connections that are opened before anybody needs them, so that the first requests on a new slot find them in the
 * pool. A round is one order of control; it ends when each of its connections stands or has failed, and at the
 * latest with the eviction of its target or the worker. Thread: the worker's.
 */
#ifndef PROXY_WARM_H
#define PROXY_WARM_H

#include "base/check.h"
#include "proxy/upstream.h"

struct target;
struct worker;

/* What control asks for and hears. Owner: the message, then the answer. */
struct warm_round {
    struct target *target;
    unsigned count; /* connections that shall wait in the pool */
    unsigned open;  /* in the pool at the end */
    unsigned left;  /* under way */
    uint32_t pool_max;
    uint64_t pool_idle_us;
    void (*done)(void *arg, unsigned open);
    void *arg;
};

/* Takes the round; it comes back by the worker's answers. */
void warm_start(struct worker *worker, struct warm_round *round);

/* For upstream.c: something happened to a connection of a round. */
void warm_on_ready(struct upstream *upstream);
void warm_on_deadline(struct upstream *upstream);

/* Ends what is under way for the target; NULL: for all. */
void warm_evict(struct worker *worker, const struct target *target);

#endif
