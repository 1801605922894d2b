/*
 * Health: targets go down and up by active checks, standby slots are checked too, statuses and paths count, passive
 * findings take a dead target out at once but never the last one, and a slot without a fit target is still tried.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { WAIT_MS = 10000 };

#define DOWN "GET /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

struct wish {
    struct daemon *daemon;
    const char *target;
    double value;
};

static bool has_verdict(void *arg)
{
    const struct wish *wish = arg;

    return daemon_metric(wish->daemon, "switchyard_target_up", wish->target) == wish->value;
}

static bool await_up(struct daemon *daemon, const char *target, bool up)
{
    struct wish wish = { daemon, target, up ? 1 : 0 };

    return scene_await(has_verdict, &wish, WAIT_MS);
}

static const struct stage_options brisk = {
    .lines = "health { interval = \"50ms\" timeout = \"40ms\" rise = 2 fall = 3 }\n"
};

Test(health, down_and_up_again)
{
    struct stage stage;
    const char *target = NULL;

    stage_open(&stage, &brisk);
    target = origin_auto_address(stage.blue);
    cr_expect(await_up(stage.daemon, target, true));
    origin_auto_set_health(stage.blue, 503);
    cr_expect(await_up(stage.daemon, target, false), "503 on /health left the target up");
    cr_expect(daemon_await_log(stage.daemon, target, WAIT_MS), "no log line about it");
    origin_auto_set_health(stage.blue, 204);
    cr_expect(await_up(stage.daemon, target, true), "it did not come back");
    STOP_STAGE(&stage);
}

Test(health, standby_is_checked)
{
    struct stage stage;
    uint64_t before = 0;

    stage_open(&stage, &brisk);
    before = origin_auto_probes(stage.green);
    for (int i = 0; i < 200 && origin_auto_probes(stage.green) < before + 5; i++)
        scene_pause_us(20000);
    cr_expect(origin_auto_probes(stage.green) >= before + 5, "the standby slot is not checked");
    origin_down(origin_auto_origin(stage.green));
    cr_expect(await_up(stage.daemon, origin_auto_address(stage.green), false));
    cr_expect_eq(ctl_code(stage.daemon, "wait healthy shop/green --timeout 300ms"), 4);
    cr_expect_eq(ctl_code(stage.daemon, "wait healthy shop/blue --timeout 5s"), 0);
    origin_up(origin_auto_origin(stage.green));
    cr_expect_eq(ctl_code(stage.daemon, "wait healthy shop --timeout 10s"), 0);
    STOP_STAGE(&stage);
}

/* The last error in words, and the last results, are there for people. */
Test(health, last_error_in_words)
{
    struct stage stage;
    struct ctl_result result;

    stage_open(&stage, &brisk);
    origin_down(origin_auto_origin(stage.green));
    cr_expect(await_up(stage.daemon, origin_auto_address(stage.green), false));
    result = ctl_run(stage.daemon, "targets");
    cr_expect(strstr(result.out, "refused") != NULL, "targets says: %s", result.out);
    cr_expect(strstr(result.out, "down") != NULL, "targets says: %s", result.out);
    ctl_free(&result);
    origin_up(origin_auto_origin(stage.green));
    STOP_STAGE(&stage);
}

/* What the probe asks: path, method, host, fields of its own. */
Test(health, the_probe_itself)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config =
        mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                   "service shop { slot blue { targets = { \"%s\" } }\n"
                   "  health { path = \"/ready?x\" method = \"HEAD\" host = \"probe.test\"\n"
                   "    headers = { \"X-Probe: yes\" } interval = \"50ms\" timeout = \"40ms\"\n"
                   "    status = { \"204\", \"300-399\" } } }\n",
                   origin_address(origin));
    struct daemon *daemon = NULL;
    struct slice request;

    origin_answer(origin, "HTTP/1.1 204 No\r\n\r\n", 19, ORIGIN_KEEPS);
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    cr_expect(origin_await_requests(origin, 1, WAIT_MS));
    request = origin_request(origin, 0);
    cr_expect(slice_starts_with(request, SLICE("HEAD /ready?x HTTP/1.1\r\n")), "%.*s",
              SLICE_ARG(request));
    cr_expect(memmem(request.ptr, request.len, "Host: probe.test\r\n", 18) != NULL, "%.*s",
              SLICE_ARG(request));
    cr_expect(memmem(request.ptr, request.len, "X-Probe: yes\r\n", 14) != NULL, "%.*s",
              SLICE_ARG(request));
    /* the default answer is 200: not among the statuses */
    cr_expect(await_up(daemon, origin_address(origin), false), "200 counted as good");
    STOP(daemon);
    origin_stop(origin);
    free(config);
}

