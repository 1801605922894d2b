/*
 * Sockets registered once, edge-triggered; see net/stream.h. A short read is not taken for the end of what
 * is there: an error behind it has no edge of its own left, so readable falls only on EAGAIN or when the
 * owner settles.
 */
#include "net/stream.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/loop_priv.h"
#include "net/tls_io_priv.h"

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct stream *stream = arg;

    (void)fd;
    if (what & (EV_READ | EV_CLOSED)) {
        stream->readable = true;
        stream->is_told = true;
    }
    if (what & EV_CLOSED)
        stream->hung_up = true;
    if (what & EV_WRITE)
        stream->writable = true;
    if (stream->tls != NULL && stream->writable)
        tls_on_writable(stream);
    stream->ops->on_ready(stream);
}

int stream_open(struct stream *stream, struct loop *loop, int fd, const struct stream_ops *ops)
{
    stream->ops = ops;
    stream->loop = loop;
    stream->tls = NULL;
    stream->fd = fd;
    stream->readable = false;
    stream->writable = true;
    stream->hung_up = false;
    stream->is_told = false;
    stream->is_connecting = false;
    stream->is_woken = false;
    event_assign(&stream->event, loop_base(loop), fd,
                 EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST, on_event, stream);
    if (event_add(&stream->event, NULL) == 0)
        return ERR_OK;
    close(fd);
    stream->fd = -1;
    return ERR_IO;
}

int stream_connect(struct stream *stream, struct loop *loop, const struct address *address,
                   const struct stream_ops *ops)
{
    int on = 1;
    int err = 0;
    int fd = socket(address->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    stream->fd = -1;
    if (fd < 0)
        return err_from_errno(errno);
    if (!address_is_unix(address))
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &address->sa.any, address->len) != 0 && errno != EINPROGRESS) {
        /* a full queue of a unix socket is EAGAIN and never becomes more */
        err = errno == EAGAIN ? ERR_FULL : err_from_errno(errno);
        close(fd);
        return err;
    }
    err = stream_open(stream, loop, fd, ops);
    if (err == ERR_OK) {
        stream->writable = false;
        stream->is_connecting = true;
    }
    return err;
}

int stream_connect_result(struct stream *stream)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (!stream->is_connecting)
        return ERR_OK;
    if (!stream->writable)
        return ERR_AGAIN;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return ERR_IO;
    if (error != 0)
        return error == EAGAIN ? ERR_IO : err_from_errno(error);
    stream->is_connecting = false;
    return ERR_OK;
}

/* Turns errno of a read or write into ERR_*, and readiness into false on EAGAIN. */
static ssize_t io_failed(bool *ready)
{
    if (errno == EAGAIN) {
        *ready = false;
        return ERR_AGAIN;
    }
    return errno == ECONNRESET || errno == EPIPE ? ERR_RESET : ERR_IO;
}

ssize_t stream_recv_failed(struct stream *stream)
{
    return io_failed(&stream->readable);
}

ssize_t stream_send_failed(struct stream *stream)
{
    ssize_t result = io_failed(&stream->writable);

    /* what broke may have been told by an event that was taken for an earlier message's: look once more */
    if (result != ERR_AGAIN)
        stream->readable = stream->hung_up = true;
    return result;
}

ssize_t stream_recv(struct stream *stream, void *bytes, size_t size)
{
    ssize_t count = 0;

    if (stream->tls != NULL)
        return tls_recv(stream, bytes, size);
    stream->is_told = false;
    do {
        count = recv(stream->fd, bytes, size, 0);
    } while (count < 0 && errno == EINTR);
    return count >= 0 ? count : stream_recv_failed(stream);
}

void stream_settle(struct stream *stream)
{
    if (!stream->is_told && (stream->tls == NULL || tls_is_settled(stream)))
        stream->readable = stream->hung_up;
}

