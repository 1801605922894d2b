/*
 * One direction of bodies between two socket pairs against a reference: what goes in is cut in every way, what
 * comes out is taken at every speed, and the bytes and the framing must be the same. See proxy/flow.h.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/stream.h"
#include "proxy/flow.h"
#include "proxy/worker_priv.h"

enum { MANY = 10000, LARGE = 10 * 1024 * 1024, FIRST_MAX = 65536 };

struct rig {
    struct worker worker;
    struct stream from;
    struct stream to;
    int source; /* the peer of `from` */
    int sink;
    struct flow flow;
    enum flow_result result;
    bool is_slow; /* the sink is read only when the flow waits for it */
    char *out;    /* what the sink got */
    size_t out_size;
    size_t out_capacity;
};

static void on_ready(struct stream *stream)
{
    (void)stream;
}

static const struct stream_ops silent_ops = { .on_ready = on_ready };

static void open_pair(struct rig *rig, struct stream *stream, int *peer)
{
    int ends[2];
    int size = 4096;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    if (rig->is_slow)
        (void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    cr_assert_eq(stream_open(stream, rig->worker.loop, ends[0], &silent_ops), 0);
    *peer = ends[1];
}

static void rig_init(struct rig *rig, enum framing in, enum framing out, bool is_slow)
{
    memset(rig, 0, sizeof *rig);
    rig->is_slow = is_slow;
    rig->worker.loop = loop_new();
    buffer_shelf_init(&rig->worker.shelf);
    rig->worker.fields = mem_zalloc(SCRATCH_FIELDS * sizeof *rig->worker.fields);
    rig->worker.head_out = mem_zalloc(SCRATCH_HEAD);
    rig->worker.gather = mem_zalloc(GATHER_BYTES);
    open_pair(rig, &rig->from, &rig->source);
    open_pair(rig, &rig->to, &rig->sink);
    flow_init(&rig->flow, &rig->from, &rig->to);
    rig->flow.in_framing = (uint8_t)in;
    rig->flow.out_framing = (uint8_t)out;
    rig->flow.keeps_trailer = true;
    chunk_reader_init(&rig->flow.reader, BUFFER_SLACK);
    rig->result = FLOW_WAIT_READ;
}

static void close_source(struct rig *rig)
{
    if (rig->source >= 0)
        close(rig->source);
    rig->source = -1;
}

static void rig_fini(struct rig *rig)
{
    flow_fini(&rig->flow, &rig->worker);
    stream_close(&rig->from);
    stream_close(&rig->to);
    close_source(rig);
    if (rig->sink >= 0)
        close(rig->sink);
    buffer_shelf_fini(&rig->worker.shelf);
    loop_free(rig->worker.loop);
    free(rig->worker.fields);
    free(rig->worker.head_out);
    free(rig->worker.gather);
    free(rig->out);
}

/* Takes up to `most` bytes from the sink. */
static size_t drain(struct rig *rig, size_t most)
{
    ssize_t count = 0;

    if (rig->out_capacity - rig->out_size < most) {
        rig->out_capacity = rig->out_capacity * 2 + most;
        rig->out = mem_grow(rig->out, rig->out_capacity, 1);
    }
    count = read(rig->sink, rig->out + rig->out_size, most);
    if (count > 0)
        rig->out_size += (size_t)count;
    return count > 0 ? (size_t)count : 0;
}

/* Steps until the flow waits for input or is over. What an event would say of readability is said here. */
static enum flow_result step(struct rig *rig, const struct iovec *lead)
{
    rig->from.readable = true;
    rig->result = flow_step(&rig->flow, &rig->worker, lead);
    while (rig->result == FLOW_WAIT_WRITE || rig->result == FLOW_TURN_OVER) {
        if (rig->result == FLOW_WAIT_WRITE)
            cr_assert(drain(rig, rig->is_slow ? 1000 : 262144) > 0,
                      "waits for a sink that is empty");
        rig->from.readable = true;
        rig->result = flow_step(&rig->flow, &rig->worker, NULL);
        cr_assert_not(rig->result == FLOW_WAIT_READ && flow_has_output(&rig->flow));
    }
    return rig->result;
}

/* Feeds all bytes, at most `cut` at a time, stepping after each. */
static void feed(struct rig *rig, const char *bytes, size_t size, size_t cut)
{
    size_t at = 0;

    while (at < size && rig->result == FLOW_WAIT_READ) {
        size_t count = size - at < cut ? size - at : cut;
        ssize_t sent = send(rig->source, bytes + at, count, MSG_NOSIGNAL);

        cr_assert(sent > 0 || errno == EAGAIN);
        if (sent > 0)
            at += (size_t)sent;
        (void)step(rig, NULL);
    }
}

static void take_rest(struct rig *rig)
{
    while (drain(rig, 65536) > 0)
        continue;
}

/* The data of a chunked body written strictly; *trailer points behind the last size line. */
static size_t unchunk(const char *bytes, size_t size, char *data, const char **trailer)
{
    size_t total = 0;
    size_t at = 0;

    for (;;) {
        char *end = NULL;
        size_t chunk = 0;

        cr_assert(at < size, "the last chunk is missing");
        chunk = strtoul(bytes + at, &end, 16);
        cr_assert(end > bytes + at && end[0] == '\r' && end[1] == '\n');
        at = (size_t)(end - bytes) + 2;
        if (chunk == 0)
            break;
        cr_assert(at + chunk + 2 <= size);
        memcpy(data + total, bytes + at, chunk);
        total += chunk;
        at += chunk;
        cr_assert_eq(memcmp(bytes + at, "\r\n", 2), 0);
        at += 2;
    }
    *trailer = bytes + at;
    return total;
}

/* What came out is lead, then the body in its framing, then `trailer` where that can be said. */
static void expect_out(struct rig *rig, const char *lead, const char *body, size_t size,
                       const char *trailer)
{
    const char *out = NULL;
    size_t lead_size = strlen(lead);

    take_rest(rig);
    out = rig->out + lead_size;
    cr_assert(rig->out_size >= lead_size);
    cr_assert_eq(memcmp(rig->out, lead, lead_size), 0);
    if (rig->flow.out_framing == FRAMING_CHUNKED) {
        const char *rest = NULL;
        char *data = mem_alloc(rig->out_size + 1);
        size_t rest_size = 0;

        drain(rig, 1);
        rig->out[rig->out_size] = '\0'; /* drain has left room */
        out = rig->out + lead_size;
        cr_assert_eq(unchunk(out, rig->out_size - lead_size, data, &rest), size);
        cr_assert_eq(memcmp(data, body, size), 0);
        rest_size = rig->out_size - (size_t)(rest - rig->out);
        cr_assert_eq(rest_size, strlen(trailer) + 2);
        cr_assert_eq(memcmp(rest, trailer, strlen(trailer)), 0);
        cr_assert_eq(memcmp(rest + strlen(trailer), "\r\n", 2), 0);
        free(data);
    } else {
        cr_assert_eq(rig->out_size - lead_size, size, "%zu instead of %zu",
                     rig->out_size - lead_size, size);
        cr_assert_eq(memcmp(out, body, size), 0);
    }
    cr_assert_eq(rig->flow.written, rig->out_size);
    cr_assert_eq(rig->flow.moved, size);
}

static struct iovec write_lead(struct rig *rig, const char *lead)
{
    memcpy(rig->worker.head_out, lead, strlen(lead));
    return (struct iovec){ rig->worker.head_out, strlen(lead) };
}

struct pair {
    enum framing in;
    enum framing out;
    const char *wire;
    const char *trailer;
};

#define BODY    "Hello, this is a body."
#define CHUNKED "5;ext=\"a\"\r\nHello\r\n11\r\n, this is a body.\r\n0\r\n"

static const struct pair pairs[] = {
    { FRAMING_LENGTH, FRAMING_LENGTH, BODY, "" },
    { FRAMING_CHUNKED, FRAMING_CHUNKED, CHUNKED "\r\n", "" },
    { FRAMING_CHUNKED, FRAMING_CHUNKED, CHUNKED "X-Sum: 1\r\nY: 2\r\n\r\n",
      "X-Sum: 1\r\nY: 2\r\n" },
    { FRAMING_CHUNKED, FRAMING_CLOSE, CHUNKED "X-Sum: 1\r\n\r\n", "" },
    { FRAMING_CLOSE, FRAMING_CHUNKED, BODY, "" },
    { FRAMING_CLOSE, FRAMING_CLOSE, BODY, "" },
};

static void set_length(struct rig *rig, size_t size)
{
    if (rig->flow.in_framing == FRAMING_LENGTH)
        rig->flow.left = size;
}

/* The first `with_head` bytes came with the head, the rest in two reads cut at `cut`, or one byte at a time. */
static void run_pair(const struct pair *pair, size_t with_head, size_t cut, bool by_bytes)
{
    static const char lead_text[] = "HEAD\r\n\r\n";
    struct rig rig;
    size_t size = strlen(pair->wire);
    struct iovec lead;

    rig_init(&rig, pair->in, pair->out, false);
    lead = write_lead(&rig, lead_text);
    set_length(&rig, strlen(BODY));
    rig.flow.first = slice_of(pair->wire, with_head);
    (void)step(&rig, &lead);
    feed(&rig, pair->wire + with_head, cut - with_head, by_bytes ? 1 : size);
    feed(&rig, pair->wire + cut, size - cut, by_bytes ? 1 : size);
    if (pair->in == FRAMING_CLOSE) {
        cr_assert_eq(rig.result, FLOW_WAIT_READ);
        close_source(&rig);
        (void)step(&rig, NULL);
    }
    cr_assert_eq(rig.result, FLOW_DONE);
    cr_assert_not(flow_has_output(&rig.flow));
    expect_out(&rig, lead_text, BODY, strlen(BODY), pair->trailer);
    rig_fini(&rig);
}

Test(flow, every_framing_cut_everywhere)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        size_t size = strlen(pairs[i].wire);

        for (size_t with_head = 0; with_head <= size; with_head++) {
            run_pair(&pairs[i], with_head, with_head, true);
            run_pair(&pairs[i], with_head, with_head, false);
        }
        for (size_t cut = 0; cut <= size; cut++)
            run_pair(&pairs[i], 0, cut, false);
    }
}

