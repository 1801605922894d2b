/* The daemon under test: see support/daemon.h. */
#include "support/daemon.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "support/client.h"
#include "support/scene.h"

enum { READY_MS = 30000, EXIT_MS = 20000, SETTLE_MS = 5000, WORDS_MAX = 48 };

static const char default_globals[] =
    "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 2\n"
    "log { level = \"info\" access = \"%s/access.log\" }\n"
    "api { bind = \"127.0.0.1:0\" }\n";

struct daemon {
    char folder[SCENE_PATH];
    char config_path[SCENE_PATH + 32];
    char socket_path[SCENE_PATH + 32];
    char ports_path[SCENE_PATH + 32];
    char log_path[SCENE_PATH + 32];
    char access_path[SCENE_PATH + 32];
    char globals[2048];
    const char *const *wrapper;
    const char *const *expected_errors;
    cJSON *ports;
    pid_t child; /* the process started: the wrapper, if any */
    pid_t pid;   /* switchyard */
    int baseline;
    bool keeps_descriptors;
};

static void fill_globals(struct daemon *daemon, const char *pattern)
{
    size_t at = 0;

    for (const char *p = pattern; *p != '\0' && at + SCENE_PATH < sizeof daemon->globals; p++) {
        if (p[0] == '%' && p[1] == 's') {
            at += (size_t)snprintf(daemon->globals + at, sizeof daemon->globals - at, "%s",
                                   daemon->folder);
            p++;
        } else {
            daemon->globals[at++] = *p;
        }
    }
    daemon->globals[at] = '\0';
}

static void make_folder(const char *folder, const char *name)
{
    char path[SCENE_PATH + 32];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (mkdir(path, 0750) < 0)
        scene_fail("cannot make %s: %s", path, strerror(errno));
}

void daemon_set_config(struct daemon *daemon, const char *config)
{
    char *whole = mem_format("%s%s\n", daemon->globals, config);

    scene_write(daemon->config_path, whole, strlen(whole));
    free(whole);
}

static struct daemon *prepare(const struct daemon_options *options)
{
    struct daemon *daemon = mem_zalloc(sizeof *daemon);

    scene_folder(daemon->folder);
    make_folder(daemon->folder, "run");
    make_folder(daemon->folder, "state");
    snprintf(daemon->config_path, sizeof daemon->config_path, "%s/test.conf", daemon->folder);
    snprintf(daemon->socket_path, sizeof daemon->socket_path, "%s/run/admin.sock", daemon->folder);
    snprintf(daemon->ports_path, sizeof daemon->ports_path, "%s/run/ports.json", daemon->folder);
    snprintf(daemon->log_path, sizeof daemon->log_path, "%s/stderr.log", daemon->folder);
    snprintf(daemon->access_path, sizeof daemon->access_path, "%s/access.log", daemon->folder);
    fill_globals(daemon, options->globals != NULL ? options->globals : default_globals);
    daemon->wrapper = options->wrapper;
    daemon->expected_errors = options->expected_errors;
    daemon->keeps_descriptors = options->keeps_descriptors;
    daemon_set_config(daemon, options->config);
    return daemon;
}

