/* See net/child.h. A descriptor of the process tells its end, so that no signal is needed and no process waited for. */
#include "net/child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/timer.h"

enum { GRACE_MS = 1000, INHERITED_MAX = 4, MORE_MAX = 32 };

struct child {
    struct loop *loop;
    child_done_fn *done;
    void *arg;
    pid_t pid; /* 0: it was not started, or is gone */
    int pid_fd;
    int out_fd;
    int err_fd; /* -1: errors go where output goes */
    struct event *end;
    struct event *output;
    struct event *errors;
    child_bytes_fn *on_bytes;
    void *bytes_arg;
    struct timer *timer; /* the time that it has, then the grace; without a process: the answer */
    uint64_t began_us;
    bool is_told; /* SIGTERM was sent */
    struct child_result result;
};

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

static void free_child(struct child *child)
{
    free_event(child->end);
    free_event(child->output);
    free_event(child->errors);
    timer_free(child->timer);
    if (child->pid_fd >= 0)
        close(child->pid_fd);
    if (child->out_fd >= 0)
        close(child->out_fd);
    if (child->err_fd >= 0)
        close(child->err_fd);
    free(child);
}

static void keep(struct child *child, const char *bytes, size_t len)
{
    size_t room = CHILD_OUTPUT_MAX - child->result.output_len;
    size_t taken = len < room ? len : room;

    memcpy(child->result.output + child->result.output_len, bytes, taken);
    child->result.output_len += taken;
}

/* What is there now; more than is kept is thrown away. False: there will be no more. */
static bool read_pipe(struct child *child, enum child_source source)
{
    char bytes[65536];
    int fd = source == CHILD_ERR ? child->err_fd : child->out_fd;
    ssize_t count = 0;

    while ((count = read(fd, bytes, sizeof bytes)) > 0) {
        if (source == CHILD_ERR || child->on_bytes == NULL)
            keep(child, bytes, (size_t)count);
        if (child->on_bytes != NULL)
            child->on_bytes(child->bytes_arg, source, bytes, (size_t)count);
    }
    return count != 0;
}

static void describe(struct child *child)
{
    struct child_result *result = &child->result;
    unsigned long long ms = result->duration_us / 1000;

    if (result->is_stopped)
        snprintf(result->words, sizeof result->words, "stopped after %llu ms", ms);
    else if (result->is_timed_out)
        snprintf(result->words, sizeof result->words, "ended by us after %llu ms", ms);
    else if (result->signal != 0)
        snprintf(result->words, sizeof result->words, "ended by signal %d after %llu ms",
                 result->signal, ms);
    else if (result->words[0] == '\0')
        snprintf(result->words, sizeof result->words, "exit %d after %llu ms", result->code, ms);
}

static void finish(struct child *child)
{
    struct child_result result;
    child_done_fn *done = child->done;
    void *arg = child->arg;

    child->result.duration_us = clock_monotonic_us() - child->began_us;
    child->result.output[child->result.output_len] = '\0';
    describe(child);
    result = child->result;
    free_child(child);
    done(arg, &result);
}

static void on_output(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;

    (void)fd;
    (void)what;
    if (!read_pipe(child, CHILD_OUT))
        event_del(child->output);
}

static void on_errors(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;

    (void)fd;
    (void)what;
    if (!read_pipe(child, CHILD_ERR))
        event_del(child->errors);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;
    int status = 0;
    pid_t pid = waitpid(child->pid, &status, WNOHANG);
    bool is_lost = pid < 0 && errno == ECHILD; /* SIGCHLD is ignored: nobody keeps how it ended */

    (void)fd;
    (void)what;
    if (pid != child->pid && !is_lost)
        return;
    if (child->is_told)
        (void)kill(-child->pid, SIGKILL); /* who of its group is left */
    child->pid = 0;
    child->result.code = !is_lost && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    child->result.signal = !is_lost && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (is_lost)
        snprintf(child->result.words, sizeof child->result.words,
                 "ended, nobody knows how: SIGCHLD is ignored in this process");
    (void)read_pipe(child, CHILD_OUT);
    if (child->err_fd >= 0)
        (void)read_pipe(child, CHILD_ERR);
    finish(child);
}

/* Its time is over: first it is asked, then its group is ended. Without a process: the answer that it did not start. */
static void on_time(void *arg)
{
    struct child *child = arg;

    if (child->pid == 0) {
        finish(child);
        return;
    }
    child->result.is_timed_out = !child->result.is_stopped;
    (void)kill(-child->pid, child->is_told ? SIGKILL : SIGTERM);
    child->is_told = true;
    timer_arm(child->timer, GRACE_MS);
}

/* Cut at blanks, in place. */
static void cut_words(char *command, char **argv)
{
    unsigned count = 0;
    char *rest = command;
    char *word = NULL;

    while (count < CHILD_ARGS_MAX && (word = strsep(&rest, " ")) != NULL)
        if (word[0] != '\0')
            argv[count++] = word;
    argv[count] = NULL;
}

/* A little of ours, then what is given. */
static void fill_environment(const char *const *more, char **inherited, const char **env)
{
    static const char *const names[] = { "PATH", "LANG", "HOME", "TZ" };
    unsigned count = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        inherited[i] = value != NULL ? mem_format("%s=%s", names[i], value) : NULL;
        if (inherited[i] != NULL)
            env[count++] = inherited[i];
    }
    for (unsigned i = 0; more != NULL && more[i] != NULL && i < MORE_MAX; i++)
        env[count++] = more[i];
    env[count] = NULL;
}

