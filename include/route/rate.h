/*
 * Requests and connections per client address: a bounded table that all workers share without locks (GCRA, one
 * compare-and-swap per request). IPv6 clients count by their /64, unix clients not at all. When the table is full
 * of active clients the oldest entry of a client's few places is given up: a client is then judged too kindly,
 * never too strictly. Owner: control. Any worker.
 */
#ifndef ROUTE_RATE_H
#define ROUTE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

struct rate;

/* entries: of clients, rounded up. */
struct rate *rate_new(unsigned entries);
void rate_free(struct rate *rate);

/* One request at now_us (monotonic), of at most `burst` at once (0 is 1); per_second 0: any number. 0: it passes and
 * counts; else the microseconds until one may pass. */
uint64_t rate_take(struct rate *rate, const struct address *client, uint32_t per_second,
                   uint32_t burst, uint64_t now_us);

/* One connection more: false when the client has `most` already (nothing is counted then); 0: any number, which
 * is not counted either. Each one that was counted ends with one rate_disconnect. */
bool rate_connect(struct rate *rate, const struct address *client, uint32_t most);
void rate_disconnect(struct rate *rate, const struct address *client);

/* What is taken for one client: an IPv4 address, or the /64 of an IPv6 one. 0: none that is counted (unix socket). */
uint64_t rate_client_key(const struct address *client);

#endif
