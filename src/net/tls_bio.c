/*
 * How OpenSSL reaches the socket: one BIO for all connections of a loop, told before each call whose turn it is. It
 * reads from the kernel at once, and keeps what is written until the call is over, so that several records leave with
 * one system call; what the kernel does not take is held with the connection. Thread: the loop's.
 */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/loop_priv.h"
#include "net/stream.h"
#include "net/tls_io_priv.h"
#include "net/tls_priv.h"

/* READ_BUDGET: of one turn of a connection; a flood of records that yield nothing must not keep the others waiting. */
enum {
    BIO_KIND = 0x79 | BIO_TYPE_SOURCE_SINK,
    READ_BUDGET = 256 * 1024,
    OUT_BYTES = 80 * 1024,
    RECORD_BYTES = 16384,
    HELD_MAX = 1024 * 1024
};

/* A request in clear begins with its method. */
static bool is_first_byte_good(struct tls *tls, unsigned char byte)
{
    tls->has_begun = true;
    if (byte < 'A' || byte > 'Z')
        return true; /* what else is wrong OpenSSL finds, and answers */
    tls->failure = FAULT_TLS_PLAIN;
    return false;
}

static int take_early(struct tls *tls, char *out, int size)
{
    uint32_t count = tls->early_len - tls->early_at;

    if (count > (uint32_t)size)
        count = (uint32_t)size;
    memcpy(out, tls->early + tls->early_at, count);
    tls->early_at += count;
    tls->was_short = false;
    if (tls->early_at == tls->early_len) {
        free(tls->early);
        tls->early = NULL;
    }
    return (int)count;
}

