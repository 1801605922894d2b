/*
 * The parts of the pin table: 1024 shards by hash, each a small open-addressing array of pointers to pins. Readers
 * see an array only through the shard's atomic pointer, a pin only through its atomic place; a place that was used
 * is never used again before its array is replaced, so that a tag and its pin belong together for ever.
 */
#ifndef ROUTE_PINS_PRIV_H
#define ROUTE_PINS_PRIV_H

#include <stdatomic.h>

#include "route/pins.h"
#include "route/tenant.h"

enum { PINS_SHARD_BITS = 10, PINS_SHARDS = 1 << PINS_SHARD_BITS, PINS_NAME_SIZE = 64 };

/* Written by one worker, read by control. */
struct pins_cell {
    _Atomic uint64_t requests;
    _Atomic uint64_t errors;
};

/* What was replaced waits in a list for pins_reclaim; first member of what can be. */
struct pins_old {
    struct pins_old *next;
};

/* One pinned tenant. Owner: the table. Constant but for its name and its cells. */
struct pin {
    struct pins_old old;
    _Atomic int name;
    bool is_counted; /* has cells: one for each worker, behind the id */
    uint8_t len;
    char id[];
};

/* pin NULL: never used, a search ends; &pins_gone: a removed one, a search goes on. */
struct pins_place {
    _Atomic uint32_t tag;
    struct pin *_Atomic pin;
};

struct pins_array {
    struct pins_old old;
    size_t mask; /* of the number of places, a power of two */
    struct pins_place places[];
};

struct pins_shard {
    struct pins_array *_Atomic array; /* NULL: empty */
    size_t used; /* places, removed ones too; control thread, as what follows */
    size_t count;
};

struct pins {
    uint32_t magic;
    unsigned worker_count;
    unsigned name_count;
    size_t count;
    size_t counted; /* pins with cells, of counted_max */
    size_t counted_max;
    struct pins_old *old;
    char names[PINS_NAMES_MAX][PINS_NAME_SIZE];
    struct pins_shard shards[PINS_SHARDS];
};

#endif
