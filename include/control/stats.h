/* Counters of the workers as the control plane sees them, summed; values. */
#ifndef CONTROL_STATS_H
#define CONTROL_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

struct control_stats {
    uint64_t connections; /* client connections open */
    uint64_t connections_total;
    uint64_t
        connections_refused; /* beyond max_connections or a client's own, or without descriptors */
    uint64_t exchanges;      /* in flight */
    uint64_t exchanges_total;
    uint64_t unrouted[600];  /* answers without a service, by status: 400, 404, 408 … */
    uint64_t tls_handshakes; /* that succeeded, of them resumed */
    uint64_t tls_resumed;
    uint64_t tls_failed[FAULT_COUNT]; /* by fault */
    uint64_t dials;                   /* handshakes with targets that succeeded, of them resumed */
    uint64_t dials_resumed;
    uint64_t upstreams; /* connections to targets, busy and idle */
    uint64_t upstreams_idle;
    uint64_t access_dropped;
    uint64_t log_errors;
    bool is_stopping; /* the daemon drains and ends: not ready any more */
};

#endif
