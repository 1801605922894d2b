/*
 * Signals: TERM drains with a deadline and a second TERM ends now, INT as TERM, QUIT ends at once, USR1 opens the
 * logs again, HUP reloads, USR2 and ALRM are only logged, WINCH and PIPE are ignored.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"

enum { WAIT_MS = 10000 };

#define DOWN "GET /g HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct origin_act held[] = { ACT(REQUEST), ACT_RAISE("asked"), ACT_AWAIT("go"),
                                          ACT_SEND(OK_2), ACT(END) };

/* The first connection has served something before; the request may also come over a second one. */
static const struct origin_act served_then_held[] = { ACT(REQUEST),    ACT_SEND(OK_2),
                                                      ACT(REQUEST),    ACT_RAISE("asked"),
                                                      ACT_AWAIT("go"), ACT_SEND(OK_2),
                                                      ACT(END) };

static struct daemon *start(struct origin *origin, const char *deadline)
{
    char *globals =
        mem_format("run_dir = \"%%s/run\"\nstate_dir = \"%%s/state\"\nworkers = 2\n"
                   "log { access = \"%%s/access.log\" }\napi { bind = \"127.0.0.1:0\" }\n"
                   "shutdown { requests = \"%s\" }\n",
                   deadline);
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\" } }\n"
                              " slot green { targets = { \"127.0.0.1:1\" } }\n"
                              " health { enabled = false } }\n",
                              origin_address(origin));
    struct daemon *daemon =
        daemon_start(&(struct daemon_options){ .config = config, .globals = globals });

    free(config);
    free(globals);
    return daemon;
}

static void begin_held(struct origin *origin, struct daemon *daemon, struct client *client)
{
    client_open(client, daemon_front(daemon));
    client_send_text(client, DOWN);
    cr_assert(origin_await(origin, "asked", WAIT_MS));
}

static void check_graceful(int number)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    struct daemon *daemon = start(origin, "20s");
    struct client client;
    struct client idle;
    struct reply reply = { 0 };
    char front[160];
    int status = -1;

    snprintf(front, sizeof front, "%s", daemon_front(daemon));
    origin_play(origin, served_then_held);
    origin_play(origin, held);
    client_open(&idle, front);
    client_send_text(&idle, DOWN);
    cr_assert_eq(client_reply(&idle, false, WAIT_MS, &reply), REPLY_WHOLE);
    begin_held(origin, daemon, &client);
    daemon_signal(daemon, number);
    cr_expect(client_await_end(&idle, WAIT_MS), "an idle connection was kept while stopping");
    cr_expect(!daemon_await_exit(daemon, 200, &status), "it did not wait for the request");
    origin_raise(origin, "go");
    cr_expect_eq(client_reply(&client, false, WAIT_MS, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 200);
    cr_expect(slice_is_equal_nocase(reply_value(&reply, "Connection"), SLICE("close")),
              "the last answer must say close");
    cr_expect(daemon_await_exit(daemon, WAIT_MS, &status), "it did not end");
    cr_expect_eq(status, 0, "wait status 0x%x", (unsigned)status);
    reply_fini(&reply);
    client_close(&client);
    client_close(&idle);
    STOP(daemon);
    origin_stop(origin);
}

Test(signals, term_drains)
{
    check_graceful(SIGTERM);
}

Test(signals, int_drains)
{
    check_graceful(SIGINT);
}

Test(signals, term_has_a_deadline)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    struct daemon *daemon = start(origin, "500ms");
    struct client client;
    uint64_t began = 0;
    int status = -1;

    origin_play(origin, held);
    begin_held(origin, daemon, &client);
    began = clock_monotonic_us();
    daemon_signal(daemon, SIGTERM);
    cr_expect(daemon_await_exit(daemon, WAIT_MS, &status), "it outlived its deadline");
    cr_expect_eq(status, 0, "wait status 0x%x", (unsigned)status);
    cr_expect(clock_monotonic_us() - began >= 400000, "it ended before its deadline");
    client_close(&client);
    STOP(daemon);
    origin_stop(origin);
}

