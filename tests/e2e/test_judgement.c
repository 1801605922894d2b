/*
 * What the judgement does about candidates that fail in ways of their own: behind a shield, without ever answering, with
 * one connection only, without their database, and while a rollout rests. Over real sockets; what is plain after a
 * switch is test_auto_rollback.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/demo_app.h"
#include "support/load.h"
#include "support/scene.h"

enum { WAIT_MS = 30000, RATE = 200, PEACE_REQUESTS = 200 };

#define HEALTH "    health { interval = \"100ms\"  timeout = \"1s\"  rise = 1 }\n"
#define SPLIT  "    canary { key = { \"header:X-Id\" } %s }\n"

static const struct origin_faults failing = { .seed = 7, .status_500 = 1000 };
static const struct origin_faults hanging = { .seed = 7, .delay_us = 1500 * 1000 };

struct scene {
    struct origin_auto *blue;
    struct origin_auto *green;
    struct daemon *daemon;
    struct load *load;
};

/* lines: more of the service; behind: what is written behind green's address. */
static void open_scene(struct scene *scene, const char *lines, const char *behind)
{
    char *config = NULL;

    scene->blue = origin_auto_start("127.0.0.1:0", "blue", 0);
    scene->green = origin_auto_start("127.0.0.1:0", "green", 0);
    config = mem_format("listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n"
                        "    slot blue { targets = { \"%s\" } }\n"
                        "    slot green { targets = { \"%s%s\" } }\n%s}\n",
                        origin_auto_address(scene->blue), origin_auto_address(scene->green), behind,
                        lines);
    scene->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
    if (strstr(lines, "interval") != NULL)
        cr_assert_eq(ctl_code(scene->daemon, "wait healthy shop --timeout 10s"), 0);
    scene->load = load_start(&(struct load_options){
        .front = daemon_front(scene->daemon), .keep_alive = 24, .rate = RATE, .seed = 1 });
    cr_assert(load_await_count(scene->load, PEACE_REQUESTS, WAIT_MS));
}

static void close_scene(struct scene *scene)
{
    load_free(scene->load);
    origin_drop_connections(origin_auto_origin(scene->blue));
    origin_drop_connections(origin_auto_origin(scene->green));
    STOP(scene->daemon);
    origin_auto_stop(scene->blue);
    origin_auto_stop(scene->green);
}

static void say(const struct daemon *daemon, const char *words, int code)
{
    struct ctl_result result = ctl_run(daemon, words);

    cr_assert_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    ctl_free(&result);
}

static bool has(const struct daemon *daemon, const char *words, const char *part)
{
    struct ctl_result result = ctl_run(daemon, words);
    bool is_there = strstr(result.out, part) != NULL || strstr(result.err, part) != NULL;

    ctl_free(&result);
    return is_there;
}

static unsigned count_rollbacks(const struct daemon *daemon)
{
    cJSON *json = ctl_json(daemon, "show history 100 --kind rollback", NULL);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    unsigned count =
        (unsigned)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(result, "history"));

    cJSON_Delete(json);
    return count;
}

static bool was_taken_back(void *arg)
{
    return count_rollbacks(arg) > 0;
}

struct question {
    const struct daemon *daemon;
    const char *words;
    const char *part;
};

static bool is_so(void *arg)
{
    const struct question *question = arg;

    return has(question->daemon, question->words, question->part);
}

static bool await(const struct daemon *daemon, const char *words, const char *part)
{
    struct question question = { daemon, words, part };

    return scene_await(is_so, &question, WAIT_MS);
}

/* What no client sees is evidence all the same. */
Test(judgement, shielded_candidate_is_taken_back_unseen)
{
    struct scene scene;
    char lines[200];

    snprintf(lines, sizeof lines, "    health { enabled = false }\n" SPLIT, "shield = true");
    open_scene(&scene, lines, "");
    origin_down(origin_auto_origin(scene.green));
    say(scene.daemon, "canary start shop --to green 10%", 0);
    cr_assert(scene_await(was_taken_back, scene.daemon, WAIT_MS));
    cr_expect_geq(daemon_metric(scene.daemon, "switchyard_slot_shielded_total", "slot=\"green\""),
                  3);
    cr_expect_geq(daemon_metric(scene.daemon, "switchyard_evidence_errors_total", "slot=\"green\""),
                  3);
    cr_expect_eq(daemon_metric(scene.daemon, "switchyard_evidence_errors_total", "slot=\"blue\""),
                 0);
    load_finish(scene.load);
    cr_expect_eq(load_failed(scene.load), 0, "a client saw it");
    origin_up(origin_auto_origin(scene.green));
    close_scene(&scene);
}

