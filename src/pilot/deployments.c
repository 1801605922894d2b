/* See pilot/deployments.h. */
#include "pilot/deployments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SECOND_US 1000000ULL

const uint64_t deployment_edges_us[DEPLOYMENT_BUCKETS - 1] = {
    10 * SECOND_US,      60 * SECOND_US,       5 * 60 * SECOND_US,    15 * 60 * SECOND_US,
    60 * 60 * SECOND_US, 4 * 3600 * SECOND_US, 24 * 3600 * SECOND_US, 72 * 3600 * SECOND_US,
};

struct deployments {
    struct deployment_times *rows;
    unsigned count;
};

struct deployments *deployments_new(void)
{
    struct deployments *deployments = mem_zalloc(sizeof *deployments);

    return deployments;
}

void deployments_free(struct deployments *deployments)
{
    if (deployments == NULL)
        return;
    free(deployments->rows);
    free(deployments);
}

static struct deployment_times *find_row(struct deployments *deployments,
                                         const struct deploy_rollout_view *view)
{
    struct deployment_times *row = NULL;

    for (unsigned i = 0; i < deployments->count; i++) {
        row = &deployments->rows[i];
        if (row->result == view->phase && strcmp(row->service, view->name) == 0)
            return row;
    }
    if (deployments->count == DEPLOYMENTS_MAX)
        return NULL;
    deployments->rows =
        mem_grow(deployments->rows, deployments->count + 1, sizeof *deployments->rows);
    row = &deployments->rows[deployments->count++];
    *row = (struct deployment_times){ .result = view->phase };
    snprintf(row->service, sizeof row->service, "%s", view->name);
    return row;
}

static void count(uint64_t us, uint64_t buckets[DEPLOYMENT_BUCKETS], uint64_t *sum_us)
{
    unsigned at = 0;

    while (at < DEPLOYMENT_BUCKETS - 1 && us > deployment_edges_us[at])
        at++;
    buckets[at]++;
    *sum_us += us;
}

void deployments_add(struct deployments *deployments, const struct deploy_rollout_view *view)
{
    struct deployment_times *row = find_row(deployments, view);
    uint64_t took_us = view->ended_wall_us > view->started_wall_us
                           ? view->ended_wall_us - view->started_wall_us
                           : 0;

    if (row == NULL)
        return;
    count(took_us, row->took, &row->took_sum_us);
    count(view->manual_us, row->waited, &row->waited_sum_us);
}

bool deployments_at(const struct deployments *deployments, unsigned index,
                    struct deployment_times *out)
{
    if (index >= deployments->count)
        return false;
    *out = deployments->rows[index];
    return true;
}