ssize_t stream_send(struct stream *stream, const struct iovec *parts, int count, bool more)
{
    int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
    ssize_t sent = 0;

    if (stream->tls != NULL)
        return tls_send(stream, parts, count);
    do {
        if (count == 1) {
            sent = send(stream->fd, parts->iov_base, parts->iov_len, flags);
        } else {
            struct msghdr message = { .msg_iovlen = (size_t)count };

            memcpy(&message.msg_iov, &parts, sizeof parts);
            sent = sendmsg(stream->fd, &message, flags);
        }
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 ? sent : stream_send_failed(stream);
}

void stream_shutdown(struct stream *stream)
{
    if (stream->fd < 0)
        return;
    if (stream->tls != NULL)
        tls_end(stream);
    (void)shutdown(stream->fd, SHUT_WR);
}

static void forget_wake(struct stream *stream)
{
    struct loop *loop = stream->loop;
    size_t at = 0;

    while (loop->woken[at] != stream)
        at++;
    loop->woken[at] = loop->woken[--loop->woken_count];
    stream->is_woken = false;
}

void stream_close(struct stream *stream)
{
    if (stream->fd < 0)
        return;
    if (stream->is_woken)
        forget_wake(stream);
    if (stream->tls != NULL) {
        tls_end(stream);
        tls_drop(stream);
    }
    event_del(&stream->event);
    close(stream->fd);
    stream->fd = -1;
}

void stream_reset(struct stream *stream)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    if (stream->fd >= 0)
        (void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    if (stream->fd >= 0 && stream->tls != NULL)
        tls_drop(stream); /* without a close_notify: nothing may look like a clean end */
    stream_close(stream);
}

bool stream_is_open(const struct stream *stream)
{
    return stream->fd >= 0;
}

/* Not event_active here: what a callback activates runs in the same turn, before the kernel is asked again, so
 * that a stream which wakes itself would keep all others waiting. */
void stream_wake(struct stream *stream)
{
    struct loop *loop = stream->loop;

    if (stream->fd < 0 || stream->is_woken)
        return;
    if (loop->woken_count == loop->woken_capacity) {
        loop->woken_capacity = loop->woken_capacity > 0 ? loop->woken_capacity * 2 : 16;
        loop->woken = mem_grow(loop->woken, loop->woken_capacity, sizeof *loop->woken);
    }
    stream->is_woken = true;
    loop->woken[loop->woken_count++] = stream;
}

void stream_run_woken(struct loop *loop)
{
    for (size_t i = 0; i < loop->woken_count; i++) {
        loop->woken[i]->is_woken = false;
        event_active(&loop->woken[i]->event, EV_TIMEOUT, 1);
    }
    loop->woken_count = 0;
}

bool stream_is_stale(struct stream *stream)
{
    char byte = 0;

    if (stream->tls != NULL) /* what the kernel has may be a ticket */
        return tls_is_stale(stream);
    return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

int stream_error(struct stream *stream)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return ERR_RESET;
    return ERR_OK;
}

size_t stream_unsent(const struct stream *stream)
{
    int count = 0;

    return ioctl(stream->fd, SIOCOUTQ, &count) == 0 && count > 0 ? (size_t)count : 0;
}

static void set_option(int fd, int level, int name, const void *value)
{
    (void)setsockopt(fd, level, name, value, sizeof(int));
}

void stream_keep_alive(struct stream *stream, const struct stream_keep *keep)
{
    int on = 1;

    set_option(stream->fd, SOL_SOCKET, SO_KEEPALIVE, &on);
    set_option(stream->fd, IPPROTO_TCP, TCP_KEEPIDLE, &keep->idle_s);
    set_option(stream->fd, IPPROTO_TCP, TCP_KEEPINTVL, &keep->interval_s);
    set_option(stream->fd, IPPROTO_TCP, TCP_KEEPCNT, &keep->count);
    set_option(stream->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &keep->timeout_ms);
}

void stream_local_address(const struct stream *stream, struct address *out)
{
    memset(out, 0, sizeof *out);
    out->len = sizeof out->sa;
    if (getsockname(stream->fd, &out->sa.any, &out->len) != 0)
        out->len = 0;
}

void stream_peer_address(const struct stream *stream, struct address *out)
{
    memset(out, 0, sizeof *out);
    out->len = sizeof out->sa;
    if (getpeername(stream->fd, &out->sa.any, &out->len) != 0)
        out->len = 0;
}