static char *make_body(size_t size)
{
    char *body = mem_alloc(size);
    uint32_t state = 12345;

    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        body[i] = (char)(state >> 24);
    }
    return body;
}

/* A body as chunks of `chunk` bytes. */
static char *make_chunks(const char *body, size_t size, size_t chunk, size_t *wire_size)
{
    char *wire = mem_alloc(size + (size / chunk + 2) * 24);
    size_t at = 0;

    for (size_t done = 0; done < size; done += chunk) {
        size_t count = size - done < chunk ? size - done : chunk;

        at += chunk_write_head(count, wire + at);
        memcpy(wire + at, body + done, count);
        at += count;
        memcpy(wire + at, "\r\n", 2);
        at += 2;
    }
    memcpy(wire + at, "0\r\n\r\n", 5);
    *wire_size = at + 5;
    return wire;
}

static void run_chunks(size_t size, size_t chunk, size_t cut, enum framing out, bool is_slow)
{
    struct rig rig;
    char *body = make_body(size);
    size_t wire_size = 0;
    char *wire = make_chunks(body, size, chunk, &wire_size);

    rig_init(&rig, FRAMING_CHUNKED, out, is_slow);
    feed(&rig, wire, wire_size, cut);
    cr_assert_eq(rig.result, FLOW_DONE, "%zu in %zu by %zu: %d", size, chunk, cut, rig.result);
    expect_out(&rig, "", body, size, "");
    rig_fini(&rig);
    free(wire);
    free(body);
}

