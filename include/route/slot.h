/*
 * A named place of a service where a release lives. The control thread owns it and changes its plain fields;
 * workers touch the constant ones (name, service) and their own cell. It outlives its targets.
 */
#ifndef ROUTE_SLOT_H
#define ROUTE_SLOT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/fault.h"
#include "route/budget.h"
#include "route/target.h"

struct cohort_cells;
struct header_rules;
struct header_rules_kept;
struct service;
struct slot_evidence;
struct status_tally;

enum role { ROLE_LIVE, ROLE_STANDBY, ROLE_CANDIDATE, ROLE_DRAINING, ROLE_STAGING, ROLE_OFF };

/* Upper edges of the latency histograms in microseconds; one more bucket for the rest. */
enum { SLOT_BUCKETS = 12 };
extern const uint32_t slot_bucket_edges_us[SLOT_BUCKETS - 1];

/* Codes 89..599 have the index code - 88; index 0 takes all others, 0 (no status was sent) among them. */
enum { SLOT_METHODS = 10, SLOT_CODES = 512 };

/* Why a further attempt was made: no connection, a kept one was closed, the candidate's answer was replaced. */
enum slot_retry { SLOT_RETRY_CONNECT, SLOT_RETRY_TLS, SLOT_RETRY_STALE, SLOT_RETRY_STATUS };
enum { SLOT_RETRY_CAUSES = SLOT_RETRY_STATUS + 1 };

struct slot_histogram {
    _Atomic uint64_t buckets[SLOT_BUCKETS];
    _Atomic uint64_t sum_us;
};

/* Written by one worker, read by control. */
struct slot_cell {
    _Alignas(64) _Atomic uint64_t in_flight; /* exchanges routed here and not finished */
    _Atomic uint64_t bytes_in;               /* request bytes from clients, heads included */
    _Atomic uint64_t bytes_out;
    _Atomic uint64_t retries[SLOT_RETRY_CAUSES];
    _Atomic uint64_t tunnels; /* open now */
    _Atomic uint64_t tunnels_total;
    _Atomic uint64_t tunnel_bytes_in; /* from clients */
    _Atomic uint64_t tunnel_bytes_out;
    _Atomic uint64_t tunnels_closed; /* by a drain: with a Close frame, or at the deadline */
    _Atomic uint64_t queued;         /* wait for a place now */
    _Atomic uint64_t queue_refused;
    _Atomic uint64_t shielded;      /* failures of this slot that another one made good */
    _Atomic uint64_t previews;      /* requests by preview: in no other counter of the slot */
    struct slot_histogram duration; /* whole exchange */
    struct slot_histogram response; /* request sent to response head */
    struct slot_histogram connect;
    _Atomic uint64_t *requests; /* [SLOT_METHODS][SLOT_CODES] */
    _Atomic uint64_t *faults;   /* [FAULT_COUNT] */
    struct budget budget;       /* of attempts after the first; the worker's alone */
};

struct slot {
    uint32_t magic;
    uint32_t worker_count;
    struct service *service;
    char name[64];
    char version[64]; /* control thread only */
    /* header changes for this slot; the control thread exchanges them, what they were lives as long as the slot */
    const struct header_rules *_Atomic request_rules; /* NULL: none */
    const struct header_rules *_Atomic response_rules;
    struct header_rules_kept *kept_rules; /* control thread only */
    struct slot_evidence *evidence;       /* see route/slot_evidence.h */
    struct cohort_cells *cohorts;         /* see route/cohort_cells.h */
    struct status_tally *_Atomic tally;   /* see route/status_tally.h; NULL: none */
    struct status_tally *kept_tallies;    /* control thread only */
    struct slot_cell cells[];             /* worker_count */
};

struct slot *slot_new(struct service *service, const char *name, unsigned worker_count);
void slot_free(struct slot *slot);
/* New rules (NULL: none); takes them. Equal ones change nothing. Control thread. */
void slot_set_rules(struct slot *slot, struct header_rules *request, struct header_rules *response);
uint64_t
slot_tunnels(const struct slot *slot); /* open now, summed; workers release what they store */
void slot_pin(struct slot *slot, unsigned worker);
void slot_unpin(struct slot *slot, unsigned worker);
uint64_t slot_in_flight(const struct slot *slot);

/* Those that wait for a place in it, summed. They hold the slot as a pin does: who frees it asks here first, then
 * slot_in_flight, because the one becomes the other. */
uint64_t slot_queued(const struct slot *slot);

/* One finished exchange; by its worker. method is enum method (http/head.h); code 0: no status was sent. */
struct slot_sample {
    uint8_t method;
    uint16_t code;
    uint16_t fault; /* enum fault */
    uint32_t duration_us;
    uint32_t response_us; /* 0: no response head came */
    uint32_t connect_us;  /* 0: a kept connection was used */
    uint64_t bytes_in;
    uint64_t bytes_out;
};
void slot_count(struct slot *slot, unsigned worker, const struct slot_sample *sample);

/* A histogram summed over workers; which: 0 duration, 1 response, 2 connect. */
struct slot_totals {
    uint64_t buckets[SLOT_BUCKETS]; /* not cumulative */
    uint64_t sum_us;
};
void slot_sum_histogram(const struct slot *slot, int which, struct slot_totals *out);
uint64_t slot_sum_requests(const struct slot *slot, unsigned method, unsigned code);
uint64_t slot_sum_faults(const struct slot *slot, enum fault fault);
const char *role_name(enum role role);
enum slot_retry slot_retry_cause(enum fault fault); /* of one that another attempt may help */
const char *slot_retry_name(enum slot_retry cause);

#endif
