/*
 * The demo app as a whole: what it is (slot, version), what it has been told (faults) and whom it
 * serves. One thread, one libevent loop.
 */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/address.h"
#include "demo/demo_fault.h"
#include "demo/demo_tally.h"

struct demo_session;
struct event_base;
struct evconnlistener;

TAILQ_HEAD(demo_session_list, demo_session);

/* Owner: main. */
struct demo {
    struct event_base *base;
    struct evconnlistener *listener;
    struct demo_session_list sessions;
    struct demo_fault fault;
    struct demo_fault fault_at_start; /* what reset goes back to */
    struct demo_tally tally;
    struct address bind;
    char slot[32]; /* letters, digits, '.', '_', '-' only: written into pages as they are */
    char version[32];
    uint64_t started_us;
    uint64_t request_count; /* those that faults may hit */
    uint64_t random;
    uint64_t idle_us; /* close a connection idle so long; 0: never */
    uint64_t grace_us;
    bool is_stopping;
};

#endif
