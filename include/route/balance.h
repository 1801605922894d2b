/*
 * Which target of a slot: fit ones first. Fit is computed in one place from order and verdict: READY and UP,
 * else READY and UNKNOWN, and when neither exists every READY target is tried (fail-static) unless the service
 * says refuse. DRAIN and MAINT get nothing, and neither does who is MISDEPLOYED. A target that came up lately gets a growing part
 * of its weight (slow start). No allocation, no clock.
 */
#ifndef ROUTE_BALANCE_H
#define ROUTE_BALANCE_H

#include "route/match.h"

/* NULL: no target may be tried. Targets that are at their limits (requests in flight; connections, unless the worker
 * keeps an idle one) are passed over; while a fit one is, no unfit one is tried in its place. */
struct target *balance_pick(const struct snapshot_service *service,
                            const struct snapshot_slot *slot, const struct route_query *query);

/* Why nothing was picked: whether there are targets that would do but for their limits. */
bool balance_is_busy(const struct snapshot_service *service, const struct snapshot_slot *slot);

/* READY targets with verdict UP (or UNKNOWN when `unknown` counts). */
unsigned balance_fit_count(const struct snapshot_slot *slot, bool unknown);

#endif
