/* Listening sockets: see net/listener.h. */
#include "net/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"

enum { ACCEPTS_PER_TURN = 64, REST_MS = 20 };

struct listener {
    struct event event;
    struct event rest;
    int fd;
    unsigned budget; /* accepts of the next turn: doubles while more are waiting */
    const struct listener_ops *ops;
    void *arg;
};

/* Removes a socket file nobody answers on; ERR_EXISTS when somebody does or when it is no socket. */
static int clear_unix_path(const struct address *address)
{
    struct stat st;
    int fd = -1;
    int answered = 0;

    if (lstat(address->sa.un.sun_path, &st) != 0)
        return ERR_OK;
    if (!S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return ERR_EXISTS;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_from_errno(errno);
    answered = connect(fd, &address->sa.any, address->len) == 0 || errno == EAGAIN;
    close(fd);
    if (answered) {
        errno = EADDRINUSE;
        return ERR_EXISTS;
    }
    return unlink(address->sa.un.sun_path) == 0 || errno == ENOENT ? ERR_OK : err_from_errno(errno);
}

static int bind_with_mode(int fd, const struct address *address, unsigned mode)
{
    mode_t before = 0;
    int result = 0;

    if (!address_is_unix(address) || mode == 0)
        return bind(fd, &address->sa.any, address->len);
    before = umask((mode_t)(~mode & 0777));
    result = bind(fd, &address->sa.any, address->len);
    (void)umask(before);
    return result;
}

int listener_bind(const struct address *address, int backlog, unsigned mode, int *fd)
{
    int on = 1;
    int err = ERR_OK;
    int sock = -1;

    if (address_is_unix(address)) {
        err = clear_unix_path(address);
        if (err != ERR_OK)
            return err;
    }
    sock = socket(address->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock < 0)
        return err_from_errno(errno);
    if (!address_is_unix(address)) {
        (void)setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        (void)setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        (void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* inherited */
        if (address->sa.any.sa_family == AF_INET6)
            (void)setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind_with_mode(sock, address, mode) != 0 || listen(sock, backlog) != 0) {
        int error = errno;

        close(sock);
        errno = error;
        return error == EADDRINUSE ? ERR_EXISTS : err_from_errno(error);
    }
    *fd = sock;
    return ERR_OK;
}

/* Takes one connection; false when there is none or none can be taken. */
static bool accept_one(struct listener *listener)
{
    struct address peer;
    int fd = -1;

    peer.len = sizeof peer.sa;
    fd = accept4(listener->fd, &peer.sa.any, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        listener->ops->on_accept(listener->arg, fd, &peer);
        return true;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EPERM)
        return errno != EAGAIN;
    /* descriptors or memory are used up: rest, or the level-triggered event would spin */
    if (listener->ops->on_starved != NULL)
        listener->ops->on_starved(listener->arg, err_from_errno(errno));
    event_del(&listener->event);
    event_add(&listener->rest, &(struct timeval){ .tv_usec = REST_MS * 1000 });
    return false;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    struct listener *listener = arg;

    (void)fd;
    (void)what;
    for (unsigned i = 0; i < listener->budget; i++) {
        if (!accept_one(listener)) {
            listener->budget = 1;
            return;
        }
    }
    if (listener->budget < ACCEPTS_PER_TURN)
        listener->budget *= 2;
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
    struct listener *listener = arg;

    (void)fd;
    (void)what;
    event_add(&listener->event, NULL);
}

struct listener *listener_new(struct loop *loop, int fd, const struct listener_ops *ops, void *arg)
{
    struct listener *listener = mem_zalloc(sizeof *listener);

    listener->fd = fd;
    listener->budget = 1;
    listener->ops = ops;
    listener->arg = arg;
    event_assign(&listener->event, loop_base(loop), fd, EV_READ | EV_PERSIST, on_acceptable,
                 listener);
    evtimer_assign(&listener->rest, loop_base(loop), on_rested, listener);
    event_add(&listener->event, NULL);
    return listener;
}

void listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    while (accept_one(listener))
        continue;
    event_del(&listener->event);
    event_del(&listener->rest);
    close(listener->fd);
    free(listener);
}