static void check_now(int first, int second)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    struct daemon *daemon = start(origin, "60s");
    struct client client;
    int status = -1;

    origin_play(origin, held);
    begin_held(origin, daemon, &client);
    daemon_signal(daemon, first);
    if (second != 0) {
        cr_expect(!daemon_await_exit(daemon, 300, &status), "it ended at the first signal");
        daemon_signal(daemon, second);
    }
    cr_expect(daemon_await_exit(daemon, 5000, &status), "it did not end now");
    cr_expect(WIFEXITED(status), "wait status 0x%x", (unsigned)status);
    client_close(&client);
    STOP(daemon);
    origin_stop(origin);
}

Test(signals, second_term_ends_now)
{
    check_now(SIGTERM, SIGTERM);
}

Test(signals, quit_ends_now)
{
    check_now(SIGQUIT, 0);
}

Test(signals, usr1_opens_the_logs_again)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    struct daemon *daemon = start(origin, "20s");
    char *path = mem_format("%s/access.log", daemon_folder(daemon));
    char *moved = mem_format("%s/access.log.1", daemon_folder(daemon));
    char *old = NULL;

    cr_expect_eq(client_ask(daemon_front(daemon), "GET /first HTTP/1.1\r\nHost: a\r\n\r\n", NULL),
                 200);
    cr_expect(daemon_await_access(daemon, "/first", WAIT_MS));
    cr_assert_eq(rename(path, moved), 0);
    daemon_signal(daemon, SIGUSR1);
    for (int i = 0; i < 500 && !scene_exists(path); i++)
        scene_pause_us(10000);
    cr_expect(scene_exists(path), "the access log was not opened again");
    cr_expect_eq(client_ask(daemon_front(daemon), "GET /second HTTP/1.1\r\nHost: a\r\n\r\n", NULL),
                 200);
    cr_expect(daemon_await_access(daemon, "/second", WAIT_MS));
    old = scene_read(moved, NULL);
    cr_expect(old != NULL && strstr(old, "/first") != NULL && strstr(old, "/second") == NULL);
    free(old);
    free(path);
    free(moved);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
}

Test(signals, winch_and_pipe_are_ignored)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    struct daemon *daemon = start(origin, "20s");
    int status = 0;

    daemon_signal(daemon, SIGWINCH);
    daemon_signal(daemon, SIGPIPE);
    cr_expect(!daemon_await_exit(daemon, 100, &status), "it ended");
    cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200);
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
}

/* A signal that exchanges the program elsewhere, and one that nobody sends: the log has them, users notice nothing. */
Test(signals, usr2_and_alrm_are_logged_only)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    struct daemon *daemon = start(origin, "20s");

    daemon_signal(daemon, SIGUSR2);
    cr_expect(daemon_await_log(daemon, "signal=USR2 nothing is done", WAIT_MS));
    daemon_signal(daemon, SIGALRM);
    cr_expect(daemon_await_log(daemon, "signal=14 nothing is done", WAIT_MS));
    cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 200);
    cr_expect(scene_exists(daemon_socket(daemon)));
    origin_drop_connections(origin);
    STOP(daemon);
    origin_stop(origin);
}

/* TERM while nothing is going on ends at once, and takes its files along. */
Test(signals, term_when_idle)
{
    struct origin *origin = origin_start("127.0.0.1:0");
    struct daemon *daemon = start(origin, "20s");
    char *ports = mem_format("%s/run/ports.json", daemon_folder(daemon));
    char *socket = mem_format("%s", daemon_socket(daemon));
    uint64_t began = clock_monotonic_us();
    int status = -1;

    daemon_signal(daemon, SIGTERM);
    cr_expect(daemon_await_exit(daemon, WAIT_MS, &status));
    cr_expect_eq(status, 0);
    cr_expect(clock_monotonic_us() - began < 3000000, "it took too long");
    cr_expect(!scene_exists(ports), "ports.json was left");
    cr_expect(!scene_exists(socket), "admin.sock was left");
    free(ports);
    free(socket);
    STOP(daemon);
    origin_stop(origin);
}
