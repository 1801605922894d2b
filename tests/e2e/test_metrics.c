/*
 * /metrics, /livez and /readyz on the API's own listener: the text format is strict, the numbers agree with what was
 * done, names are the documented ones.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/metrics_text.h"
#include "support/scene.h"

static const struct stage_options usual = { 0 };

#define DOWN "GET /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

static char *scrape(struct stage *stage)
{
    struct text body;

    text_init(&body, 16 << 20);
    cr_assert_eq(client_ask(daemon_api(stage->daemon),
                            "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &body),
                 200);
    return body.bytes != NULL ? text_take(&body) : mem_text("");
}

Test(metrics, format_is_strict)
{
    struct stage stage;
    char *text = NULL;
    char *why = NULL;

    stage_open(&stage, &usual);
    for (int i = 0; i < 20; i++)
        client_ask(daemon_front(stage.daemon), DOWN, NULL);
    client_ask(daemon_front(stage.daemon),
               "BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", NULL);
    client_ask(daemon_front(stage.daemon), "GET / HTTP/1.1\r\nHost : a\r\n\r\n", NULL);
    ctl_code(stage.daemon, "switch shop --to green");
    text = scrape(&stage);
    why = metrics_text_check(text);
    cr_expect(why == NULL, "%s", why);
    free(why);
    free(text);
    STOP_STAGE(&stage);
}

/* The checker itself must see what is wrong. */
Test(metrics, checker_sees_mistakes)
{
    static const char *const wrong[] = {
        "a 1\n",
        "# HELP a x\n# TYPE a gauge\na 1\na 2\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"c} 1\n",
        "# HELP a x\n# TYPE a gauge\na one\n",
        "# HELP a x\n# TYPE a gauge\na 1",
        "# HELP a x\n# TYPE a thing\na 1\n",
        "# HELP a x\n# TYPE a counter\na -1\n",
        "# HELP a x\n# HELP a x\n# TYPE a gauge\na 1\n",
        "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n",
        "# HELP a x\n# TYPE a gauge\n# HELP b x\n# TYPE b gauge\na{x=\"1\"} 1\nb 1\na{x=\"2\"} 1\n",
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char *why = metrics_text_check(wrong[i]);

        cr_expect(why != NULL, "text %zu was taken for right", i);
        free(why);
    }
    cr_expect(metrics_text_check("# HELP a x\n# TYPE a gauge\na{b=\"c\\\"d\"} 1\n") == NULL);
}

Test(metrics, documented_names)
{
    static const char *const names[] = { "switchyard_build_info",
                                         "switchyard_http_requests_total",
                                         "switchyard_http_request_duration_seconds",
                                         "switchyard_upstream_response_duration_seconds",
                                         "switchyard_upstream_connect_duration_seconds",
                                         "switchyard_http_requests_in_flight",
                                         "switchyard_connections",
                                         "switchyard_request_bytes_total",
                                         "switchyard_response_bytes_total",
                                         "switchyard_retries_total",
                                         "switchyard_upstream_errors_total",
                                         "switchyard_target_up",
                                         "switchyard_target_weight",
                                         "switchyard_target_check_failures_total",
                                         "switchyard_slot_state",
                                         "switchyard_slot_info",
                                         "switchyard_epoch",
                                         "switchyard_switches_total",
                                         "switchyard_switch_duration_seconds",
                                         "switchyard_config_reloads_total",
                                         "switchyard_state_write_errors_total",
                                         "process_resident_memory_bytes",
                                         "process_open_fds",
                                         "process_start_time_seconds",
                                         "process_cpu_seconds_total" };
    struct stage stage;
    char *text = NULL;

    stage_open(&stage, &usual);
    text = scrape(&stage);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *type = mem_format("# TYPE %s ", names[i]);

        cr_expect(strstr(text, type) != NULL, "%s is not there", names[i]);
        free(type);
    }
    free(text);
    STOP_STAGE(&stage);
}

