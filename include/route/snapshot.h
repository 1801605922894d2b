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
#include "route/target.h"

struct snapshot;

/* One target of a slot as this picture sees it. */
struct pick {
    struct target *target;
    uint32_t weight; /* 0: only when nothing else is left */
    enum order order;
};

struct snapshot_slot {
    struct slot *slot;
    enum role role;
    unsigned pick_count;
    struct pick *picks;
    unsigned host_count; /* the slot's own host names */
    const char **hosts;
};

struct snapshot_service {
    struct service *service;
    struct policy policy;
    enum balance balance;
    enum hash_key hash_key;
    const char *hash_name; /* header or cookie; NULL with client-ip */
    bool refuse_unfit;     /* when_unfit = "refuse" */
    unsigned host_count;   /* exact "a.example", wildcard "*.example", none: every host */
    const char **hosts;
    unsigned path_count; /* prefixes, none: "/" */
    const char **paths;
    unsigned slot_count;
    struct snapshot_slot *slots;
    unsigned active; /* index into slots */
};

struct snapshot_input {
    uint64_t epoch;
    unsigned service_count;
    const struct snapshot_service *services;
};

/* ERR_EXISTS when two services claim the same host and path (the names in *first and *second). */
MUST_CHECK int snapshot_build(const struct snapshot_input *input, struct snapshot **out);
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
