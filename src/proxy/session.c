/*
 * Client connections: reading heads, handing them over, keeping alive, and ending so that the client can read
 * our last answer. See session.h.
 */
#include "proxy/session.h"

#include <string.h>

#include "base/address.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "evidence/counts.h"
#include "http/parse_head.h"
#include "http/proxy_header.h"
#include "net/loop.h"
#include "net/tls_stream.h"
#include "proxy/exchange.h"
#include "proxy/tunnel.h"
#include "proxy/worker_priv.h"
#include "route/rate.h"
#include "route/snapshot.h"

enum {
    SESSION_MAGIC = 0x5e551017,
    HEADS_PER_TURN = 32,
    LINGER_BYTES = 65536,
    HEAD_BYTES_MAX = BUFFER_BODY
};

static struct session *session_of_stream(struct stream *stream)
{
    struct session *session = container_of(stream, struct session, stream);

    CHECK(session->magic == SESSION_MAGIC);
    return session;
}

static void on_ready(struct stream *stream)
{
    struct session *session = session_of_stream(stream);

    if (session->phase == SESSION_EXCHANGE)
        exchange_on_client(session->exchange);
    else if (session->phase == SESSION_TUNNEL)
        tunnel_on_ready(session->tunnel, stream);
    session_step(session);
}

static const struct stream_ops session_ops = { .on_ready = on_ready };

/* The one end of a handshake that did not succeed. */
static void count_tls_failure(struct session *session, enum fault fault, const char *words)
{
    count_add(&session->worker->counts.tls_failed[fault - FAULT_TLS_HANDSHAKE], 1);
    LOG_DEBUG("tls_failed", "listener=%s client=%.*s fault=%s reason=\"%s\"", session->gate->name,
              (int)session->host_len, session->host, fault_name(fault), words);
}

static void on_deadline(struct deadline *deadline)
{
    struct session *session = container_of(deadline, struct session, deadline);

    CHECK(session->magic == SESSION_MAGIC);
    if (session->phase == SESSION_TLS)
        count_tls_failure(session, FAULT_TLS_TIMEOUT, "");
    if (session->phase == SESSION_HEAD && session->in != NULL && session->in->end > 0) {
        session->exchange = exchange_begin_bad(session, FAULT_CLIENT_SLOW_HEAD);
        session->phase = SESSION_EXCHANGE;
        exchange_step(session->exchange);
        session_step(session);
        return;
    }
    session_close(session);
}

static void set_peer(struct session *session, const struct address *peer)
{
    char text[ADDRESS_TEXT_SIZE];

    memset(&session->peer, 0, sizeof session->peer);
    if (!address_is_unix(peer) && peer->len <= sizeof session->peer)
        memcpy(&session->peer, &peer->sa, peer->len);
    else
        session->peer.any.sa_family = AF_UNIX;
    address_format_host(peer, text);
    session->client_bin = (uint8_t)(hash_mix(rate_client_key(peer)) % COUNTS_BINS);
    session->host_len = 0;
    if (slice_copy(slice_from(text), session->host, sizeof session->host))
        session->host_len = (uint8_t)strlen(session->host);
}

static bool is_trusted_peer(const struct gate *gate, const struct address *peer)
{
    for (unsigned i = 0; i < gate->trusted_count; i++)
        if (address_net_contains(&gate->trusted[i], peer))
            return true;
    return false;
}

/* Our side is ended; what the client still sends is read and thrown away, so that no RST of ours overtakes
 * the answer (RFC 9112 9.6). */
static void begin_linger(struct session *session)
{
    session->phase = SESSION_LINGER;
    session->lingered_bytes = 0;
    stream_shutdown(&session->stream);
    deadline_arm(session->worker->wheel, &session->deadline, session->worker->linger_us);
}

/* Counts the connection as one of its client's, who is known now; one too many is told so and ends. */
static void admit(struct session *session)
{
    static char words[] = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n"
                          "Retry-After: 1\r\nConnection: close\r\n\r\n";
    const struct gate *gate = session->gate;
    struct iovec piece = { words, sizeof words - 1 };
    struct address peer;

    if (gate->client_connections == 0 || gate->rate == NULL)
        return;
    session_peer(session, &peer);
    session->is_rated = rate_connect(gate->rate, &peer, gate->client_connections);
    if (session->is_rated)
        return;
    count_add(&session->worker->counts.sessions_limited, 1);
    if (gate->tls !=
        NULL) { /* words in clear would not be understood, and a handshake is what is saved */
        session_close(session);
        return;
    }
    (void)!stream_send(&session->stream, &piece, 1, false); /* what does not fit is not awaited */
    begin_linger(session);
}

