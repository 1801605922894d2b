/*
 * switchctl watch and the progress of long commands, on a terminal and in a pipe: seconds add up to what clients got,
 * and the terminal is as it was, however it ends.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/pty.h"
#include "support/scene.h"
#include "support/tool.h"

enum { WAIT_MS = 15000 };

#define DOWN  "GET /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
#define ENTER "\033[?1049h"
#define LEAVE "\033[?1049l"

static const struct stage_options usual = { 0 };

static const char *ctl_binary(void)
{
    const char *binary = getenv("SWITCHCTL_BIN");

    return binary != NULL ? binary : BUILD_DIR "/switchctl";
}

static void ask_some(const struct stage *stage, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cr_expect_eq(client_ask(daemon_front(stage->daemon), DOWN, NULL), 200);
}

static void start_watch(struct pty *pty, const struct stage *stage)
{
    const char *const words[] = { ctl_binary(), "-s",   daemon_socket(stage->daemon),
                                  "watch",      "shop", NULL };

    pty_start(pty, words, 24, 160);
}

static void check_end(struct pty *pty, int code)
{
    int ended = pty_end(pty, WAIT_MS);

    cr_expect_eq(ended, code, "it ended with %d", ended);
    cr_expect(pty_is_restored(pty), "the terminal is not as it was");
    cr_expect_neq(pty_await(pty, LEAVE, 0, 1000), 0, "the screen was not given back");
    pty_close(pty);
}

Test(watch, a_screen_that_q_ends)
{
    struct stage stage;
    struct pty pty;
    size_t at = 0;

    stage_open(&stage, &usual);
    start_watch(&pty, &stage);
    cr_assert_neq(pty_await(&pty, ENTER, 0, WAIT_MS), 0);
    at = pty_await(&pty, "blue", 0, WAIT_MS);
    cr_expect_neq(at, 0);
    cr_expect_not(pty_is_restored(&pty), "keys would be echoed");
    ask_some(&stage, 5);
    at = pty_await(&pty, "ms", at, WAIT_MS);
    cr_expect_neq(at, 0, "no latency was shown");
    cr_expect_null(strstr(pty.out.bytes, "\033[2J"), "it flickers");
    pty_type(&pty, "q");
    check_end(&pty, 0);
    STOP_STAGE(&stage);
}

Test(watch, a_new_size_is_drawn_at_once)
{
    struct stage stage;
    struct pty pty;
    size_t at = 0;

    stage_open(&stage, &usual);
    start_watch(&pty, &stage);
    at = pty_await(&pty, "INFLIGHT", 0, WAIT_MS);
    cr_assert_neq(at, 0);
    pty_resize(&pty, 4, 30);
    cr_expect_neq(pty_await(&pty, "and 2 slots more", at, WAIT_MS), 0);
    pty_type(&pty, "q");
    check_end(&pty, 0);
    STOP_STAGE(&stage);
}

/* Ctrl-C, and a TERM from elsewhere, leave no screen behind. */
Test(watch, signals_give_the_terminal_back)
{
    struct stage stage;
    struct pty pty;

    stage_open(&stage, &usual);
    start_watch(&pty, &stage);
    cr_assert_neq(pty_await(&pty, "blue", 0, WAIT_MS), 0);
    pty_type(&pty, "\003");
    check_end(&pty, 130);
    start_watch(&pty, &stage);
    cr_assert_neq(pty_await(&pty, "blue", 0, WAIT_MS), 0);
    kill(pty.pid, SIGTERM);
    check_end(&pty, 143);
    STOP_STAGE(&stage);
}

/* It waits for a daemon that comes back. */
Test(watch, outlives_the_daemon)
{
    struct stage stage;
    struct pty pty;
    size_t at = 0;

    stage_open(&stage, &usual);
    start_watch(&pty, &stage);
    at = pty_await(&pty, "blue", 0, WAIT_MS);
    cr_assert_neq(at, 0);
    daemon_kill(stage.daemon);
    at = pty_await(&pty, "cannot reach the daemon", at, WAIT_MS);
    cr_assert_neq(at, 0);
    daemon_restart(stage.daemon);
    cr_expect_neq(pty_await(&pty, "q quits\033[K", at, WAIT_MS), 0);
    pty_type(&pty, "q");
    check_end(&pty, 0);
    STOP_STAGE(&stage);
}

