/*
 * What the apps say of themselves takes a release back as well: one that is unhealthy and idle, one that cannot reach its
 * database while the other can; a database that is away for both moves nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/demo_app.h"
#include "support/scene.h"

enum { WAIT_MS = 60000 };

struct pair {
    struct demo_app *blue;
    struct demo_app *green;
    struct daemon *daemon;
};

static void say(const struct pair *pair, const char *words, int code)
{
    struct ctl_result result = ctl_run(pair->daemon, words);

    cr_assert_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    ctl_free(&result);
}

/* Green is live. */
static void open_pair(struct pair *pair)
{
    char *config = NULL;

    pair->blue = demo_app_start("blue");
    pair->green = demo_app_start("green");
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                        "service shop {\n"
                        "  slot blue  { targets = { \"%s\" } version = v1 }\n"
                        "  slot green { targets = { \"%s\" } version = v2 }\n"
                        "  health { interval = \"50ms\" timeout = \"2s\" rise = 2 fall = 3 "
                        "database = \"database\" }\n"
                        "  guard { database_for = \"1s\" }\n"
                        "  evidence { unhealthy_quiet = \"1s\" }\n}\n",
                        demo_app_address(pair->blue), demo_app_address(pair->green));
    pair->daemon =
        daemon_start(&(struct daemon_options){ .config = config, .keeps_descriptors = true });
    free(config);
    say(pair, "wait healthy shop --timeout 30s", 0);
    say(pair, "switch shop --to green", 0);
}

static void close_pair(struct pair *pair)
{
    STOP(pair->daemon);
    demo_app_stop(pair->blue);
    demo_app_stop(pair->green);
}

static void set_app(const struct demo_app *app, const char *fault)
{
    char request[300];

    snprintf(request, sizeof request,
             "POST /_admin/fault?%s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
             "Connection: close\r\n\r\n",
             fault);
    cr_assert_eq(client_ask(demo_app_address(app), request, NULL), 200, "%s", fault);
}

struct question {
    const struct pair *pair;
    const char *words;
    const char *part;
};

static bool is_so(void *arg)
{
    const struct question *question = arg;
    struct ctl_result result = ctl_run(question->pair->daemon, question->words);
    bool is_there = strstr(result.out, question->part) != NULL;

    ctl_free(&result);
    return is_there;
}

static bool await(const struct pair *pair, const char *words, const char *part)
{
    struct question question = { pair, words, part };

    return scene_await(is_so, &question, WAIT_MS);
}

Test(auto_probes, unhealthy_slot_without_traffic_is_taken_back)
{
    struct pair pair;

    open_pair(&pair);
    set_app(pair.green, "unhealthy=on");
    cr_expect(await(&pair, "history --trigger health_no_traffic", "rollback"));
    cr_expect(await(&pair, "status", "quarantine"));
    close_pair(&pair);
}

Test(auto_probes, database_that_only_the_new_slot_cannot_reach_takes_it_back)
{
    struct pair pair;

    open_pair(&pair);
    set_app(pair.green, "database=bad");
    cr_expect(await(&pair, "history --trigger db_fail", "rollback"));
    close_pair(&pair);
}

Test(auto_probes, database_that_nobody_can_reach_moves_nothing)
{
    struct pair pair;

    open_pair(&pair);
    set_app(pair.blue, "database=bad");
    set_app(pair.green, "database=bad");
    cr_expect(await(&pair, "show alerts", "shared"));
    cr_expect(await(&pair, "show rules shop", "both sides are unfit"));
    cr_expect_not(is_so(&(struct question){ &pair, "history --kind rollback", "done" }));
    close_pair(&pair);
}