Test(flow, ten_thousand_chunks_of_one_byte)
{
    run_chunks(MANY, 1, 60000, FRAMING_CHUNKED, false);
    run_chunks(MANY, 1, 7, FRAMING_CHUNKED, false);
    run_chunks(MANY, 1, 60000, FRAMING_CLOSE, true);
}

Test(flow, chunks_of_all_sizes_at_all_speeds)
{
    static const size_t chunks[] = { 3, 511, 512, 513, 4096, 65536, 200000 };

    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        run_chunks(300000, chunks[i], 100000, FRAMING_CHUNKED, false);
        run_chunks(300000, chunks[i], 5000, FRAMING_CHUNKED, true);
        run_chunks(300000, chunks[i], 77777, FRAMING_CLOSE, true);
    }
}

static void run_plain(size_t size, enum framing in, enum framing out, bool is_slow)
{
    struct rig rig;
    char *body = make_body(size);

    rig_init(&rig, in, out, is_slow);
    set_length(&rig, size);
    feed(&rig, body, size, 150000);
    if (in == FRAMING_CLOSE) {
        close_source(&rig);
        (void)step(&rig, NULL);
    }
    cr_assert_eq(rig.result, FLOW_DONE);
    expect_out(&rig, "", body, size, "");
    rig_fini(&rig);
    free(body);
}

