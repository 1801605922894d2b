/*
 * One routed application: its identity, and the policy that an exchange copies when it is routed. The control
 * thread owns it; it outlives its slots.
 */
#ifndef ROUTE_SERVICE_H
#define ROUTE_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum balance { BALANCE_ROUND_ROBIN, BALANCE_LEAST_REQUESTS, BALANCE_RANDOM, BALANCE_HASH };
enum hash_key { HASH_CLIENT_IP, HASH_HEADER, HASH_COOKIE };

/* What the evidence tells errors apart by: see route/slot_evidence.h. */
enum evidence_key_kind {
    EVIDENCE_CLIENT_IP,
    EVIDENCE_HEADER,
    EVIDENCE_TENANT,
    EVIDENCE_PATH /* its first segment */
};

struct evidence_key {
    enum evidence_key_kind kind;
    const char *name; /* of the header; else NULL */
};

/* What an exchange needs to know; copied by value. Durations in microseconds. */
struct policy {
    uint64_t body_us; /* client silent in its request body */
    uint64_t connect_us;
    uint64_t response_us;  /* request sent to response head */
    uint64_t idle_us;      /* target silent in its response, client not reading */
    uint64_t keepalive_us; /* client connection between requests */
    uint64_t pool_idle_us; /* kept upstream connection */
    uint64_t body_limit;   /* bytes, 0: none */
    uint32_t head_bytes;
    uint32_t target_bytes;
    uint16_t fields;
    uint32_t pool_max;      /* kept connections per target and worker */
    uint32_t pool_requests; /* per kept connection, 0: no limit */
    uint8_t attempts;       /* retries after the first try */
    bool via;
    bool x_forwarded;
    bool epoch_header;
    bool health;         /* passive findings count */
    bool https_redirect; /* 308 to https for what came without TLS */
    bool shield;         /* canary: a failed idempotent request goes to the live slot once */
    uint8_t
        retry_budget; /* percent of a worker's recent requests that may be attempts after the first */
    uint32_t
        body_rate; /* bytes per second, least, over 10 s, of a request body and of a client's reading; 0: any */
    uint32_t client_rate; /* requests per second and client address; 0: any */
    uint32_t client_burst;
    uint64_t tunnel_us;         /* a tunnel without a byte in either direction */
    uint64_t inflight_error_us; /* without a response head for so long is an error; 0: never */
    bool evidence;              /* requests are counted for the judgement */
};

struct rate;

/* Upper edges of the times that requests were held; one more bucket for the rest. */
enum { SERVICE_HOLD_BUCKETS = 10 };
extern const uint64_t service_hold_edges_us[SERVICE_HOLD_BUCKETS - 1];

/* Not on the way of every request: shared by the workers, relaxed. */
struct service_counts {
    _Atomic uint64_t held; /* now; the service lives as long as it is not 0 */
    _Atomic uint64_t held_bytes;
    _Atomic uint64_t held_total;
    _Atomic uint64_t hold_us_total;
    _Atomic uint64_t hold_buckets[SERVICE_HOLD_BUCKETS]; /* those that wait no more, by how long */
    _Atomic uint64_t hold_refused;
    _Atomic uint64_t hold_expired;
    _Atomic uint64_t preview_refused;
    _Atomic uint64_t maintenance; /* answered by us */
    _Atomic uint64_t limited;     /* 429 */
    _Atomic uint64_t shielded;
    _Atomic uint64_t budget_spent; /* retries not made for want of budget */
};

struct service {
    uint32_t magic;
    char name[64];
    struct rate *
        rate; /* NULL: no limits per client; set before the service is in a snapshot, freed with it */
    struct service_counts counts;
};

struct service *service_new(const char *name);
void service_free(struct service *service);

/* A request that was held so long goes on, or is refused. Any worker. */
void service_note_hold(struct service_counts *counts, uint64_t us);

#endif
