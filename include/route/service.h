/*
 * One routed application: its identity, and the policy that an exchange copies when it is routed. The control
 * thread owns it; it outlives its slots.
 */
#ifndef ROUTE_SERVICE_H
#define ROUTE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

enum balance { BALANCE_ROUND_ROBIN, BALANCE_LEAST_REQUESTS, BALANCE_RANDOM, BALANCE_HASH };
enum hash_key { HASH_CLIENT_IP, HASH_HEADER, HASH_COOKIE };

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
    bool health; /* passive findings count */
};

struct service {
    uint32_t magic;
    char name[64];
};

struct service *service_new(const char *name);
void service_free(struct service *service);

#endif
