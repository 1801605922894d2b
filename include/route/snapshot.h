/*
 * The immutable picture of all routing. Built and published by the control thread, read by workers inside
 * a read-side section; it names services, slots and targets that outlive it. Building copies all it is given.
 */
#ifndef ROUTE_SNAPSHOT_H
#define ROUTE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/steering.h"
#include "route/target.h"
#include "route/traffic.h"

struct snapshot;

/* One target of a slot as this picture sees it. */
struct pick {
    struct target *target;
    uint32_t weight; /* 0: only when nothing else is left */
    enum order order;
    uint32_t max_requests;    /* in flight at the target, all workers; 0: no limit */
    uint32_t max_connections; /* likewise */
};

struct snapshot_slot {
    struct slot *slot;
    enum role role;
    const char *version; /* of what is deployed there; NULL: not given */
    unsigned pick_count;
    struct pick *picks;
    unsigned host_count; /* the slot's own host names */
    const char **hosts;
    struct circuit circuit;
};

struct snapshot_service {
    struct service *service;
    struct policy policy;
    enum balance balance;
    enum hash_key hash_key;
    const char *hash_name; /* header or cookie; NULL with client-ip */
    struct evidence_key evidence_key;
    bool refuse_unfit;   /* when_unfit = "refuse" */
    unsigned host_count; /* exact "a.example", wildcard "*.example", none: every host */
    const char **hosts;
    unsigned path_count; /* prefixes, none: "/" */
    const char **paths;
    unsigned slot_count;
    struct snapshot_slot *slots;
    unsigned active; /* index into slots */
    struct traffic traffic;
    const struct steering *steering; /* NULL: only the slots' own hosts and the active slot */
    uint64_t slow_start_us;   /* a target that came up gets its full weight after this time */
    const char *strip_prefix; /* of the path, taken off before the app; NULL: nothing */
};

struct snapshot_input {
    uint64_t epoch;
    unsigned service_count;
    const struct snapshot_service *services;
};

/* Bounds of a slot: targets, and the weight of one. */
enum { SNAPSHOT_PICKS_MAX = 1024, SNAPSHOT_WEIGHT_MAX = 65535 };

/*
 * Host names: exact ones and "*.suffix", case-insensitive, one trailing dot ignored, "*" for every host,
 * at most 255 bytes; a slot's own hosts have the service's paths. ERR_EXISTS when two services or slots claim
 * the same host and path; ERR_INVALID for a host, a path or an active slot that cannot be; ERR_RANGE beyond
 * the numbers above.
 */
MUST_CHECK int snapshot_build(const struct snapshot_input *input, struct snapshot **out);

/* The same answer with the place of the trouble in words, and nothing built: for checking a configuration. */
struct snapshot_clash {
    char first[64];  /* service */
    char second[64]; /* the other service; equal to first when slots of one service clash */
    char host[256];  /* "*": every host */
    char path[256];
};
MUST_CHECK int snapshot_check(const struct snapshot_input *input, struct snapshot_clash *out);
void snapshot_free(struct snapshot *snapshot);
uint64_t snapshot_epoch(const struct snapshot *snapshot);
unsigned snapshot_service_count(const struct snapshot *snapshot);
const struct snapshot_service *snapshot_service_at(const struct snapshot *snapshot, unsigned index);

/* The most that any service allows, for parsing a head before its service is known. */
struct snapshot_limits {
    uint32_t head_bytes;
    uint32_t target_bytes;
    uint16_t fields;
};
struct snapshot_limits snapshot_limits(const struct snapshot *snapshot);

/* The published picture: load inside rcu_read_begin/end on workers, any time on the control thread. */
struct snapshot *snapshot_current(void);

/* Publishes and returns the old one; free that after rcu_grace_period(). Control thread only. */
struct snapshot *snapshot_publish(struct snapshot *snapshot);

#endif