/* Counts one handshake more of its client; beyond the limit it ends before it costs a hello. */
static void admit_handshake(struct session *session)
{
    const struct gate *gate = session->gate;
    struct address peer;

    if (gate->handshake_rate == 0 || gate->rate == NULL)
        return;
    session_peer(session, &peer);
    if (rate_take(gate->rate, &peer, gate->handshake_rate, gate->handshake_burst,
                  clock_monotonic_us()) == 0)
        return;
    count_add(&session->worker->counts.sessions_limited, 1);
    count_tls_failure(session, FAULT_TLS_LIMITED, "");
    session_close(session);
}

/* From here on the client speaks to us, PROXY header or not: TLS first, where that is so. */
static void begin_client(struct session *session)
{
    struct buffer *in = session->in;

    session->phase = SESSION_HEAD;
    admit(session);
    if (session->phase != SESSION_HEAD || session->gate->tls == NULL)
        return;
    admit_handshake(session);
    if (session->phase != SESSION_HEAD)
        return;
    session->phase = SESSION_TLS;
    session->in = NULL;
    tls_stream_begin(&session->stream, session->gate->tls,
                     in != NULL ? slice_of(in->bytes, in->end) : slice_of(NULL, 0));
    buffer_return(&session->worker->shelf, in);
}

static void count_session(const struct session *session, uint64_t more)
{
    struct worker *worker = session->worker;

    count_add(&worker->counts.sessions, more);
    if (session->gate->cells != NULL)
        count_add(&session->gate->cells[worker->id].sessions, more);
}

void session_start(struct worker *worker, int fd, const struct address *peer,
                   const struct gate *gate)
{
    struct session *session = pool_get(&worker->sessions_pool);

    memset(session, 0, sizeof *session);
    session->magic = SESSION_MAGIC;
    session->worker = worker;
    session->gate = gate;
    session->phase = gate->proxy_protocol ? SESSION_PROXY : SESSION_HEAD;
    if (stream_open(&session->stream, worker->loop, fd, &session_ops) != ERR_OK) {
        pool_put(&worker->sessions_pool, session);
        return;
    }
    set_peer(session, peer);
    session->is_trusted = gate->trusted_count > 0 && is_trusted_peer(gate, peer);
    deadline_init(&session->deadline, on_deadline);
    deadline_arm(worker->wheel, &session->deadline, worker->head_us);
    session->head_timed = true;
    LIST_INSERT_HEAD(&worker->sessions, session, entry);
    count_session(session, 1);
    count_add(&worker->counts.sessions_total, 1);
    if (session->phase == SESSION_HEAD)
        begin_client(session);
}

void session_peer(const struct session *session, struct address *out)
{
    memset(out, 0, sizeof *out);
    if (session->peer.any.sa_family == AF_INET)
        out->len = sizeof session->peer.in;
    else if (session->peer.any.sa_family == AF_INET6)
        out->len = sizeof session->peer.in6;
    else
        out->len = sizeof(sa_family_t);
    memcpy(&out->sa, &session->peer, out->len);
}

static void free_session(void *arg)
{
    struct session *session = arg;
    struct worker *worker = session->worker;

    session->magic = 0;
    pool_put(&worker->sessions_pool, session);
}

void session_close(struct session *session)
{
    struct worker *worker = session->worker;

    if (session->phase == SESSION_CLOSED)
        return;
    session->phase = SESSION_CLOSED;
    if (session->exchange != NULL)
        exchange_abort(session->exchange, FAULT_CLIENT_GONE);
    if (session->tunnel != NULL)
        tunnel_abort(session->tunnel);
    if (session->is_rated) {
        struct address peer;

        session_peer(session, &peer);
        rate_disconnect(session->gate->rate, &peer);
    }
    stream_close(&session->stream);
    deadline_fini(&session->deadline);
    buffer_return(&worker->shelf, session->in);
    session->in = NULL;
    LIST_REMOVE(session, entry);
    count_session(session, (uint64_t)-1);
    loop_reap(worker->loop, free_session, session);
}

