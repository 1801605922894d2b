/* From a request to service, slot and target: see route/match.h. Workers, inside a read-side section. */
#include "route/match.h"

#include "route/balance.h"
#include "route/snapshot_priv.h"
#include "route/steer_priv.h"

/* The slot whose own host was asked; a slot that is off has none. */
static uint32_t find_host_slot(const struct snapshot_service *service,
                               const struct host_route *route)
{
    if (route->slot == HOST_NONE || service->slots[route->slot].role == ROLE_OFF)
        return SLOT_NONE;
    return route->slot;
}

enum fault match_slot(const struct snapshot *snapshot, struct slice host, struct slice path,
                      const struct snapshot_service **service, unsigned *slot_index)
{
    const struct host_route *route = host_index_find(&snapshot->index, host, path);
    uint32_t own = SLOT_NONE;

    if (route == NULL)
        return FAULT_NO_SERVICE;
    *service = &snapshot->services[route->service];
    own = find_host_slot(*service, route);
    *slot_index = own != SLOT_NONE ? own : (*service)->active;
    return FAULT_NONE;
}

static bool is_passed(const struct traffic *traffic, struct slice path)
{
    for (unsigned i = 0; i < traffic->pass_count; i++)
        if (slice_is_equal(slice_from(traffic->pass[i]), path))
            return true;
    return false;
}

static enum fault check_traffic(const struct traffic *traffic, const struct head *head,
                                bool is_preview)
{
    switch (traffic->mode) {
    case TRAFFIC_OPEN: return FAULT_NONE;
    case TRAFFIC_HELD: return traffic->pass_safe && head_is_safe(head) ? FAULT_NONE : FAULT_HELD;
    case TRAFFIC_MAINT:
        return is_preview || is_passed(traffic, head->path) ? FAULT_NONE : FAULT_MAINTENANCE;
    }
    return FAULT_NONE;
}

/* Of the path; a "/" at the end of the prefix stays, it begins what the app sees. */
static uint16_t count_stripped(const char *prefix_text, struct slice path)
{
    struct slice prefix = slice_from(prefix_text);

    if (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '/')
        prefix.len--;
    if (prefix.len == 0 || !slice_starts_with(path, prefix))
        return 0;
    if (path.len > prefix.len && path.ptr[prefix.len] != '/')
        return 0;
    return (uint16_t)prefix.len;
}

/* A tenant's request counts when it is first routed, not when it is held or tried again. */
static bool is_first_time(const struct snapshot_service *service, const struct route_query *query)
{
    return !query->is_repeat && !query->is_rehearsal && !query->live_only &&
           check_traffic(&service->traffic, query->head, false) == FAULT_NONE;
}

static uint32_t choose_slot(const struct snapshot_service *service, const struct host_route *route,
                            const struct route_query *query, struct route_answer *out)
{
    uint32_t own = find_host_slot(service, route);

    if (service->steering != NULL) {
        struct steer_case steer = { .service = service,
                                    .query = query,
                                    .host_slot = own,
                                    .is_counted = is_first_time(service, query) };

        return steer_choose(&steer, out);
    }
    if (query->live_only) {
        out->rule = RULE_SHIELD;
        return service->active;
    }
    out->rule = own != SLOT_NONE ? RULE_SLOT_HOST : RULE_ACTIVE;
    return own != SLOT_NONE ? own : service->active;
}

/* All but the target. */
static enum fault decide(const struct snapshot *snapshot, const struct route_query *query,
                         struct route_answer *out)
{
    const struct head *head = query->head;
    const struct host_route *route = host_index_find(&snapshot->index, head_host(head), head->path);
    const struct snapshot_service *service = NULL;

    *out = (struct route_answer){ .epoch = snapshot->epoch };
    if (route == NULL)
        return FAULT_NO_SERVICE;
    service = &snapshot->services[route->service];
    out->service = service;
    out->place = &service->slots[choose_slot(service, route, query, out)];
    out->slot = out->place->slot;
    if (service->strip_prefix != NULL)
        out->strip_bytes = count_stripped(service->strip_prefix, head->path);
    return check_traffic(&service->traffic, head, out->is_preview);
}

enum fault match_find(const struct snapshot *snapshot, const struct route_query *query,
                      struct route_answer *out)
{
    enum fault fault = decide(snapshot, query, out);
    uint32_t most = 0;

    if (fault != FAULT_NONE)
        return fault;
    most = out->place->circuit.max_requests;
    if (most > 0 && slot_in_flight(out->slot) >= most)
        return FAULT_SLOT_BUSY;
    out->target = balance_pick(out->service, out->place, query);
    if (out->target != NULL)
        return FAULT_NONE;
    return balance_is_busy(out->service, out->place) ? FAULT_TARGET_BUSY : FAULT_NO_TARGET;
}
