/*
 * R4, P16: tunnels of a slot that loses its traffic live until their deadline and no longer; WebSockets are closed one by
 * one, the oldest first, between frames; `never` closes nothing; the ledger says what is left.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/demo_app.h"
#include "support/scene.h"
#include "support/swarm.h"

enum { WAIT_MS = 20000, SECOND_US = 1000000 };

struct scene {
    struct demo_app *blue;
    struct demo_app *green;
    struct daemon *daemon;
};

static void open_scene(struct scene *scene, const char *drain)
{
    char *config = NULL;

    swarm_raise_limit();
    scene->blue = demo_app_start("blue");
    scene->green = demo_app_start("green");
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                        "service shop {\n slot blue { targets = { \"%s\" } }\n"
                        " slot green { targets = { \"%s\" } }\n health { enabled = false }\n"
                        " drain { %s }\n}\n",
                        demo_app_address(scene->blue), demo_app_address(scene->green), drain);
    scene->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
}

static void close_scene(struct scene *scene)
{
    STOP(scene->daemon);
    demo_app_stop(scene->blue);
    demo_app_stop(scene->green);
}

static struct swarm *join(struct scene *scene, unsigned count, bool is_raw)
{
    struct swarm *swarm = swarm_open(daemon_front(scene->daemon), "blue", count, is_raw);

    cr_assert_eq(swarm_echo(swarm, WAIT_MS), count);
    return swarm;
}

/* The number behind "name": in what `drain status` says; entries are counted by the caller. */
static unsigned count_in(const char *text, const char *part)
{
    unsigned count = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

/* How many tunnels of each kind the ledger has for a slot. */
static void expect_ledger(struct scene *scene, const char *slot, unsigned web, unsigned raw)
{
    char *words = mem_format("--json show drain shop/%s --limit 500", slot);
    struct ctl_result result = ctl_run(scene->daemon, words);

    cr_expect_eq(result.code, 0, "%s", result.err);
    cr_expect_eq(count_in(result.out, "\"kind\":\"websocket\",\"service\""), web, "%s", result.out);
    cr_expect_eq(count_in(result.out, "\"kind\":\"tunnel\",\"service\""), raw, "%s", result.out);
    ctl_free(&result);
    free(words);
}

/* R4: both kinds, all live until the deadline and none longer than a second after it. */
Test(tunnel_drain, live_until_the_deadline)
{
    unsigned ms = (unsigned)scene_scale(4000, 10000);
    unsigned half = 100;
    struct scene scene;
    struct swarm *web = NULL;
    struct swarm *raw = NULL;
    char *drain = mem_format("tunnels = \"%ums\"  tunnel_rate = 0", ms);
    uint64_t begin_us = 0;
    uint64_t deadline_us = 0;

    open_scene(&scene, drain);
    free(drain);
    web = join(&scene, half, false);
    raw = join(&scene, half, true);
    expect_ledger(&scene, "blue", half, half);
    begin_us = clock_monotonic_us();
    cr_assert_eq(ctl_code(scene.daemon, "switch shop --to green"), 0);
    while (clock_monotonic_us() < begin_us + ms * 1000u - SECOND_US) {
        cr_expect_eq(swarm_echo(web, WAIT_MS), half, "cut too early");
        cr_expect_eq(swarm_echo(raw, WAIT_MS), half, "cut too early");
        cr_assert_eq(swarm_watch(web, 0, 500), half, "closed too early");
    }
    cr_expect_eq(ctl_code(scene.daemon, "wait drained shop/blue --timeout 20s"), 0);
    cr_expect_eq(swarm_watch(web, 0, WAIT_MS), 0);
    cr_expect_eq(swarm_watch(raw, 0, WAIT_MS), 0);
    deadline_us = begin_us + ms * 1000u;
    for (unsigned i = 0; i < half; i++) {
        cr_expect_eq(swarm_look(web, i)->close_code, 1012);
        cr_expect(swarm_look(web, i)->close_us >= deadline_us, "member %u too early", i);
        cr_expect(swarm_look(raw, i)->end_us >= deadline_us, "raw member %u too early", i);
    }
    cr_expect_eq(swarm_broken(web) + swarm_broken(raw), 0);
    expect_ledger(&scene, "blue", 0, 0);
    cr_expect_eq(daemon_metric(scene.daemon, "switchyard_drain_forced_total", "slot=\"blue\""),
                 2 * half);
    swarm_free(web);
    swarm_free(raw);
    close_scene(&scene);
}

/* Closed by age, at no more than the rate; those on the other slot are not concerned. */
Test(tunnel_drain, paced_and_the_oldest_first)
{
    enum { COUNT = 60, RATE = 30 };
    struct scene scene;
    struct swarm *web = NULL;
    struct swarm *raw = NULL;
    struct swarm *other = NULL;
    uint64_t first_us = UINT64_MAX;
    uint64_t last_us = 0;
    uint64_t old_us = 0;
    uint64_t young_us = 0;

    open_scene(&scene, "tunnels = \"60s\"  tunnel_rate = 30  tunnel_start = now");
    web = join(&scene, COUNT, false);
    raw = join(&scene, 2, true);
    cr_assert_eq(ctl_code(scene.daemon, "switch shop --to green"), 0);
    other = swarm_open(daemon_front(scene.daemon), "green", 5, false);
    cr_assert_eq(swarm_watch(web, 0, WAIT_MS), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t at_us = swarm_look(web, i)->close_us;

        cr_expect_eq(swarm_look(web, i)->close_code, 1012);
        first_us = at_us < first_us ? at_us : first_us;
        last_us = at_us > last_us ? at_us : last_us;
        *(i < COUNT / 2 ? &old_us : &young_us) += at_us / COUNT;
    }
    cr_expect(last_us - first_us >= (uint64_t)(COUNT - 1) * SECOND_US / RATE / 2,
              "all within %llu us", (unsigned long long)(last_us - first_us));
    cr_expect_lt(old_us, young_us, "the oldest go first");
    cr_expect_eq(swarm_broken(web), 0);
    cr_expect_eq(swarm_echo(raw, WAIT_MS), 2, "raw ones stay until the deadline");
    cr_expect_eq(swarm_echo(other, WAIT_MS), 5);
    expect_ledger(&scene, "blue", 0, 2);
    expect_ledger(&scene, "green", 5, 0);
    swarm_free(raw);
    cr_expect_eq(ctl_code(scene.daemon, "wait drained shop/blue --timeout 10s"), 0);
    swarm_free(web);
    swarm_free(other);
    close_scene(&scene);
}

/* Back before the deadline: they stay. */
Test(tunnel_drain, a_switch_back_takes_it_back)
{
    struct scene scene;
    struct swarm *web = NULL;

    open_scene(&scene, "tunnels = \"1500ms\"  tunnel_rate = 0");
    web = join(&scene, 20, false);
    cr_assert_eq(ctl_code(scene.daemon, "switch shop --to green"), 0);
    cr_assert_eq(ctl_code(scene.daemon, "switch shop --to blue"), 0);
    cr_expect_eq(swarm_watch(web, 19, 2500), 20, "the order was taken back");
    cr_expect_eq(swarm_echo(web, WAIT_MS), 20);
    swarm_free(web);
    close_scene(&scene);
}

Test(tunnel_drain, never)
{
    struct scene scene;
    struct swarm *web = NULL;
    struct swarm *raw = NULL;

    open_scene(&scene, "requests = \"1s\"  tunnels = \"never\"  tunnel_rate = 0");
    web = join(&scene, 10, false);
    raw = join(&scene, 10, true);
    cr_assert_eq(ctl_code(scene.daemon, "switch shop --to green"), 0);
    cr_expect_eq(ctl_code(scene.daemon, "wait drained shop/blue --timeout 2s"), 4);
    cr_expect_eq(swarm_echo(web, WAIT_MS), 10);
    cr_expect_eq(swarm_echo(raw, WAIT_MS), 10);
    expect_ledger(&scene, "blue", 10, 10);
    swarm_free(web);
    swarm_free(raw);
    cr_expect_eq(ctl_code(scene.daemon, "wait drained shop/blue --timeout 10s"), 0);
    close_scene(&scene);
}
