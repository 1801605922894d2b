/* The steering of a service on its way into a picture: checked, copied, and wiped in the end. Control thread. */
#ifndef ROUTE_STEERING_COPY_PRIV_H
#define ROUTE_STEERING_COPY_PRIV_H

#include "base/arena.h"
#include "base/check.h"
#include "route/snapshot.h"

/* ERR_INVALID: something that cannot be (an index, a missing name or secret); ERR_RANGE: a number out of bounds. */
MUST_CHECK int steering_copy_check(const struct snapshot_service *service);

/* All of it into the arena, with pin_slots and the chain's values made for the slots of the service. */
const struct steering *steering_copy_into(struct arena *arena,
                                          const struct snapshot_service *service);

/* Overwrites the secrets of a copy. */
void steering_copy_wipe(const struct steering *copy);

#endif
