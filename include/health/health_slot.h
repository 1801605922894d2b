/*
 * How a slot as a whole does at this moment, by the newest single results of its targets: what the judgement of a
 * release is fed with. No rise, no fall, no memory: who judges has their own. Pure over views; the control thread.
 */
#ifndef HEALTH_HEALTH_SLOT_H
#define HEALTH_HEALTH_SLOT_H

#include <stdbool.h>
#include <stdint.h>

struct health_view;
struct snapshot_slot;

enum health_slot_state {
    HEALTH_SLOT_UNKNOWN, /* no target, or health is off, or some were not yet asked and none is good */
    HEALTH_SLOT_OK,      /* the newest result of one target at least is good */
    HEALTH_SLOT_DB,      /* the same, and all that are good say that their database is bad */
    HEALTH_SLOT_FAIL,    /* every newest result is bad */
};

struct health_slot_view {
    enum health_slot_state state;
    unsigned good; /* targets by their newest result */
    unsigned bad;
    unsigned unknown;
    unsigned database_bad; /* of the good ones */
    uint64_t newest_us;    /* when the newest result of all came, monotonic; 0: none did */
    uint64_t oldest_us;    /* the oldest of the targets' newest ones: so old may `state` be */
};

const char *
health_slot_state_name(enum health_slot_state state); /* "unknown", "ok", "db", "fail" */

/* Of the views of a slot's ready targets. */
void health_slot_view(const struct health_view *targets, unsigned count,
                      struct health_slot_view *out);

/* The same, with the views of the targets that the picture calls ready taken now. */
void health_slot_look(const struct snapshot_slot *slot, struct health_slot_view *out);

#endif
