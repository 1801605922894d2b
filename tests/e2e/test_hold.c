/*
 * A paused service and one in maintenance: who waits, how many, how long, in which order they go on, where to, and
 * what the rest is told.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/origin.h"
#include "support/scene.h"

enum { WAIT_MS = 10000 };

#define HEALTH "    health { interval = \"100ms\"  timeout = \"1s\"  rise = 1 }\n"
#define ONE_WORKER                                                                                 \
    "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"                                \
    "log { level = \"info\" access = \"%s/access.log\" }\napi { bind = \"127.0.0.1:0\" }\n"
#define GET_JSON "GET /a HTTP/1.1\r\nHost: a.test\r\nAccept: application/json\r\n\r\n"

/* A metric, and the value it is to have. */
struct wanted {
    const struct daemon *daemon;
    const char *name;
    double value;
};

static bool has_value(void *arg)
{
    const struct wanted *wanted = arg;

    return daemon_metric(wanted->daemon, wanted->name, "") == wanted->value;
}

static void await_metric(const struct daemon *daemon, const char *name, double value)
{
    struct wanted wanted = { daemon, name, value };

    cr_assert(scene_await(has_value, &wanted, WAIT_MS), "%s is %g", name,
              daemon_metric(daemon, name, ""));
}

static void await_held(const struct daemon *daemon, unsigned count)
{
    await_metric(daemon, "switchyard_hold_queue_length", count);
}

static void say(const struct daemon *daemon, const char *words)
{
    struct ctl_result result = ctl_run(daemon, words);

    cr_assert_eq(result.code, 0, "%s: %s%s", words, result.out, result.err);
    ctl_free(&result);
}

static void ask(struct client *client, const struct daemon *daemon, const char *request)
{
    client_open(client, daemon_front(daemon));
    cr_assert(client_send_text(client, request));
}

/* The answer's status; its body has the part. */
static int hear(struct client *client, const char *part)
{
    struct reply reply = { 0 };
    int status = 0;

    cr_assert_eq(client_reply(client, false, WAIT_MS, &reply), REPLY_WHOLE);
    status = reply.status;
    if (part != NULL)
        cr_expect_not_null(strstr(reply.body.bytes, part), "%s", reply.body.bytes);
    if (status == 503)
        cr_expect_not_null(reply_value(&reply, "Retry-After").ptr, "503 without Retry-After");
    reply_fini(&reply);
    return status;
}

