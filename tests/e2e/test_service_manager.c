/*
 * What a service manager sees and gives: readiness, reloads, the end and the watchdog by datagrams; sockets that were
 * opened before; the unit files and the logrotate file as their own programs read them.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/scene.h"
#include "support/tool.h"

enum { WAIT_MS = 15000, LINES_BYTES = 2048, TOOL_MS = 30000 };

#define DOWN     "GET /g HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
#define ACTIVATE BUILD_DIR "/tests/activate"

/* The manager's end of the datagrams. */
struct manager {
    char folder[SCENE_PATH];
    char variable[SCENE_PATH + 64]; /* NOTIFY_SOCKET=… */
    char last[LINES_BYTES];
    int fd;
};

static void open_manager(struct manager *manager, bool is_abstract)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t len = 0;

    scene_folder(manager->folder);
    if (is_abstract) {
        int size = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "switchyard-test-%d",
                            (int)getpid());

        snprintf(manager->variable, sizeof manager->variable, "NOTIFY_SOCKET=@%s",
                 address.sun_path + 1);
        len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
    } else {
        snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", manager->folder);
        snprintf(manager->variable, sizeof manager->variable, "NOTIFY_SOCKET=%s", address.sun_path);
        len = sizeof address;
    }
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert(manager->fd >= 0 && bind(manager->fd, (struct sockaddr *)&address, len) == 0, "%s",
              strerror(errno));
}

static void close_manager(struct manager *manager)
{
    close(manager->fd);
    scene_remove(manager->folder);
}

/* The next datagram that has the line; the others are passed over. It is in manager->last then. */
static bool hear(struct manager *manager, const char *line, unsigned ms)
{
    uint64_t until_us = clock_monotonic_us() + ms * 1000ull;

    while (clock_monotonic_us() < until_us) {
        struct pollfd entry = { .fd = manager->fd, .events = POLLIN };
        ssize_t count = 0;

        if (poll(&entry, 1, 50) <= 0)
            continue;
        count = recv(manager->fd, manager->last, sizeof manager->last - 1, 0);
        manager->last[count > 0 ? count : 0] = '\0';
        if (strstr(manager->last, line) != NULL)
            return true;
    }
    return false;
}

static void check_life(bool is_abstract)
{
    struct manager manager;
    const char *wrapper[] = { "env", NULL, "WATCHDOG_USEC=200000", NULL };
    struct stage_options options = { .wrapper = wrapper };
    struct stage stage;
    int status = -1;

    open_manager(&manager, is_abstract);
    wrapper[1] = manager.variable;
    stage_open(&stage, &options);
    cr_expect(hear(&manager, "READY=1\n", WAIT_MS), "it never said that it is ready");
    cr_expect(hear(&manager, "WATCHDOG=1\n", WAIT_MS), "the watchdog is not told");
    cr_expect(hear(&manager, "WATCHDOG=1\n", WAIT_MS), "the watchdog is told once");
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_expect(hear(&manager, "; shop on green", WAIT_MS), "%s", manager.last);
    cr_expect_eq(strncmp(manager.last, "STATUS=epoch ", 13), 0, "%s", manager.last);
    daemon_signal(stage.daemon, SIGHUP);
    cr_expect(hear(&manager, "RELOADING=1\n", WAIT_MS));
    cr_expect_not_null(strstr(manager.last, "\nMONOTONIC_USEC="), "not in one datagram: %s",
                       manager.last);
    cr_expect(hear(&manager, "READY=1\n", WAIT_MS), "the reload has no end");
    daemon_signal(stage.daemon, SIGTERM);
    cr_expect(hear(&manager, "STOPPING=1\n", WAIT_MS));
    cr_expect_not_null(strstr(manager.last, "EXTEND_TIMEOUT_USEC="), "%s", manager.last);
    cr_expect(daemon_await_exit(stage.daemon, WAIT_MS, &status));
    STOP_STAGE(&stage);
    close_manager(&manager);
}

Test(service_manager, hears_of_a_whole_life)
{
    check_life(false);
}

Test(service_manager, may_listen_in_the_abstract_space)
{
    check_life(true);
}

/* A reload that is refused ends, too. */
Test(service_manager, a_refused_reload_is_over)
{
    static const char *const refused[] = { "reload", NULL };
    struct manager manager;
    const char *wrapper[] = { "env", NULL, NULL };
    struct stage_options options = { .wrapper = wrapper, .expected_errors = refused };
    struct stage stage;

    open_manager(&manager, false);
    wrapper[1] = manager.variable;
    stage_open(&stage, &options);
    cr_expect(hear(&manager, "READY=1\n", WAIT_MS));
    daemon_set_config(stage.daemon, "nonsense {");
    daemon_signal(stage.daemon, SIGHUP);
    cr_expect(hear(&manager, "RELOADING=1\n", WAIT_MS));
    cr_expect(hear(&manager, "READY=1\n", WAIT_MS));
    STOP_STAGE(&stage);
    close_manager(&manager);
}

