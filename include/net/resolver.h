/*
 * Names to addresses on a thread of its own (getaddrinfo blocks): asked from the control loop, answered on
 * the control loop. Thread: the loop's.
 */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "base/address.h"
#include "base/check.h"

struct loop;
struct resolver;

enum { RESOLVER_ADDRESSES = 8 };

struct resolver_answer {
    int err; /* 0, ERR_NOT_FOUND (no such name), ERR_AGAIN (the resolver did not answer) */
    const char *words; /* what getaddrinfo said, valid during the call */
    unsigned count;
    struct address addresses[RESOLVER_ADDRESSES]; /* in getaddrinfo's order, port set */
};

typedef void resolver_fn(void *arg, const struct resolver_answer *answer);

struct resolver *resolver_new(struct loop *loop);

/* Open questions are not answered any more; waits for the one under way (bounded by resolv.conf). */
void resolver_free(struct resolver *resolver);

/* fn is called exactly once, later, from the loop. */
void resolver_ask(struct resolver *resolver, const struct endpoint *endpoint, resolver_fn *fn,
                  void *arg);

/* The same, now, blocking: for the start, before anything is served. */
MUST_CHECK int resolver_ask_now(const struct endpoint *endpoint, struct resolver_answer *out);

#endif
