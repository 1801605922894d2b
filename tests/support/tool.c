/* Programs of the system: see support/tool.h. */
#include "support/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "support/scene.h"

enum { OUT_MAX = 64 << 20, STOP_MS = 5000 };

bool tool_exists(const char *name)
{
    const char *path = getenv("PATH");
    char *copy = mem_text(path != NULL ? path : "/usr/bin:/bin");
    char *rest = copy;
    char *folder = NULL;
    bool is_there = false;

    while (!is_there && (folder = scene_cut(&rest, ':')) != NULL) {
        char *file = mem_format("%s/%s", folder, name);

        is_there = access(file, X_OK) == 0;
        free(file);
    }
    free(copy);
    if (!is_there)
        scene_skip(name, "not installed; scripts/install-deps --test installs it");
    return is_there;
}

/* In the child: never returns. */
static void become(const struct tool *tool, int in, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (tool->folder != NULL && chdir(tool->folder) != 0)
        _exit(126);
    if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(126);
    for (int i = 3; i < 1024; i++)
        close(i);
    signal(SIGPIPE, SIG_DFL);
    execvp(tool->words[0], (char *const *)(uintptr_t)tool->words);
    _exit(127);
}

/* The input as a file that has no name: a pipe would have to be fed while the output is read. */
static int open_input(const char *input)
{
    FILE *file = NULL;
    int fd = -1;

    if (input == NULL)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    file = tmpfile();
    if (file == NULL || fputs(input, file) < 0 || fflush(file) != 0)
        scene_fail("tool: no room for the input: %s", strerror(errno));
    fd = dup(fileno(file));
    fclose(file);
    if (lseek(fd, 0, SEEK_SET) != 0)
        scene_fail("tool: %s", strerror(errno));
    return fd;
}

/* All that comes until the end or the deadline; false: the deadline. */
static bool read_all(int fd, uint64_t deadline_us, struct text *text)
{
    char bytes[16384];

    for (;;) {
        struct pollfd entry = { .fd = fd, .events = POLLIN };
        uint64_t now_us = clock_monotonic_us();
        int left_ms = now_us < deadline_us ? (int)((deadline_us - now_us) / 1000) : 0;
        ssize_t count = 0;

        if (poll(&entry, 1, left_ms) <= 0)
            return false;
        count = read(fd, bytes, sizeof bytes);
        if (count <= 0)
            return true;
        text_add_slice(text, slice_of(bytes, (size_t)count));
    }
}

int tool_run(const struct tool *tool, char **out)
{
    uint64_t deadline_us = clock_monotonic_us() + tool->ms * 1000ull;
    int in = open_input(tool->input);
    int pipes[2];
    int status = 0;
    struct text text;
    bool is_over = false;
    pid_t pid = 0;

    if (pipe2(pipes, O_CLOEXEC) != 0 || (pid = fork()) < 0)
        scene_fail("tool: %s", strerror(errno));
    if (pid == 0)
        become(tool, in, pipes[1]);
    close(in);
    close(pipes[1]);
    text_init(&text, OUT_MAX);
    is_over = read_all(pipes[0], deadline_us, &text);
    close(pipes[0]);
    if (!is_over)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (out != NULL)
        *out = text.bytes != NULL ? mem_text(text.bytes) : mem_text("");
    text_fini(&text);
    return is_over && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

pid_t tool_start(const struct tool *tool, const char *log)
{
    int in = open_input(tool->input);
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pid_t pid = out >= 0 ? fork() : -1;

    if (pid < 0)
        scene_fail("tool: %s: %s", log, strerror(errno));
    if (pid == 0)
        become(tool, in, out);
    close(in);
    close(out);
    return pid;
}

static bool is_gone(void *arg)
{
    return waitpid(*(pid_t *)arg, NULL, WNOHANG) != 0;
}

void tool_stop(pid_t pid)
{
    kill(pid, SIGTERM);
    if (scene_await(is_gone, &pid, STOP_MS))
        return;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