/* The doors open after a second in any case; ready is said when the first checks are in. */
Test(service_manager, ready_waits_for_the_first_checks)
{
    static const struct origin_act slow_check[] = {
        ACT(REQUEST), ACT_RAISE("checked"), ACT_AWAIT("go"),
        ACT_SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ACT(END)
    };
    struct origin *origin = origin_start("127.0.0.1:0");
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { slot blue { targets = { \"%s\" } }\n"
                              "  health { interval = \"10s\" timeout = \"9s\" } }\n",
                              origin_address(origin));
    struct manager manager;
    const char *wrapper[] = { "env", NULL, NULL };
    struct daemon *daemon = NULL;

    open_manager(&manager, false);
    wrapper[1] = manager.variable;
    origin_play(origin, slow_check);
    daemon = daemon_start(&(struct daemon_options){ .config = config, .wrapper = wrapper });
    cr_expect(origin_await(origin, "checked", WAIT_MS));
    cr_expect(hear(&manager, "waits for the first health checks", WAIT_MS));
    cr_expect_not(hear(&manager, "READY=1\n", 300), "ready before the first check");
    origin_raise(origin, "go");
    cr_expect(hear(&manager, "READY=1\n", WAIT_MS));
    STOP(daemon);
    close_manager(&manager);
    origin_stop(origin);
    free(config);
}

static char *simple_config(const char *bind)
{
    return mem_format("listener http { bind = \"%s\" }\n"
                      "service shop { slot blue { targets = { \"127.0.0.1:1\" } }\n"
                      "  health { enabled = false } }\n",
                      bind);
}

/* The audit trail says by which socket somebody came, also when it is not ours. */
static void expect_place(const struct daemon *daemon, const char *socket)
{
    const char *const words[] = {
        "-s", socket + strlen("unix:"), "lock", "acquire", "--reason", "test", NULL
    };
    struct ctl_result result = ctl_run_words(NULL, words);
    char *path = mem_format("%s/state/audit.jsonl", daemon_folder(daemon));
    char *wanted = mem_format("\"from\":\"%s\"", socket);
    char *trail = NULL;

    cr_expect_eq(result.code, 0, "%s", result.err);
    ctl_free(&result);
    trail = scene_read(path, NULL);
    cr_expect(trail != NULL && strstr(trail, wanted) != NULL, "%s: %s", wanted, trail);
    free(trail);
    free(wanted);
    free(path);
}

/* By its name, whatever address the configuration has; every worker serves it. */
Test(service_manager, sockets_are_taken_by_name)
{
    char folder[SCENE_PATH];
    char admin[SCENE_PATH + 32];
    char http[] = "http=127.0.0.1:0";
    const char *const wrapper[] = { ACTIVATE, http, admin, "--", NULL };
    char *config = simple_config("127.0.0.1:1");
    struct daemon *daemon = NULL;
    struct ctl_result result;

    scene_folder(folder);
    snprintf(admin, sizeof admin, "admin=unix:%s/s", folder);
    daemon = daemon_start(&(struct daemon_options){ .config = config, .wrapper = wrapper });
    cr_expect_str_neq(daemon_front(daemon), "127.0.0.1:1");
    for (int i = 0; i < 20; i++)
        cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 502);
    cr_expect_not(scene_exists(daemon_socket(daemon)), "an admin socket of its own");
    result = ctl_run_words(
        NULL, (const char *const[]){ "-s", admin + strlen("admin=unix:"), "status", NULL });
    cr_expect_eq(result.code, 0, "%s", result.err);
    ctl_free(&result);
    expect_place(daemon, admin + strlen("admin="));
    STOP(daemon);
    cr_expect(scene_exists(admin + strlen("admin=unix:")), "the file is the manager's");
    scene_remove(folder);
    free(config);
}

/* Without a name of ours, by the address; what nobody wants is closed and told. */
Test(service_manager, sockets_are_taken_by_address)
{
    char folder[SCENE_PATH];
    char front[SCENE_PATH + 32];
    char datagram[SCENE_PATH + 32];
    const char *const wrapper[] = { ACTIVATE, front, "left=127.0.0.1:0", datagram, "--", NULL };
    struct daemon *daemon = NULL;
    char *config = NULL;

    scene_folder(folder);
    snprintf(front, sizeof front, "any=unix:%s/front", folder);
    snprintf(datagram, sizeof datagram, "datagram=unix:%s/datagram", folder);
    config = simple_config(front + strlen("any="));
    daemon = daemon_start(&(struct daemon_options){ .config = config, .wrapper = wrapper });
    cr_expect_eq(client_ask(daemon_front(daemon), DOWN, NULL), 502);
    cr_expect(daemon_await_log(daemon, "name=left", WAIT_MS));
    cr_expect(daemon_await_log(daemon, "name=datagram is no listening stream socket", WAIT_MS));
    STOP(daemon);
    cr_expect(scene_exists(front + strlen("any=unix:")), "the file is the manager's");
    scene_remove(folder);
    free(config);
}

/* The unit, with our own program in its place: systemd-analyze wants it to exist. */
Test(service_manager, the_unit_is_right)
{
    static const char *const names[] = { "switchyard.service", "switchyard.socket" };
    char folder[SCENE_PATH];
    char paths[2][SCENE_PATH + 64];
    const char *const words[] = {
        "systemd-analyze", "verify", "--man=no", paths[0], paths[1], NULL
    };
    char *said = NULL;

    if (!tool_exists("systemd-analyze"))
        return;
    scene_folder(folder);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *source = mem_format("%s/conf/systemd/%s", SOURCE_DIR, names[i]);
        char *bytes = scene_read(source, NULL);
        struct text out;

        cr_assert_not_null(bytes, "%s", source);
        text_init(&out, 65536);
        for (const char *at = bytes; *at != '\0';) {
            bool is_program = strncmp(at, "/usr/bin/switchyard", 19) == 0;

            if (is_program)
                text_add(&out, BUILD_DIR "/switchyard");
            else
                text_add_slice(&out, slice_of(at, 1));
            at += is_program ? 19 : 1;
        }
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
        scene_write(paths[i], out.bytes, out.len);
        text_fini(&out);
        free(bytes);
        free(source);
    }
    cr_expect_eq(tool_run(&(struct tool){ .words = words, .ms = TOOL_MS }, &said), 0, "%s", said);
    cr_expect_null(strstr(said, "switchyard."), "%s", said);
    free(said);
    scene_remove(folder);
}

