/*
 * How one direction moves: see flow.h. Input is understood in place; what goes out is a list of pieces of the
 * input buffer with our own framing between them, written with one call. Only what the kernel does not take is
 * kept, in `out`.
 */
#include "proxy/flow.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "http/parse_head.h"
#include "http/write_head.h"
#include "net/stream.h"
#include "proxy/worker_priv.h"

/* PIECES: of one write. SMALL_SPAN: chunk data below it is gathered by copying. LEAD_JOIN: a longer lead goes
 * out alone. SPLICE_MIN: from this rest on a pipe is cheaper than a copy. TURN_BYTES: of one step. */
enum {
    PIECES = 64,
    SMALL_SPAN = 512,
    LEAD_JOIN = 4096,
    SPLICE_MIN = 16384,
    TURN_BYTES = 1024 * 1024,
    JOIN_BYTES = 2048,
    BURST_MIN = 128 * 1024,
    BURST_MAX = 1024 * 1024,
    TRAILER_LIMIT = 8192,
    TRAILER_FIELDS = 64
};

struct batch {
    struct iovec pieces[PIECES];
    int count;
    size_t total;
    size_t gathered; /* bytes used of the worker's gather area */
    char chunk_head[CHUNK_HEAD_SIZE];
};

void flow_init(struct flow *flow, struct stream *from, struct stream *to)
{
    memset(flow, 0, sizeof *flow);
    flow->from = from;
    flow->to = to;
}

void flow_fini(struct flow *flow, struct worker *worker)
{
    buffer_return(&worker->shelf, flow->in);
    buffer_return(&worker->shelf, flow->out);
    flow->in = NULL;
    flow->out = NULL;
    if (flow->pipe != NULL)
        pipe_return(worker->loop, flow->pipe);
    flow->pipe = NULL;
}

bool flow_has_output(const struct flow *flow)
{
    return flow->out != NULL || (flow->pipe != NULL && pipe_used(flow->pipe) > 0);
}

static void add_piece(struct batch *batch, const void *bytes, size_t size)
{
    struct iovec *piece = &batch->pieces[batch->count];

    if (size == 0)
        return;
    CHECK(batch->count < PIECES);
    memcpy(&piece->iov_base, &bytes, sizeof bytes); /* iov_base is not const */
    piece->iov_len = size;
    batch->count++;
    batch->total += size;
}

/* Keeps what was not written of a batch as output. */
static void keep_rest(struct flow *flow, struct worker *worker, const struct batch *batch,
                      size_t written)
{
    struct buffer *out = buffer_lease(&worker->shelf, CLASS_LARGE);

    CHECK(flow->out == NULL && batch->total - written <= out->capacity);
    for (int i = 0; i < batch->count; i++) {
        const struct iovec *piece = &batch->pieces[i];

        if (written >= piece->iov_len) {
            written -= piece->iov_len;
            continue;
        }
        memcpy(out->bytes + out->end, (const char *)piece->iov_base + written,
               piece->iov_len - written);
        out->end += (uint32_t)(piece->iov_len - written);
        written = 0;
    }
    CHECK(out->end > 0);
    flow->out = out;
    flow->out_at = 0;
}

/* FLOW_DONE: all is written or kept; FLOW_WAIT_WRITE: something was kept. */
static enum flow_result send_batch(struct flow *flow, struct worker *worker, struct batch *batch,
                                   bool more)
{
    ssize_t sent = 0;
    int first = 0;

    if (batch->total == 0)
        return FLOW_DONE;
    while (batch->pieces[first].iov_len == 0)
        first++;
    sent = stream_send(flow->to, batch->pieces + first, batch->count - first, more);
    if (sent == ERR_AGAIN)
        sent = 0;
    if (sent < 0)
        return FLOW_WRITE_FAILED;
    flow->written += (uint64_t)sent;
    if ((size_t)sent == batch->total)
        return FLOW_DONE;
    keep_rest(flow, worker, batch, (size_t)sent);
    return FLOW_WAIT_WRITE;
}

