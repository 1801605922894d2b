/*
 * Reloading (R30): all or nothing. Mutants of a good file are refused with the line, change nothing and leave every
 * control path working; good files are applied; no connection is closed and no run-time decision is lost.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/load.h"
#include "support/scene.h"

static const struct stage_options usual = { .lines = "health { enabled = false }\n" };

#define DOWN "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n"

/* A damaged copy of the file: cut, a byte changed, a byte taken out or put in, two lines swapped … */
static void mutate(struct text *text, uint64_t *random)
{
    uint64_t dice = hash_random(random);
    size_t at = (size_t)(dice >> 8) % text->len;

    switch (dice % 5) {
    case 0:
        text->len = at;
        text->bytes[at] = '\0';
        break;
    case 1: text->bytes[at] = (char)(1 + (dice >> 40) % 127); break;
    case 2:
        memmove(text->bytes + at, text->bytes + at + 1, text->len - at);
        text->len--;
        break;
    case 3: text->bytes[at] = "{}\"=;#$"[(dice >> 40) % 7]; break;
    default: { /* a piece twice */
        char *piece = mem_text_of(text->bytes + at, text->len - at);

        text_add(text, piece);
        free(piece);
        break;
    }
    }
}

/* `switchyard -t` says whether a file is good; the reload has to agree. */
static bool is_good(const struct daemon *daemon)
{
    const char *binary = getenv("SWITCHYARD_BIN");
    char *command =
        mem_format("%s -t -c %s >/dev/null 2>&1", binary != NULL ? binary : BUILD_DIR "/switchyard",
                   daemon_config_path(daemon));
    int status = system(command);

    free(command);
    return status == 0;
}

/* What must hold whatever the file says: green is live, requests work, commands work. */
static void expect_untouched(struct stage *stage, unsigned round, double epoch)
{
    cr_expect_eq(stage_probe(stage), LOAD_SLOT_GREEN, "round %u: the decision was lost", round);
    cr_expect_eq(stage_epoch(stage), epoch, "round %u: the epoch moved", round);
}

Test(reload, r30_mutants)
{
    unsigned rounds = (unsigned)scene_scale(120, 500);
    uint64_t random = 30;
    struct stage stage;
    char *good = NULL;
    size_t size = 0;
    unsigned refused = 0;
    unsigned accepted = 0;
    struct load *load = NULL;

    stage_open(&stage, &usual);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    good = scene_read(daemon_config_path(stage.daemon), &size);
    load = load_start(&(struct load_options){
        .front = daemon_front(stage.daemon), .keep_alive = 8, .rate = 100, .seed = 300 });
    for (unsigned i = 0; i < rounds; i++) {
        struct text text;
        struct ctl_result result;
        double epoch = stage_epoch(&stage);

        text_init(&text, 1 << 20);
        text_add_slice(&text, slice_of(good, size));
        if (i % 10 != 9)
            mutate(&text, &random);
        scene_write(daemon_config_path(stage.daemon), text.bytes, text.len);
        text_fini(&text);
        if (i % 10 != 9 && is_good(stage.daemon))
            continue; /* a change of a value that is as good: it may move targets */
        result = ctl_run(stage.daemon, "reload");
        if (i % 10 == 9) {
            cr_expect_eq(result.code, 0, "round %u: the good file was refused: %s", i, result.err);
            accepted++;
        } else {
            cr_expect_neq(result.code, 0, "round %u: a mutant was taken", i);
            cr_expect(strstr(result.err, "test.conf") != NULL, "round %u: no place named: %s", i,
                      result.err);
            expect_untouched(&stage, i, epoch);
            refused++;
        }
        ctl_free(&result);
    }
    load_finish(load);
    fprintf(stderr, "R30: %u refused, %u good\n", refused, accepted);
    cr_expect(refused > rounds / 3, "only %u mutants were bad", refused);
    cr_expect_eq(load_failed(load), 0);
    cr_expect_eq(load_wrong_slots(load, &(struct load_switch){ 0, 0, LOAD_SLOT_GREEN }, 1), 0);
    load_free(load);
    free(good);
    STOP_STAGE(&stage);
}

