/* A client of the control plane over HTTP: see api_client_priv.h. */
#include "control/api_client_priv.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "control/api_body_priv.h"
#include "http/parse_head.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timer.h"
#include "net/tls_stream.h"

enum {
    MAGIC = 0x41504943,
    REQUESTS_PER_TURN = 16,
    IN_BYTES = API_HEAD_BYTES + 8 * 1024, /* the head stays while its body passes */
    LINGER_BYTES = 4 << 20,
};

/* What the one timer waits for. */
enum watch {
    WATCH_NOTHING,
    WATCH_TLS,
    WATCH_REQUEST,
    WATCH_HEAD,
    WATCH_BODY,
    WATCH_SEND,
    WATCH_LINGER
};

/* LINGER: everything is said; what the peer still sends is read and dropped, so that it gets to read our answer. */
enum state { STATE_TLS, STATE_HEAD, STATE_BODY, STATE_BUSY, STATE_STREAM, STATE_LINGER };

struct api_client {
    uint32_t magic;
    TAILQ_ENTRY(api_client) link;
    struct api_client_owner owner;
    struct api_client_list *list;
    struct stream stream;
    struct tls_keeper *tls; /* NULL: plain */
    int fd;                 /* the stream's: asked with poll only */
    struct timer *timer;
    enum watch watch;
    uint64_t since_us; /* of the watch */
    uint64_t said_us;  /* when the answer under way began; 0: none */
    enum state state;
    struct api_exchange exchange;
    struct api_body body;
    struct peer kernel;
    struct text head; /* of the answer under way, or of its next piece */
    struct text out;
    size_t sent; /* of both */
    size_t in_len;
    size_t searched;
    size_t lingered;
    bool wants_close;   /* behind the answer */
    bool must_linger;   /* because what was asked was not read to its end */
    bool is_stream_end; /* the last piece is in out */
    bool hides_plain;
    bool is_inside; /* of step: it is not entered again */
    bool is_closed;
    char in[IN_BYTES];
};

static void step(struct api_client *client);

static struct api_client *client_of(struct stream *stream)
{
    struct api_client *client = container_of(stream, struct api_client, stream);

    CHECK(client->magic == MAGIC);
    return client;
}

static void free_client(void *arg)
{
    struct api_client *client = arg;

    api_exchange_fini(&client->exchange);
    api_body_fini(&client->body);
    text_fini(&client->head);
    text_fini(&client->out);
    client->magic = 0;
    free(client);
}

/* Whoever works on the answer, or yields its pieces, need not any more. */
static void drop_exchange(struct api_client *client)
{
    void (*drop)(void *arg) = client->exchange.drop;

    client->exchange.drop = NULL;
    client->exchange.pull = NULL;
    if (drop != NULL)
        drop(client->exchange.arg);
}

static void carry_out_quit(struct api_client *client)
{
    bool is_wanted = client->exchange.wants_quit;

    client->exchange.wants_quit = false;
    if (is_wanted && client->owner.on_quit != NULL)
        client->owner.on_quit(client->owner.arg, client->exchange.is_quit_now);
}

void api_client_close(struct api_client *client)
{
    if (client->is_closed)
        return;
    client->is_closed = true;
    drop_exchange(client);
    carry_out_quit(client); /* nobody hears the answer, but it has its record */
    timer_free(client->timer);
    client->timer = NULL;
    stream_close(&client->stream);
    TAILQ_REMOVE(client->list, client, link);
    loop_reap(client->owner.loop, free_client, client);
    client->owner.on_close(client->owner.arg, client);
}

static void watch_for(struct api_client *client, enum watch watch)
{
    const unsigned ms[] = {
        [WATCH_TLS] = client->owner.head_ms,  [WATCH_REQUEST] = client->owner.idle_ms,
        [WATCH_HEAD] = client->owner.head_ms, [WATCH_BODY] = client->owner.request_ms,
        [WATCH_SEND] = client->owner.send_ms, [WATCH_LINGER] = client->owner.linger_ms,
    };

    if (client->watch == watch)
        return;
    client->watch = watch;
    client->since_us = loop_now_us(client->owner.loop);
    if (watch == WATCH_NOTHING)
        timer_disarm(client->timer);
    else
        timer_arm(client->timer, ms[watch]);
}