/* Writes the kept output and the pipe; FLOW_DONE when nothing is left. */
static enum flow_result send_output(struct flow *flow, struct worker *worker)
{
    while (flow->out != NULL) {
        struct iovec rest = { flow->out->bytes + flow->out_at, flow->out->end - flow->out_at };
        ssize_t sent = stream_send(flow->to, &rest, 1, false);

        if (sent == ERR_AGAIN)
            return FLOW_WAIT_WRITE;
        if (sent < 0)
            return FLOW_WRITE_FAILED;
        flow->written += (uint64_t)sent;
        flow->out_at += (uint32_t)sent;
        if (flow->out_at == flow->out->end) {
            buffer_return(&worker->shelf, flow->out);
            flow->out = NULL;
        }
    }
    while (flow->pipe != NULL && pipe_used(flow->pipe) > 0) {
        ssize_t sent = stream_splice_out(flow->to, flow->pipe, pipe_used(flow->pipe), false);

        if (sent == ERR_AGAIN) {
            flow->burst = BURST_MIN; /* what a slow reader leaves in the pipe stays small */
            return FLOW_WAIT_WRITE;
        }
        if (sent <= 0)
            return FLOW_WRITE_FAILED;
        flow->written += (uint64_t)sent;
    }
    return FLOW_DONE;
}

/* The input that is there. */
static struct slice view_input(const struct flow *flow)
{
    if (flow->first.len > 0 || flow->in == NULL)
        return flow->first;
    return slice_of(flow->in->bytes + flow->in_at, flow->in->end - flow->in_at);
}

static void consume_input(struct flow *flow, size_t size)
{
    if (flow->first.len > 0) {
        flow->first.ptr += size;
        flow->first.len -= size;
        return;
    }
    flow->in_at += (uint32_t)size;
}

static void release_used_input(struct flow *flow, struct worker *worker)
{
    if (flow->in == NULL || flow->in_at < flow->in->end)
        return;
    buffer_return(&worker->shelf, flow->in);
    flow->in = NULL;
    flow->in_at = 0;
}

/* Puts what is left to understand at the start of a buffer with room behind it. */
static void make_room(struct flow *flow, struct worker *worker)
{
    struct slice left = view_input(flow);

    if (flow->in == NULL)
        flow->in = buffer_lease(&worker->shelf, CLASS_LARGE);
    CHECK(left.len <= BUFFER_BODY);
    if (left.len > 0 && left.ptr != flow->in->bytes)
        memmove(flow->in->bytes, left.ptr, left.len);
    flow->in->end = (uint32_t)left.len;
    flow->in_at = 0;
    flow->first.len = 0;
}

/* Reads more input into `in`, after what is there. FLOW_DONE: something came, or the end that is allowed. */
static enum flow_result read_input(struct flow *flow, struct worker *worker)
{
    size_t room = BUFFER_BODY;
    ssize_t count = 0;

    if (!flow->from->readable)
        return FLOW_WAIT_READ;
    make_room(flow, worker);
    if (flow->in->end >= BUFFER_BODY || flow->in->end >= flow->in->capacity)
        return FLOW_BAD; /* a trailer section that never ends */
    if (room > flow->in->capacity)
        room = flow->in->capacity;
    room -= flow->in->end;
    count = stream_recv(flow->from, flow->in->bytes + flow->in->end, room);
    if (count > 0) {
        flow->in->end += (uint32_t)count;
        flow->was_short = (size_t)count < room;
        flow->is_stuck = false;
        flow->lost_input = true;
        return FLOW_DONE;
    }
    release_used_input(flow, worker);
    if (count == 0) {
        if (flow->in_framing != FRAMING_CLOSE)
            return FLOW_ENDED;
        flow->in_done = true;
        return FLOW_DONE;
    }
    return count == ERR_AGAIN ? FLOW_WAIT_READ : FLOW_READ_FAILED;
}

/* A span of chunk data: small ones are copied together, so that one write does not need one piece each. */
static bool add_span(struct worker *worker, struct batch *batch, struct slice span)
{
    struct iovec *last = batch->count > 0 ? &batch->pieces[batch->count - 1] : NULL;
    char *at = worker->gather + batch->gathered;

    if (span.len >= SMALL_SPAN) {
        if (batch->count >= PIECES - 6)
            return false;
        add_piece(batch, span.ptr, span.len);
        return true;
    }
    if (span.len > GATHER_BYTES - batch->gathered)
        return false;
    memcpy(at, span.ptr, span.len);
    batch->gathered += span.len;
    if (last != NULL && (char *)last->iov_base + last->iov_len == at) {
        last->iov_len += span.len;
        batch->total += span.len;
        return true;
    }
    if (batch->count >= PIECES - 6) {
        batch->gathered -= span.len;
        return false;
    }
    add_piece(batch, at, span.len);
    return true;
}