Test(health, tcp_check)
{
    struct stage_options options = {
        .lines =
            "health { type = \"tcp\" interval = \"50ms\" timeout = \"40ms\" rise = 1 fall = 1 }\n"
    };
    struct stage stage;

    stage_open(&stage, &options);
    origin_auto_set_health(stage.blue, 500); /* does not matter */
    cr_expect(await_up(stage.daemon, origin_auto_address(stage.blue), true));
    origin_down(origin_auto_origin(stage.blue));
    cr_expect(await_up(stage.daemon, origin_auto_address(stage.blue), false));
    origin_up(origin_auto_origin(stage.blue));
    cr_expect(await_up(stage.daemon, origin_auto_address(stage.blue), true));
    STOP_STAGE(&stage);
}

/* A probe that gets no answer in time has failed. */
Test(health, silent_target_goes_down)
{
    static const struct origin_act silent[] = { ACT(REQUEST), ACT(EVERYTHING), ACT(END) };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\" } }\n"
                              "  health { interval = \"50ms\" timeout = \"40ms\" fall = 2 } }\n",
                              origin_address(origin));
    struct daemon *daemon = NULL;

    origin_play(origin, silent);
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    cr_expect(await_up(daemon, origin_address(origin), false));
    cr_expect(origin_await_connections(origin, 2, WAIT_MS));
    STOP(daemon);
    origin_stop(origin);
    free(config);
}

/* All down: still tried (fail-static), so traffic comes back the moment the app does. */
Test(health, all_down_is_still_tried)
{
    struct stage stage;

    stage_open(&stage, &brisk);
    origin_auto_set_health(stage.blue, 500);
    cr_expect(await_up(stage.daemon, origin_auto_address(stage.blue), false));
    for (int i = 0; i < 10; i++)
        cr_expect_eq(client_ask(daemon_front(stage.daemon), DOWN, NULL), 200);
    STOP_STAGE(&stage);
}

/* One of two dies between two checks that are far apart: passive findings take it out. */
Test(health, passive_takes_a_dead_target_out)
{
    struct origin_auto *one = origin_auto_start("127.0.0.1:0", "blue", 0);
    struct origin_auto *two = origin_auto_start("127.0.0.1:0", "blue", 0);
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\", \"%s\" } }\n"
                              "  health { interval = \"1h\" timeout = \"1s\" rise = 1 } }\n",
                              origin_auto_address(one), origin_auto_address(two));
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });

    cr_expect(await_up(daemon, origin_auto_address(one), true));
    cr_expect(await_up(daemon, origin_auto_address(two), true));
    origin_down(origin_auto_origin(one));
    for (int i = 0; i < 100; i++)
        cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200, "request %d failed", i);
    cr_expect(await_up(daemon, origin_auto_address(one), false), "the dead target is still up");
    /* and the last one stays, whatever happens to it */
    origin_down(origin_auto_origin(two));
    for (int i = 0; i < 30; i++)
        client_ask(daemon_front(daemon), DOWN, NULL);
    origin_up(origin_auto_origin(two));
    for (int i = 0; i < 20; i++)
        cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200, "the last target was lost");
    origin_drop_connections(origin_auto_origin(two));
    STOP(daemon);
    origin_auto_stop(one);
    origin_auto_stop(two);
    free(config);
}

/* Orders: maint takes a target out, ready brings it back; it says so. */
Test(health, orders)
{
    struct origin_auto *one = origin_auto_start("127.0.0.1:0", "blue", 0);
    struct origin_auto *two = origin_auto_start("127.0.0.1:0", "blue", 0);
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\", \"%s\" } }\n"
                              "  health { enabled = false } }\n",
                              origin_auto_address(one), origin_auto_address(two));
    struct daemon *daemon = daemon_start(&(struct daemon_options){ .config = config });
    static const char *const orders[] = { "maint", "ready", "weight 0", "weight 3", "drain" };
    static const bool serves[] = { false, true, false, true, false };

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        char *words = mem_format("target set shop/blue/%s %s", origin_auto_address(one), orders[i]);
        uint64_t before = 0;

        if (i == COUNT_OF(orders) - 1)
            cr_expect_eq(ctl_code(daemon, words), 0);
        else if (strcmp(orders[i], "weight 0") == 0)
            ctl_code(daemon, words);
        else
            cr_expect_eq(ctl_code(daemon, words), 0, "%s", words);
        before = origin_auto_served(one);
        for (int k = 0; k < 20; k++)
            cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200);
        if (strcmp(orders[i], "weight 0") != 0)
            cr_expect_eq(origin_auto_served(one) > before, serves[i], "%s: served %llu more",
                         orders[i], (unsigned long long)(origin_auto_served(one) - before));
        free(words);
    }
    origin_drop_connections(origin_auto_origin(one));
    origin_drop_connections(origin_auto_origin(two));
    STOP(daemon);
    origin_auto_stop(one);
    origin_auto_stop(two);
    free(config);
}