/* The rows of a pipe: as many as asked for, and their requests are those that were made. */
Test(watch, seconds_add_up)
{
    struct stage stage;
    char *text = NULL;
    char log[SCENE_PATH + 16];
    pid_t pid = 0;
    unsigned sum = 0;
    unsigned lines = 0;

    stage_open(&stage, &usual);
    ask_some(&stage, 3); /* before: in no second of it */
    cr_assert(daemon_await_idle(stage.daemon, WAIT_MS));
    snprintf(log, sizeof log, "%s/watch.log", daemon_folder(stage.daemon));
    pid = tool_start(&(struct tool){ .words = (const char *const[]){ ctl_binary(), "-s",
                                                                     daemon_socket(stage.daemon),
                                                                     "watch", "shop", NULL } },
                     log);
    for (int i = 0; i < 200 && lines == 0; i++) { /* the first second is known */
        scene_pause_us(50000);
        text = scene_read(log, NULL);
        lines = text != NULL && strchr(text, '\n') != NULL;
        free(text);
    }
    cr_assert_eq(lines, 1);
    ask_some(&stage, 40);
    for (int i = 0; i < 200 && sum < 40; i++) {
        char *rest = NULL;
        char *line = NULL;

        scene_pause_us(50000);
        rest = text = scene_read(log, NULL);
        sum = 0;
        while ((line = scene_cut(&rest, '\n')) != NULL) {
            const char *at = strstr(line, " shop: blue role=live share=100.00% up=1/1 requests=");

            cr_assert_not_null(at, "%s", line);
            sum += (unsigned)strtoul(strstr(at, "requests=") + 9, NULL, 10);
        }
        free(text);
    }
    cr_expect_eq(sum, 40, "%u requests", sum);
    tool_stop(pid);
    STOP_STAGE(&stage);
}

Test(watch, as_json_and_bounded)
{
    struct stage stage;
    struct ctl_result result;
    unsigned lines = 0;
    char *rest = NULL;
    char *line = NULL;

    stage_open(&stage, &usual);
    result = ctl_run(stage.daemon, "watch --json --count 2");
    cr_expect_eq(result.code, 0, "%s", result.err);
    rest = result.out;
    while ((line = scene_cut(&rest, '\n')) != NULL) {
        cJSON *json = cJSON_Parse(line);

        cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "load")), 2);
        cJSON_Delete(json);
        lines++;
    }
    cr_expect_eq(lines, 2);
    ctl_free(&result);
    cr_expect_eq(ctl_code(stage.daemon, "watch nothing --count 1"), 3);
    cr_expect_eq(ctl_code(stage.daemon, "watch a b"), 2);
    STOP_STAGE(&stage);
}

static const struct stage_options sick = {
    .lines = "health { interval = \"100ms\" path = \"/nothing-here\" status = { \"299\" } }\n",
    .is_sick = true,
};

/* A pipe gets lines, a terminal one line that is gone in the end. */
Test(watch, long_commands_tell_what_they_wait_for)
{
    struct stage stage;
    struct ctl_result result;
    struct pty pty;
    size_t at = 0;

    stage_open(&stage, &sick);
    result = ctl_run(stage.daemon, "wait healthy shop --timeout 2500ms");
    cr_expect_eq(result.code, 4, "%d", result.code);
    cr_expect_not_null(strstr(result.err, "waiting, 1s: shop is not healthy: 0 of 2 targets up\n"),
                       "%s", result.err);
    cr_expect_null(strstr(result.err, "\033"));
    ctl_free(&result);
    result = ctl_run(stage.daemon, "--json wait healthy shop --timeout 1500ms");
    cr_expect_str_empty(result.err, "%s", result.err);
    ctl_free(&result);
    pty_start(&pty,
              (const char *const[]){ ctl_binary(), "-s", daemon_socket(stage.daemon), "wait",
                                     "healthy", "shop", "--timeout", "2500ms", NULL },
              24, 100);
    at = pty_await(&pty, "\r\033[K1s: shop is not healthy: 0 of 2", 0, WAIT_MS);
    cr_expect_neq(at, 0);
    cr_expect_eq(pty_end(&pty, WAIT_MS), 4);
    cr_expect_neq(pty_await(&pty, "\r\033[K\033[31merror", at, 1000), 0, "%s", pty.out.bytes);
    pty_close(&pty);
    STOP_STAGE(&stage);
}
