/* The body of a loop, for the sources of room net. */
#ifndef NET_LOOP_PRIV_H
#define NET_LOOP_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/loop.h"

struct loop_signal;
struct tls_loop;

struct reap {
    void (*fn)(void *arg);
    void *arg;
};

struct loop {
    struct event_base *base;
    uint64_t now_us; /* 0: not read in this turn */
    bool is_stopping;
    struct reap *reaps;
    size_t reap_count;
    size_t reap_capacity;
    struct stream **woken; /* on_ready is due in the next turn */
    size_t woken_count;
    size_t woken_capacity;
    struct loop_signal *signals;
    struct pipe *pipes; /* free ones */
    unsigned pipe_count;
    struct tls_loop *tls; /* NULL until the first stream with TLS */
};

struct stream;

/* What errno of a failed read or write means for the stream: ERR_AGAIN, ERR_RESET, ERR_IO. */
ssize_t stream_recv_failed(struct stream *stream);
ssize_t stream_send_failed(struct stream *stream);

/* Makes the streams that were woken in the last turn ready in this one; by loop_run. */
void stream_run_woken(struct loop *loop);

/* Closes the pooled pipes; by loop_free. */
void pipe_close_all(struct loop *loop);

#endif