/* By length through a pipe, until the end of the connection through buffers. */
Test(flow, ten_mebibytes, .timeout = 60)
{
    run_plain(LARGE, FRAMING_LENGTH, FRAMING_LENGTH, false);
    run_plain(LARGE, FRAMING_CLOSE, FRAMING_CHUNKED, false);
    run_plain(2000000, FRAMING_LENGTH, FRAMING_LENGTH, true);
    run_plain(2000000, FRAMING_CLOSE, FRAMING_CHUNKED, true);
}

/* With no reader at all the flow holds two buffers at most and takes nothing more from its source. */
Test(flow, stops_reading_when_nobody_takes)
{
    struct rig rig;
    static char many[100000];
    size_t fed = 0;
    enum flow_result result = FLOW_WAIT_READ;

    rig_init(&rig, FRAMING_CLOSE, FRAMING_CHUNKED, true);
    for (int i = 0; i < 2000; i++) {
        ssize_t sent = send(rig.source, many, sizeof many, MSG_NOSIGNAL);

        fed += sent > 0 ? (size_t)sent : 0;
        rig.from.readable = true;
        result = flow_step(&rig.flow, &rig.worker, NULL);
    }
    cr_assert_eq(result, FLOW_WAIT_WRITE);
    cr_assert(rig.flow.moved <= 2 * (BUFFER_BODY + BUFFER_SLACK) + 65536, "%lu read",
              (unsigned long)rig.flow.moved);
    cr_assert(fed < 2000000);
    rig_fini(&rig);
}

/* The largest lead and the largest input that may come with a head fit into what is kept, nothing taken. */
Test(flow, keeps_a_whole_batch_that_nobody_takes)
{
    struct rig rig;
    char *body = make_body(FIRST_MAX);
    char lead_text[4097];
    struct iovec lead;
    static char fill[65536];

    rig_init(&rig, FRAMING_LENGTH, FRAMING_LENGTH, true);
    memset(lead_text, 'h', 4096);
    lead_text[4096] = '\0';
    lead = write_lead(&rig, lead_text);
    rig.flow.left = FIRST_MAX;
    rig.flow.first = slice_of(body, FIRST_MAX);
    while (send(rig.to.fd, fill, sizeof fill, MSG_NOSIGNAL) > 0)
        continue;
    while (send(rig.to.fd, fill, 1, MSG_NOSIGNAL) > 0)
        continue;
    cr_assert_eq(flow_step(&rig.flow, &rig.worker, &lead), FLOW_WAIT_WRITE);
    take_rest(&rig);
    rig.out_size = 0;
    cr_assert_eq(step(&rig, NULL), FLOW_DONE);
    expect_out(&rig, lead_text, body, FIRST_MAX, "");
    rig_fini(&rig);
    free(body);
}

