/* The body of a snapshot, for the sources of this room. */
#ifndef ROUTE_SNAPSHOT_PRIV_H
#define ROUTE_SNAPSHOT_PRIV_H

#include "base/arena.h"
#include "route/host_index_priv.h"
#include "route/snapshot.h"

/* Owner: the control thread. Ends by snapshot_free, after the grace period when it was published. */
struct snapshot {
    uint32_t magic;
    unsigned service_count;
    unsigned copied_count; /* services that are copies of ours: all of them, once it is built */
    uint64_t epoch;
    struct snapshot_service *services;
    struct host_index index;
    struct snapshot_limits limits;
    struct arena arena; /* all that the others point to */
};

/* Into the arena of a picture that is being built: zeroes; copies; NULL of nothing. */
void *snapshot_take(struct arena *arena, size_t count, size_t size);
void *snapshot_copy_array(struct arena *arena, const void *from, size_t count, size_t size);
const char *snapshot_copy_text(struct arena *arena, const char *text);

#endif
