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
#include "route/steering.h"

struct route_query {
    const struct head *head;
    const struct address *client; /* after PROXY protocol and trusted peers */
    unsigned worker;
    uint64_t random;               /* fresh for each request */
    const struct target *avoid[2]; /* tried before in this exchange; NULL: none */
    uint64_t now_us;               /* monotonic; for slow_start */
    bool is_repeat;    /* it was counted before: it comes again, after a wait or a failed attempt */
    bool is_rehearsal; /* nothing is counted, no turn is used up: asked by control, to explain */
    bool live_only;    /* the shielded second attempt: the active slot, whatever the rules say */
};

struct route_answer {
    const struct snapshot_service *service; /* valid inside the section only */
    const struct snapshot_slot *place;      /* likewise */
    struct slot *slot;
    struct target *target;
    uint64_t epoch;
    enum rule rule;
    bool is_preview;         /* by preview: not part of any evidence */
    bool is_preview_refused; /* it was asked for, without the secret or from elsewhere */
    bool is_candidate;       /* the slot is the candidate of a canary, by whatever rule */
    bool is_new_identity;    /* identity was made now: the client gets it as a cookie, sealed */
    uint16_t
        strip_bytes; /* of the path, in front, that the app does not see; what is left begins with "/"
                      * or is nothing at all: then whoever writes the head puts "/" in its place */
    struct slice tenant; /* into the head; ptr NULL: none */
    char identity[17];   /* "" : the own cookie is not in play */
};

/*
 * Service by host (exact, then longest wildcard, then any), then longest path prefix at segment borders
 * ("/api" matches "/api" and "/api/x", not "/apix"; "/api/" matches "/api/x", not "/api"), byte for byte.
 * "*.example.com" matches any depth below example.com, not example.com itself. The most specific host with
 * any matching prefix wins: a host none of whose prefixes match does not hide a less specific one.
 * Slot by the rules of route/steering.h; target by balance. FAULT_NONE, FAULT_NO_SERVICE, or with service and
 * slot filled in: FAULT_NO_TARGET; FAULT_HELD and FAULT_MAINTENANCE (the service's traffic says so for this
 * request); FAULT_SLOT_BUSY and FAULT_TARGET_BUSY (a circuit limit is reached: queue or refuse).
 */
enum fault match_find(const struct snapshot *snapshot, const struct route_query *query,
                      struct route_answer *out);

/* Only service and slot by host and path: the slot whose own host it is (and is not off), or the active one. */
enum fault match_slot(const struct snapshot *snapshot, struct slice host, struct slice path,
                      const struct snapshot_service **service, unsigned *slot_index);

#endif