/* In the child: never returns. */
static void run_program(const struct daemon *daemon, char *const words[])
{
    int fd = open(daemon->log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int nothing = open("/dev/null", O_RDONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fd < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        _exit(126);
    for (int i = 3; i < 1024; i++)
        close(i);
    execvp(words[0], words);
    _exit(127);
}

static void launch(struct daemon *daemon)
{
    const char *binary = getenv("SWITCHYARD_BIN");
    char *words[WORDS_MAX] = { NULL };
    int count = 0;

    for (; daemon->wrapper != NULL && daemon->wrapper[count] != NULL; count++)
        words[count] = mem_text(daemon->wrapper[count]);
    words[count++] = mem_text(binary != NULL ? binary : BUILD_DIR "/switchyard");
    words[count++] = mem_text("-c");
    words[count++] = mem_text(daemon->config_path);
    unlink(daemon->ports_path);
    daemon->child = fork();
    if (daemon->child < 0)
        scene_fail("cannot fork: %s", strerror(errno));
    if (daemon->child == 0)
        run_program(daemon, words);
    for (int i = 0; i < count; i++)
        free(words[i]);
}

static bool read_ports(struct daemon *daemon)
{
    char *bytes = scene_read(daemon->ports_path, NULL);
    cJSON *pid = NULL;

    cJSON_Delete(daemon->ports);
    daemon->ports = bytes != NULL ? cJSON_Parse(bytes) : NULL;
    free(bytes);
    pid = cJSON_GetObjectItemCaseSensitive(daemon->ports, "pid");
    if (!cJSON_IsNumber(pid))
        return false;
    daemon->pid = (pid_t)pid->valuedouble;
    return true;
}

/* True when ready; false when it exited first (*status then). Neither in time ends the test. */
static bool await_ready(struct daemon *daemon, int *status)
{
    uint64_t end = clock_monotonic_us() + (uint64_t)READY_MS * 1000;

    while (clock_monotonic_us() < end) {
        if (read_ports(daemon)) {
            daemon->baseline = scene_descriptors(daemon->pid);
            return true;
        }
        if (waitpid(daemon->child, status, WNOHANG) == daemon->child) {
            daemon->child = 0;
            return false;
        }
        scene_pause_us(2000);
    }
    kill(daemon->child, SIGKILL);
    scene_fail("switchyard was not ready in time; see %s", daemon->log_path);
}

static void fail_start(struct daemon *daemon, int status)
{
    char *log = daemon_log(daemon);

    scene_fail("switchyard ended before it was ready (wait status 0x%x): %s", (unsigned)status,
               log != NULL ? log : "");
}

struct daemon *daemon_start(const struct daemon_options *options)
{
    struct daemon *daemon = prepare(options);

    daemon_restart(daemon);
    return daemon;
}

void daemon_restart(struct daemon *daemon)
{
    int status = 0;

    if (!daemon_try_restart(daemon, &status))
        fail_start(daemon, status);
}

bool daemon_try_restart(struct daemon *daemon, int *status)
{
    launch(daemon);
    return await_ready(daemon, status);
}

void daemon_set_wrapper(struct daemon *daemon, const char *const *wrapper)
{
    daemon->wrapper = wrapper;
}

void daemon_expect_errors(struct daemon *daemon, const char *const *parts)
{
    daemon->expected_errors = parts;
}

static void free_daemon(struct daemon *daemon, bool remove_folder)
{
    if (remove_folder)
        scene_remove(daemon->folder);
    cJSON_Delete(daemon->ports);
    free(daemon);
}

int daemon_refusal(const struct daemon_options *options, char **words)
{
    struct daemon *daemon = prepare(options);
    int status = 0;
    int result = -1;

    launch(daemon);
    if (await_ready(daemon, &status))
        daemon_kill(daemon);
    else if (WIFEXITED(status))
        result = WEXITSTATUS(status);
    *words = daemon_log(daemon);
    free_daemon(daemon, true);
    return result;
}

void daemon_kill(struct daemon *daemon)
{
    int status = 0;

    if (daemon->pid > 0)
        kill(daemon->pid, SIGKILL);
    if (daemon->child > 0) {
        if (daemon->child != daemon->pid)
            kill(daemon->child, SIGKILL);
        waitpid(daemon->child, &status, 0);
    }
    daemon->child = daemon->pid = 0;
}

void daemon_signal(struct daemon *daemon, int number)
{
    if (daemon->pid <= 0 || kill(daemon->pid, number) < 0)
        scene_fail("cannot signal switchyard: it is gone");
}

bool daemon_await_exit(struct daemon *daemon, unsigned ms, int *status)
{
    uint64_t end = clock_monotonic_us() + (uint64_t)ms * 1000;

    while (daemon->child > 0) {
        if (waitpid(daemon->child, status, WNOHANG) == daemon->child) {
            daemon->child = daemon->pid = 0;
            return true;
        }
        if (clock_monotonic_us() > end)
            return false;
        scene_pause_us(2000);
    }
    return true;
}

/* Error lines that the test did not announce, and what sanitizers say. */
static void judge_log(const struct daemon *daemon, const char *log, struct text *why)
{
    static const char *const alarms[] = { "ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
                                          "runtime error:", "WARNING: ThreadSanitizer",
                                          "CHECK failed" };
    char *copy = mem_text(log);
    char *rest = copy;

    for (size_t i = 0; i < sizeof alarms / sizeof alarms[0]; i++) {
        if (strstr(log, alarms[i]) != NULL)
            text_add_format(why, "log has \"%s\"; ", alarms[i]);
    }
    for (char *line = scene_cut(&rest, '\n'); line != NULL; line = scene_cut(&rest, '\n')) {
        bool known = strstr(line, " error ") == NULL;

        for (int i = 0; !known && daemon->expected_errors != NULL && daemon->expected_errors[i];
             i++)
            known = strstr(line, daemon->expected_errors[i]) != NULL;
        if (!known)
            text_add_format(why, "error line: %s; ", line);
    }
    free(copy);
}

static bool has_baseline(void *arg)
{
    const struct daemon *daemon = arg;

    return scene_descriptors(daemon->pid) <= daemon->baseline;
}

static void judge_process(struct daemon *daemon, struct text *why)
{
    if (!daemon_await_idle(daemon, SETTLE_MS))
        text_add_format(why, "requests in flight: %g; ",
                        daemon_metric(daemon, "switchyard_http_requests_in_flight", ""));
    if (!daemon->keeps_descriptors && !scene_await(has_baseline, daemon, SETTLE_MS)) {
        text_add_format(why, "descriptors: %d at the start, %d at the end:", daemon->baseline,
                        scene_descriptors(daemon->pid));
        scene_list_descriptors(daemon->pid, why);
        text_add(why, "; ");
    }
}

char *daemon_stop(struct daemon *daemon)
{
    struct text why;
    char *log = NULL;
    int status = 0;

    text_init(&why, 65536);
    if (daemon->pid > 0) {
        judge_process(daemon, &why);
        if (daemon->pid > 0 && kill(daemon->pid, SIGTERM) < 0)
            text_add(&why, "it was gone before the end; ");
        if (!daemon_await_exit(daemon, EXIT_MS, &status)) {
            text_add(&why, "it did not end after SIGTERM; ");
            daemon_kill(daemon);
        } else if (status != 0) {
            text_add_format(&why, "wait status 0x%x; ", (unsigned)status);
        }
    }
    log = daemon_log(daemon);
    judge_log(daemon, log != NULL ? log : "", &why);
    free(log);
    if (why.len > 0)
        text_add_format(&why, "(folder %s)", daemon->folder);
    free_daemon(daemon, why.len == 0);
    if (why.len > 0)
        return text_take(&why);
    text_fini(&why);
    return NULL;
}

const char *daemon_address(const struct daemon *daemon, const char *listener)
{
    cJSON *listeners = cJSON_GetObjectItemCaseSensitive(daemon->ports, "listeners");
    const char *address =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(listeners, listener));

    if (address == NULL)
        scene_fail("ports.json has no listener %s", listener);
    return address;
}

const char *daemon_front(const struct daemon *daemon)
{
    return daemon_address(daemon, "http");
}

const char *daemon_api(const struct daemon *daemon)
{
    const char *api = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(daemon->ports, "api"));

    return api != NULL ? api : "";
}

const char *daemon_folder(const struct daemon *daemon)
{
    return daemon->folder;
}

const char *daemon_socket(const struct daemon *daemon)
{
    return daemon->socket_path;
}

const char *daemon_config_path(const struct daemon *daemon)
{
    return daemon->config_path;
}

pid_t daemon_pid(const struct daemon *daemon)
{
    return daemon->pid;
}

bool daemon_is_alive(const struct daemon *daemon)
{
    char path[64];
    char *stat = NULL;
    bool alive = false;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)daemon->pid);
    stat = daemon->pid > 0 ? scene_read(path, NULL) : NULL;
    alive = stat != NULL && strstr(stat, ") Z ") == NULL;
    free(stat);
    return alive;
}

char *daemon_log(const struct daemon *daemon)
{
    return scene_read(daemon->log_path, NULL);
}

char *daemon_access_log(const struct daemon *daemon)
{
    return scene_read(daemon->access_path, NULL);
}