static void hear_slot(struct client *client, struct slice slot)
{
    struct reply reply = { 0 };

    cr_assert_eq(client_reply(client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 200);
    cr_expect(slice_is_equal(reply_value(&reply, "X-Slot"), slot));
    reply_fini(&reply);
}

/* Pause, let the rest end, switch, resume: everybody is answered by the new slot, in the order of their coming (it
 * takes one at a time, so that order shows). */
Test(hold, nothing_is_lost_over_a_switch)
{
    struct origin *blue = origin_start("127.0.0.1:0");
    struct origin *green = origin_start("127.0.0.1:0");
    char *config = mem_format(
        "listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n"
        "    health { enabled = false }\n    hold { rate = 0 }\n"
        "    slot blue { targets = { \"%s\" } }\n    slot green { targets = { \"%s\" }\n"
        "        max_requests = 1\n        queue = 10\n        queue_timeout = \"60s\"\n    }\n}\n",
        origin_address(blue), origin_address(green));
    struct daemon *daemon =
        daemon_start(&(struct daemon_options){ .config = config, .globals = ONE_WORKER });
    struct client clients[5];

    say(daemon, "pause shop --max 60s");
    for (unsigned i = 0; i < 5; i++) {
        char request[128];

        snprintf(request, sizeof request,
                 "POST /n%u HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi", i);
        ask(&clients[i], daemon, request);
        await_held(daemon, i + 1);
    }
    say(daemon, "switch shop --to green");
    say(daemon, "wait drained shop/blue --timeout 10s"); /* held ones are with no slot */
    await_held(daemon, 5);
    say(daemon, "resume shop");
    for (unsigned i = 0; i < 5; i++) {
        cr_expect_eq(hear(&clients[i], "ok"), 200);
        client_close(&clients[i]);
    }
    cr_assert_eq(origin_requests(green), 5);
    cr_expect_eq(origin_requests(blue), 0);
    for (unsigned i = 0; i < 5; i++) {
        struct slice request = origin_request(green, i);
        char line[32];

        snprintf(line, sizeof line, "POST /n%u ", i);
        cr_expect(slice_starts_with(request, slice_from(line)), "%.*s", SLICE_ARG(request));
    }
    await_held(daemon, 0);
    cr_expect_eq(daemon_metric(daemon, "switchyard_held_requests_total", ""), 5);
    cr_expect(daemon_await_access(daemon, "\"rule\":\"active\"", WAIT_MS));
    origin_drop_connections(green);
    STOP(daemon);
    origin_stop(blue);
    origin_stop(green);
    free(config);
}

Test(hold, bounds_over_all_workers)
{
    struct stage stage;
    struct client clients[6];
    unsigned held = 0;

    stage_open(&stage, &(struct stage_options){ .lines = HEALTH "    hold { count = 4 }\n" });
    say(stage.daemon, "pause shop");
    for (unsigned i = 0; i < 4; i++) {
        ask(&clients[i], stage.daemon, GET_JSON);
        await_held(stage.daemon, ++held);
    }
    for (unsigned i = 4; i < 6; i++) {
        ask(&clients[i], stage.daemon, GET_JSON);
        cr_expect_eq(hear(&clients[i], "\"held\""), 503);
    }
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_hold_rejected_total", ""), 2);
    client_reset(&clients[0]); /* forgotten: its place is free */
    await_held(stage.daemon, 3);
    client_half_close(&clients[1]); /* this one still listens */
    cr_assert(client_send_text(&clients[4], GET_JSON));
    await_held(stage.daemon, 4);
    say(stage.daemon, "resume shop");
    for (unsigned i = 1; i < 5; i++)
        cr_expect_eq(hear(&clients[i], NULL), 200);
    await_held(stage.daemon, 0);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_hold_queue_bytes", ""), 0);
    for (unsigned i = 0; i < 6; i++)
        client_close(&clients[i]);
    STOP_STAGE(&stage);
}

Test(hold, a_request_waits_no_longer_than_max)
{
    struct stage stage;
    struct client client;

    stage_open(&stage, &(struct stage_options){ .lines = HEALTH "    hold { max = \"100ms\" }\n" });
    say(stage.daemon, "pause shop --max 60s");
    ask(&client, stage.daemon, GET_JSON);
    cr_expect_eq(hear(&client, "\"held\""), 503);
    await_held(stage.daemon, 0);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_hold_expired_total", ""), 1);
    client_close(&client);
    STOP_STAGE(&stage);
}

/* Nobody resumes: the hold ends by itself, and those who wait are served. */
Test(hold, ends_by_itself)
{
    struct stage stage;
    struct client client;

    stage_open(&stage, &(struct stage_options){ .lines = HEALTH });
    say(stage.daemon, "pause shop --max 300ms");
    ask(&client, stage.daemon, GET_JSON);
    hear_slot(&client, SLICE("blue"));
    client_close(&client);
    STOP_STAGE(&stage);
}

Test(hold, safe_methods_pass_by_option)
{
    struct stage stage;
    struct client writer;
    struct client reader;

    stage_open(&stage,
               &(struct stage_options){ .lines = HEALTH "    hold { pass_safe = true }\n" });
    say(stage.daemon, "pause shop --max 60s");
    ask(&writer, stage.daemon, "DELETE /a HTTP/1.1\r\nHost: a.test\r\n\r\n");
    await_held(stage.daemon, 1);
    ask(&reader, stage.daemon, GET_JSON);
    hear_slot(&reader, SLICE("blue"));
    await_held(stage.daemon, 1);
    say(stage.daemon, "resume shop");
    hear_slot(&writer, SLICE("blue"));
    client_close(&writer);
    client_close(&reader);
    STOP_STAGE(&stage);
}

/* A service that a reload takes away while requests wait for it. */
Test(hold, a_service_that_goes)
{
    struct stage stage;
    struct client client;
    char *config = NULL;

    stage_open(&stage, &(struct stage_options){ .lines = HEALTH });
    say(stage.daemon, "pause shop --max 60s");
    ask(&client, stage.daemon, GET_JSON);
    await_held(stage.daemon, 1);
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\nservice other {\n"
                        "    hosts = { \"other.test\" }\n"
                        "    slot blue { targets = { \"%s\" } }\n    slot green { }\n}\n",
                        origin_auto_address(stage.blue));
    daemon_set_config(stage.daemon, config);
    say(stage.daemon, "reload");
    cr_expect_eq(hear(&client, "\"no_service\""), 404);
    client_close(&client);
    free(config);
    STOP_STAGE(&stage);
}

/* The daemon ends while requests wait: they are told at once. */
Test(hold, a_daemon_that_stops)
{
    struct stage stage;
    struct client client;

    stage_open(&stage, &(struct stage_options){ .lines = HEALTH });
    say(stage.daemon, "pause shop --max 60s");
    ask(&client, stage.daemon, GET_JSON);
    await_held(stage.daemon, 1);
    daemon_signal(stage.daemon, SIGTERM);
    cr_expect_eq(hear(&client, "\"shutting_down\""), 503);
    cr_expect(client_await_end(&client, WAIT_MS));
    client_close(&client);
    STOP_STAGE(&stage);
}

Test(maintenance, message_health_path_and_end)
{
    static const char *const on[] = { "maint", "on", "shop", "--message", "Back <soon>", NULL };
    struct stage stage;
    struct ctl_result result;
    struct client client;

    stage_open(&stage,
               &(struct stage_options){ .lines = HEALTH "    maint { retry_after = \"7s\" }\n" });
    result = ctl_run_words(stage.daemon, on);
    cr_assert_eq(result.code, 0, "%s%s", result.out, result.err);
    ctl_free(&result);
    ask(&client, stage.daemon, "GET /a HTTP/1.1\r\nHost: a.test\r\nAccept: text/html\r\n\r\n");
    cr_expect_eq(hear(&client, "<p>Back &lt;soon&gt;</p>"), 503);
    cr_assert(client_send_text(&client, GET_JSON));
    cr_expect_eq(hear(&client, "\"maintenance\""), 503);
    cr_assert(client_send_text(&client, GET_JSON));
    cr_expect_eq(hear(&client, "\"message\":\"Back <soon>\""), 503);
    cr_assert(client_send_text(&client, "GET /health HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    cr_expect_eq(hear(&client, NULL), 200);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_maintenance_responses_total", ""), 3);
    say(stage.daemon, "maint off shop");
    cr_assert(client_send_text(&client, GET_JSON));
    hear_slot(&client, SLICE("blue"));
    client_close(&client);
    STOP_STAGE(&stage);
}

/* An operator's own page, longer than any buffer of a connection. */
Test(maintenance, own_page)
{
    enum { PAGE = 200 * 1024 };
    char *page = mem_zalloc(PAGE + 1);
    char folder[SCENE_PATH];
    char *path = NULL;
    char *lines = NULL;
    struct stage stage;
    struct client client;
    struct reply reply = { 0 };

    for (size_t i = 0; i < PAGE; i++)
        page[i] = (char)('a' + i / 999 % 26);
    scene_folder(folder);
    path = mem_format("%s/page.html", folder);
    scene_write(path, page, PAGE);
    lines = mem_format("%s    maint { page = \"%s\" }\n", HEALTH, path);
    stage_open(&stage, &(struct stage_options){ .lines = lines });
    say(stage.daemon, "maint on shop");
    ask(&client, stage.daemon, "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n");
    cr_assert_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 503);
    cr_expect(slice_is_equal(reply_value(&reply, "Retry-After"), SLICE("60")));
    cr_expect_str_eq(reply.body.bytes, page);
    reply_fini(&reply);
    client_close(&client);
    STOP_STAGE(&stage);
    scene_remove(folder);
    free(lines);
    free(path);
    free(page);
}
