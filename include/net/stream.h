/*
 * One byte connection (TCP or unix socket; TLS: net/tls_stream.h) of one loop. It is registered once, edge-triggered,
 * for reading and writing, and keeps what the kernel said last as readiness: the owner pulls bytes with
 * stream_recv until ERR_AGAIN and pushes with stream_send until ERR_AGAIN, and is told by on_ready when that
 * may go on. on_ready comes from the loop only, never from inside a verb of the stream. Nothing is buffered.
 * Owner: who embeds it. Thread: the loop's. Ends by stream_close.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/address.h"
#include "base/check.h"

struct loop;
struct stream;
struct pipe;
struct tls;

struct stream_ops {
    /* Something changed: readable, writable, ended or broken. Also after stream_wake. */
    void (*on_ready)(struct stream *stream);
};

/* Visible only to be embedded: the fields are private to room net. */
struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    struct tls *tls; /* NULL: bytes go as they are */
    int fd;
    bool readable; /* a recv may yield something */
    bool writable;
    bool hung_up; /* the peer has ended its side: recv on to the end even after a short read */
    bool is_told; /* by an event, since the last recv: a short read before it says nothing */
    bool is_connecting;
    bool is_woken; /* stands in the loop's list for the next turn */
    struct event event;
};

/* Takes the non-blocking descriptor and registers it. ERR_IO leaves the descriptor closed. */
MUST_CHECK int stream_open(struct stream *stream, struct loop *loop, int fd,
                           const struct stream_ops *ops);

/*
 * Starts to connect. 0: the stream exists; on_ready tells when stream_connect_result is worth asking.
 * ERR_*: it does not exist (refused at once on unix sockets, no descriptor, unreachable).
 */
MUST_CHECK int stream_connect(struct stream *stream, struct loop *loop,
                              const struct address *address, const struct stream_ops *ops);

/* 0 when connected, ERR_AGAIN while under way, else what failed (ERR_REFUSED, ERR_TIMEOUT …). */
MUST_CHECK int stream_connect_result(struct stream *stream);

/* Bytes read (> 0), 0 at the peer's end, ERR_AGAIN, ERR_RESET, ERR_IO. */
MUST_CHECK ssize_t stream_recv(struct stream *stream, void *bytes, size_t size);

/* After a short read that completed a message: nothing more is expected before the next event. */
void stream_settle(struct stream *stream);

/* Bytes written (> 0, maybe fewer than asked), ERR_AGAIN, ERR_RESET, ERR_IO. `more`: another send follows
 * at once, so the kernel may wait with a short segment. */
MUST_CHECK ssize_t stream_send(struct stream *stream, const struct iovec *parts, int count,
                               bool more);

/* Moves up to size bytes without copying them into the process, where stream_can_splice; results as stream_recv /
 * stream_send, and ERR_FULL when the pipe holds no more pieces. */
bool stream_can_splice(const struct stream *stream);
MUST_CHECK ssize_t stream_splice_in(struct stream *stream, struct pipe *pipe, size_t size);
MUST_CHECK ssize_t stream_splice_out(struct stream *stream, struct pipe *pipe, size_t size,
                                     bool more);

/* Ends our sending side (FIN). */
void stream_shutdown(struct stream *stream);

/* Deregisters and closes; may be called twice. `reset` sends RST instead of FIN. */
void stream_close(struct stream *stream);
void stream_reset(struct stream *stream);
bool stream_is_open(const struct stream *stream);

/* on_ready is called in the next turn of the loop even if the kernel has nothing to say. */
void stream_wake(struct stream *stream);

/* True when the peer has ended or broken the connection or sent bytes (inside of TLS); asks the kernel. */
bool stream_is_stale(struct stream *stream);

/* The pending error of the connection: 0, or ERR_RESET when the peer broke it. Tells a client that is gone
 * from one that has only ended its sending side. */
MUST_CHECK int stream_error(struct stream *stream);

/* Bytes that were sent and that the peer has not taken over yet; by system call, 0 when it does not tell. */
size_t stream_unsent(const struct stream *stream);

/* For connections that may be silent for long: the kernel asks the peer after idle_s, every interval_s, count times,
 * and gives up on what is not acknowledged within timeout_ms. TCP only; on others it does nothing. */
struct stream_keep {
    int idle_s;
    int interval_s;
    int count;
    unsigned timeout_ms;
};
void stream_keep_alive(struct stream *stream, const struct stream_keep *keep);

/* The local and the peer's address; by system call. */
void stream_local_address(const struct stream *stream, struct address *out);
void stream_peer_address(const struct stream *stream, struct address *out);

/* A kernel pipe for splicing, from a small pool per loop. */
struct pipe *pipe_lease(struct loop *loop);             /* NULL: no descriptors */
void pipe_return(struct loop *loop, struct pipe *pipe); /* one with bytes left in it is closed */
size_t pipe_used(const struct pipe *pipe);              /* bytes inside */
size_t pipe_capacity(const struct pipe *pipe);

#endif
