/*
 * How bytes of a tunnel move: see lane.h. A read goes into the worker's scratch, and from there straight out; only
 * what the kernel does not take is copied into a buffer of fitting size.
 */
#include "proxy/lane.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/hash.h"
#include "net/stream.h"
#include "proxy/worker_priv.h"

/* READ_BYTES: of one read. PEEK_BYTES: of one read that looks for a frame's head in a bulk transfer, so that the rest
 * can be spliced. SPLICE_MIN: from this rest on a pipe is cheaper than a copy. TURN_BYTES: of one step. */
enum {
    READ_BYTES = BUFFER_BODY,
    PEEK_BYTES = 4096,
    SPLICE_MIN = 16384,
    TURN_BYTES = 1024 * 1024,
    BURST_MIN = 128 * 1024,
    BURST_MAX = 1024 * 1024,
    CLOSE_BYTES = 131
};

void lane_init(struct lane *lane, struct stream *from, struct stream *to)
{
    memset(lane, 0, sizeof *lane);
    ws_frame_init(&lane->frame);
    lane->from = from;
    lane->to = to;
}

static void drop_output(struct lane *lane, struct worker *worker)
{
    buffer_return(&worker->shelf, lane->out);
    lane->out = NULL;
    if (lane->pipe != NULL)
        pipe_return(worker->loop, lane->pipe);
    lane->pipe = NULL;
}

void lane_fini(struct lane *lane, struct worker *worker)
{
    drop_output(lane, worker);
}

bool lane_has_output(const struct lane *lane)
{
    return lane->out != NULL || (lane->pipe != NULL && pipe_used(lane->pipe) > 0);
}

static enum buffer_class find_class(size_t size)
{
    if (size <= BUFFER_SMALL)
        return CLASS_SMALL;
    return size <= BUFFER_MEDIUM ? CLASS_MEDIUM : CLASS_LARGE;
}

/* Behind what waits already; a larger buffer takes its place when it does not fit. */
static void keep(struct lane *lane, struct worker *worker, struct slice bytes)
{
    size_t waiting = lane->out != NULL ? lane->out->end - lane->out_at : 0;
    struct buffer *out = lane->out;

    if (bytes.len == 0)
        return;
    if (out == NULL || out->capacity - out->end < bytes.len) {
        out = buffer_lease(&worker->shelf, find_class(waiting + bytes.len));
        CHECK(waiting + bytes.len <= out->capacity);
        if (waiting > 0)
            memcpy(out->bytes, lane->out->bytes + lane->out_at, waiting);
        out->end = (uint32_t)waiting;
        buffer_return(&worker->shelf, lane->out);
        lane->out = out;
        lane->out_at = 0;
    }
    memcpy(out->bytes + out->end, bytes.ptr, bytes.len);
    out->end += (uint32_t)bytes.len;
}

static enum lane_result fail_write(struct lane *lane, struct worker *worker)
{
    drop_output(lane, worker);
    lane->is_deaf = true;
    return LANE_WRITE_FAILED;
}

/* Out, or kept behind what waits. */
static enum lane_result push(struct lane *lane, struct worker *worker, struct slice bytes)
{
    ssize_t sent = 0;

    if (lane->is_deaf || bytes.len == 0)
        return LANE_MOVED;
    if (!lane_has_output(lane) && lane->to->writable) {
        struct iovec piece = { NULL, bytes.len };

        memcpy(&piece.iov_base, &bytes.ptr, sizeof bytes.ptr); /* iov_base is not const */
        sent = stream_send(lane->to, &piece, 1, false);
        if (sent == ERR_AGAIN)
            sent = 0;
        if (sent < 0)
            return fail_write(lane, worker);
    }
    keep(lane, worker, slice_of(bytes.ptr + sent, bytes.len - (size_t)sent));
    return LANE_MOVED;
}