/* The end of a chunked body as we write it, trailer fields included. */
static enum flow_result add_end(struct flow *flow, struct worker *worker, struct batch *batch,
                                struct slice trailer)
{
    const struct head_limits limits = { .head_bytes = TRAILER_LIMIT,
                                        .target_bytes = 0,
                                        .fields = TRAILER_FIELDS };
    struct head head = { .fields = worker->fields, .field_capacity = SCRATCH_FIELDS };
    enum fault fault = FAULT_NONE;
    long size = 0;

    if (flow->out_framing != FRAMING_CHUNKED)
        return FLOW_DONE;
    if (trailer.len == 0 || !flow->keeps_trailer) {
        add_piece(batch, "0\r\n\r\n", 5);
        return FLOW_DONE;
    }
    /* the section ends with the CRLF that follows it in the buffer */
    if (parse_trailer(trailer.ptr, trailer.len + 2, &limits, &head, &fault) != PARSE_DONE)
        return FLOW_BAD;
    size = write_trailer(&head, worker->head_out + SCRATCH_HEAD / 2, SCRATCH_HEAD / 2);
    if (size < 0)
        return FLOW_BAD;
    add_piece(batch, "0\r\n", 3);
    add_piece(batch, worker->head_out + SCRATCH_HEAD / 2, (size_t)size);
    return FLOW_DONE;
}

/* Understands chunked input and fills the batch with data pieces; *trailer is set at the body's end. */
static enum flow_result take_chunked(struct flow *flow, struct worker *worker, struct batch *batch,
                                     struct slice *trailer)
{
    for (struct slice input = view_input(flow); input.len > 0; input = view_input(flow)) {
        struct chunk_reader before = flow->reader;
        struct slice span = { NULL, 0 };
        size_t consumed = 0;

        switch (chunk_read(&flow->reader, input.ptr, input.len, &consumed, &span)) {
        case CHUNK_DATA:
            if (!add_span(worker, batch, span)) {
                flow->reader = before; /* again in the next batch */
                return FLOW_DONE;
            }
            consume_input(flow, consumed);
            flow->moved += span.len;
            if (flow->limit > 0 && flow->moved > flow->limit)
                return FLOW_TOO_LARGE;
            break;
        case CHUNK_MORE:
            consume_input(flow, consumed);
            flow->is_stuck = true;
            return FLOW_DONE;
        case CHUNK_DONE:
            consume_input(flow, consumed);
            flow->in_done = true;
            *trailer = span;
            return FLOW_DONE;
        case CHUNK_BAD: return FLOW_BAD;
        }
    }
    return FLOW_DONE;
}

static void take_plain(struct flow *flow, struct batch *batch)
{
    struct slice input = view_input(flow);
    size_t size = input.len;

    if (flow->in_framing == FRAMING_LENGTH && size > flow->left)
        size = flow->left;
    add_piece(batch, input.ptr, size);
    consume_input(flow, size);
    flow->moved += size;
    if (flow->in_framing == FRAMING_LENGTH) {
        flow->left -= size;
        flow->in_done = flow->left == 0;
    }
}

/* A short body is copied behind its head, which lies in the worker's scratch: one piece is written faster
 * than two. */
static void join_pieces(struct worker *worker, struct batch *batch)
{
    struct iovec *lead = &batch->pieces[0];
    const struct iovec *body = &batch->pieces[1];

    CHECK(lead->iov_base == worker->head_out);
    memcpy((char *)lead->iov_base + lead->iov_len, body->iov_base, body->iov_len);
    lead->iov_len += body->iov_len;
    batch->count = 1;
}

/*
 * One batch from the input that is there: lead, data in our framing, the end when it was met. The first piece
 * is kept free for the lead, the second for the head of our chunk.
 */
