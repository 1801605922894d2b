/* Gates that are measured before the turn: real probes to real sockets of this process, warm-up by fake workers. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "health/health.h"
#include "net/loop.h"

/* An app that answers every connection with one response; or a port where nobody listens. */
struct app {
    int fd;
    uint16_t port;
    pthread_t thread;
    atomic_uint asked;
    atomic_bool is_deaf; /* it accepts and never answers */
};

static struct bench_desk desk;
static struct app app;
static struct health *health;
static unsigned warmed;     /* connections that were asked for */
static struct target *held; /* a warm-up without an answer yet */
static void (*held_done)(void *arg, unsigned open);
static void *held_arg;
static bool is_holding;

static void serve(int fd)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    char bytes[2048];

    atomic_fetch_add(&app.asked, 1);
    if (read(fd, bytes, sizeof bytes) > 0 && !atomic_load(&app.is_deaf))
        (void)!write(fd, answer, sizeof answer - 1);
    if (!atomic_load(&app.is_deaf))
        close(fd);
}

static void *run_app(void *arg)
{
    int fd = 0;

    (void)arg;
    while ((fd = accept(app.fd, NULL, NULL)) >= 0)
        serve(fd);
    return NULL;
}

static int bind_port(uint16_t *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void start_app(void)
{
    memset(&app, 0, sizeof app);
    app.fd = bind_port(&app.port);
    cr_assert_eq(listen(app.fd, 64), 0);
    cr_assert_eq(pthread_create(&app.thread, NULL, run_app, NULL), 0);
}

static void stop_app(void)
{
    shutdown(app.fd, SHUT_RDWR);
    pthread_join(app.thread, NULL);
    close(app.fd);
}

static void on_warm(void *arg, struct target *target, unsigned count,
                    void (*done)(void *done_arg, unsigned open), void *done_arg)
{
    (void)arg;
    warmed += count;
    if (!is_holding) {
        done(done_arg, count);
        return;
    }
    held = target;
    held_done = done;
    held_arg = done_arg;
    loop_stop(desk.loop);
}

static const struct deploy_ops ops = { .warm = on_warm };

/* green is the app, red a port that is bound and refuses; more: further blocks of the service. */
static void start_with(const char *more, const char *probe)
{
    char config[1400];
    uint16_t closed = 0;
    int fd = bind_port(&closed);

    snprintf(config, sizeof config,
             "listener http { bind = \"127.0.0.1:0\" }\n"
             "service shop {\n"
             "  health { interval = \"1h\" timeout = \"2s\" %s }\n"
             "  %s\n"
             "  slot blue { targets = { \"127.0.0.1:%u\" } }\n"
             "  slot green { targets = { \"127.0.0.1:%u\" } }\n"
             "  slot red { targets = { \"127.0.0.1:%u\" } }\n"
             "}\n",
             probe, more, app.port, app.port, closed);
    close(fd);
    bench_desk_write_config(&desk, config);
    desk.options.health = health;
    desk.options.ops = &ops;
    bench_desk_must_start(&desk);
}

static void start(const char *more)
{
    start_with(more, "");
}

static void begin(void)
{
    start_app();
    bench_desk_init(&desk, bench_desk_config);
    health = health_new(desk.loop, NULL, NULL);
    warmed = 0;
    is_holding = false;
}

static void end(void)
{
    bench_desk_drop_resolver(&desk);
    bench_desk_stop(&desk);
    health_free(health);
    bench_desk_fini(&desk);
    stop_app();
}

TestSuite(measure, .init = begin, .fini = end);

static struct change_result submit(enum change_kind kind, const char *slot, bool is_forced)
{
    struct change change = bench_desk_change(kind, "shop", slot);

    change.force = is_forced;
    change.share = kind == CHANGE_CANARY_START ? 500 : 0;
    snprintf(change.reason, sizeof change.reason, "%s", is_forced ? "test" : "");
    return bench_desk_do(&desk, &change);
}

Test(measure, a_switch_asks_the_new_slot_now)
{
    unsigned asked = 0;
    struct change_result result;

    start("");
    bench_desk_verdict(&desk, "shop", "red", VERDICT_UP); /* as it was a moment ago */
    result = submit(CHANGE_SWITCH, "red", false);
    cr_assert_eq(result.fault, FAULT_GATE_REFUSED, "%s", result.words);
    cr_assert_str_eq(result.gate, "target", "the probe was the first result, and it decides");
    asked = atomic_load(&app.asked);
    result = submit(CHANGE_SWITCH, "green", false);
    cr_assert(result.changed, "%s", result.words);
    cr_assert_gt(atomic_load(&app.asked), asked);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
}

Test(measure, a_slot_that_was_up_and_answers_no_probe_is_refused)
{
    struct change_result result;

    start("");
    cr_assert(submit(CHANGE_SWITCH, "green", false).changed);
    cr_assert(submit(CHANGE_SWITCH, "blue", false).changed);
    shutdown(app.fd, SHUT_RDWR); /* one bad probe is no verdict yet */
    result = submit(CHANGE_SWITCH, "green", false);
    cr_assert_eq(result.fault, FAULT_GATE_REFUSED, "%s", result.words);
    cr_assert_str_eq(result.gate, "probe");
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    cr_assert(submit(CHANGE_SWITCH, "green", true).changed, "force does not ask");
    result = submit(CHANGE_ROLLBACK, "", false);
    cr_assert(result.changed, "a rollback does not ask either: %s", result.words);
}

Test(measure, start_and_promotion_of_a_canary_ask_as_well)
{
    struct change_result result;

    start("");
    result = submit(CHANGE_CANARY_START, "green", false);
    cr_assert(result.changed, "%s", result.words);
    shutdown(app.fd, SHUT_RDWR);
    result = submit(CHANGE_CANARY_PROMOTE, "", false);
    cr_assert_str_eq(result.gate, "probe", "%s", result.words);
    result = submit(CHANGE_CANARY_ABORT, "", false);
    cr_assert(result.changed);
    result = submit(CHANGE_CANARY_START, "green", false);
    cr_assert_eq(result.fault, FAULT_GATE_REFUSED, "%s", result.words);
}

Test(measure, a_plan_shows_the_probe_and_warms_nothing)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct change_result result;

    start("warmup { connections = 4 }");
    change.plan_only = true;
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert_str_eq(result.gates[result.gate_count - 1].name, "probe");
    cr_assert_eq(warmed, 0);
}