/* The exchange's answer becomes the bytes under way. */
static void take_answer(struct api_client *client)
{
    struct api_exchange *exchange = &client->exchange;
    bool is_streamed = exchange->progress == API_STREAMED;

    client->wants_close = client->wants_close || exchange->head.close || exchange->wants_quit ||
                          (is_streamed && !api_exchange_is_chunked(exchange));
    api_exchange_write_head(exchange, client->wants_close, &client->head);
    client->said_us = loop_now_us(client->owner.loop);
    client->is_stream_end = false;
    client->state = is_streamed ? STATE_STREAM : STATE_HEAD;
    text_fini(&client->out);
    text_init(&client->out, API_BODY_MAX);
    if (is_streamed && api_exchange_is_head(exchange)) {
        drop_exchange(client);
        client->state = STATE_HEAD;
    } else if (!is_streamed && !api_exchange_is_head(exchange)) {
        client->out = exchange->answer;
        text_init(&exchange->answer, API_BODY_MAX);
    }
}

/* The request is done with, its body as well: the bytes behind it move up. */
static void forget_request(struct api_client *client)
{
    size_t taken = client->exchange.head.size;

    memmove(client->in, client->in + taken, client->in_len - taken);
    client->in_len -= taken;
    client->searched = 0;
    client->exchange.head.size = 0;
    api_body_fini(&client->body);
}

/* What follows from the exchange's progress after the owner has seen it. */
static void settle(struct api_client *client)
{
    switch (client->exchange.progress) {
    case API_OPEN: break;
    case API_PARKED: client->state = STATE_BUSY; return;
    case API_ANSWERED:
    case API_STREAMED:
        take_answer(client);
        forget_request(client);
        return;
    }
    CHECK(client->exchange.progress != API_OPEN);
}

/* The request is refused before it was read to its end: nothing behind it can be understood. */
static void refuse(struct api_client *client, enum fault fault)
{
    struct api_error error = { .status = fault_status(fault), .code = fault_name(fault) };

    api_exchange_begin(&client->exchange);
    client->exchange.head.minor = 1;
    if (error.status == 0)
        error.status = 400;
    if (fault == FAULT_TLS_PLAIN)
        error.hint = "ask with https://";
    api_exchange_refuse(&client->exchange, &error, "%s", fault_words(fault));
    client->wants_close = client->must_linger = true;
    client->exchange.head.size = (uint32_t)client->in_len;
    settle(client);
}

static void tell_handshake(struct api_client *client, enum fault fault, const char *words)
{
    client->owner.on_handshake(client->owner.arg, &client->exchange.address, fault, words);
}

static void on_timer(void *arg)
{
    struct api_client *client = arg;
    bool is_slow_head = client->watch == WATCH_HEAD && client->in_len > 0;

    if (client->watch == WATCH_TLS)
        tell_handshake(client, FAULT_TLS_TIMEOUT, "");
    if (client->watch != WATCH_BODY && !is_slow_head) {
        api_client_close(client);
        return;
    }
    refuse(client, client->watch == WATCH_BODY ? FAULT_CLIENT_SLOW_BODY : FAULT_CLIENT_SLOW_HEAD);
    client->watch = WATCH_NOTHING;
    step(client);
}

static void give_whole_request(struct api_client *client)
{
    client->exchange.body = text_slice(&client->body.bytes);
    client->owner.on_request(client->owner.arg, &client->exchange);
    settle(client);
}

/* The head is parsed: who asks may be refused before the body is read. */
static void begin_request(struct api_client *client)
{
    struct api_exchange *exchange = &client->exchange;
    enum api_body_state state = api_body_init(&client->body, &exchange->head, API_REQUEST_BODY_MAX);

    if (state == API_BODY_BAD) {
        refuse(client, client->body.fault);
        return;
    }
    client->owner.on_head(client->owner.arg, exchange);
    if (exchange->progress != API_OPEN) {
        client->wants_close = client->must_linger = state != API_BODY_DONE;
        settle(client);
    } else if (state == API_BODY_DONE) {
        give_whole_request(client);
    } else {
        client->state = STATE_BODY;
        if (exchange->head.expect_continue && exchange->head.minor > 0)
            text_add(&client->head, "HTTP/1.1 100 Continue\r\n\r\n");
    }
}

