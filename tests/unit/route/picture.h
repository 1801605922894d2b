/* Pictures for tests: a service with one or two slots, targets with weights, and a query. */
#ifndef TESTS_UNIT_ROUTE_PICTURE_H
#define TESTS_UNIT_ROUTE_PICTURE_H

#include "route/balance.h"
#include "route/match.h"

enum { PICTURE_TARGETS = 16 };

/* One service with one slot; the caller may change anything before it builds. */
struct picture {
    struct service *identity;
    struct slot *slot;
    struct target *targets[PICTURE_TARGETS];
    struct pick picks[PICTURE_TARGETS];
    struct snapshot_slot slots[1];
    struct snapshot_service service;
    struct address client;
    struct head head;
    struct field fields[16];
    struct route_query query;
};

/* Targets named t0, t1 … with weight 1, READY, UNKNOWN. */
void picture_init(struct picture *picture, unsigned target_count, unsigned worker_count);
void picture_fini(struct picture *picture);

/* Sets all verdicts from a text such as "ud?": up, down, unknown. */
void picture_judge(struct picture *picture, const char *verdicts);

/* Parses a request, which must be right and must live as long as the query. */
void picture_ask(struct picture *picture, const char *request);

/* The index of what balance picks, or -1. */
int picture_pick(struct picture *picture);

#endif
