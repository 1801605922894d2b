/* Rollouts in /metrics. src/control/metrics_rollout.c */
#include <criterion/criterion.h>
#include <string.h>

#include "control/metrics_rollout_priv.h"
#include "pilot/deployments.h"
#include "unit/control/world.h"

static struct world world;

static void begin(void)
{
    world_init(&world);
}

static void end(void)
{
    world_fini(&world);
}

TestSuite(metrics_rollout, .init = begin, .fini = end);

static void expect(const char *line)
{
    struct text out;

    text_init(&out, 1 << 20);
    metrics_rollout_write(&world.room, &out);
    cr_expect_not_null(strstr(out.bytes, line), "%s in %s", line, out.bytes);
    text_fini(&out);
}

Test(metrics_rollout, has_the_phase_and_the_deadline)
{
    world.deploy.rollout[0] =
        (struct deploy_rollout_view){ .id = 1, .name = "shop", .phase = ROLLOUT_WATCHING };
    world.deploy.confirm[0] =
        (struct deploy_confirm_view){ .is_waiting = true, .left_us = 90000000 };
    expect("switchyard_rollout_phase{service=\"shop\",phase=\"watching\"} 1\n");
    expect("switchyard_rollout_phase{service=\"shop\",phase=\"staged\"} 0\n");
    expect("switchyard_rollout_held{service=\"shop\"} 0\n");
    world.deploy.rollout[0].is_held = true;
    expect("switchyard_rollout_held{service=\"shop\"} 1\n");
    expect("switchyard_rollout_confirm_remaining_seconds{service=\"shop\"} 90\n");
}

Test(metrics_rollout, has_how_long_deployments_took)
{
    struct deploy_rollout_view view = {
        .name = "shop",
        .phase = ROLLOUT_SETTLED,
        .started_wall_us = 1000000,
        .ended_wall_us = 31000000,
        .manual_us = 5000000,
    };

    world.room.deployments = deployments_new();
    deployments_add(world.room.deployments, &view);
    deployments_add(world.room.deployments, &view);
    view.phase = ROLLOUT_ROLLED_BACK;
    view.ended_wall_us = 400 * 3600 * 1000000ULL;
    deployments_add(world.room.deployments, &view);
    expect("switchyard_deployment_duration_seconds_bucket{service=\"shop\",result=\"settled\",le="
           "\"10\"} 0\n");
    expect("switchyard_deployment_duration_seconds_bucket{service=\"shop\",result=\"settled\",le="
           "\"60\"} 2\n");
    expect("switchyard_deployment_duration_seconds_sum{service=\"shop\",result=\"settled\"} 60\n");
    expect("switchyard_deployment_duration_seconds_bucket{service=\"shop\",result=\"rolled-back\","
           "le=\"259200\"} 0\n");
    expect("switchyard_deployment_duration_seconds_count{service=\"shop\",result=\"rolled-back\"} "
           "1\n");
    expect("switchyard_deployment_manual_wait_seconds_sum{service=\"shop\",result=\"settled\"} "
           "10\n");
    deployments_free(world.room.deployments);
    world.room.deployments = NULL;
}