/* True when a head was complete or bad, so that there is something to do. */
static bool find_request(struct api_client *client)
{
    static const struct head_limits limits = { .head_bytes = API_HEAD_BYTES,
                                               .target_bytes = API_TARGET_BYTES,
                                               .fields = API_FIELDS_MAX };
    struct api_exchange *exchange = &client->exchange;
    struct head head = { .fields = exchange->fields, .field_capacity = API_FIELDS_MAX };
    enum fault fault = FAULT_NONE;
    enum parse parsed = PARSE_MORE;

    if (client->in_len > 0)
        parsed = parse_head_request(client->in, client->in_len, &client->searched, &limits, &head,
                                    &fault);
    if (parsed == PARSE_MORE)
        return false; /* a head that fills its limit is bad */
    if (parsed != PARSE_DONE) {
        refuse(client, fault);
        return true;
    }
    api_exchange_begin(exchange);
    exchange->head = head;
    exchange->peer = client->kernel;
    exchange->is_secure = client->tls != NULL;
    client->wants_close = false;
    begin_request(client);
    return true;
}

enum progress { PROGRESS_ON, PROGRESS_WAIT, PROGRESS_CLOSE };

/* Bytes behind what is there. */
static enum progress receive(struct api_client *client, enum watch watch)
{
    ssize_t got = 0;

    got = stream_recv(&client->stream, client->in + client->in_len,
                      sizeof client->in - client->in_len);
    if (got > 0) {
        client->in_len += (size_t)got;
        return PROGRESS_ON;
    }
    if (got != ERR_AGAIN)
        return PROGRESS_CLOSE;
    watch_for(client, watch);
    return PROGRESS_WAIT;
}

/* Sends what is there: 0 all of it, ERR_AGAIN not yet, else the client is gone. */
static int flush(struct api_client *client)
{
    size_t total = client->head.len + client->out.len;

    while (client->sent < total) {
        size_t in_out = client->sent > client->head.len ? client->sent - client->head.len : 0;
        size_t in_head = client->sent < client->head.len ? client->sent : client->head.len;
        struct iovec parts[2] = {
            { .iov_base = client->head.bytes + in_head, .iov_len = client->head.len - in_head },
            { .iov_base = client->out.bytes + in_out, .iov_len = client->out.len - in_out },
        };
        int first = parts[0].iov_len == 0;
        int count = (parts[1].iov_len > 0 ? 2 : 1) - first;
        ssize_t sent = stream_send(&client->stream, parts + first, count, false);

        if (sent <= 0)
            return sent < 0 ? (int)sent : ERR_RESET;
        client->sent += (size_t)sent;
        watch_for(client, WATCH_NOTHING); /* progress: the time to send begins anew */
    }
    if (total > 0 && client->state != STATE_BODY)
        watch_for(client, WATCH_NOTHING);
    client->sent = 0;
    text_clear(&client->head);
    text_fini(&client->out);
    text_init(&client->out, API_BODY_MAX);
    return 0;
}

/* An answer that is taken a byte at a time is not waited for, pieces of a stream aside. */
static bool is_too_slow(const struct api_client *client)
{
    return client->state != STATE_STREAM && client->said_us != 0 &&
           loop_now_us(client->owner.loop) - client->said_us > client->owner.answer_ms * 1000ull;
}

/* Its time counts from the connection on, whatever the client sends. */
static enum progress do_tls(struct api_client *client)
{
    enum fault fault = FAULT_NONE;
    int err = ERR_AGAIN;

