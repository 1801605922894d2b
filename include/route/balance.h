/*
 * Which target of a slot: fit ones first. Fit is computed in one place from order and verdict: READY and UP,
 * else READY and UNKNOWN, and when neither exists every READY target is tried (fail-static) unless the service
 * says refuse. DRAIN and MAINT get nothing. No allocation, no clock.
 */
#ifndef ROUTE_BALANCE_H
#define ROUTE_BALANCE_H

#include "route/match.h"

/* NULL: no target may be tried. */
struct target *balance_pick(const struct snapshot_service *service,
                            const struct snapshot_slot *slot, const struct route_query *query);

/* READY targets with verdict UP (or UNKNOWN when `unknown` counts). */
unsigned balance_fit_count(const struct snapshot_slot *slot, bool unknown);

#endif
