/*
 * Bytes through TLS: the verbs of a stream whose handshake is done. Reads give as much as there is room for, writes
 * make records of fitting size and send them together. What a write has sealed cannot be taken back: until the kernel
 * has all of it, the caller is told that nothing was taken, and must come again with the same bytes, as it does anyway.
 */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "net/loop_priv.h"
#include "net/stream.h"
#include "net/tls_dial_priv.h"
#include "net/tls_io_priv.h"
#include "net/tls_priv.h"

/* BATCH_BYTES: sealed before anything is sent. SMALL_RECORD: fits into one segment, so that a client can open it when
 * that has come; used for the first WARM_BYTES after a rest (REST_MS), when the window is small. ONE_RECORD: less is not
 * split. MARKS: more records than a batch can have. */
enum {
    BATCH_BYTES = 64 * 1024,
    LARGE_RECORD = 16384,
    SMALL_RECORD = 1369,
    WARM_BYTES = 16 * 1024,
    ONE_RECORD = 4096,
    REST_MS = 1000,
    MARKS = 64
};

struct mark {
    uint32_t plain;  /* bytes sealed so far */
    uint32_t sealed; /* what became of them */
};

struct batch {
    const struct iovec *parts;
    int count;
    size_t skip;  /* of the first part */
    size_t total; /* left to seal */
    struct mark marks[MARKS];
    int mark_count;
};

/* After a failed call: whether it only waits, or what broke. */
static ssize_t judge_read(struct stream *stream, int result)
{
    struct tls *tls = stream->tls;

    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        if (tls->is_throttled)
            stream_wake(stream);
        else
            stream->readable = false;
        return ERR_AGAIN;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default:
        /* an end without close_notify is somebody's cut, and no end */
        tls->is_dead = true;
        if (tls->dial != NULL)
            tls_dial_note_end(tls->dial, ERR_peek_last_error());
        return ERR_RESET;
    }
}

ssize_t tls_recv(struct stream *stream, void *bytes, size_t size)
{
    struct tls *tls = stream->tls;
    size_t total = 0;
    ssize_t result = 1;

    if (stream->is_told)
        tls->was_short = false; /* that was before the kernel said more */
    stream->is_told = false;
    if (tls->is_dead)
        return ERR_RESET;
    tls_enter(stream);
    while (result > 0 && total < size) {
        size_t count = 0;
        int ok = SSL_read_ex(tls->ssl, (char *)bytes + total, size - total, &count);

        if (ok != 1) {
            result = judge_read(stream, ok);
            break;
        }
        total += count;
        if (tls_is_settled(stream))
            break;
    }
    if (tls_leave(stream) < 0 && total == 0)
        return ERR_RESET;
    return total > 0 ? (ssize_t)total : result;
}

bool tls_is_stale(struct stream *stream)
{
    struct tls *tls = stream->tls;
    char byte = 0;
    size_t count = 0;
    int ok = 0;
    bool is_waiting = false;

    if (tls->is_dead || tls->is_mute)
        return true;
    if (stream->is_told)
        tls->was_short = false;
    stream->is_told = false;
    tls_enter(stream);
    ok = SSL_peek_ex(tls->ssl, &byte, 1, &count);
    /* tickets and new keys were taken by the way; a flood of them is no connection to keep */
    is_waiting = ok != 1 && judge_read(stream, ok) == ERR_AGAIN && !tls->is_throttled;
    return tls_leave(stream) < 0 || !is_waiting;
}

bool tls_is_settled(const struct stream *stream)
{
    const struct tls *tls = stream->tls;

    /* an end that came with the last bytes is still to be told */
    return tls->was_short && !tls->is_dead && tls->early == NULL &&
           (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN) == 0 &&
           SSL_has_pending(tls->ssl) == 0;
}

static size_t choose_record(struct stream *stream, size_t total)
{
    struct tls *tls = stream->tls;
    uint32_t now_ms = (uint32_t)loop_now_ms(stream->loop);

    if (now_ms - tls->sent_ms > REST_MS)
        tls->warmth = 0;
    tls->sent_ms = now_ms;
    return tls->warmth < WARM_BYTES && total > ONE_RECORD ? SMALL_RECORD : LARGE_RECORD;
}