static void step_linger(struct session *session)
{
    while (session->stream.readable && session->lingered_bytes < LINGER_BYTES) {
        ssize_t count = stream_recv(&session->stream, session->worker->gather, GATHER_BYTES);

        if (count == ERR_AGAIN)
            return;
        if (count <= 0) {
            session_close(session);
            return;
        }
        session->lingered_bytes += (uint32_t)count;
    }
    if (session->lingered_bytes >= LINGER_BYTES)
        session_close(session);
}

void session_exchange_done(struct session *session, enum session_next next)
{
    struct worker *worker = session->worker;

    session->exchange = NULL;
    if (session->phase == SESSION_CLOSED)
        return;
    session->requests++;
    session->searched = 0;
    session->first_us = 0;
    session->head_timed = false;
    if (next != SESSION_KEEP) {
        if (next == SESSION_UNREAD || session->stream.readable)
            begin_linger(session);
        else
            session_close(session);
        return;
    }
    session->phase = SESSION_HEAD;
    if (session->in != NULL) {
        deadline_arm(worker->wheel, &session->deadline, worker->head_us);
        session->head_timed = true;
    }
}

void session_drain(struct session *session, uint64_t grace_us)
{
    if (session->phase != SESSION_HEAD || (session->in != NULL && session->in->end > 0))
        return;
    /* 0 would disarm */
    deadline_arm(session->worker->wheel, &session->deadline, grace_us > 0 ? grace_us : 1);
}

/* Reads more bytes behind those of `in`. *was_short: the kernel had no more at that moment. */
static bool read_more(struct session *session, bool *was_short)
{
    struct worker *worker = session->worker;
    size_t room = 0;
    ssize_t count = 0;

    if (!session->stream.readable)
        return false;
    if (session->in == NULL)
        session->in = buffer_lease(&worker->shelf, CLASS_SMALL);
    if (session->in->end == session->in->capacity) {
        struct buffer *grown = buffer_grow(&worker->shelf, session->in);

        CHECK(grown != NULL); /* the limits of a head end before the largest buffer does */
        session->in = grown;
    }
    room = session->in->capacity - session->in->end;
    if (session->in->class == CLASS_LARGE) {
        CHECK(session->in->end < BUFFER_BODY);
        room = BUFFER_BODY - session->in->end; /* the rest is for what is written around a body */
    }
    count = stream_recv(&session->stream, session->in->bytes + session->in->end, room);
    if (count > 0) {
        *was_short = (size_t)count < room;
        session->in->end += (uint32_t)count;
        return true;
    }
    if (count != ERR_AGAIN) { /* ended or broken before a whole head */
        session_close(session);
        return false;
    }
    if (session->in->end == 0) {
        buffer_return(&worker->shelf, session->in);
        session->in = NULL;
    }
    return false;
}

static void take_bytes(struct session *session, size_t size)
{
    session->in->end -= (uint32_t)size;
    memmove(session->in->bytes, session->in->bytes + size, session->in->end);
}

/* The PROXY header at the start of a connection; false when the session ended or waits. Else it is asked once
 * more: an end that came with these bytes has no event of its own. */
static bool take_proxy_header(struct session *session)
{
    struct proxy_header header;
    struct address peer;
    size_t size = 0;

    session_peer(session, &peer);
    if (session->gate->trusted_count > 0 && !session->is_trusted) {
        session_close(session);
        return false;
    }
    switch (proxy_header_read(session->in->bytes, session->in->end, &size, &header)) {
    case PARSE_DONE: break;
    case PARSE_MORE:
        if (session->in->end < session->in->capacity)
            return session->stream.readable;
        session_close(session);
        return false;
    case PARSE_BAD: session_close(session); return false;
    }
    take_bytes(session, size);
    if (!header.is_local)
        set_peer(session, &header.source);
    begin_client(session);
    return true;
}

