/* Speaking to the daemon: see talk.h. */
#include "ctl/talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/payload.h"

enum { WAIT_US = 1000000 };

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

/* ERR of reading leaves errno; the payload is then not ended, so that the daemon does nothing with it. */
static enum talk_fault send_payload(const struct talk *talk, int fd, uint64_t deadline_us)
{
    struct payload payload = { .is_inside = false };
    enum talk_fault fault = TALK_DONE;
    char bytes[64 * 1024];
    struct text out;
    ssize_t count = 1;

    text_init(&out, 4 * sizeof bytes);
    while (fault == TALK_DONE && count > 0) {
        count = read(talk->payload, bytes, sizeof bytes);
        if (count < 0 && errno == EINTR) {
            count = 1;
            continue;
        }
        text_clear(&out);
        if (count > 0)
            payload_add(&payload, slice_of(bytes, (size_t)count), &out);
        else if (count == 0)
            payload_end(&payload, &out);
        fault = count < 0 ? TALK_UNREADABLE : send_all(fd, text_slice(&out), deadline_us);
    }
    text_fini(&out);
    return fault;
}

/* How an answer ends: two line feeds, or one when it is empty. */
struct ending {
    char last; /* byte; '\0' before the first */
    bool is_complete;
};

static void note_ending(struct ending *ending, struct slice bytes)
{
    char before = bytes.len > 1 ? bytes.ptr[bytes.len - 2] : ending->last;

    ending->last = bytes.ptr[bytes.len - 1];
    ending->is_complete = ending->last == '\n' && (before == '\n' || before == '\0');
}

/* As wait_ready, and tells who wants to know that time goes by. */
static bool wait_answer(const struct talk *talk, int fd, uint64_t deadline_us)
{
    uint64_t began_us = clock_monotonic_us();
    uint64_t next_us = began_us;

    if (talk->on_wait == NULL)
        return wait_ready(fd, POLLIN, deadline_us);
    for (;;) {
        next_us += WAIT_US;
        if (wait_ready(fd, POLLIN, next_us < deadline_us ? next_us : deadline_us))
            return true;
        if (errno != ETIMEDOUT || next_us >= deadline_us)
            return false;
        talk->on_wait(talk->wait_arg, next_us - began_us);
    }
}

static enum talk_fault receive_all(const struct talk *talk, int fd, uint64_t deadline_us)
{
    struct ending ending = { .last = '\0' };
    char bytes[64 * 1024];

    while (!ending.is_complete) {
        ssize_t count = recv(fd, bytes, sizeof bytes, 0);
        int error_number = errno;

        if (count > 0) {
            note_ending(&ending, slice_of(bytes, (size_t)count));
            talk->on_bytes(talk->arg, slice_of(bytes, (size_t)count));
            continue;
        }
        if (count == 0) {
            errno = 0;
            return TALK_BROKEN;
        }
        if (error_number == EAGAIN && !wait_answer(talk, fd, deadline_us))
            return TALK_TIMEOUT;
        if (error_number != EAGAIN && error_number != EINTR)
            return TALK_BROKEN;
    }
    return TALK_DONE;
}

enum talk_fault talk_run(const struct talk *talk)
{
    uint64_t deadline_us = clock_monotonic_us() + talk->timeout_us;
    enum talk_fault fault = TALK_DONE;
    int fd = open_socket(talk->path, deadline_us);
    int saved = 0;

    if (fd < 0)
        return TALK_UNREACHABLE;
    fault = send_all(fd, talk->line, deadline_us);
    if (fault == TALK_DONE && talk->payload >= 0)
        fault = send_payload(talk, fd, deadline_us);
    if (fault == TALK_DONE || fault == TALK_BROKEN) { /* who refuses us says why before it closes */
        enum talk_fault received = receive_all(talk, fd, deadline_us);

        fault = fault == TALK_DONE || received == TALK_DONE ? received : fault;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return fault;
}

static void keep_bytes(void *arg, struct slice bytes)
{
    text_add_slice(arg, bytes);
}

enum talk_fault talk_ask(const struct talk *talk, struct text *answer)
{
    struct talk asked = *talk;
    enum talk_fault fault = TALK_DONE;

    text_clear(answer);
    asked.on_bytes = keep_bytes;
    asked.arg = answer;
    fault = talk_run(&asked);
    if (fault == TALK_DONE && text_is_cut(answer))
        fault = TALK_BROKEN;
    if (fault == TALK_DONE)
        answer->bytes[answer->len -= answer->len > 1 ? 2 : 1] = '\0';
    return fault;
}