/* Puts our Close behind what was passed on so far. */
static enum lane_result put_close(struct lane *lane, struct worker *worker)
{
    char out[CLOSE_BYTES];
    const char *reason = lane->close_code == 1012 ? "service restart" : "going away";
    uint32_t mask = lane->masks ? (uint32_t)hash_random(&worker->random) | 1u : 0;
    size_t size = ws_frame_close(lane->close_code, reason, mask, out);

    lane->close_code = 0;
    lane->is_closed = true;
    return push(lane, worker, slice_of(out, size));
}

/* How many of the bytes belong before the next border of two frames; count when there is none in them. */
static size_t pass_to_border(struct ws_frame *frame, const char *bytes, size_t count)
{
    size_t at = 0;

    while (at < count && !ws_frame_is_between(frame)) {
        uint64_t left = ws_frame_skippable(frame);
        size_t step = left == 0 ? 1 : left < count - at ? (size_t)left : count - at;

        ws_frame_pass(frame, bytes + at, step);
        at += step;
        if (frame->is_broken)
            return count;
    }
    return at;
}

/* Bytes of the source: on to the sink, with our Close at the first border when it is asked for. */
static enum lane_result pass_on(struct lane *lane, struct worker *worker, struct slice bytes)
{
    bool is_dropped = lane->is_closed || lane->is_deaf || lane->is_finished || lane->wants_end;
    enum lane_result result = LANE_MOVED;

    if (!is_dropped && lane->close_code != 0 && lane_can_close(lane)) {
        size_t before = pass_to_border(&lane->frame, bytes.ptr, bytes.len);

        result = push(lane, worker, slice_of(bytes.ptr, before));
        if (result == LANE_MOVED && ws_frame_is_between(&lane->frame) && lane_can_close(lane))
            result = put_close(lane, worker);
        ws_frame_pass(&lane->frame, bytes.ptr + before, bytes.len - before);
        return result;
    }
    if (lane->is_followed)
        ws_frame_pass(&lane->frame, bytes.ptr, bytes.len);
    return is_dropped ? LANE_MOVED : push(lane, worker, bytes);
}

enum lane_result lane_put(struct lane *lane, struct worker *worker, struct slice bytes,
                          bool is_ours)
{
    if (is_ours)
        return push(lane, worker, bytes);
    lane->bytes += bytes.len;
    return pass_on(lane, worker, bytes);
}

/* What waits goes out; MOVED when nothing is left. */
static enum lane_result send_output(struct lane *lane, struct worker *worker)
{
    while (lane->out != NULL) {
        struct iovec rest = { lane->out->bytes + lane->out_at, lane->out->end - lane->out_at };
        ssize_t sent = lane->to->writable ? stream_send(lane->to, &rest, 1, false) : ERR_AGAIN;

        if (sent == ERR_AGAIN)
            return LANE_WAITS;
        if (sent < 0)
            return fail_write(lane, worker);
        lane->out_at += (uint32_t)sent;
        if (lane->out_at == lane->out->end) {
            buffer_return(&worker->shelf, lane->out);
            lane->out = NULL;
        }
    }
    while (lane->pipe != NULL && pipe_used(lane->pipe) > 0) {
        ssize_t sent = stream_splice_out(lane->to, lane->pipe, pipe_used(lane->pipe), false);

        if (sent == ERR_AGAIN) {
            lane->burst = BURST_MIN; /* what a slow reader leaves in the pipe stays small */
            return LANE_WAITS;
        }
        if (sent <= 0)
            return fail_write(lane, worker);
    }
    return LANE_MOVED;
}

/* Payload that need not be looked at before it is moved. */
static uint64_t count_skippable(const struct lane *lane)
{
    if (lane->is_followed && !lane->frame.is_broken)
        return ws_frame_skippable(&lane->frame);
    return UINT64_MAX;
}

static bool may_splice(struct lane *lane, struct worker *worker)
{
    if (!stream_can_splice(lane->from) || !stream_can_splice(lane->to))
        return false;
    if (!lane->is_bulk || lane->is_closed || lane->is_deaf || lane->wants_end ||
        count_skippable(lane) < SPLICE_MIN)
        return false;
    if (lane->pipe == NULL) {
        lane->pipe = pipe_lease(worker->loop);
        lane->burst = BURST_MIN;
    }
    return lane->pipe != NULL;
}

