/*
 * A small world for the tests of room control: a published picture with one service `shop` (slots blue and green)
 * and one `api` in the group `release`, and in place of the rooms deploy and health stand-ins whose answers the
 * test decides. Everything runs on one thread; a client of a socket is driven together with the loop.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "control/admin.h"
#include "control/stats.h"
#include "deploy/deploy.h"
#include "health/health.h"
#include "route/snapshot.h"

enum { WORLD_SERVICES = 2, WORLD_SLOTS = 2, WORLD_TARGETS = 2, WORLD_HISTORY = 64 };

struct deploy { /* the stand-in */
    struct loop *loop;
    struct change submitted[64];
    unsigned submitted_count;
    struct change_result result; /* of every change */
    bool holds;                  /* no result until deploy_release_held */
    unsigned delay_ms;
    uint64_t draining;
    struct deploy_lock_view lock;
    struct deploy_durability durability;
    struct history_entry history[WORLD_HISTORY]; /* newest first */
    unsigned history_count;
    struct pending_change *pending;
    const struct config *config;
};

struct world {
    struct loop *loop;
    struct deploy deploy;
    struct control_room room;
    struct service *services[WORLD_SERVICES];
    struct slot *slots[WORLD_SERVICES][WORLD_SLOTS];
    struct target *targets[WORLD_SERVICES][WORLD_SLOTS][WORLD_TARGETS];
    struct health_view views[WORLD_SERVICES][WORLD_SLOTS][WORLD_TARGETS];
    struct pick picks[WORLD_SERVICES][WORLD_SLOTS][WORLD_TARGETS];
    struct snapshot_slot slot_rows[WORLD_SERVICES][WORLD_SLOTS];
    struct snapshot_service service_rows[WORLD_SERVICES];
    struct control_stats stats;
    unsigned quits;
    bool quit_now;
    char folder[64];
    char path[96]; /* for a socket in folder */
};

void world_init(struct world *world);
void world_fini(struct world *world);
void world_publish(struct world *world, uint64_t epoch); /* after the rows were changed */

/* What the stand-in of health answers to health_all_known. */
extern bool world_health_known;

/* Runs the loop until is_true(arg), or ms are over: false then. */
bool world_run(struct world *world, bool (*is_true)(void *arg), void *arg, unsigned ms);

/* Turns the loop for so long. */
void world_turn(struct world *world, unsigned ms);

/* A client: a non-blocking descriptor connected to a unix socket, or -1. */
int world_connect(const char *path);

/* Sends bytes and turns the loop until `end` ends what came back, or the peer closed. Out: what came. True when
 * it came to an end within 5 s. */
bool world_ask(struct world *world, int fd, const char *bytes, const char *end, struct text *out);

/* True when the peer closes within ms; what it still says is dropped. */
bool world_is_closed(struct world *world, int fd, unsigned ms);

void deploy_release_held(struct deploy *deploy);

#endif
