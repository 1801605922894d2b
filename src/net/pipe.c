/*
 * Kernel pipes through which bodies move from socket to socket without a copy; pooled per loop, because a
 * pipe costs two descriptors and a system call to make. See net/stream.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/loop_priv.h"
#include "net/stream.h"

enum { PIPE_BYTES = 1024 * 1024, PIPE_POOL = 64 };

struct pipe {
    struct pipe *next;
    int read_fd;
    int write_fd;
    size_t used;
    size_t capacity;
};

struct pipe *pipe_lease(struct loop *loop)
{
    struct pipe *pipe = loop->pipes;
    int fds[2];
    int size = 0;

    if (pipe != NULL) {
        loop->pipes = pipe->next;
        loop->pipe_count--;
        return pipe;
    }
    if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0)
        return NULL;
    pipe = mem_zalloc(sizeof *pipe);
    pipe->read_fd = fds[0];
    pipe->write_fd = fds[1];
    /* an unprivileged user may have used up his share of large pipes: any size works */
    size = fcntl(pipe->write_fd, F_SETPIPE_SZ, PIPE_BYTES);
    if (size < 0)
        size = fcntl(pipe->write_fd, F_GETPIPE_SZ);
    pipe->capacity = size > 0 ? (size_t)size : 4096;
    return pipe;
}

static void close_pipe(struct pipe *pipe)
{
    close(pipe->read_fd);
    close(pipe->write_fd);
    free(pipe);
}

void pipe_return(struct loop *loop, struct pipe *pipe)
{
    if (pipe->used > 0 || loop->pipe_count >= PIPE_POOL) {
        close_pipe(pipe);
        return;
    }
    pipe->next = loop->pipes;
    loop->pipes = pipe;
    loop->pipe_count++;
}

void pipe_close_all(struct loop *loop)
{
    while (loop->pipes != NULL) {
        struct pipe *next = loop->pipes->next;

        close_pipe(loop->pipes);
        loop->pipes = next;
    }
    loop->pipe_count = 0;
}

size_t pipe_used(const struct pipe *pipe)
{
    return pipe->used;
}

size_t pipe_capacity(const struct pipe *pipe)
{
    return pipe->capacity;
}

bool stream_can_splice(const struct stream *stream)
{
    return stream->tls == NULL;
}

ssize_t stream_splice_in(struct stream *stream, struct pipe *pipe, size_t size)
{
    ssize_t count = 0;

    CHECK(stream->tls == NULL);
    if (size > pipe->capacity - pipe->used)
        size = pipe->capacity - pipe->used;
    stream->is_told = false;
    do {
        count =
            splice(stream->fd, NULL, pipe->write_fd, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        /* a pipe may be full of small pieces before it is full of bytes: that is not the socket's EAGAIN */
        if (errno == EAGAIN && pipe->used > 0)
            return ERR_FULL;
        return stream_recv_failed(stream);
    }
    pipe->used += (size_t)count;
    return count;
}

ssize_t stream_splice_out(struct stream *stream, struct pipe *pipe, size_t size, bool more)
{
    unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0);
    ssize_t count = 0;

    CHECK(stream->tls == NULL);
    do {
        count = splice(pipe->read_fd, NULL, stream->fd, NULL, size, flags);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return stream_send_failed(stream);
    pipe->used -= (size_t)count;
    return count;
}
