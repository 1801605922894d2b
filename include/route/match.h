/*
 * From a request to service, slot and target, in one read-side section. Pure but for the worker's own cells
 * (round-robin turns); no allocation, no clock.
 */
#ifndef ROUTE_MATCH_H
#define ROUTE_MATCH_H

#include "base/address.h"
#include "base/fault.h"
#include "http/head.h"
#include "route/snapshot.h"

struct route_query {
    const struct head *head;
    const struct address *client; /* after PROXY protocol and trusted peers */
    unsigned worker;
    uint64_t random;               /* fresh for each call */
    const struct target *avoid[2]; /* tried before in this exchange; NULL: none */
};

struct route_answer {
    const struct snapshot_service *service; /* valid inside the section only */
    struct slot *slot;
    struct target *target;
    uint64_t epoch;
};

/*
 * Service by host (exact, then longest wildcard, then any), then longest path prefix at segment borders
 * ("/api" matches "/api" and "/api/x", not "/apix"; "/api/" matches "/api/x", not "/api"), byte for byte.
 * "*.example.com" matches any depth below example.com, not example.com itself. The most specific host with
 * any matching prefix wins: a host none of whose prefixes match does not hide a less specific one.
 * Slot by its own host names, else the active one; target by balance. FAULT_NONE, FAULT_NO_SERVICE, or
 * FAULT_NO_TARGET (service and slot are filled in).
 */
enum fault match_find(const struct snapshot *snapshot, const struct route_query *query,
                      struct route_answer *out);

/* Only service and slot, no target: for explaining and tests. */
enum fault match_slot(const struct snapshot *snapshot, struct slice host, struct slice path,
                      const struct snapshot_service **service, unsigned *slot_index);

#endif
