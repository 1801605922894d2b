/* From a request to service, slot and target: see route/match.h. Workers, inside a read-side section. */
#include "route/match.h"

#include "route/balance.h"
#include "route/snapshot_priv.h"

enum fault match_slot(const struct snapshot *snapshot, struct slice host, struct slice path,
                      const struct snapshot_service **service, unsigned *slot_index)
{
    const struct host_route *route = host_index_find(&snapshot->index, host, path);

    if (route == NULL)
        return FAULT_NO_SERVICE;
    *service = &snapshot->services[route->service];
    *slot_index = route->slot != HOST_NONE ? route->slot : (*service)->active;
    return FAULT_NONE;
}

enum fault match_find(const struct snapshot *snapshot, const struct route_query *query,
                      struct route_answer *out)
{
    const struct snapshot_service *service = NULL;
    const struct snapshot_slot *slot = NULL;
    unsigned slot_index = 0;
    enum fault fault =
        match_slot(snapshot, head_host(query->head), query->head->path, &service, &slot_index);

    if (fault != FAULT_NONE)
        return fault;
    slot = &service->slots[slot_index];
    out->service = service;
    out->slot = slot->slot;
    out->epoch = snapshot->epoch;
    out->target = balance_pick(service, slot, query);
    return out->target != NULL ? FAULT_NONE : FAULT_NO_TARGET;
}