static int prepare_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigset_t none;
    int err = posix_spawnattr_init(attributes);

    sigfillset(&all);
    sigemptyset(&none);
    if (err == 0)
        err = posix_spawnattr_setsigdefault(attributes, &all);
    if (err == 0)
        err = posix_spawnattr_setsigmask(attributes, &none);
    if (err == 0)
        err = posix_spawnattr_setpgroup(attributes, 0);
    return err != 0 ? err
                    : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF |
                                                               POSIX_SPAWN_SETSIGMASK |
                                                               POSIX_SPAWN_SETPGROUP);
}

static int prepare_files(posix_spawn_file_actions_t *files, int output, int errors)
{
    int err = posix_spawn_file_actions_init(files);

    if (err == 0)
        err = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (err == 0)
        err = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    if (err == 0)
        err = posix_spawn_file_actions_adddup2(files, errors, STDERR_FILENO);
    return err != 0 ? err : posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
}

/* 0 or an errno. */
static int spawn(struct child *child, const struct child_spec *spec, int output, int errors)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    char *inherited[INHERITED_MAX];
    const char *env[INHERITED_MAX + MORE_MAX + 1];
    char *cut[CHILD_ARGS_MAX + 1];
    char *command = mem_text(spec->words == NULL ? spec->command : "");
    char **argv = spec->words != NULL ? (char **)(uintptr_t)spec->words : cut;
    int err = prepare_attributes(&attributes);

    cut_words(command, cut);
    fill_environment(spec->more, inherited, env);
    CHECK(err == 0 && prepare_files(&files, output, errors) == 0);
    err = argv[0] != NULL ? posix_spawn(&child->pid, argv[0], &files, &attributes, argv,
                                        (char *const *)(uintptr_t)env)
                          : EINVAL;
    if (err == 0 && spec->nice != 0)
        (void)setpriority(PRIO_PGRP, (id_t)child->pid, getpriority(PRIO_PROCESS, 0) + spec->nice);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    for (size_t i = 0; i < INHERITED_MAX; i++)
        free(inherited[i]);
    free(command);
    return err;
}

static void watch(struct child *child, uint64_t timeout_us)
{
    struct event_base *base = loop_base(child->loop);

    child->end = event_new(base, child->pid_fd, EV_READ | EV_PERSIST, on_end, child);
    child->output = event_new(base, child->out_fd, EV_READ | EV_PERSIST, on_output, child);
    CHECK(child->end != NULL && event_add(child->end, NULL) == 0);
    CHECK(child->output != NULL && event_add(child->output, NULL) == 0);
    if (child->err_fd >= 0) {
        child->errors = event_new(base, child->err_fd, EV_READ | EV_PERSIST, on_errors, child);
        CHECK(child->errors != NULL && event_add(child->errors, NULL) == 0);
    }
    timer_arm(child->timer, timeout_us / 1000 + 1);
}

/* The end of a process that nobody could watch. */
static int give_up(struct child *child)
{
    int err = errno;

    (void)kill(-child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    return err;
}

/* A pipe whose end is ours in *own and does not block; the other one, or -1 with errno. */
static int make_pipe(int *own)
{
    int pipes[2];

    if (pipe2(pipes, O_CLOEXEC) != 0)
        return -1;
    (void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    *own = pipes[0];
    return pipes[1];
}

/* 0 or an errno. */
static int spawn_with_pipes(struct child *child, const struct child_spec *spec)
{
    int output = make_pipe(&child->out_fd);
    int errors = -1;
    int err = output < 0 ? errno : 0;

    if (err == 0 && spec->on_bytes != NULL) {
        errors = make_pipe(&child->err_fd);
        err = errors < 0 ? errno : 0;
    }
    if (err == 0)
        err = spawn(child, spec, output, errors >= 0 ? errors : output);
    if (output >= 0)
        close(output);
    if (errors >= 0)
        close(errors);
    return err;
}

static int start(struct child *child, const struct child_spec *spec)
{
    int err = spawn_with_pipes(child, spec);

    if (err != 0) {
        child->pid = 0;
        return err;
    }
    child->pid_fd = pidfd_open(child->pid, 0);
    if (child->pid_fd < 0) {
        err = give_up(child);
        child->pid = 0;
        return err;
    }
    (void)fcntl(child->pid_fd, F_SETFD, FD_CLOEXEC);
    watch(child, spec->timeout_us);
    return 0;
}

struct child *child_start(struct loop *loop, const struct child_spec *spec, child_done_fn *done,
                          void *arg)
{
    struct child *child = mem_zalloc(sizeof *child);
    int err = 0;

    child->loop = loop;
    child->done = done;
    child->arg = arg;
    child->pid_fd = child->out_fd = child->err_fd = -1;
    child->on_bytes = spec->on_bytes;
    child->bytes_arg = spec->bytes_arg;
    child->began_us = clock_monotonic_us();
    child->timer = timer_new(loop, on_time, child);
    err = start(child, spec);
    if (err == 0)
        return child;
    child->result.code = CHILD_NO_START;
    snprintf(child->result.words, sizeof child->result.words, "cannot start %.80s: %s",
             spec->words != NULL ? spec->words[0] : spec->command, strerror(err));
    timer_arm(child->timer, 0);
    return child;
}

void child_stop(struct child *child)
{
    if (child->pid == 0 || child->result.is_stopped)
        return;
    child->result.is_stopped = true;
    on_time(child);
}

void child_cancel(struct child *child)
{
    if (child == NULL)
        return;
    if (child->pid != 0) {
        (void)kill(-child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
    }
    free_child(child);
}
