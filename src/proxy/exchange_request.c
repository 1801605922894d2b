/*
 * SEND and the request half of RELAY: the head is written anew from its fields, the body follows in the framing
 * we understood.
 */
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "http/header_rules.h"
#include "http/proxy_header.h"
#include "http/write_head.h"
#include "net/tls_stream.h"
#include "proxy/exchange.h"
#include "proxy/exchange_changes.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"
#include "route/slot.h"
#include "route/target.h"

/* A head within the limits always fits, as long as its rules are within theirs: what write_head_bound counts with
 * the longest authority, a PROXY header, and our line. */
_Static_assert(FLOW_LEAD_MAX >= BUFFER_BODY + SCRATCH_FIELDS + 2 * 261 + 1024 + PROXY_HEADER_SIZE +
                                    HEADER_RULES_BYTES + CHANGE_LINE + TLS_CLIENT_LINES,
               "a lead has room for every head");

size_t exchange_proxy_header(const struct exchange *exchange, char *out)
{
    struct address source;
    struct address destination;

    if (exchange->target->proxy_protocol == 0 || exchange->upstream->is_kept)
        return 0;
    session_peer(exchange->session, &source);
    stream_local_address(&exchange->session->stream, &destination);
    return proxy_header_write(exchange->target->proxy_protocol, &source, &destination, out);
}

static long write_request_head(const struct exchange *exchange, char *out, size_t capacity)
{
    const struct session *session = exchange->session;
    const struct policy *policy = &exchange->policy;
    struct write_changes changes;
    struct write_request how = {
        .client_host = slice_of(session->host, session->host_len),
        .proto = tls_stream_is_on(&session->stream) ? SLICE("https") : SLICE("http"),
        .client_lines = tls_stream_client(&session->stream),
        .request_id = exchange->request_id,
        .trusted = session->is_trusted,
        .forwarded = policy->x_forwarded,
        .via = policy->via,
        .framing = exchange->head.framing,
        .length = exchange->head.length,
        .changes = exchange_request_changes(exchange, &changes),
        .upgrade = exchange->head.wants_upgrade,
    };

    return write_head_request(&exchange->head, &how, out, capacity);
}

/* The client waits with its body until it hears from us (RFC 9110 10.1.1). */
static enum fault send_continue(struct exchange *exchange)
{
    static char words[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct iovec piece = { words, sizeof words - 1 };

    if (!exchange->head.expect_continue || exchange->continue_sent ||
        exchange->request_half == HALF_DONE || exchange->request.first.len > 0)
        return FAULT_NONE;
    exchange->continue_sent = true;
    /* a client that has not read the answer before may have no room: then it waits as output */
    return flow_send(&exchange->response, exchange->worker, &piece) == FLOW_WRITE_FAILED
               ? FAULT_CLIENT_GONE
               : FAULT_NONE;
}

/* The body from its beginning again: after a retry, too. */
static void set_up_flow(struct exchange *exchange)
{
    struct flow *flow = &exchange->request;
    const struct head *head = &exchange->head;
    const struct buffer *in = exchange->head_in;

    flow_init(flow, &exchange->session->stream, &exchange->upstream->stream);
    flow->first = slice_of(in->bytes + head->size, in->end - head->size);
    flow->in_framing = head->framing;
    flow->out_framing = head->framing;
    flow->left = head->length;
    flow->limit = exchange->policy.body_limit;
    flow->keeps_trailer = true;
    flow->has_more = in->end == in->capacity;
    flow->in_done =
        head->framing == FRAMING_NONE || (head->framing == FRAMING_LENGTH && head->length == 0);
    exchange->request_half = flow->in_done ? HALF_DONE : HALF_BODY;
    exchange->request_broken = false;
    if (head->framing == FRAMING_CHUNKED)
        chunk_reader_init(&flow->reader, BUFFER_SLACK);
}

/* What a result of the request flow means. */
static enum step took_request(struct exchange *exchange, enum flow_result result)
{
    exchange->request_wait = (uint8_t)result;
    switch (result) {
    case FLOW_DONE:
        exchange->request_half = HALF_DONE;
        exchange->sent_us = 0; /* set by the caller, who reads the clock */
        return STEP_WAIT;
    case FLOW_WAIT_READ:
    case FLOW_WAIT_WRITE: return STEP_WAIT;
    case FLOW_TURN_OVER: stream_wake(&exchange->upstream->stream); return STEP_WAIT;
    case FLOW_ENDED:
    case FLOW_READ_FAILED: return exchange_fail(exchange, FAULT_CLIENT_GONE);
    case FLOW_WRITE_FAILED:
        /* the target takes no more, but it may have answered before it closed */
        exchange->request_broken = true;
        exchange->close_upstream = true;
        return STEP_WAIT;
    case FLOW_BAD:
    case FLOW_TOO_LARGE:
        exchange->linger = true;
        exchange->close_client = true;
        return exchange_fail(exchange, result == FLOW_BAD ? FAULT_BAD_CHUNK : FAULT_BODY_TOO_LARGE);
    }
    return STEP_WAIT;
}

enum step do_send(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    bool is_plain = exchange->target->tls == NULL; /* else it went out before the handshake */
    size_t prefix = is_plain ? exchange_proxy_header(exchange, worker->head_out) : 0;
    long size = write_request_head(exchange, worker->head_out + prefix, FLOW_LEAD_MAX - prefix);
    struct iovec lead = { worker->head_out, prefix };
    enum fault fault = FAULT_NONE;
    enum flow_result result = FLOW_DONE;
    enum step next = STEP_WAIT;

    if (size < 0) /* only with more lines of header rules than HEADER_RULES_BYTES */
        return exchange_fail(exchange, FAULT_HEAD_TOO_LARGE);
    lead.iov_len += (size_t)size;
    exchange->response.from = &exchange->upstream->stream;
    set_up_flow(exchange);
    fault = send_continue(exchange);
    if (fault != FAULT_NONE)
        return exchange_end(exchange, fault);
    exchange->sent_us = exchange->lease_us != 0 ? clock_monotonic_us() : exchange->served_us;
    result = flow_step(&exchange->request, worker, &lead);
    if (exchange->request_half == HALF_DONE && result != FLOW_WRITE_FAILED) {
        exchange->request_wait = (uint8_t)result;
    } else {
        uint64_t sent_us = exchange->sent_us;

        next = took_request(exchange, result);
        exchange->sent_us = sent_us;
    }
    if (next == STEP_AGAIN)
        return next;
    exchange_enter(exchange, EX_RELAY);
    return STEP_AGAIN;
}

enum step relay_request(struct exchange *exchange)
{
    enum step next = STEP_WAIT;

    if (exchange->request_broken)
        return STEP_WAIT;
    if (exchange->request_half == HALF_DONE && !flow_has_output(&exchange->request))
        return STEP_WAIT;
    next = took_request(exchange, flow_step(&exchange->request, exchange->worker, NULL));
    if (exchange->request_half == HALF_DONE && exchange->sent_us == 0)
        exchange->sent_us = clock_monotonic_us();
    return next;
}