/* A handshake that failed: an alert may be on its way, or a page in clear follows. */
static void fail_tls(struct session *session, enum fault fault)
{
    count_tls_failure(session, fault, tls_stream_words());
    if (fault != FAULT_TLS_PLAIN || session->gate->hides_plain) {
        begin_linger(session);
        return;
    }
    session->exchange = exchange_begin_bad(session, fault);
    session->phase = SESSION_EXCHANGE;
    deadline_disarm(&session->deadline);
    exchange_step(session->exchange);
}

/* Goes on with the handshake; false: wait, or it failed. */
static bool step_tls(struct session *session)
{
    struct worker *worker = session->worker;
    enum fault fault = FAULT_NONE;
    int err = ERR_AGAIN;

    if (session->stream.readable)
        err = tls_stream_handshake(&session->stream, &fault);
    if (err == ERR_AGAIN)
        return false;
    if (err != ERR_OK) {
        fail_tls(session, fault);
        return false;
    }
    count_add(&worker->counts.tls_handshakes, 1);
    if (tls_stream_is_resumed(&session->stream))
        count_add(&worker->counts.tls_resumed, 1);
    session->phase = SESSION_HEAD;
    deadline_arm(worker->wheel, &session->deadline,
                 worker->is_draining ? worker->linger_us : worker->head_us);
    return true;
}

/* One head from the bytes of `in`; PARSE_DONE and PARSE_BAD have made an exchange. */
static enum parse take_head(struct session *session)
{
    struct worker *worker = session->worker;
    struct head head = { .fields = worker->fields, .field_capacity = SCRATCH_FIELDS };
    struct snapshot_limits most;
    struct head_limits limits;
    enum fault fault = FAULT_NONE;
    enum parse parsed = PARSE_MORE;

    rcu_read_begin();
    most = snapshot_limits(snapshot_current());
    rcu_read_end();
    limits.head_bytes = most.head_bytes < HEAD_BYTES_MAX ? most.head_bytes : HEAD_BYTES_MAX;
    limits.target_bytes = most.target_bytes;
    limits.fields = most.fields < SCRATCH_FIELDS ? most.fields : SCRATCH_FIELDS;
    parsed = parse_head_request(session->in->bytes, session->in->end, &session->searched, &limits,
                                &head, &fault);
    if (parsed == PARSE_MORE)
        return PARSE_MORE;
    if (parsed == PARSE_BAD) {
        session->exchange = exchange_begin_bad(session, fault);
    } else {
        if (session->gate->strips_client && (session->gate->tls != NULL || !session->is_trusted))
            head_hide_like(&head, SLICE("X-SSL-Client-"));
        session->exchange = exchange_begin(session, &head);
        if (!tls_stream_covers(&session->stream, head_host(&head)))
            exchange_refuse(session->exchange, FAULT_MISDIRECTED);
    }
    session->phase = SESSION_EXCHANGE;
    deadline_disarm(&session->deadline);
    return parsed;
}

/* One round of reading, parsing, answering; false: wait. */
static bool step_head(struct session *session)
{
    bool was_short = false;
    bool has_bytes = session->in != NULL && session->in->end > 0;

    if (session->phase == SESSION_TLS)
        return step_tls(session);
    if ((!has_bytes || session->needs_bytes || session->phase == SESSION_PROXY) &&
        !read_more(session, &was_short))
        return false;
    session->needs_bytes = false;
    if (session->phase == SESSION_PROXY)
        return take_proxy_header(session);
    if (take_head(session) == PARSE_MORE) {
        if (!session->head_timed) {
            session->head_timed = true;
            deadline_arm(session->worker->wheel, &session->deadline, session->worker->head_us);
        }
        session->needs_bytes = true;
        if (session->first_us == 0)
            session->first_us = loop_now_us(session->worker->loop);
        return session->stream.readable;
    }
    if (was_short && session->exchange->request_half == HALF_DONE)
        stream_settle(&session->stream);
    exchange_step(session->exchange);
    return true;
}

void session_step(struct session *session)
{
    unsigned budget = HEADS_PER_TURN;

    while (session->phase <= SESSION_HEAD) {
        if (!step_head(session))
            return;
        if (--budget == 0) {
            stream_wake(&session->stream); /* the others first */
            return;
        }
    }
    if (session->phase == SESSION_LINGER)
        step_linger(session);
}