static enum flow_result write_input(struct flow *flow, struct worker *worker,
                                    const struct iovec *lead)
{
    struct batch batch;
    struct slice trailer = { NULL, 0 };
    enum flow_result result = FLOW_DONE;
    size_t data = 0;
    bool more = false;

    batch.count = flow->out_framing == FRAMING_CHUNKED ? 2 : 1;
    batch.total = 0;
    batch.gathered = 0;
    batch.pieces[0] = lead != NULL ? *lead : (struct iovec){ NULL, 0 };
    batch.pieces[1] = (struct iovec){ NULL, 0 };
    if (!flow->in_done) {
        if (flow->in_framing == FRAMING_CHUNKED)
            result = take_chunked(flow, worker, &batch, &trailer);
        else
            take_plain(flow, &batch);
    }
    data = batch.total;
    if (data > 0 && flow->out_framing == FRAMING_CHUNKED) {
        batch.pieces[1].iov_base = batch.chunk_head;
        batch.pieces[1].iov_len = chunk_write_head(data, batch.chunk_head);
        batch.total += batch.pieces[1].iov_len;
        add_piece(&batch, "\r\n", 2);
    }
    batch.total += batch.pieces[0].iov_len;
    if (lead != NULL && batch.count == 2 && data <= JOIN_BYTES &&
        flow->out_framing != FRAMING_CHUNKED)
        join_pieces(worker, &batch); /* the total stays */
    if (result == FLOW_DONE && flow->in_done)
        result = add_end(flow, worker, &batch, trailer);
    /* one segment less when the splice of the rest follows at once */
    more = lead != NULL && flow->has_more && result == FLOW_DONE && flow->left >= SPLICE_MIN &&
           flow->in_framing == FRAMING_LENGTH && view_input(flow).len == 0;
    if (send_batch(flow, worker, &batch, more) == FLOW_WRITE_FAILED)
        return FLOW_WRITE_FAILED;
    release_used_input(flow, worker);
    return result;
}

/* Moves a body of known length into the pipe. */
static enum flow_result splice_input(struct flow *flow)
{
    size_t size = flow->left < flow->burst ? flow->left : flow->burst;
    ssize_t count = 0;

    if (!flow->from->readable)
        return FLOW_WAIT_READ;
    flow->lost_input = true;
    flow->was_short = false;
    count = stream_splice_in(flow->from, flow->pipe, size);
    if (count == ERR_AGAIN)
        return FLOW_WAIT_READ;
    if (count == 0)
        return FLOW_ENDED;
    if (count < 0 && count != ERR_FULL)
        return FLOW_READ_FAILED;
    if (count > 0) {
        flow->left -= (uint64_t)count;
        flow->moved += (uint64_t)count;
        flow->in_done = flow->left == 0;
        if (flow->burst < BURST_MAX)
            flow->burst *= 2;
    }
    return FLOW_DONE;
}

static bool may_splice(struct flow *flow, struct worker *worker)
{
    if (flow->pipe != NULL)
        return true;
    if (flow->in != NULL || flow->first.len > 0 || flow->left < SPLICE_MIN ||
        flow->in_framing != FRAMING_LENGTH || flow->out_framing != FRAMING_LENGTH ||
        !stream_can_splice(flow->from) || !stream_can_splice(flow->to))
        return false;
    flow->pipe = pipe_lease(worker->loop);
    flow->burst = BURST_MIN;
    return flow->pipe != NULL;
}

/* Gets input and writes what can be understood of it. */
static enum flow_result move_some(struct flow *flow, struct worker *worker,
                                  const struct iovec *lead)
{
    enum flow_result result = FLOW_DONE;

    if (view_input(flow).len > 0 && !flow->is_stuck)
        return write_input(flow, worker, lead);
    if (may_splice(flow, worker))
        return splice_input(flow);
    result = read_input(flow, worker);
    return result == FLOW_DONE ? write_input(flow, worker, lead) : result;
}

enum flow_result flow_send(struct flow *flow, struct worker *worker, const struct iovec *bytes)
{
    struct batch batch = { .count = 1, .total = bytes->iov_len };

    batch.pieces[0] = *bytes;
    return send_batch(flow, worker, &batch, false);
}

enum flow_result flow_drain(struct flow *flow, struct worker *worker)
{
    return flow_has_output(flow) ? send_output(flow, worker) : FLOW_DONE;
}

enum flow_result flow_step(struct flow *flow, struct worker *worker, const struct iovec *lead)
{
    enum flow_result result = FLOW_DONE;
    uint64_t turn_end = flow->moved + TURN_BYTES;

    if (lead != NULL && (lead->iov_len > LEAD_JOIN || flow->in_done || view_input(flow).len == 0)) {
        if (flow_send(flow, worker, lead) == FLOW_WRITE_FAILED)
            return FLOW_WRITE_FAILED;
        lead = NULL;
    }
    for (;;) {
        if (flow_has_output(flow)) {
            result = send_output(flow, worker);
            if (result != FLOW_DONE)
                return result;
        }
        if (flow->in_done)
            return FLOW_DONE;
        if (flow->moved >= turn_end)
            return FLOW_TURN_OVER;
        result = move_some(flow, worker, lead);
        if (result != FLOW_DONE)
            return result;
        lead = NULL;
    }
}
