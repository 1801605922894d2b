/*
 * What Prometheus gets and what it makes of it: a real scrape passes promtool, and every metric that the rules and the
 * dashboard name is one that a daemon exports.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"
#include "support/tool.h"

enum { TOOL_MS = 30000 };

#define DOWN "GET /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

static const struct stage_options usual = { 0 };

static char *scrape(const struct daemon *daemon)
{
    struct text body;

    text_init(&body, 16 << 20);
    cr_assert_eq(client_ask(daemon_api(daemon),
                            "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &body),
                 200);
    return body.bytes != NULL ? text_take(&body) : mem_text("");
}

/* Something of everything that a small daemon can have. */
static void make_history(struct stage *stage)
{
    for (int i = 0; i < 20; i++)
        client_ask(daemon_front(stage->daemon), DOWN, NULL);
    client_ask(daemon_front(stage->daemon),
               "BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", NULL);
    client_ask(daemon_front(stage->daemon), "GET / HTTP/1.1\r\nHost : a\r\n\r\n", NULL);
    cr_expect_eq(ctl_code(stage->daemon, "switch shop --to green"), 0);
    cr_expect_eq(ctl_code(stage->daemon, "canary start shop 10% --to blue"), 0);
    cr_expect_eq(ctl_code(stage->daemon, "canary abort shop"), 0);
    cr_expect_neq(ctl_code(stage->daemon, "switch nothing"), 0);
    cr_expect_eq(ctl_code(stage->daemon, "rollback shop"), 0);
}

Test(prometheus, promtool_accepts_a_scrape)
{
    static const char *const words[] = { "promtool", "check", "metrics", NULL };
    struct stage stage;
    char *text = NULL;
    char *said = NULL;
    int code = 0;

    if (!tool_exists("promtool"))
        return;
    stage_open(&stage, &usual);
    make_history(&stage);
    text = scrape(stage.daemon);
    code = tool_run(&(struct tool){ .words = words, .input = text, .ms = TOOL_MS }, &said);
    cr_expect_eq(code, 0, "promtool check metrics: %d\n%s", code, said);
    cr_expect_str_empty(said, "promtool has something to say:\n%s", said);
    free(said);
    free(text);
    STOP_STAGE(&stage);
}

Test(prometheus, commands_and_threads_are_counted)
{
    struct stage stage;

    stage_open(&stage, &usual);
    make_history(&stage);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_admin_requests_total",
                               "verb=\"switch\",role=\"admin\",result=\"done\""),
                 1);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_admin_requests_total",
                               "verb=\"rollback\",role=\"admin\",result=\"done\""),
                 1);
    cr_expect(daemon_metric(stage.daemon, "switchyard_event_loop_lag_seconds_count",
                            "thread=\"control\"") > 0);
    cr_expect(daemon_metric(stage.daemon, "switchyard_event_loop_lag_seconds_count",
                            "thread=\"worker-1\"") > 0);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_connections", "listener=\"http\""), 0);
    STOP_STAGE(&stage);
}

Test(prometheus, a_way_back_is_told)
{
    struct stage stage;

    stage_open(&stage, &usual);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_rollback_safe", "service=\"shop\""), 0);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_rollback_safe", "service=\"shop\""), 1);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_drain_remaining",
                               "slot=\"blue\",kind=\"requests\""),
                 0);
    STOP_STAGE(&stage);
}

/* Of its connections each listener tells its own. */
Test(prometheus, connections_by_listener)
{
    static const struct stage_options options = {
        .more = "listener other { bind = \"127.0.0.1:0\" }\n"
    };
    struct stage stage;
    struct client clients[3];

    stage_open(&stage, &options);
    for (int i = 0; i < 3; i++) {
        struct reply reply = { 0 };

        client_open(&clients[i],
                    i == 0 ? daemon_front(stage.daemon) : daemon_address(stage.daemon, "other"));
        client_send_text(&clients[i], "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n");
        cr_assert_eq(client_reply(&clients[i], false, 8000, &reply), REPLY_WHOLE);
        reply_fini(&reply);
    }
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_connections", "listener=\"http\""), 1);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_connections", "listener=\"other\""), 2);
    for (int i = 0; i < 3; i++)
        client_close(&clients[i]);
    STOP_STAGE(&stage);
}