/* Bytes behind the body stay for whoever comes next. */
Test(flow, surplus_bytes_stay)
{
    struct rig rig;

    rig_init(&rig, FRAMING_LENGTH, FRAMING_LENGTH, false);
    rig.flow.left = 5;
    rig.flow.first = SLICE("helloGET / HTTP");
    cr_assert_eq(step(&rig, NULL), FLOW_DONE);
    cr_assert(slice_is_equal(rig.flow.first, SLICE("GET / HTTP")));
    expect_out(&rig, "", "hello", 5, "");
    rig_fini(&rig);

    rig_init(&rig, FRAMING_CHUNKED, FRAMING_CHUNKED, false);
    feed(&rig, "2\r\nhi\r\n0\r\n\r\nNEXT", 16, 16);
    cr_assert_eq(rig.result, FLOW_DONE);
    cr_assert_eq(rig.flow.in->end - rig.flow.in_at, 4);
    cr_assert_eq(memcmp(rig.flow.in->bytes + rig.flow.in_at, "NEXT", 4), 0);
    expect_out(&rig, "", "hi", 2, "");
    rig_fini(&rig);
}

Test(flow, spliced_body_takes_no_surplus)
{
    struct rig rig;
    char *body = make_body(100000);
    char byte = 0;

    rig_init(&rig, FRAMING_LENGTH, FRAMING_LENGTH, false);
    rig.flow.left = 90000;
    feed(&rig, body, 100000, 100000);
    while (rig.result == FLOW_WAIT_READ)
        (void)step(&rig, NULL);
    cr_assert_eq(rig.result, FLOW_DONE);
    expect_out(&rig, "", body, 90000, "");
    cr_assert_eq(stream_recv(&rig.from, &byte, 1), 1);
    cr_assert_eq(byte, body[90000]);
    rig_fini(&rig);
    free(body);
}

struct ending {
    enum framing in;
    uint64_t left;
    uint64_t limit;
    const char *wire;
    bool is_closed;
    enum flow_result result;
};

static const struct ending endings[] = {
    { FRAMING_LENGTH, 10, 0, "short", true, FLOW_ENDED },
    { FRAMING_LENGTH, 10, 0, "", true, FLOW_ENDED },
    { FRAMING_LENGTH, 100000, 0, "short", true, FLOW_ENDED },
    { FRAMING_CHUNKED, 0, 0, "5\r\nhel", true, FLOW_ENDED },
    { FRAMING_CHUNKED, 0, 0, "5\r\nhello\r\n0\r\n", true, FLOW_ENDED },
    { FRAMING_CHUNKED, 0, 0, "5\r\nhello\r\n0\r\nX: 1\r\n", true, FLOW_ENDED },
    { FRAMING_CHUNKED, 0, 0, "5\r\nhelloX", false, FLOW_BAD },
    { FRAMING_CHUNKED, 0, 0, "5\nhello", false, FLOW_BAD },
    { FRAMING_CHUNKED, 0, 0, "0\r\nno field\r\n\r\n", false, FLOW_BAD },
    { FRAMING_CHUNKED, 0, 4, "5\r\nhello\r\n0\r\n\r\n", false, FLOW_TOO_LARGE },
    { FRAMING_CHUNKED, 0, 5, "5\r\nhello\r\n0\r\n\r\n", false, FLOW_DONE },
    { FRAMING_CHUNKED, 0, 4, "2\r\nhe\r\n2\r\nll\r\n1\r\no\r\n", false, FLOW_TOO_LARGE },
};

