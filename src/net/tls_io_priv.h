/* A connection with TLS inside of room net, and what all of a loop share. Thread: the loop's. */
#ifndef NET_TLS_IO_PRIV_H
#define NET_TLS_IO_PRIV_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/check.h"
#include "base/fault.h"

struct loop;
struct stream;
struct tls_context;
struct tls_dial;
struct tls_face;

/* One connection. Owner: its stream. Ends by tls_drop. */
struct tls {
    SSL *ssl;
    struct tls_context *context; /* of a client; NULL: we opened the connection */
    const struct tls_face *face; /* of a client */
    struct tls_dial *dial;       /* NULL: of a client */
    char *held; /* bytes of ours that the kernel has not taken: [held_at, held_len) */
    uint32_t held_at;
    uint32_t held_len;
    uint32_t owed; /* plain bytes inside of `held` that were not reported as sent yet */
    uint32_t early_at;
    uint32_t early_len;
    char *early;     /* bytes read before TLS began */
    char *client;    /* lines about the client's certificate */
    uint32_t warmth; /* bytes sent without a rest: records grow with it */
    uint32_t sent_ms;
    uint16_t failure;  /* enum fault, found in a callback; FAULT_NONE */
    bool is_ready;     /* the handshake is done */
    bool is_dead;      /* broken: nothing may be sent or read any more */
    bool is_mute;      /* the kernel takes no more; what the peer said before can be read */
    bool has_begun;    /* a byte of the client was seen */
    bool was_short;    /* the kernel had less than was asked for */
    bool is_throttled; /* it had more than is taken at once */
    bool is_lazy;      /* what is held waits for the next write: tickets, nobody needs them now */
    bool saw_end;      /* the peer's FIN */
    bool sent_end;     /* our close_notify */
};

/* What all connections of a loop share: the BIO through which OpenSSL reads and writes, and what it wrote. */
struct tls_loop {
    BIO_METHOD *method;
    BIO *bio;
    struct stream *stream; /* whose turn it is */
    size_t budget;         /* bytes that may still be read from the kernel in this turn */
    char *out;
    size_t out_len;
    size_t out_capacity;
    char *gather; /* one record's plain bytes */
};

struct tls_loop *tls_loop_of(struct loop *loop);
void tls_loop_free(struct tls_loop *shared);

/* The stream whose handshake calls back. */
struct tls *tls_of_ssl(const SSL *ssl);

/* The verbs of a stream with TLS; see net/stream.h. */
ssize_t tls_recv(struct stream *stream, void *bytes, size_t size);
ssize_t tls_send(struct stream *stream, const struct iovec *parts, int count);
bool tls_is_stale(struct stream *stream);
bool tls_is_settled(const struct stream *stream);
void tls_on_writable(struct stream *stream);
void tls_end(struct stream *stream); /* our close_notify, one attempt */
void tls_drop(struct stream *stream);

/* One or more calls of OpenSSL stand between enter and leave, which sends what they wrote: how much the kernel took of
 * it (the rest is held), or ERR_* when the connection is broken. */
struct tls_loop *tls_enter(struct stream *stream);
ssize_t tls_leave(struct stream *stream);

/* Instead of leave: what was written goes out with the next write. */
void tls_leave_later(struct stream *stream);

/* What waited for a write is put in front of it. */
void tls_take_held(struct tls_loop *shared, struct tls *tls);

/* Sends what is held: 0, ERR_AGAIN or ERR_*. */
int tls_flush(struct stream *stream);

#endif
