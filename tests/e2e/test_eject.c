/*
 * Ejection: an app that is healthy and fails its users is taken out for a while and comes back by itself; the last one
 * stays.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/origin_auto.h"
#include "support/scene.h"

enum { WAIT_MS = 15000 };

#define ASK "GET /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

struct pair {
    struct origin_auto *one;
    struct origin_auto *two;
    struct daemon *daemon;
};

static void open_pair(struct pair *pair, const char *health)
{
    char *config = NULL;

    pair->one = origin_auto_start("127.0.0.1:0", "blue", 0);
    pair->two = origin_auto_start("127.0.0.1:0", "blue", 0);
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                        "service shop { slot blue { targets = { \"%s\", \"%s\" } }\n"
                        "  health { interval = \"100ms\" timeout = \"2s\" %s } }\n",
                        origin_auto_address(pair->one), origin_auto_address(pair->two), health);
    pair->daemon =
        daemon_start(&(struct daemon_options){ .config = config, .keeps_descriptors = true });
    free(config);
}

static void close_pair(struct pair *pair)
{
    STOP(pair->daemon);
    origin_auto_stop(pair->one);
    origin_auto_stop(pair->two);
}

static void set_errors(struct origin_auto *origin, unsigned thousandths)
{
    const struct origin_faults faults = { .seed = 5, .status_500 = thousandths };

    origin_auto_set_faults(origin, &faults);
}

/* Asks until the metric of the first app has the value; false: it never did. */
static bool ask_until(const struct pair *pair, const char *metric, double value)
{
    const char *target = origin_auto_address(pair->one);
    uint64_t end_us = clock_monotonic_us() + WAIT_MS * UINT64_C(1000);

    for (unsigned i = 0; clock_monotonic_us() < end_us; i++) {
        client_ask(daemon_front(pair->daemon), ASK, NULL);
        if (i % 10 == 0 && daemon_metric(pair->daemon, metric, target) == value)
            return true;
    }
    return false;
}

Test(eject, by_errors_in_a_row_and_back_by_itself)
{
    struct pair pair;
    uint64_t served = 0;

    open_pair(&pair, "eject_errors = 5 eject_time = \"2s\"");
    set_errors(pair.one, 1000);
    cr_assert(ask_until(&pair, "switchyard_target_ejected", 1), "it was never taken out");
    cr_expect_eq(daemon_metric(pair.daemon, "switchyard_target_ejections_total", ""), 1);
    cr_expect(daemon_await_log(pair.daemon, "ejected for 2s: ", WAIT_MS));
    served = origin_auto_served(pair.one);
    for (int i = 0; i < 20; i++)
        if (daemon_metric(pair.daemon, "switchyard_target_ejected", "") == 1)
            cr_expect_eq(client_ask(daemon_front(pair.daemon), ASK, NULL), 200);
    set_errors(pair.one, 0);
    cr_assert(daemon_await_log(pair.daemon, "the time of its ejection is over", WAIT_MS));
    cr_assert(ask_until(&pair, "switchyard_target_up", 1));
    for (int i = 0; i < 10; i++)
        cr_expect_eq(client_ask(daemon_front(pair.daemon), ASK, NULL), 200);
    cr_expect_gt(origin_auto_served(pair.one), served, "it gets requests again");
    close_pair(&pair);
}

Test(eject, by_the_share_of_successes)
{
    struct pair pair;

    open_pair(&pair, "eject_rate = 90% eject_time = \"1h\"");
    set_errors(pair.one, 500);
    cr_assert(ask_until(&pair, "switchyard_target_ejected", 1), "it was never taken out");
    cr_expect(daemon_await_log(pair.daemon, "succeeded, wanted are 90%", WAIT_MS));
    close_pair(&pair);
}

Test(eject, the_last_one_stays)
{
    struct pair pair;

    open_pair(&pair, "eject_errors = 5 eject_time = \"1h\" eject_most = 100%");
    set_errors(pair.one, 1000);
    cr_assert(ask_until(&pair, "switchyard_target_ejected", 1));
    set_errors(pair.two, 1000);
    for (int i = 0; i < 50; i++)
        cr_expect_eq(client_ask(daemon_front(pair.daemon), ASK, NULL), 500);
    scene_pause_us(300000); /* three looks at what the workers found */
    cr_expect_eq(daemon_metric(pair.daemon, "switchyard_target_ejected", ""), 1);
    set_errors(pair.two, 0);
    cr_expect_eq(client_ask(daemon_front(pair.daemon), ASK, NULL), 200);
    close_pair(&pair);
}
