/* Connections opened ahead of need: proxy/warm.h through a whole worker. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "front.h"
#include "route/target.h"

static const struct front_options plain;

Test(warm, connections_wait_and_are_used)
{
    struct front *front = front_start(&plain);
    int servers[3];
    int client = -1;

    cr_expect_eq(front_warm(front, 0, 3), 3);
    for (int i = 0; i < 3; i++)
        servers[i] = front_accept(front, 0);
    cr_expect_eq(atomic_load(&front_counts(front)->upstreams_idle), 3);
    cr_expect_eq(front_warm(front, 0, 3), 3); /* they are there already */
    client = front_dial(front);
    peer_send(client, GET);
    front_await(&front_counts(front)->upstreams_idle, 2);
    cr_expect_eq(atomic_load(&front_counts(front)->upstreams), 3);
    front_evict(front, 0, true);
    cr_expect_eq(atomic_load(&front_counts(front)->upstreams), 0);
    close(client);
    for (int i = 0; i < 3; i++)
        close(servers[i]);
    front_stop(front);
}

Test(warm, a_refusing_target_is_not_warm)
{
    struct front *front = front_start(&plain);

    front_refuse(front, 0);
    cr_expect_eq(front_warm(front, 0, 2), 0);
    front_stop(front);
}

static void keep_two(struct policy *policy)
{
    policy->pool_max = 2;
}

Test(warm, no_more_than_the_pool_takes)
{
    struct front *front = front_start(&(struct front_options){ .tune = keep_two });
    int servers[2];

    cr_expect_eq(front_warm(front, 0, 10), 2);
    for (int i = 0; i < 2; i++)
        servers[i] = front_accept(front, 0);
    cr_expect_not(front_has_dialled(front, 0));
    for (int i = 0; i < 2; i++)
        close(servers[i]);
    front_stop(front);
}

Test(warm, eviction_closes_them)
{
    struct front *front = front_start(&plain);

    cr_expect_eq(front_warm(front, 0, 4), 4);
    front_evict(front, 0, false);
    cr_expect_eq(atomic_load(&front_counts(front)->upstreams), 0);
    front_stop(front);
}