Test(flow, early_ends_bad_chunks_and_limits)
{
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const struct ending *ending = &endings[i];
        struct rig rig;

        rig_init(&rig, ending->in, ending->in, false);
        rig.flow.left = ending->left;
        rig.flow.limit = ending->limit;
        feed(&rig, ending->wire, strlen(ending->wire), 100);
        if (ending->is_closed) {
            cr_assert_eq(rig.result, FLOW_WAIT_READ, "%zu: %d", i, rig.result);
            close_source(&rig);
            (void)step(&rig, NULL);
        }
        cr_assert_eq(rig.result, ending->result, "%zu: %d", i, rig.result);
        take_rest(&rig);
        if (ending->result != FLOW_DONE && rig.out_size >= 5)
            cr_assert_neq(memcmp(rig.out + rig.out_size - 5, "0\r\n\r\n", 5), 0,
                          "%zu: an end that never came", i);
        rig_fini(&rig);
    }
}

/* A trailer section that never ends is refused before the buffer is full. */
Test(flow, endless_trailer)
{
    struct rig rig;
    char line[] = "X-Field: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

    rig_init(&rig, FRAMING_CHUNKED, FRAMING_CHUNKED, false);
    feed(&rig, "0\r\n", 3, 3);
    for (int i = 0; i < 5000 && rig.result == FLOW_WAIT_READ; i++)
        feed(&rig, line, sizeof line - 1, sizeof line);
    cr_assert_eq(rig.result, FLOW_BAD);
    rig_fini(&rig);
}

Test(flow, a_broken_sink_is_told)
{
    struct rig rig;

    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does: splice has no flag against it */
    rig_init(&rig, FRAMING_LENGTH, FRAMING_LENGTH, false);
    rig.flow.left = 100;
    close(rig.sink);
    rig.sink = -1;
    feed(&rig, "hello", 5, 5);
    cr_assert_eq(rig.result, FLOW_WRITE_FAILED);
    rig_fini(&rig);

    rig_init(&rig, FRAMING_LENGTH, FRAMING_LENGTH, false);
    rig.flow.left = 100000;
    close(rig.sink);
    rig.sink = -1;
    feed(&rig, "hello", 5, 5);
    cr_assert_eq(rig.result, FLOW_WRITE_FAILED, "through the pipe too");
    rig_fini(&rig);
}

/* Unread bytes make the peer's close a reset. */
Test(flow, a_broken_source_is_told)
{
    struct rig rig;

    rig_init(&rig, FRAMING_CLOSE, FRAMING_CHUNKED, false);
    cr_assert_eq(send(rig.from.fd, "unread", 6, MSG_NOSIGNAL), 6);
    close_source(&rig);
    (void)step(&rig, NULL);
    cr_assert_eq(rig.result, FLOW_READ_FAILED);
    take_rest(&rig);
    cr_assert_eq(rig.out_size, 0, "no end is written");
    rig_fini(&rig);
}

/* A fast source does not keep the loop: the flow gives way, and goes on. */
Test(flow, gives_way_after_a_turn)
{
    struct rig rig;
    char *body = make_body(LARGE);
    size_t at = 0;
    int size = LARGE;

    rig_init(&rig, FRAMING_CLOSE, FRAMING_CLOSE, false);
    (void)setsockopt(rig.source, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    (void)setsockopt(rig.to.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    while (at < LARGE) {
        ssize_t sent = send(rig.source, body + at, LARGE - at, MSG_NOSIGNAL);

        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    if (at < 3 * 1024 * 1024) {
        rig_fini(&rig);
        free(body);
        cr_skip_test("socket buffers of that size are not allowed here");
    }
    rig.from.readable = true;
    cr_assert_eq(flow_step(&rig.flow, &rig.worker, NULL), FLOW_TURN_OVER);
    cr_assert(rig.flow.moved < 2 * 1024 * 1024);
    (void)step(&rig, NULL);
    cr_assert_eq(rig.flow.moved, at);
    rig_fini(&rig);
    free(body);
}