static int take_from_kernel(BIO *bio, struct tls_loop *shared, char *out, int size)
{
    struct tls *tls = shared->stream->tls;
    ssize_t count = 0;

    if (shared->budget == 0) {
        tls->is_throttled = shared->budget == 0;
        BIO_set_retry_read(bio);
        return -1;
    }
    do {
        count = recv(shared->stream->fd, out, (size_t)size, 0);
    } while (count < 0 && errno == EINTR);
    tls->was_short = count < size;
    if (count < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    if (count == 0)
        tls->saw_end = true;
    if (count > 0)
        shared->budget -= (size_t)count < shared->budget ? (size_t)count : shared->budget;
    return (int)count;
}

static int on_read(BIO *bio, char *out, int size)
{
    struct tls_loop *shared = BIO_get_data(bio);
    struct tls *tls = shared->stream->tls;
    int count = 0;

    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    count =
        tls->early != NULL ? take_early(tls, out, size) : take_from_kernel(bio, shared, out, size);
    if (count > 0 && !tls->has_begun && !is_first_byte_good(tls, (unsigned char)out[0]))
        return -1;
    return count;
}

static void append(struct tls_loop *shared, const char *bytes, size_t size)
{
    if (shared->out_capacity - shared->out_len < size) {
        shared->out_capacity = shared->out_len + size + OUT_BYTES;
        shared->out = mem_grow(shared->out, shared->out_capacity, 1);
    }
    memcpy(shared->out + shared->out_len, bytes, size);
    shared->out_len += size;
}

static int on_write(BIO *bio, const char *bytes, int size)
{
    struct tls_loop *shared = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    append(shared, bytes, (size_t)size);
    return size;
}

static long on_control(BIO *bio, int command, long number, void *arg)
{
    const struct tls_loop *shared = BIO_get_data(bio);

    (void)number;
    (void)arg;
    if (command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP)
        return 1;
    if (command == BIO_CTRL_EOF)
        return shared->stream != NULL && shared->stream->tls->saw_end;
    return 0;
}

struct tls_loop *tls_loop_of(struct loop *loop)
{
    struct tls_loop *shared = loop->tls;

    if (shared != NULL)
        return shared;
    shared = mem_zalloc(sizeof *shared);
    shared->method = BIO_meth_new(BIO_KIND, "switchyard");
    CHECK(shared->method != NULL);
    CHECK(BIO_meth_set_read(shared->method, on_read) == 1);
    CHECK(BIO_meth_set_write(shared->method, on_write) == 1);
    CHECK(BIO_meth_set_ctrl(shared->method, on_control) == 1);
    shared->bio = BIO_new(shared->method);
    CHECK(shared->bio != NULL);
    BIO_set_data(shared->bio, shared);
    BIO_set_init(shared->bio, 1);
    shared->out_capacity = OUT_BYTES;
    shared->out = mem_alloc(shared->out_capacity);
    shared->gather = mem_alloc(RECORD_BYTES);
    loop->tls = shared;
    return shared;
}

void tls_loop_free(struct tls_loop *shared)
{
    if (shared == NULL)
        return;
    BIO_free(shared->bio);
    BIO_meth_free(shared->method);
    OPENSSL_cleanse(shared->gather, RECORD_BYTES);
    free(shared->out);
    free(shared->gather);
    free(shared);
}

struct tls *tls_of_ssl(const SSL *ssl)
{
    const struct tls_loop *shared = BIO_get_data(SSL_get_rbio(ssl));

    return shared->stream->tls;
}

struct tls_loop *tls_enter(struct stream *stream)
{
    struct tls_loop *shared = tls_loop_of(stream->loop);

    /* another connection's error, left behind, would be taken for this one's */
    ERR_clear_error();
    shared->stream = stream;
    shared->budget = READ_BUDGET;
    shared->out_len = 0;
    stream->tls->is_throttled = false;
    return shared;
}

/* Keeps bytes behind what is held already. */
static void hold(struct tls *tls, const char *bytes, size_t size)
{
    size_t before = tls->held != NULL ? tls->held_len - tls->held_at : 0;
    char *held = NULL;

    if (before + size > HELD_MAX) { /* it makes us write and does not read */
        tls->is_dead = true;
        return;
    }
    held = mem_alloc(before + size);
    if (before > 0)
        memcpy(held, tls->held + tls->held_at, before);
    memcpy(held + before, bytes, size);
    free(tls->held);
    tls->held = held;
    tls->held_at = 0;
    tls->held_len = (uint32_t)(before + size);
}

/* One send; how many bytes the kernel took, 0 when it is full, or ERR_*. */
static ssize_t push(struct stream *stream, const char *bytes, size_t size)
{
    ssize_t sent = 0;

    do {
        sent = send(stream->fd, bytes, size, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return sent;
    sent = stream_send_failed(stream);
    if (sent == ERR_AGAIN)
        return 0;
    stream->tls->is_mute = true;
    return sent;
}

void tls_leave_later(struct stream *stream)
{
    struct tls_loop *shared = stream->loop->tls;

    if (shared->out_len > 0) {
        stream->tls->is_lazy = stream->tls->held == NULL;
        hold(stream->tls, shared->out, shared->out_len);
    }
    shared->stream = NULL;
    shared->out_len = 0;
}

void tls_take_held(struct tls_loop *shared, struct tls *tls)
{
    if (!tls->is_lazy || tls->held == NULL)
        return;
    append(shared, tls->held + tls->held_at, tls->held_len - tls->held_at);
    free(tls->held);
    tls->held = NULL;
    tls->held_at = tls->held_len = 0;
    tls->is_lazy = false;
}

int tls_flush(struct stream *stream)
{
    struct tls *tls = stream->tls;
    ssize_t sent = 0;

    if (tls->held == NULL)
        return ERR_OK;
    sent = push(stream, tls->held + tls->held_at, tls->held_len - tls->held_at);
    if (sent < 0)
        return (int)sent;
    tls->held_at += (uint32_t)sent;
    if (tls->held_at < tls->held_len) {
        stream->writable = false;
        return ERR_AGAIN;
    }
    free(tls->held);
    tls->held = NULL;
    tls->held_at = tls->held_len = 0;
    return ERR_OK;
}

ssize_t tls_leave(struct stream *stream)
{
    struct tls *tls = stream->tls;
    struct tls_loop *shared = stream->loop->tls;
    size_t size = shared->out_len;
    ssize_t sent = 0;

    shared->stream = NULL;
    shared->out_len = 0;
    if (size == 0 || (tls->is_dead && tls->saw_end)) /* nobody waits for an alert any more */
        return 0;
    if (tls->is_lazy) { /* in front of this, and now */
        tls->is_lazy = false;
        (void)tls_flush(stream);
    }
    if (tls->held == NULL)
        sent = push(stream, shared->out, size);
    if (sent < 0)
        return sent;
    if ((size_t)sent < size) {
        hold(tls, shared->out + sent, size - (size_t)sent);
        stream->writable = false;
    }
    return tls->is_dead || tls->is_mute ? ERR_RESET : sent;
}