static enum lane_result splice_some(struct lane *lane)
{
    uint64_t size = count_skippable(lane);
    ssize_t count = 0;

    if (size > lane->burst)
        size = lane->burst;
    count = stream_splice_in(lane->from, lane->pipe, (size_t)size);
    if (count == ERR_AGAIN)
        return LANE_WAITS;
    if (count == ERR_FULL)
        return LANE_MOVED;
    if (count < 0)
        return LANE_READ_FAILED;
    lane->ended = count == 0;
    lane->is_bulk = count >= SPLICE_MIN;
    lane->bytes += (uint64_t)count;
    if (lane->is_followed && !lane->frame.is_broken)
        ws_frame_skip(&lane->frame, (uint64_t)count);
    if (lane->burst < BURST_MAX)
        lane->burst *= 2;
    return LANE_MOVED;
}

static enum lane_result take_some(struct lane *lane, struct worker *worker)
{
    size_t room = lane->is_bulk && lane->is_followed ? PEEK_BYTES : READ_BYTES;
    ssize_t count = 0;

    if (!lane->from->readable)
        return LANE_WAITS;
    if (may_splice(lane, worker))
        return splice_some(lane);
    count = stream_recv(lane->from, worker->head_out, room);
    if (count == ERR_AGAIN)
        return LANE_WAITS;
    if (count < 0)
        return LANE_READ_FAILED;
    lane->ended = count == 0;
    lane->is_bulk = (size_t)count == room;
    if ((size_t)count < room && count > 0)
        stream_settle(lane->from);
    return lane_put(lane, worker, slice_of(worker->head_out, (size_t)count), false);
}

static enum lane_result step(struct lane *lane, struct worker *worker)
{
    uint64_t turn_end = lane->bytes + TURN_BYTES;
    enum lane_result result = LANE_MOVED;

    while (result == LANE_MOVED) {
        result = send_output(lane, worker);
        if (result != LANE_MOVED)
            return result;
        if (lane->close_code != 0 && lane_can_close(lane) && ws_frame_is_between(&lane->frame)) {
            result = put_close(lane, worker);
            continue;
        }
        if ((lane->ended || lane->wants_end) && !lane->is_finished) {
            lane->is_finished = true;
            stream_shutdown(lane->to);
        }
        if (lane->ended)
            return LANE_OVER;
        if (lane->bytes >= turn_end)
            return LANE_TURN_OVER;
        result = take_some(lane, worker);
    }
    return result;
}

enum lane_result lane_step(struct lane *lane, struct worker *worker)
{
    enum lane_result result = step(lane, worker);

    if (lane->pipe != NULL && pipe_used(lane->pipe) == 0) {
        pipe_return(worker->loop, lane->pipe);
        lane->pipe = NULL;
    }
    return result;
}

bool lane_can_close(const struct lane *lane)
{
    return lane->is_followed && !lane->frame.is_broken && !lane->frame.is_closing &&
           !lane->is_closed && !lane->is_deaf && !lane->ended && !lane->wants_end;
}

void lane_ask_close(struct lane *lane, unsigned code)
{
    if (lane_can_close(lane))
        lane->close_code = (uint16_t)code;
}

void lane_ask_end(struct lane *lane, struct worker *worker, unsigned code)
{
    /* what lies in the pipe is the rest of a frame that is not out yet: behind it, not into it */
    bool is_inside = lane->pipe != NULL && pipe_used(lane->pipe) > 0;

    if (!is_inside && lane_can_close(lane) && ws_frame_is_between(&lane->frame)) {
        lane->close_code = (uint16_t)code;
        (void)put_close(lane, worker); /* a sink that broke shows itself at the next step */
    }
    lane->close_code = 0;
    lane->wants_end = true;
}
