/* A service with a slot of every role and steering with everything in it, for the tests of the rules. */
#ifndef TESTS_UNIT_ROUTE_SCENE_H
#define TESTS_UNIT_ROUTE_SCENE_H

#include "route/match.h"

enum { SCENE_BLUE, SCENE_GREEN, SCENE_STAGING, SCENE_OFF, SCENE_OLD, SCENE_SLOTS };

/* Slots blue (live), green (candidate), staging, off and old (draining), each with one target and the own host
 * NAME.internal. The caller may change anything before it builds; the steering is used by scene_build. */
struct scene {
    struct service *identity;
    struct slot *slots[SCENE_SLOTS];
    struct target *targets[SCENE_SLOTS];
    struct pick picks[SCENE_SLOTS];
    struct snapshot_slot rows[SCENE_SLOTS];
    struct snapshot_service service;
    struct steering steering;
    struct address_net trusted[1]; /* 10.0.0.0/8 */
    struct tenant_source tenants[1];
    struct snapshot *snapshot;
    struct address client; /* 192.0.2.7 */
    struct head head;
    struct field fields[24];
    struct route_query query;
    struct route_answer answer;
};

/* Pins exist and are empty; no canary, no preview, no chain. */
void scene_init(struct scene *scene);
void scene_fini(struct scene *scene);

/* A (new) snapshot of what the scene says now. */
void scene_build(struct scene *scene);

/* Parses "METHOD path" with Host shop.example.com and more lines (each with its end), routes it; the fault. */
enum fault scene_ask(struct scene *scene, const char *host, const char *path, const char *lines);

/* The slot of the last answer. */
unsigned scene_slot(const struct scene *scene);
void scene_come_from(struct scene *scene, const char *address);

#endif
