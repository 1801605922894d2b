/* Faults in system calls: see support/strace.h. */
#include "support/strace.h"

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

#include "base/mem.h"
#include "base/text.h"
#include "support/scene.h"

enum { ATTACH_MS = 10000 };

bool strace_is_usable(const char *name)
{
    int status = system("strace -qq -o /dev/null -e trace=none true >/dev/null 2>&1");

    if (status == 0)
        return true;
    scene_skip(name, "strace is missing or may not trace");
    return false;
}

static void run_strace(pid_t daemon, const char *trace, const char *inject, int words)
{
    char *pid = mem_format("%d", (int)daemon);
    char *traced = mem_format("trace=%s", trace);
    char *injected = mem_format("inject=%s", inject != NULL ? inject : "");
    int nothing = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(words, 2) < 0)
        _exit(126);
    for (int i = 3; i < 1024; i++)
        close(i);
    if (inject != NULL)
        execlp("strace", "strace", "-f", "-o", "/dev/null", "-e", traced, "-e", injected, "-p", pid,
               (char *)NULL);
    else
        execlp("strace", "strace", "-f", "-o", "/dev/null", "-e", traced, "-p", pid, (char *)NULL);
    _exit(127);
}

/* Counts the lines "strace: Process N attached …" until all threads are there. */
static void await_threads(const struct strace *strace, int threads)
{
    char part[4096];
    struct text words;
    bool attached = false;

    text_init(&words, 1 << 20);
    while (!attached) {
        struct pollfd wait = { .fd = strace->words_fd, .events = POLLIN };
        ssize_t count = 0;
        int lines = 0;

        if (poll(&wait, 1, ATTACH_MS) <= 0 ||
            (count = read(strace->words_fd, part, sizeof part)) <= 0)
            scene_fail("strace did not attach: %s", words.bytes != NULL ? words.bytes : "");
        text_add_slice(&words, slice_of(part, (size_t)count));
        for (const char *at = words.bytes; (at = strstr(at, "attached")) != NULL; at++)
            lines++;
        attached = lines >= threads || strstr(words.bytes, " threads") != NULL;
    }
    text_fini(&words);
}

void strace_attach(struct strace *strace, pid_t daemon, const char *trace, const char *inject)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        scene_fail("no pipe: %s", strerror(errno));
    strace->pid = fork();
    if (strace->pid == 0)
        run_strace(daemon, trace, inject, ends[1]);
    close(ends[1]);
    strace->words_fd = ends[0];
    await_threads(strace, scene_threads(daemon));
}

void strace_detach(struct strace *strace)
{
    int status = 0;

    kill(strace->pid, SIGINT);
    waitpid(strace->pid, &status, 0);
    close(strace->words_fd);
}