/* Nothing is ever answered, so nothing is ever completed: being in flight too long is the error. */
Test(judgement, candidate_that_hangs_is_taken_back)
{
    struct scene scene;
    char lines[200];

    snprintf(lines, sizeof lines, HEALTH SPLIT "    evidence { inflight_error = \"100ms\" }\n", "");
    open_scene(&scene, lines, "");
    origin_auto_set_faults(scene.green, &hanging);
    say(scene.daemon, "canary start shop --to green 20%", 0);
    cr_assert(scene_await(was_taken_back, scene.daemon, WAIT_MS));
    cr_expect_geq(
        daemon_metric(scene.daemon, "switchyard_evidence_stalled_total", "slot=\"green\""), 3);
    load_finish(scene.load);
    close_scene(&scene);
}

/* R18 with one request at a time: those that wait and are turned away are no reason to stay. */
Test(judgement, r18_failing_slot_with_one_connection_is_taken_back_once)
{
    struct scene scene;

    open_scene(&scene, HEALTH "    evidence { key = \"header:X-Id\" }\n", " max=1");
    origin_auto_set_faults(scene.green, &failing);
    say(scene.daemon, "switch shop --to green", 0);
    cr_assert(scene_await(was_taken_back, scene.daemon, WAIT_MS));
    say(scene.daemon, "switch shop --to green", 3);
    cr_expect(has(scene.daemon, "switch shop --to green", "quarantine"));
    load_finish(scene.load);
    cr_expect(daemon_await_idle(scene.daemon, WAIT_MS), "counters return to 0");
    cr_expect_eq(count_rollbacks(scene.daemon), 1);
    close_scene(&scene);
}

/* Guards stay armed while a rollout rests (P9). */
Test(judgement, breach_while_a_rollout_is_paused_acts)
{
    struct scene scene;
    char lines[300];

    snprintf(lines, sizeof lines,
             HEALTH SPLIT
             "    rollout { phase_time = 1h }\n    evidence { key = \"header:X-Id\" }\n",
             "steps = { \"10%\", \"50%\" }");
    open_scene(&scene, lines, "");
    say(scene.daemon, "rollout start shop --to green", 0);
    cr_assert(await(scene.daemon, "rollout status shop", "ramping"));
    say(scene.daemon, "rollout pause shop", 0);
    origin_auto_set_faults(scene.green, &failing);
    cr_assert(scene_await(was_taken_back, scene.daemon, WAIT_MS));
    cr_expect(await(scene.daemon, "rollout status shop", "rolled-back"));
    say(scene.daemon, "rollout start shop --to green", 3);
    load_finish(scene.load);
    close_scene(&scene);
}

/* --- databases: two demo apps that say how theirs is --- */

struct pair {
    struct demo_app *blue;
    struct demo_app *green;
    struct daemon *daemon;
};

static void open_pair(struct pair *pair)
{
    char *config = NULL;

    pair->blue = demo_app_start("blue");
    pair->green = demo_app_start("green");
    config = mem_format(
        "listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n"
        "  slot blue  { targets = { \"%s\" } }\n  slot green { targets = { \"%s\" } }\n"
        "  health { interval = \"100ms\" timeout = \"2s\" rise = 1 database = \"database\" }\n"
        "  guard { database_for = \"1s\" }\n  evidence { shared_grace = \"1s\" }\n}\n",
        demo_app_address(pair->blue), demo_app_address(pair->green));
    pair->daemon =
        daemon_start(&(struct daemon_options){ .config = config, .keeps_descriptors = true });
    free(config);
    cr_assert_eq(ctl_code(pair->daemon, "wait healthy shop --timeout 10s"), 0);
}

static void close_pair(struct pair *pair)
{
    STOP(pair->daemon);
    demo_app_stop(pair->blue);
    demo_app_stop(pair->green);
}

static void set_app(const struct demo_app *app, const char *fault)
{
    char request[200];

    snprintf(request, sizeof request,
             "POST /_admin/fault?%s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
             "Connection: close\r\n\r\n",
             fault);
    cr_assert_eq(client_ask(demo_app_address(app), request, NULL), 200, "%s", fault);
}

/* T13: the database that both share is no reason to move; the one that only the candidate cannot reach is. */
Test(judgement, database_of_both_holds_and_that_of_the_candidate_moves)
{
    struct pair pair;

    open_pair(&pair);
    say(pair.daemon, "switch shop --to green", 0);
    set_app(pair.blue, "database=bad");
    set_app(pair.green, "database=bad");
    cr_assert(await(pair.daemon, "show alerts", "both unhealthy or without their database"));
    cr_expect_eq(count_rollbacks(pair.daemon), 0);
    set_app(pair.blue, "database=ok");
    cr_assert(scene_await(was_taken_back, pair.daemon, WAIT_MS));
    cr_expect(has(pair.daemon, "show history 1 --trigger db_fail", "rollback"));
    cr_expect_eq(count_rollbacks(pair.daemon), 1);
    close_pair(&pair);
}
