/* /metrics of what health found of targets: src/control/metrics.c. That the whole is valid is in test_metrics.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "control/metrics_priv.h"
#include "control/tally_priv.h"
#include "unit/control/world.h"

#define OF_FIRST  "{service=\"shop\",slot=\"blue\",target=\"10.0.0.1:80\"} "
#define OF_SECOND "{service=\"shop\",slot=\"blue\",target=\"10.0.0.2:80\"} "
#define GAUGE(of) "{service=\"shop\",slot=\"blue\",target=\"10.0.0.1:80\",name=\"" of "\"} "

static struct world world;

static void scrape(struct text *out)
{
    struct tally *tally = tally_new(&world.deploy, world.room.started_wall_us);

    text_init(out, 64 << 20);
    metrics_write(&world.room, tally, out);
    tally_free(tally);
}

Test(metrics_health, tells_of_each_target)
{
    static const char *const lines[] = {
        "switchyard_target_misdeployed" OF_FIRST "0",
        "switchyard_target_misdeployed" OF_SECOND "1",
        "switchyard_target_up" OF_FIRST "1",
        "switchyard_target_ejected" OF_FIRST "0",
        "switchyard_target_ejected" OF_SECOND "1",
        "switchyard_target_ejections_total" OF_SECOND "3",
        "switchyard_target_database_bad" OF_FIRST "0",
        "switchyard_target_database_bad" OF_SECOND "1",
        "switchyard_health_value" GAUGE("queue.depth") "7",
        "switchyard_health_value" GAUGE("load") "0.25",
    };
    struct text out;

    world_init(&world);
    world.views[0][0][1] = (struct health_view){ .verdict = VERDICT_MISDEPLOYED,
                                                 .is_ejected = true,
                                                 .ejections = 3,
                                                 .database = PROBE_DATABASE_BAD };
    scrape(&out);
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        char whole[512];

        snprintf(whole, sizeof whole, "\n%s\n", lines[i]);
        cr_expect(strstr(out.bytes, whole) != NULL, "without %s", lines[i]);
    }
    text_fini(&out);
    world_fini(&world);
}