/* SIGHUP does the same as the command; kept connections and requests in flight stay. */
Test(reload, hup_keeps_connections)
{
    static const struct origin_act held[] = {
        ACT(REQUEST),    ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"),
        ACT(REQUEST),    ACT_RAISE("asked"),
        ACT_AWAIT("go"), ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"),
        ACT(REQUEST),    ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthird"),
        ACT(END)
    };
    struct raw_bench bench;
    struct client client;
    struct reply reply = { 0 };
    double reloads = 0;

    raw_start(&bench, NULL);
    origin_play(bench.origin, held);
    client_open(&client, bench.front);
    client_send_text(&client, DOWN);
    cr_assert_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE);
    client_send_text(&client, DOWN);
    cr_assert(origin_await(bench.origin, "asked", 8000));
    daemon_signal(bench.daemon, SIGHUP);
    for (int i = 0; i < 400 && reloads < 1; i++) {
        reloads = daemon_metric(bench.daemon, "switchyard_config_reloads_total", "");
        scene_pause_us(10000);
    }
    cr_expect(reloads >= 1, "no reload was counted");
    origin_raise(bench.origin, "go");
    cr_expect_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE);
    cr_expect(slice_is_equal(text_slice(&reply.body), SLICE("second")));
    client_send_text(&client, DOWN);
    cr_expect_eq(client_reply(&client, false, 8000, &reply), REPLY_WHOLE);
    cr_expect(slice_is_equal(text_slice(&reply.body), SLICE("third")),
              "the connection was not kept");
    reply_fini(&reply);
    client_close(&client);
    STOP_RAW(&bench);
}

/* A bad file by SIGHUP: a line in the log, nothing else; and the next good one works. */
Test(reload, hup_with_a_bad_file)
{
    static const char *const config_errors[] = { "config", "reload", NULL };
    struct stage stage;

    stage_open(&stage, &usual);
    daemon_expect_errors(stage.daemon, config_errors);
    daemon_set_config(stage.daemon, "listener http { bind = \"127.0.0.1:0\" nonsense = 1 }\n");
    daemon_signal(stage.daemon, SIGHUP);
    cr_expect(daemon_await_log(stage.daemon, "nonsense", 8000),
              "the log does not say what is wrong");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    daemon_set_config(stage.daemon, stage.config);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    STOP_STAGE(&stage);
}

/* What a reload can change: targets and slots come and go under load, without a failed request. */
Test(reload, targets_come_and_go)
{
    struct stage stage;
    struct origin_auto *third = origin_auto_start("127.0.0.1:0", "blue", 0);
    char *wider = NULL;
    struct load *load = NULL;

    stage_open(&stage, &usual);
    wider = mem_format(
        "listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n"
        " slot blue { targets = { \"%s\", \"%s\" } }\n slot green { targets = { \"%s\" } }\n"
        " slot third { targets = { \"%s\" } }\n health { enabled = false } }\n",
        origin_auto_address(stage.blue), origin_auto_address(third),
        origin_auto_address(stage.green), origin_auto_address(third));
    load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                              .keep_alive = 16,
                                              .one_shot = 4,
                                              .rate = 500,
                                              .seed = 302 });
    for (int i = 0; i < 20; i++) {
        uint64_t served = origin_auto_served(third);

        daemon_set_config(stage.daemon, i % 2 == 0 ? wider : stage.config);
        cr_expect_eq(ctl_code(stage.daemon, "reload"), 0, "reload %d", i);
        for (int k = 0; i % 2 == 0 && k < 300 && origin_auto_served(third) == served; k++)
            scene_pause_us(10000);
        if (i % 2 == 0)
            cr_expect(origin_auto_served(third) > served, "reload %d: the new target gets nothing",
                      i);
    }
    load_finish(load);
    cr_expect_eq(load_failed(load), 0, "%llu requests failed",
                 (unsigned long long)load_failed(load));
    load_free(load);
    origin_drop_connections(origin_auto_origin(third));
    STOP_STAGE(&stage);
    origin_auto_stop(third);
    free(wider);
}

/* The live slot vanishes from the file: refused, it serves. */
Test(reload, live_slot_cannot_vanish)
{
    struct stage stage;
    char *without = NULL;
    struct ctl_result result;

    stage_open(&stage, &usual);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    without = mem_format("listener http { bind = \"127.0.0.1:0\" }\nservice shop {\n"
                         " slot blue { targets = { \"%s\" } }\n health { enabled = false } }\n",
                         origin_auto_address(stage.blue));
    daemon_set_config(stage.daemon, without);
    result = ctl_run(stage.daemon, "reload");
    cr_expect_neq(result.code, 0, "the live slot was taken away");
    cr_expect(strstr(result.err, "green") != NULL, "%s", result.err);
    ctl_free(&result);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    free(without);
    STOP_STAGE(&stage);
}