Test(measure, connections_are_opened_before_the_switch)
{
    struct change_result result;

    start("warmup { connections = 4 }");
    result = submit(CHANGE_SWITCH, "green", false);
    cr_assert(result.changed, "%s", result.words);
    cr_assert_eq(warmed, 4);
    submit(CHANGE_SWITCH, "green", false);
    cr_assert_eq(warmed, 4, "it is there already");
}

Test(measure, requests_warm_the_slot_or_refuse_it)
{
    struct change_result result;

    start("warmup { path = \"/warm\" requests = 6 concurrency = 2 timeout = \"5s\" }");
    result = submit(CHANGE_SWITCH, "green", false);
    cr_assert(result.changed, "%s", result.words);
    cr_assert_geq(atomic_load(&app.asked), 7);
}

Test(measure, requests_that_are_not_answered_refuse_it)
{
    struct change_result result;

    start_with("warmup { path = \"/warm\" requests = 4 timeout = \"50ms\" }", "type = \"tcp\"");
    atomic_store(&app.is_deaf, true);
    result = submit(CHANGE_SWITCH, "green", false);
    cr_assert_eq(result.fault, FAULT_GATE_REFUSED, "%s", result.words);
    cr_assert_str_eq(result.gate, "warmup");
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(measure, holds_up_nobody_else)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct change other = bench_desk_change(CHANGE_PAUSE, "shop", "");
    struct bench_answer first;
    unsigned open = 0;

    start("warmup { connections = 4 }");
    is_holding = true;
    bench_desk_submit(&desk, &change, &first, &open);
    loop_run(desk.loop); /* until its connections are asked for */
    cr_assert_not_null(held);
    cr_assert(bench_desk_do(&desk, &other).changed);
    cr_assert(!first.is_done);
    held_done(held_arg, 4);
    bench_desk_wait(&desk, &open);
    cr_assert(first.result.changed, "%s", first.result.words);
}

Test(measure, what_is_withdrawn_is_answered_by_nobody)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct bench_answer answer;
    unsigned open = 0;

    start("warmup { connections = 4 }");
    is_holding = true;
    bench_desk_submit(&desk, &change, &answer, &open);
    loop_run(desk.loop);
    cr_assert(deploy_cancel(desk.deploy, &answer));
    held_done(held_arg, 4);
    cr_assert(TAILQ_EMPTY(&desk.deploy->preparing));
    cr_assert(TAILQ_EMPTY(&desk.deploy->measures));
    cr_assert(!answer.is_done);
}

Test(measure, the_end_comes_while_something_is_asked)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct bench_answer answers[2];
    unsigned open = 0;

    start("");
    atomic_store(&app.is_deaf, true);
    bench_desk_submit(&desk, &change, &answers[0], &open);
    bench_desk_submit(&desk, &change, &answers[1], &open);
    cr_assert(!TAILQ_EMPTY(&desk.deploy->measures));
    bench_desk_drop_resolver(&desk);
    bench_desk_stop(&desk); /* the sanitizer looks for what is left */
}

Test(measure, a_switch_that_another_one_turned_around_is_measured_again)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "");
    struct bench_answer answers[2];
    unsigned open = 0;

    start("");
    cr_assert(
        submit(CHANGE_SWITCH, "green", false).changed); /* now "" means blue, and then green */
    bench_desk_submit(&desk, &change, &answers[0], &open);
    bench_desk_submit(&desk, &change, &answers[1], &open);
    bench_desk_wait(&desk, &open);
    cr_assert_str_eq(answers[0].result.to, "blue", "%s", answers[0].result.words);
    cr_assert_str_eq(answers[1].result.to, "green", "%s", answers[1].result.words);
}
