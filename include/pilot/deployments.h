/*
 * How long deployments took, by service and by how they ended, since the start of the process: figures for /metrics.
 * Control thread.
 */
#ifndef PILOT_DEPLOYMENTS_H
#define PILOT_DEPLOYMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/rollout.h"

enum { DEPLOYMENT_BUCKETS = 9 }; /* the last has no upper edge */
extern const uint64_t deployment_edges_us[DEPLOYMENT_BUCKETS - 1];

struct deployment_times {
    char service[64]; /* or group */
    enum rollout_phase result;
    uint64_t took[DEPLOYMENT_BUCKETS]; /* from the beginning to the end */
    uint64_t took_sum_us;
    uint64_t waited[DEPLOYMENT_BUCKETS]; /* of it, for people */
    uint64_t waited_sum_us;
};

struct deployments;

struct deployments *deployments_new(void);
void deployments_free(struct deployments *deployments); /* NULL: nothing */

/* One that has ended. Beyond so many services and results it is not counted. */
enum { DEPLOYMENTS_MAX = 4096 };
void deployments_add(struct deployments *deployments, const struct deploy_rollout_view *view);

/* False behind the end. */
bool deployments_at(const struct deployments *deployments, unsigned index,
                    struct deployment_times *out);

#endif
