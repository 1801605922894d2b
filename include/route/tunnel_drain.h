/*
 * How the tunnels of a slot come to an end: an order from control to the workers, and what a worker tells of
 * what it still has. Values.
 */
#ifndef ROUTE_TUNNEL_DRAIN_H
#define ROUTE_TUNNEL_DRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot;

/* A worker obeys the newest order for a slot; it holds until its deadline, for tunnels that begin later too. WebSockets are closed one by one, oldest first, with Close 1012 between
 * two frames in both directions and then FIN; at the deadline all that is left ends (raw upgrades only then). */
struct tunnel_drain {
    struct slot *
        slot; /* NULL: every tunnel ends within a second, with Close 1001, because the switch stops */
    uint64_t epoch; /* tunnels that this picture or a later one sent there may stay; 0: none may */
    bool is_cancelled;    /* they may stay after all */
    bool never;           /* nothing is ever closed: only the ledger shows them */
    uint64_t begin_us;    /* monotonic: the first Close */
    uint64_t deadline_us; /* monotonic */
    uint32_t per_second;  /* this worker's part of the rate; 0: all at begin_us */
    uint64_t interval_us; /* the distance between two instead, for slow rates; 0: by per_second */
    uint32_t jitter;      /* percent of the distance between two */
};

enum ledger_kind { LEDGER_REQUEST, LEDGER_TUNNEL, LEDGER_WEBSOCKET, LEDGER_HELD, LEDGER_QUEUED };

/* One exchange that is still with a slot (or held). */
struct ledger_entry {
    enum ledger_kind kind;
    const struct slot
        *slot; /* lives: the entry is read on the control thread while the slot is not retired */
    uint64_t age_us;
    uint64_t idle_us;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t epoch;
    char peer[64];
    char target[64];
    char route[96]; /* method and the beginning of the target, made printable */
};

enum { LEDGER_MAX = 20000 };

struct ledger {
    const struct slot *slot; /* NULL: of all */
    size_t count;
    size_t left_out; /* beyond LEDGER_MAX */
    struct ledger_entry *entries;
};

#endif
