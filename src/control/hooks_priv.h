/*
 * Programs that are run for events (blocks `hook`): one at a time for each block, no more often than it allows, with a bounded
 * queue in memory. Owner: the outbox. Thread: control.
 */
#ifndef CONTROL_HOOKS_PRIV_H
#define CONTROL_HOOKS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct config;
struct event_face;
struct hooks;
struct loop;

struct hook_view {
    char name[64];
    bool is_running;
    uint64_t queued;
    uint64_t succeeded;
    uint64_t failed; /* another status than 0, or ended by us */
    uint64_t dropped;
    uint64_t repeats;
    uint64_t ended_us; /* wall time; 0: never */
    char words[200];   /* of the last end */
};

struct hooks *hooks_new(struct loop *loop);
void hooks_free(struct hooks *hooks); /* ends what runs; NULL: nothing */

/* The blocks from now on; what waits for a name that stays goes on waiting. Nothing of config is kept. */
void hooks_apply(struct hooks *hooks, const struct config *config);

/* An event for the hook of that name; copied. */
void hooks_put(struct hooks *hooks, const char *name, const struct event_face *face,
               struct slice json);

bool hooks_look(const struct hooks *hooks, size_t index, struct hook_view *out);

#endif
