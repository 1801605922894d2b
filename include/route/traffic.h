/*
 * Whether requests of a service go on, and how many a slot is given at a time. Values; part of a snapshot, in whose
 * arena their texts lie.
 */
#ifndef ROUTE_TRAFFIC_H
#define ROUTE_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

enum traffic_mode { TRAFFIC_OPEN, TRAFFIC_HELD, TRAFFIC_MAINT };

struct traffic {
    enum traffic_mode mode;
    bool pass_safe;         /* held: safe methods go on */
    uint32_t hold_count;    /* held requests of the service, all workers; more are refused */
    uint64_t hold_bytes;    /* likewise, of their heads and first body bytes */
    uint64_t hold_us;       /* how long one request waits at most */
    uint32_t release_rate;  /* per second, when the hold is over; 0: all at once */
    uint32_t retry_after_s; /* maintenance */
    const char *message;    /* maintenance: for the page, plain text; NULL: ours */
    const char *page;       /* maintenance: a whole HTML body; NULL: ours */
    unsigned pass_count;    /* maintenance: paths (whole) that go on */
    const char **pass;
};

/* Limits of what a slot is given at a time; 0: none. */
struct circuit {
    uint32_t max_requests; /* in flight, all workers */
    uint32_t queue;        /* requests that may wait for a place, all workers */
    uint64_t queue_us;     /* how long */
};

#endif
