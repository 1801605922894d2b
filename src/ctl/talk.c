/* Speaking to the daemon: see talk.h. */
#include "ctl/talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

/* Waits until fd is ready for what; false at the deadline. */
static bool wait_ready(int fd, short what, uint64_t deadline_us)
{
    struct pollfd entry = { .fd = fd, .events = what };

    for (;;) {
        uint64_t now_us = clock_monotonic_us();
        uint64_t left_ms = deadline_us > now_us ? (deadline_us - now_us) / 1000 + 1 : 0;
        int count = poll(&entry, 1, left_ms > 60000 ? 60000 : (int)left_ms);

        if (count > 0)
            return true;
        if (count < 0 && errno != EINTR)
            return false;
        if (clock_monotonic_us() >= deadline_us) {
            errno = ETIMEDOUT;
            return false;
        }
    }
}

/* A connected socket, or -1. A full queue of a busy daemon (EAGAIN) is waited for. */
static int open_socket(const char *path, uint64_t deadline_us)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = -1;
    int saved = 0;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    while (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        saved = errno;
        if (saved == EAGAIN && clock_monotonic_us() < deadline_us) {
            (void)poll(NULL, 0, 10);
            continue;
        }
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static enum talk_fault send_all(int fd, struct slice request, uint64_t deadline_us)
{
    for (size_t sent = 0; sent < request.len;) {
        ssize_t count = send(fd, request.ptr + sent, request.len - sent, MSG_NOSIGNAL);

        if (count > 0)
            sent += (size_t)count;
        else if (errno == EAGAIN && !wait_ready(fd, POLLOUT, deadline_us))
            return TALK_TIMEOUT;
        else if (errno != EAGAIN && errno != EINTR)
            return TALK_BROKEN;
    }
    return TALK_DONE;
}

static bool is_complete(const struct text *answer)
{
    return answer->len >= 2 && memcmp(answer->bytes + answer->len - 2, "\n\n", 2) == 0;
}

static enum talk_fault receive_all(int fd, uint64_t deadline_us, struct text *answer)
{
    char bytes[64 * 1024];

    while (!is_complete(answer)) {
        ssize_t count = recv(fd, bytes, sizeof bytes, 0);

        if (count > 0) {
            text_add_slice(answer, slice_of(bytes, (size_t)count));
            continue;
        }
        if (count == 0) {
            errno = 0;
            return TALK_BROKEN;
        }
        if (errno == EAGAIN && !wait_ready(fd, POLLIN, deadline_us))
            return TALK_TIMEOUT;
        if (errno != EAGAIN && errno != EINTR && errno != 0)
            return TALK_BROKEN;
    }
    return text_is_cut(answer) ? TALK_BROKEN : TALK_DONE;
}

enum talk_fault talk_ask(const char *path, struct slice request, uint64_t timeout_us,
                         struct text *answer)
{
    uint64_t deadline_us = clock_monotonic_us() + timeout_us;
    enum talk_fault fault = TALK_DONE;
    int fd = open_socket(path, deadline_us);
    int saved = 0;

    text_clear(answer);
    if (fd < 0)
        return TALK_UNREACHABLE;
    fault = send_all(fd, request, deadline_us);
    if (fault != TALK_TIMEOUT) { /* a daemon that refuses us says why before it closes */
        enum talk_fault received = receive_all(fd, deadline_us, answer);

        fault = fault == TALK_DONE || received == TALK_DONE ? received : fault;
    }
    saved = errno;
    close(fd);
    errno = saved;
    if (fault == TALK_DONE)
        answer->bytes[answer->len -= 2] = '\0';
    return fault;
}