    watch_for(client, WATCH_TLS);
    if (client->stream.readable)
        err = tls_stream_handshake(&client->stream, &fault);
    if (err == ERR_AGAIN)
        return PROGRESS_WAIT;
    tell_handshake(client, fault, err == 0 ? "" : tls_stream_words());
    client->state = STATE_HEAD;
    watch_for(client, WATCH_HEAD);
    if (err == 0)
        return PROGRESS_ON;
    client->tls = NULL; /* what is said now is said in clear */
    if (fault == FAULT_TLS_PLAIN && !client->hides_plain) {
        refuse(client, fault);
        return PROGRESS_ON;
    }
    client->state = STATE_LINGER; /* so that it gets to read the alert */
    stream_shutdown(&client->stream);
    return PROGRESS_ON;
}

/* Everything of the last answer is sent. */
static enum progress finish_answer(struct api_client *client)
{
    client->said_us = 0;
    carry_out_quit(client);
    if (!client->wants_close)
        return PROGRESS_ON;
    if (!client->must_linger)
        return PROGRESS_CLOSE;
    client->state = STATE_LINGER;
    stream_shutdown(&client->stream);
    return PROGRESS_ON;
}

static enum progress do_head(struct api_client *client, unsigned *requests)
{
    if (client->said_us != 0)
        return finish_answer(client);
    if (*requests == REQUESTS_PER_TURN) {
        stream_wake(&client->stream);
        return PROGRESS_WAIT;
    }
    if (find_request(client)) {
        ++*requests;
        return PROGRESS_ON;
    }
    return receive(client,
                   client->in_len > 0 || client->watch == WATCH_HEAD ? WATCH_HEAD : WATCH_REQUEST);
}

static enum progress do_body(struct api_client *client)
{
    size_t head = client->exchange.head.size;
    size_t used = 0;
    enum api_body_state state =
        api_body_take(&client->body, client->in + head, client->in_len - head, &used);

    memmove(client->in + head, client->in + head + used, client->in_len - head - used);
    client->in_len -= used;
    switch (state) {
    case API_BODY_DONE: give_whole_request(client); return PROGRESS_ON;
    case API_BODY_BAD: refuse(client, client->body.fault); return PROGRESS_ON;
    case API_BODY_MORE: break;
    }
    if (client->in_len == sizeof client->in) { /* trailers without an end */
        refuse(client, FAULT_BAD_CHUNK);
        return PROGRESS_ON;
    }
    watch_for(client, WATCH_BODY);
    return receive(client, WATCH_BODY);
}

/* A piece in its chunk, or as it is for a client that knows no chunks. */
static void frame_piece(struct api_client *client, enum api_pull pulled)
{
    char head[CHUNK_HEAD_SIZE];

    client->is_stream_end = pulled == API_PULL_END;
    if (!api_exchange_is_chunked(&client->exchange))
        return;
    if (client->out.len > 0) {
        text_add_slice(&client->head, slice_of(head, chunk_write_head(client->out.len, head)));
        text_add(&client->out, "\r\n");
    }
    if (client->is_stream_end)
        text_add(&client->out, "0\r\n\r\n");
}

static enum progress do_stream(struct api_client *client, unsigned *pieces)
{
    enum api_pull pulled = API_PULL_WAIT;

    if (client->is_stream_end) {
        drop_exchange(client);
        client->state = STATE_HEAD;
        return PROGRESS_ON;
    }
    if ((*pieces)++ > 0) { /* one in each turn */
        stream_wake(&client->stream);
        return PROGRESS_WAIT;
    }
    pulled = client->exchange.pull(client->exchange.arg, &client->out);
    if (pulled == API_PULL_WAIT && client->out.len == 0)
        return PROGRESS_WAIT;
    frame_piece(client, pulled);
    return PROGRESS_ON;
}

static enum progress do_linger(struct api_client *client)
{
    ssize_t got = stream_recv(&client->stream, client->in, sizeof client->in);

    watch_for(client, WATCH_LINGER);
    if (got > 0) {
        client->lingered += (size_t)got;
        return client->lingered < LINGER_BYTES ? PROGRESS_ON : PROGRESS_CLOSE;
    }
    return got == ERR_AGAIN ? PROGRESS_WAIT : PROGRESS_CLOSE;
}

/* How much one turn has done so far. */
struct turn {
    unsigned requests;
    unsigned pieces;
};