/* Accounting: what clients got is what is counted, by service, slot, method and code. */
Test(metrics, numbers_agree)
{
    struct stage stage;
    double epoch = 0;

    stage_open(&stage, &usual);
    for (int i = 0; i < 30; i++)
        cr_expect_eq(client_ask(daemon_front(stage.daemon), DOWN, NULL), 200);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(client_ask(daemon_front(stage.daemon),
                                "POST /status?n=418 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                                "Connection: close\r\n\r\nhi",
                                NULL),
                     418);
    ctl_code(stage.daemon, "switch shop --to green");
    for (int i = 0; i < 7; i++)
        cr_expect_eq(client_ask(daemon_front(stage.daemon), DOWN, NULL), 200);
    cr_expect(daemon_await_idle(stage.daemon, 5000));
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_http_requests_total",
                               "slot=\"blue\",method=\"GET\",code=\"200\""),
                 30);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_http_requests_total", "code=\"418\""), 5);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_http_requests_total", "slot=\"green\""),
                 7);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_http_request_duration_seconds_count", ""),
                 42);
    cr_expect_eq(
        daemon_metric(stage.daemon, "switchyard_slot_state", "slot=\"green\",state=\"live\""), 1);
    cr_expect_eq(
        daemon_metric(stage.daemon, "switchyard_slot_state", "slot=\"blue\",state=\"live\""), 0);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_switches_total", "to=\"green\""), 1);
    cr_expect(daemon_metric(stage.daemon, "switchyard_response_bytes_total", "") > 42 * 50);
    cr_expect(daemon_metric(stage.daemon, "switchyard_request_bytes_total", "") > 42 * 50);
    epoch = stage_epoch(&stage);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_epoch", ""), epoch);
    STOP_STAGE(&stage);
}

/* A request in flight is seen as such, and only while it is. */
Test(metrics, in_flight)
{
    static const struct origin_act held[] = {
        ACT(REQUEST), ACT_RAISE("asked"), ACT_AWAIT("go"),
        ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), ACT(END)
    };
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };

    raw_start(&bench, NULL);
    origin_play(bench.origin, held);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    cr_assert(origin_await(bench.origin, "asked", 8000));
    cr_expect_eq(daemon_metric(bench.daemon, "switchyard_http_requests_in_flight", ""), 1);
    origin_raise(bench.origin, "go");
    cr_expect_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE);
    cr_expect(daemon_await_idle(bench.daemon, 5000));
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}

struct api_case {
    const char *request;
    int status;
};

static const struct api_case api_cases[] = {
    { "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200 },
    { "GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200 },
    { "GET /metrics HTTP/1.0\r\n\r\n", 200 },
    { "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404 },
    { "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 405 },
    { "DELETE /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405 },
    { "nonsense\r\n\r\n", 400 },
};

Test(metrics, api_answers)
{
    struct stage stage;

    stage_open(&stage, &usual);
    for (size_t i = 0; i < COUNT_OF(api_cases); i++) {
        int status = client_ask(daemon_api(stage.daemon), api_cases[i].request, NULL);

        cr_expect_eq(status, api_cases[i].status, "%.20s: status %d", api_cases[i].request, status);
    }
    STOP_STAGE(&stage);
}

/* Not ready before the first checks are in; health that comes and goes later does not matter: a slot without a fit
 * target is still tried. */
Test(metrics, readyz_waits_for_the_first_checks)
{
    static const struct origin_act slow_check[] = {
        ACT(REQUEST), ACT_RAISE("checked"), ACT_AWAIT("go"),
        ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ACT(END)
    };
    static const char ask[] = "GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\" } }\n"
                              "  health { interval = \"10s\" timeout = \"9s\" } }\n",
                              origin_address(origin));
    struct daemon *daemon = NULL;
    int status = 503;

    origin_play(origin, slow_check);
    daemon = daemon_start(&(struct daemon_options){ .config = config });
    cr_expect(origin_await(origin, "checked", 8000));
    cr_expect_eq(client_ask(daemon_api(daemon), ask, NULL), 503, "ready before the first check");
    cr_expect_eq(client_ask(daemon_api(daemon), "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", NULL),
                 200);
    origin_raise(origin, "go");
    for (int i = 0; i < 300 && status != 200; i++) {
        status = client_ask(daemon_api(daemon), ask, NULL);
        scene_pause_us(20000);
    }
    cr_expect_eq(status, 200, "readyz says %d after the first check", status);
    STOP(daemon);
    origin_stop(origin);
    free(config);
}
