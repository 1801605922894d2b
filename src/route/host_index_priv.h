/*
 * Host names to path prefixes to services, flat: an open-addressing table of tags over an array of hosts, each
 * with its prefixes sorted bytewise and linked to their longest proper prefix. Built once, then read only.
 * Owner: a snapshot, in whose arena all of it lies.
 */
#ifndef ROUTE_HOST_INDEX_PRIV_H
#define ROUTE_HOST_INDEX_PRIV_H

#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/slice.h"
#include "route/snapshot.h"

enum { HOST_BYTES_MAX = 255 };

#define HOST_NONE UINT32_MAX

/* One prefix of one host, and where it leads. */
struct host_route {
    struct slice prefix;
    uint32_t
        parent; /* the longest other prefix of the same host that begins this one, or HOST_NONE */
    uint32_t service; /* index */
    uint32_t slot;    /* index, or HOST_NONE: the active one */
};

/* Its routes and its name lie right behind it, so that a lookup touches few cache lines. */
struct host_entry {
    struct slice name; /* lower case; a wildcard begins with its dot; empty: any host */
    uint32_t route_count;
    struct host_route routes[];
};

struct host_tag {
    const struct host_entry *entry; /* NULL: free */
    uint32_t hash;
};

struct host_index {
    struct host_tag *tags; /* mask + 1 of them, at most half in use */
    uint32_t mask;
    uint32_t named_count;         /* entries but `any` */
    const struct host_entry *any; /* NULL: none */
    uint64_t wild_lengths[4];     /* bit n: a wildcard name of n bytes exists */
};

/* ERR_INVALID, or ERR_EXISTS; *clash (may be NULL) then says where. */
MUST_CHECK int host_index_build(struct host_index *index, struct arena *arena,
                                const struct snapshot_input *input, struct snapshot_clash *clash);

/* NULL: nothing matches. */
const struct host_route *host_index_find(const struct host_index *index, struct slice host,
                                         struct slice path);

#endif