struct logged {
    const struct daemon *daemon;
    unsigned wanted;
    unsigned found;
};

static unsigned count_lines(const char *path)
{
    char *bytes = scene_read(path, NULL);
    unsigned count = 0;

    for (const char *at = bytes; at != NULL && *at != '\0'; at++)
        count += *at == '\n';
    free(bytes);
    return count;
}

static bool is_all_logged(void *arg)
{
    struct logged *logged = arg;
    char path[SCENE_PATH + 32];

    snprintf(path, sizeof path, "%s/access.log", daemon_folder(logged->daemon));
    logged->found = count_lines(path);
    for (int i = 1; i < 10; i++) {
        snprintf(path, sizeof path, "%s/access.log.%d", daemon_folder(logged->daemon), i);
        logged->found += count_lines(path);
    }
    return logged->found >= logged->wanted;
}

/* logrotate itself turns the logs, in a loop under requests: every request has its line. */
Test(service_manager, logrotate_loses_no_line)
{
    static const struct stage_options usual = { 0 };
    struct stage stage;
    struct logged logged = { 0 };
    char *config = NULL;
    char *path = NULL;
    char *status = NULL;

    if (!tool_exists("logrotate"))
        return;
    stage_open(&stage, &usual);
    logged.daemon = stage.daemon;
    config = mem_format("%s/access.log {\n rotate 50\n missingok\n sharedscripts\n"
                        " postrotate\n kill -USR1 %d\n endscript\n}\n",
                        daemon_folder(stage.daemon), (int)daemon_pid(stage.daemon));
    path = mem_format("%s/rotate.conf", daemon_folder(stage.daemon));
    status = mem_format("%s/rotate.status", daemon_folder(stage.daemon));
    scene_write(path, config, strlen(config));
    for (int turn = 0; turn < 5; turn++) {
        const char *const words[] = { "logrotate", "-f", "-s", status, path, NULL };
        char *said = NULL;

        for (int i = 0; i < 10; i++, logged.wanted++)
            cr_expect_eq(client_ask(daemon_front(stage.daemon), DOWN, NULL), 200);
        cr_expect_eq(tool_run(&(struct tool){ .words = words, .ms = TOOL_MS }, &said), 0, "%s",
                     said);
        free(said);
    }
    cr_expect(scene_await(is_all_logged, &logged, WAIT_MS), "%u of %u lines", logged.found,
              logged.wanted);
    cr_expect_eq(logged.found, logged.wanted);
    STOP_STAGE(&stage);
    free(config);
    free(path);
    free(status);
}

/* The file of the package, as logrotate reads it. */
Test(service_manager, the_logrotate_file_is_right)
{
    const char *const words[] = { "logrotate", "-d", SOURCE_DIR "/conf/logrotate/switchyard",
                                  NULL };
    char *said = NULL;

    if (!tool_exists("logrotate") || geteuid() != 0)
        return;
    cr_expect_eq(tool_run(&(struct tool){ .words = words, .ms = TOOL_MS }, &said), 0, "%s", said);
    cr_expect_null(strstr(said, "error"), "%s", said);
    free(said);
}