/* The next bytes to seal, in one piece: in place where they are, else gathered. */
static const char *take_piece(struct batch *batch, char *gather, size_t want)
{
    const char *first = (const char *)batch->parts->iov_base + batch->skip;
    bool is_whole = batch->parts->iov_len - batch->skip >= want;
    size_t done = 0;

    while (done < want) {
        size_t left = batch->parts->iov_len - batch->skip;
        size_t step = left < want - done ? left : want - done;

        if (!is_whole && step > 0)
            memcpy(gather + done, (const char *)batch->parts->iov_base + batch->skip, step);
        done += step;
        batch->skip += step;
        if (batch->skip == batch->parts->iov_len) {
            batch->parts++;
            batch->skip = 0;
        }
    }
    batch->total -= want;
    return is_whole ? first : gather;
}

static bool seal(struct stream *stream, struct tls_loop *shared, struct batch *batch)
{
    struct tls *tls = stream->tls;
    uint32_t plain = 0;

    while (batch->total > 0 && batch->mark_count < MARKS) {
        size_t want = choose_record(stream, plain + batch->total);
        size_t count = 0;

        if (want > batch->total)
            want = batch->total;
        if (SSL_write_ex(tls->ssl, take_piece(batch, shared->gather, want), want, &count) != 1)
            return false;
        CHECK(count == want); /* the BIO takes everything, and this is one record */
        plain += (uint32_t)want;
        tls->warmth += tls->warmth < WARM_BYTES ? (uint32_t)want : 0;
        batch->marks[batch->mark_count++] =
            (struct mark){ .plain = plain, .sealed = (uint32_t)shared->out_len };
    }
    return true;
}

/* Plain bytes of the records that left entirely. */
static uint32_t count_taken(const struct batch *batch, size_t sent)
{
    uint32_t taken = 0;

    for (int i = 0; i < batch->mark_count && batch->marks[i].sealed <= sent; i++)
        taken = batch->marks[i].plain;
    return taken;
}

/* The parts without empty ones in front, and how much of them is sealed now. */
static void begin_batch(struct batch *batch, const struct iovec *parts, int count)
{
    batch->parts = parts;
    batch->count = count;
    batch->skip = 0;
    batch->total = 0;
    batch->mark_count = 0;
    while (batch->count > 0 && batch->parts->iov_len == 0) {
        batch->parts++;
        batch->count--;
    }
    for (int i = 0; i < batch->count && batch->total < BATCH_BYTES; i++)
        batch->total += batch->parts[i].iov_len;
    if (batch->total > BATCH_BYTES)
        batch->total = BATCH_BYTES;
}

ssize_t tls_send(struct stream *stream, const struct iovec *parts, int count)
{
    struct tls *tls = stream->tls;
    struct tls_loop *shared = NULL;
    struct batch batch;
    uint32_t taken = 0;
    ssize_t sent = ERR_RESET;

    if (!tls->is_dead && !tls->is_mute)
        sent = tls->is_lazy ? ERR_OK : tls_flush(stream);
    if (sent < 0)
        return sent;
    taken = tls->owed;
    tls->owed = 0;
    if (taken > 0)
        return taken;
    begin_batch(&batch, parts, count);
    if (batch.total == 0)
        return 0;
    shared = tls_enter(stream);
    tls_take_held(shared, tls);
    if (!seal(stream, shared, &batch)) {
        tls->is_dead = true;
        (void)tls_leave(stream);
        return ERR_RESET;
    }
    sent = tls_leave(stream);
    if (sent < 0)
        return sent;
    taken = count_taken(&batch, (size_t)sent);
    tls->owed = batch.marks[batch.mark_count - 1].plain - taken;
    return taken > 0 ? (ssize_t)taken : ERR_AGAIN;
}

void tls_on_writable(struct stream *stream)
{
    if (stream->tls->held != NULL && !stream->tls->is_lazy)
        (void)tls_flush(stream); /* what fails is found by the next verb */
}

void tls_end(struct stream *stream)
{
    struct tls *tls = stream->tls;

    if (!tls->is_ready || tls->is_dead || tls->is_mute || tls->sent_end ||
        (tls->held != NULL && !tls->is_lazy))
        return;
    tls->sent_end = true;
    tls_take_held(tls_enter(stream), tls);
    (void)SSL_shutdown(tls->ssl);
    (void)tls_leave(stream);
}

void tls_drop(struct stream *stream)
{
    struct tls *tls = stream->tls;

    stream->tls = NULL;
    SSL_free(tls->ssl);
    tls_context_unpin(tls->context);
    tls_dial_drop(tls->dial);
    free(tls->held);
    free(tls->early);
    free(tls->client);
    free(tls);
}
