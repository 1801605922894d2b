/*
 * What an app says of itself: a green that answers as blue is misdeployed, gets nothing and is not switched to; wrong
 * versions and clocks, a database that is away, numbers that become metrics.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/demo_app.h"
#include "support/scene.h"

enum { WAIT_MS = 15000 };

#define TO_GREEN "GET / HTTP/1.1\r\nHost: green.test\r\nConnection: close\r\n\r\n"
#define FORGED                                                                                     \
    "GET /headers HTTP/1.1\r\nHost: a.test\r\nX-Switchyard-Probe: 0123456789abcdef\r\n"            \
    "Connection: close\r\n\r\n"

/* Two demo apps behind a daemon that asks them who they are. */
struct pair {
    struct demo_app *blue;
    struct demo_app *green;
    struct daemon *daemon;
};

static void open_pair(struct pair *pair, const char *health)
{
    char *config = NULL;

    pair->blue = demo_app_start("blue");
    pair->green = demo_app_start("green");
    config = mem_format(
        "listener http { bind = \"127.0.0.1:0\" }\n"
        "service shop {\n"
        "  slot blue  { targets = { \"%s\" } version = v1.0 }\n"
        "  slot green { targets = { \"%s\" } version = v1.0 hosts = { \"green.test\" } }\n"
        "  health { interval = \"50ms\" timeout = \"2s\" rise = 2 fall = 3 %s }\n}\n",
        demo_app_address(pair->blue), demo_app_address(pair->green), health);
    pair->daemon =
        daemon_start(&(struct daemon_options){ .config = config, .keeps_descriptors = true });
    free(config);
}

static void close_pair(struct pair *pair)
{
    STOP(pair->daemon);
    demo_app_stop(pair->blue);
    demo_app_stop(pair->green);
}

/* "environment=blue": sets a fault of the app while it runs. */
static void set_app(const struct demo_app *app, const char *fault)
{
    char request[300];

    snprintf(request, sizeof request,
             "POST /_admin/fault?%s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
             "Connection: close\r\n\r\n",
             fault);
    cr_assert_eq(client_ask(demo_app_address(app), request, NULL), 200, "%s", fault);
}

struct wish {
    struct daemon *daemon;
    const char *metric;
    const char *target;
    double value;
};

static bool is_so(void *arg)
{
    const struct wish *wish = arg;

    return daemon_metric(wish->daemon, wish->metric, wish->target) == wish->value;
}

static bool await_metric(const struct pair *pair, const char *metric, double value)
{
    struct wish wish = { pair->daemon, metric, demo_app_address(pair->green), value };

    return scene_await(is_so, &wish, WAIT_MS);
}

static void expect_says(const struct pair *pair, const char *words, int code, const char *part)
{
    struct ctl_result result = ctl_run(pair->daemon, words);

    cr_expect_eq(result.code, code, "%s: %d, %s%s", words, result.code, result.out, result.err);
    cr_expect(strstr(result.out, part) != NULL || strstr(result.err, part) != NULL,
              "%s lacks \"%s\": %s%s", words, part, result.out, result.err);
    ctl_free(&result);
}

Test(health_json, who_says_it_is_another_slot_is_never_used)
{
    struct pair pair;

    open_pair(&pair, "json = { \"status=healthy\", \"environment=$slot\", \"version=$version\" }");
    cr_assert(await_metric(&pair, "switchyard_target_up", 1));
    set_app(pair.green, "environment=blue");
    cr_assert(await_metric(&pair, "switchyard_target_misdeployed", 1));
    cr_expect_eq(daemon_metric(pair.daemon, "switchyard_target_up", demo_app_address(pair.green)),
                 0);
    expect_says(&pair, "targets shop", 0,
                "misdeployed: it says that it is blue, and is a target of green");
    expect_says(&pair, "switch shop --to green", 3, demo_app_address(pair.green));
    expect_says(&pair, "switch shop --to green", 3, "misdeployed");
    /* not even when nothing else is left, and not by force */
    cr_expect_eq(client_ask(daemon_front(pair.daemon), TO_GREEN, NULL), 503);
    cr_expect_eq(ctl_code(pair.daemon, "switch shop --to green --force --reason drill"), 0);
    cr_expect_eq(client_ask(daemon_front(pair.daemon), TO_GREEN, NULL), 503);
    cr_expect_eq(ctl_code(pair.daemon, "rollback shop"), 0);

    set_app(pair.green, "environment=own");
    cr_assert(await_metric(&pair, "switchyard_target_up", 1));
    cr_expect_eq(
        daemon_metric(pair.daemon, "switchyard_target_misdeployed", demo_app_address(pair.green)),
        0);
    cr_expect_eq(ctl_code(pair.daemon, "switch shop --to green"), 0);
    cr_expect_eq(client_ask(daemon_front(pair.daemon), TO_GREEN, NULL), 200);
    close_pair(&pair);
}

Test(health_json, clocks_and_databases_and_numbers)
{
    struct pair pair;

    open_pair(&pair, "timestamp = \"timestamp\" timestamp_skew = \"30s\" database = \"database\" "
                     "gauges = { \"uptime\", \"missing\" }");
    cr_assert(await_metric(&pair, "switchyard_target_up", 1));
    cr_expect_gt(
        daemon_metric(pair.daemon, "switchyard_health_value", demo_app_address(pair.green)), 0);
    expect_says(&pair, "--json targets shop", 0, "uptime=");

    set_app(pair.green, "database=bad");
    cr_assert(await_metric(&pair, "switchyard_target_database_bad", 1));
    cr_expect_eq(daemon_metric(pair.daemon, "switchyard_target_up", demo_app_address(pair.green)),
                 1, "alive all the same");
    set_app(pair.green, "database=ok");
    cr_assert(await_metric(&pair, "switchyard_target_database_bad", 0));

    set_app(pair.green, "clock_skew=-1h");
    cr_assert(await_metric(&pair, "switchyard_target_up", 0));
    expect_says(&pair, "targets shop", 0, "behind our clock, at most 30s is wanted");
    set_app(pair.green, "clock_skew=0");
    cr_assert(await_metric(&pair, "switchyard_target_up", 1));
    close_pair(&pair);
}

Test(health_json, a_wrong_version_is_unfit)
{
    struct pair pair;
    char *log = NULL;

    open_pair(&pair, "json = { \"version=$version-rc\" }");
    cr_assert(daemon_await_log(pair.daemon, "wanted is v1.0-rc", WAIT_MS));
    cr_assert(await_metric(&pair, "switchyard_target_up", 0));
    cr_expect_eq(daemon_metric(pair.daemon, "switchyard_target_misdeployed", ""), 0);
    log = daemon_log(pair.daemon);
    cr_expect(strstr(log, "version is") != NULL, "%s", log);
    free(log);
    close_pair(&pair);
}

/* Nobody who does not know the nonce is told who answered, and the app never sees the field. */
Test(health_json, a_forged_self_probe_is_a_request_like_others)
{
    struct pair pair;
    struct text body;

    open_pair(&pair, "");
    text_init(&body, 65536);
    cr_expect_eq(client_ask(daemon_front(pair.daemon), FORGED, &body), 200);
    cr_expect(body.len > 0 && strcasestr(body.bytes, "X-Switchyard-Probe") == NULL, "%s",
              body.len > 0 ? body.bytes : "nothing");
    text_fini(&body);
    close_pair(&pair);
}