static enum progress advance(struct api_client *client, struct turn *turn)
{
    int err = flush(client);

    if (err == ERR_AGAIN && !is_too_slow(client)) {
        watch_for(client, WATCH_SEND);
        return PROGRESS_WAIT;
    }
    if (err < 0)
        return PROGRESS_CLOSE;
    switch (client->state) {
    case STATE_TLS: return do_tls(client);
    case STATE_HEAD: return do_head(client, &turn->requests);
    case STATE_BODY: return do_body(client);
    case STATE_BUSY: watch_for(client, WATCH_NOTHING); return PROGRESS_WAIT;
    case STATE_STREAM: return do_stream(client, &turn->pieces);
    case STATE_LINGER: return do_linger(client);
    }
    return PROGRESS_CLOSE;
}

static void step(struct api_client *client)
{
    enum progress progress = PROGRESS_ON;
    struct turn turn = { 0 };

    if (client->is_closed || client->is_inside)
        return;
    client->is_inside = true;
    while (progress == PROGRESS_ON && !client->is_closed)
        progress = advance(client, &turn);
    client->is_inside = false;
    if (progress == PROGRESS_CLOSE)
        api_client_close(client);
}

static void on_ready(struct stream *stream)
{
    step(client_of(stream));
}

void api_client_resume(struct api_client *client)
{
    if (client->is_closed || client->is_inside)
        return;
    if (client->state == STATE_BUSY && client->exchange.progress != API_PARKED)
        settle(client);
    step(client);
}

void api_client_check(struct api_client *client)
{
    struct pollfd gone = { .fd = client->fd };

    if (client->state != STATE_BUSY && client->state != STATE_STREAM)
        return;
    if (poll(&gone, 1, 0) == 1 && (gone.revents & (POLLHUP | POLLERR)) != 0)
        api_client_close(client); /* both directions: nobody will read the answer */
}

static const struct stream_ops api_stream_ops = { .on_ready = on_ready };

int api_client_open(const struct api_client_owner *owner, const struct api_newcomer *newcomer,
                    struct api_client_list *list)
{
    struct api_client *client = mem_zalloc(sizeof *client);

    client->magic = MAGIC;
    client->owner = *owner;
    client->list = list;
    client->fd = newcomer->fd;
    client->tls = newcomer->tls;
    client->hides_plain = newcomer->hides_plain;
    client->state = client->tls != NULL ? STATE_TLS : STATE_HEAD;
    client->exchange.client = client;
    client->exchange.address = newcomer->address;
    client->exchange.has_kernel_peer = newcomer->kernel != NULL;
    if (newcomer->kernel != NULL)
        client->kernel = *newcomer->kernel;
    if (stream_open(&client->stream, owner->loop, newcomer->fd, &api_stream_ops) < 0) {
        free(client);
        return ERR_IO;
    }
    if (client->tls != NULL)
        tls_stream_begin(&client->stream, client->tls, slice_of(NULL, 0));
    text_init(&client->head, 16 * 1024);
    text_init(&client->out, API_BODY_MAX);
    client->timer = timer_new(owner->loop, on_timer, client);
    /* a new client has come to ask at once */
    watch_for(client, client->tls != NULL ? WATCH_TLS : WATCH_HEAD);
    TAILQ_INSERT_TAIL(list, client, link);
    stream_wake(&client->stream);
    return 0;
}

struct api_client *api_client_next(const struct api_client *client)
{
    return TAILQ_NEXT(client, link);
}

uint64_t api_client_idle_us(const struct api_client *client, uint64_t now_us)
{
    return client->watch == WATCH_NOTHING || now_us < client->since_us ? 0
                                                                       : now_us - client->since_us;
}

bool api_client_identity(const struct api_client *client, struct tls_identity *out,
                         bool *is_believed)
{
    if (client->tls == NULL || !tls_stream_identity(&client->stream, out))
        return false;
    *is_believed = tls_stream_is_believed(&client->stream, client->tls);
    return true;
}

bool api_client_is_long(const struct api_client *client)
{
    return client->state == STATE_BUSY ||
           (client->state == STATE_STREAM && client->exchange.is_long);
}
