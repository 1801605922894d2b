/* The rules of route/steering.h, one after the other, for a service that has steering. Workers, and explain. */
#ifndef ROUTE_STEER_PRIV_H
#define ROUTE_STEER_PRIV_H

#include "route/match.h"

struct steer_case {
    const struct snapshot_service *service; /* has steering */
    const struct route_query *query;
    uint32_t host_slot;    /* the slot whose own host was asked, or SLOT_NONE; may be off */
    bool is_counted;       /* a pinned tenant's request counts */
    uint64_t name_lengths; /* of the fields, one bit each; filled in here */
};

/* The index of the slot. Fills in what *out tells of the decision: rule, preview, tenant, identity. */
uint32_t steer_choose(struct steer_case *steer, struct route_answer *out);

#endif
