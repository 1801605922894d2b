/* A terminal for a program: see support/pty.h. */
#include "support/pty.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/scene.h"

enum { OUT_MAX = 64 << 20 };

void pty_start(struct pty *pty, const char *const *words, unsigned rows, unsigned columns)
{
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

    *pty = (struct pty){ .fd = -1 };
    text_init(&pty->out, OUT_MAX);
    pty->pid = forkpty(&pty->fd, NULL, NULL, &size);
    if (pty->pid < 0)
        scene_fail("pty: %s", strerror(errno));
    if (pty->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    if (tcgetattr(pty->fd, &pty->began) != 0)
        scene_fail("pty: %s", strerror(errno));
}

/* What there is within ms; false: nothing, or the program has closed it. */
static bool pull(struct pty *pty, int ms)
{
    struct pollfd entry = { .fd = pty->fd, .events = POLLIN };
    char bytes[16384];
    ssize_t count = 0;

    if (poll(&entry, 1, ms) <= 0)
        return false;
    count = read(pty->fd, bytes, sizeof bytes);
    if (count > 0)
        text_add_slice(&pty->out, slice_of(bytes, (size_t)count));
    return count > 0;
}

size_t pty_await(struct pty *pty, const char *part, size_t from, unsigned ms)
{
    uint64_t until_us = clock_monotonic_us() + ms * 1000ull;

    do {
        const char *found = pty->out.len > from ? strstr(pty->out.bytes + from, part) : NULL;

        if (found != NULL)
            return (size_t)(found - pty->out.bytes) + strlen(part);
        (void)pull(pty, 50);
    } while (clock_monotonic_us() < until_us);
    return 0;
}

void pty_type(const struct pty *pty, const char *keys)
{
    if (write(pty->fd, keys, strlen(keys)) != (ssize_t)strlen(keys))
        scene_fail("pty: %s", strerror(errno));
}

void pty_resize(const struct pty *pty, unsigned rows, unsigned columns)
{
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

    if (ioctl(pty->fd, TIOCSWINSZ, &size) != 0)
        scene_fail("pty: %s", strerror(errno));
}

int pty_end(struct pty *pty, unsigned ms)
{
    uint64_t until_us = clock_monotonic_us() + ms * 1000ull;
    int status = 0;

    while (waitpid(pty->pid, &status, WNOHANG) == 0) {
        (void)pull(pty, 20);
        if (clock_monotonic_us() < until_us)
            continue;
        kill(pty->pid, SIGKILL);
        waitpid(pty->pid, &status, 0);
        return -1;
    }
    while (pull(pty, 20))
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool pty_is_restored(const struct pty *pty)
{
    struct termios now;

    return tcgetattr(pty->fd, &now) == 0 && now.c_lflag == pty->began.c_lflag &&
           now.c_iflag == pty->began.c_iflag && now.c_oflag == pty->began.c_oflag;
}

void pty_close(struct pty *pty)
{
    close(pty->fd);
    text_fini(&pty->out);
}
