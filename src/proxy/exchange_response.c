/*
 * RELAY: the response head is understood and written anew, then both bodies flow until the response is complete
 * or one side fails.
 */
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "http/parse_head.h"
#include "http/write_head.h"
#include "net/loop.h"
#include "net/tls_dial.h"
#include "proxy/exchange.h"
#include "proxy/exchange_changes.h"
#include "proxy/exchange_selfprobe.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"

/* FIRST_READ: of a target that sent large bodies before, so that the rest can be spliced. */
enum { FIRST_READ = 4096, LARGE_BODY = 32768, RESPONSE_FIELDS = 256 };

/* The target ended before its response head was complete. */
static enum step fail_ended(struct exchange *exchange, enum fault fault)
{
    bool is_empty = exchange->response_in == NULL || exchange->response_in->end == 0;

    if (exchange->upstream->is_kept && is_empty && exchange->interim_count == 0)
        fault = FAULT_TARGET_STALE;
    else if (fault == FAULT_TARGET_RESET && tls_dial_alert(&exchange->upstream->stream) != NULL)
        fault = FAULT_TARGET_TLS; /* with TLS 1.3 a certificate of ours is judged so late */
    return exchange_fail(exchange, fault);
}

/* An interim response goes on to clients that know them; 100 only when it was asked for and not yet given. */
static enum step take_interim(struct exchange *exchange, const struct head *head)
{
    struct worker *worker = exchange->worker;
    struct buffer *in = exchange->response_in;
    long size = 0;

    if (head->status == 101)
        return exchange_switch(exchange, head);
    if (++exchange->interim_count > INTERIM_MAX)
        return exchange_fail(exchange, FAULT_RESPONSE_BAD);
    if (exchange->head.minor >= 1 &&
        (head->status != 100 || (exchange->head.expect_continue && !exchange->continue_sent))) {
        struct iovec piece = { worker->head_out, 0 };

        size = write_head_interim(head, exchange_response_rules(exchange), worker->head_out,
                                  FLOW_LEAD_MAX);
        if (size < 0)
            return exchange_fail(exchange, FAULT_RESPONSE_TOO_LARGE);
        piece.iov_len = (size_t)size;
        if (flow_send(&exchange->response, worker, &piece) == FLOW_WRITE_FAILED)
            return exchange_end(exchange, FAULT_CLIENT_GONE);
        exchange->continue_sent = exchange->continue_sent || head->status == 100;
    }
    in->end -= head->size;
    memmove(in->bytes, in->bytes + head->size, in->end);
    exchange->searched = 0;
    return STEP_AGAIN;
}

/* In which framing the body goes to this client, and what that means for its connection. */
static void choose_framing(struct exchange *exchange, const struct head *head)
{
    struct flow *flow = &exchange->response;

    flow->in_framing = head->framing;
    flow->out_framing = head->framing;
    flow->left = head->length;
    flow->keeps_trailer = true;
    flow->in_done =
        head->framing == FRAMING_NONE || (head->framing == FRAMING_LENGTH && head->length == 0);
    if (head->framing == FRAMING_CHUNKED || head->framing == FRAMING_CLOSE) {
        chunk_reader_init(&flow->reader, BUFFER_SLACK);
        flow->out_framing = exchange->head.minor >= 1 ? FRAMING_CHUNKED : FRAMING_CLOSE;
    }
    if (flow->out_framing == FRAMING_CLOSE)
        exchange->close_client = true;
    if (exchange->request_half !=
        HALF_DONE) { /* an early answer: what the client still sends is not awaited */
        exchange->close_client = true;
        exchange->close_upstream = true;
        exchange->linger = true;
    }
    if (exchange->worker->is_draining)
        exchange->close_client = true;
    if (head->close || head->framing == FRAMING_CLOSE)
        exchange->close_upstream = true;
    exchange->upstream->is_large = head->framing == FRAMING_LENGTH && head->length >= LARGE_BODY;
}

static enum step begin_response(struct exchange *exchange, struct head *head)
{
    struct worker *worker = exchange->worker;
    struct buffer *in = exchange->response_in;
    struct flow *flow = &exchange->response;
    struct write_response how = {
        .epoch = exchange->policy.epoch_header ? exchange->epoch : 0,
        .client_minor = exchange->head.minor,
        .keep_length = exchange->head.method == METHOD_HEAD || head->status == 304,
        .date_text = worker_date(worker),
        .rules = exchange_response_rules(exchange),
        .line = exchange_response_line(exchange),
    };
    struct iovec lead = { worker->head_out, 0 };
    long size = 0;

    exchange_report(exchange, FAULT_NONE, head->status);
    if (exchange_shield(exchange, head->status))
        return STEP_AGAIN;
    if (exchange->route.is_selfprobe && !exchange_selfprobe_sign(exchange, head, &how.line))
        return exchange_fail(exchange, FAULT_OVERLOADED);
    choose_framing(exchange, head);
    how.close = exchange->close_client;
    how.framing = flow->out_framing;
    how.length = head->length;
    size = write_head_response(head, &how, worker->head_out, FLOW_LEAD_MAX);
    if (size < 0)
        return exchange_fail(exchange, FAULT_RESPONSE_TOO_LARGE);
    lead.iov_len = (size_t)size;
    exchange->status = head->status;
    exchange->first_us = clock_monotonic_us();
    exchange->response_half = HALF_BODY;
    exchange->response_begun = true;
    exchange->response_in = NULL;
    flow->has_more = !flow->was_short;
    if (head->size < in->end) {
        flow->in = in;
        flow->in_at = head->size;
    } else {
        buffer_return(&worker->shelf, in);
    }
    exchange->response_wait = (uint8_t)flow_step(flow, worker, &lead);
    return STEP_AGAIN;
}

/* What the bytes of response_in are: AGAIN when a head was taken or refused, WAIT when it is not complete. */
static enum step parse_response(struct exchange *exchange)
{
    struct buffer *in = exchange->response_in;
    struct head head = { .fields = exchange->worker->fields, .field_capacity = SCRATCH_FIELDS };
    const struct head_limits limits = { .head_bytes = BUFFER_BODY, .fields = RESPONSE_FIELDS };
    enum fault fault = FAULT_NONE;

    switch (parse_head_response(in->bytes, in->end, &exchange->searched, &limits,
                                exchange->head.method, &head, &fault)) {
    case PARSE_DONE:
        return head.status < 200 ? take_interim(exchange, &head) : begin_response(exchange, &head);
    case PARSE_MORE: break;
    case PARSE_BAD: return exchange_fail(exchange, fault);
    }
    return in->end < BUFFER_BODY ? STEP_WAIT : exchange_fail(exchange, FAULT_RESPONSE_TOO_LARGE);
}

/* An interim response that the client has not taken comes before all that the target says behind it. */
static enum step drain_interim(struct exchange *exchange)
{
    enum flow_result result = flow_drain(&exchange->response, exchange->worker);

    exchange->response_wait = (uint8_t)result;
    if (result == FLOW_WRITE_FAILED)
        return exchange_end(exchange, FAULT_CLIENT_GONE);
    return result == FLOW_DONE ? STEP_AGAIN : STEP_WAIT;
}

/* Reads and parses the response head; AGAIN after each head that was taken. */
static enum step read_head(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    struct stream *stream = &exchange->upstream->stream;
    enum step next = drain_interim(exchange);

    if (next == STEP_WAIT || exchange->state != EX_RELAY)
        return next;
    next = STEP_WAIT;
    /* more may have come with an interim response */
    if (exchange->response_in != NULL && exchange->interim_count > 0 && exchange->searched == 0 &&
        exchange->response_in->end > 0)
        next = parse_response(exchange);
    while (next == STEP_WAIT && stream->readable) {
        struct buffer *in = exchange->response_in;
        size_t room = 0;
        ssize_t count = 0;

        if (in == NULL)
            in = exchange->response_in = buffer_lease(&worker->shelf, CLASS_LARGE);
        room = exchange->upstream->is_large && in->end == 0 && stream_can_splice(stream) &&
                       stream_can_splice(&exchange->session->stream)
                   ? FIRST_READ
                   : BUFFER_BODY - in->end;
        count = stream_recv(stream, in->bytes + in->end, room);
        if (count == ERR_AGAIN)
            break;
        if (count <= 0)
            return fail_ended(exchange, count == 0 ? FAULT_TARGET_CLOSED : FAULT_TARGET_RESET);
        exchange->response.was_short = (size_t)count < room;
        in->end += (uint32_t)count;
        next = parse_response(exchange);
    }
    if (exchange->response_in != NULL && exchange->response_in->end == 0) {
        buffer_return(&worker->shelf, exchange->response_in);
        exchange->response_in = NULL;
    }
    return next;
}

/* The whole response was written. */
static enum step complete(struct exchange *exchange)
{
    struct flow *flow = &exchange->response;

    exchange->response_half = HALF_DONE;
    if (flow->in != NULL || exchange->request_half != HALF_DONE ||
        flow_has_output(&exchange->request))
        exchange->close_upstream = true; /* bytes behind the response, or a request cut short */
    else if (flow->was_short)
        stream_settle(&exchange->upstream->stream);
    return exchange_end(exchange, FAULT_NONE);
}

static enum step took_response(struct exchange *exchange, enum flow_result result)
{
    exchange->response_wait = (uint8_t)result;
    switch (result) {
    case FLOW_DONE: return complete(exchange);
    case FLOW_WAIT_READ:
    case FLOW_WAIT_WRITE: return STEP_WAIT;
    case FLOW_TURN_OVER: stream_wake(&exchange->session->stream); return STEP_WAIT;
    case FLOW_ENDED:
    case FLOW_READ_FAILED: return exchange_fail(exchange, FAULT_TARGET_TRUNCATED);
    case FLOW_WRITE_FAILED: return exchange_fail(exchange, FAULT_CLIENT_GONE);
    case FLOW_BAD:
    case FLOW_TOO_LARGE: return exchange_fail(exchange, FAULT_TARGET_TRUNCATED);
    }
    return STEP_WAIT;
}

enum step relay_response(struct exchange *exchange)
{
    enum step next = STEP_WAIT;

    while (exchange->state == EX_RELAY && exchange->response_half == HALF_HEAD) {
        next = read_head(exchange);
        if (next != STEP_AGAIN)
            break;
    }
    if (exchange->state != EX_RELAY)
        return STEP_AGAIN;
    if (exchange->response_half != HALF_BODY)
        return next;
    if (next == STEP_AGAIN) /* begin_response has stepped the flow already */
        return took_response(exchange, exchange->response_wait);
    return took_response(exchange, flow_step(&exchange->response, exchange->worker, NULL));
}

/* Whose silence let the deadline pass. */
static enum fault fault_of_timeout(const struct exchange *exchange)
{
    bool is_sending = exchange->request_half != HALF_DONE && !exchange->request_broken;

    if (exchange->response_wait == FLOW_WAIT_WRITE)
        return FAULT_CLIENT_SLOW_READ;
    if (exchange->response_half == HALF_BODY)
        return FAULT_TARGET_STALLED;
    if (is_sending && exchange->request_wait == FLOW_WAIT_READ)
        return FAULT_CLIENT_SLOW_BODY;
    return FAULT_TARGET_TIMEOUT;
}

/* Whether it is the client that must send or read now, and not the target. */
static bool waits_for_client(const struct exchange *exchange)
{
    if (exchange->response_wait == FLOW_WAIT_WRITE)
        return true;
    return exchange->response_half == HALF_HEAD && exchange->request_half != HALF_DONE &&
           !exchange->request_broken && exchange->request_wait == FLOW_WAIT_READ;
}

/* What the client has sent of its body, and what it has taken of the response: not what still waits in our socket. */
static uint64_t count_client_bytes(const struct exchange *exchange)
{
    uint64_t taken = exchange->response.written;
    uint64_t unsent = stream_unsent(&exchange->session->stream);

    return exchange->request.moved + (taken > unsent ? taken - unsent : 0);
}

/* The least rate of the service, beside the deadlines for silence; asked at each step. Until the client is waited
 * for the first time nothing is measured. */
static bool keeps_pace(struct exchange *exchange)
{
    bool is_waiting = waits_for_client(exchange);

    if (exchange->policy.body_rate == 0 || (!is_waiting && !exchange->is_paced))
        return true;
    if (!exchange->is_paced) {
        pace_init(&exchange->pace);
        exchange->is_paced = true;
    }
    if (!pace_note(&exchange->pace, loop_now_us(exchange->worker->loop), is_waiting) || !is_waiting)
        return true;
    return pace_judge(&exchange->pace, count_client_bytes(exchange), exchange->policy.body_rate);
}

/* With a least rate the one deadline is for the silence or for the end of the window, whichever comes first. */
static uint64_t shorten_deadline(struct exchange *exchange, bool has_moved, uint64_t us)
{
    uint64_t now_us = loop_now_us(exchange->worker->loop);
    uint64_t left_us = 0;

    if (has_moved || exchange->pace.idle_end_us == 0)
        exchange->pace.idle_end_us = us > 0 ? now_us + us : UINT64_MAX;
    left_us = exchange->pace.idle_end_us > now_us ? exchange->pace.idle_end_us - now_us : 1;
    if (waits_for_client(exchange) && pace_left_us(&exchange->pace) < left_us)
        left_us = pace_left_us(&exchange->pace);
    return left_us > 0 ? left_us : 1; /* 0 would disarm */
}

/* The silence has lasted too long; a deadline of the window alone is none. */
static bool is_silent(struct exchange *exchange)
{
    if (!exchange->is_timed_out)
        return false;
    exchange->is_timed_out =
        !exchange->is_paced || loop_now_us(exchange->worker->loop) >= exchange->pace.idle_end_us;
    return exchange->is_timed_out;
}

/* The deadline of what is waited for now; it starts anew only when something has moved. */
static void arm_deadline(struct exchange *exchange)
{
    const struct policy *policy = &exchange->policy;
    uint64_t progress = 1 + exchange->request.moved + exchange->request.written +
                        exchange->response.moved + exchange->response.written +
                        exchange->interim_count;
    uint64_t us = policy->idle_us;
    bool has_moved = progress != exchange->progress;

    if (!has_moved && !exchange->is_paced)
        return;
    exchange->progress = progress;
    if (exchange->response_half == HALF_HEAD && exchange->response_wait != FLOW_WAIT_WRITE) {
        if (exchange->request_half == HALF_DONE || exchange->request_broken)
            us = policy->response_us;
        else if (exchange->request_wait == FLOW_WAIT_READ)
            us = policy->body_us;
    } else if (exchange->response.in_done && exchange->evidence.target_us == 0) {
        exchange->evidence.target_us = clock_monotonic_us(); /* only the client keeps us */
    }
    if (exchange->is_paced)
        us = shorten_deadline(exchange, has_moved, us);
    deadline_arm(exchange->worker->wheel, &exchange->deadline, us);
}

enum step do_relay(struct exchange *exchange)
{
    enum step next = STEP_WAIT;

    if (exchange->is_evicted)
        return exchange_fail(exchange, FAULT_TARGET_EVICTED);
    (void)relay_request(exchange); /* what it came to is in the state */
    if (exchange->state != EX_RELAY)
        return STEP_AGAIN;
    next = relay_response(exchange);
    if (exchange->state != EX_RELAY)
        return STEP_AGAIN;
    if (is_silent(exchange) || !keeps_pace(exchange)) {
        enum fault fault = fault_of_timeout(exchange);

        exchange->linger = exchange->linger || fault == FAULT_CLIENT_SLOW_BODY;
        return exchange_fail(exchange, fault);
    }
    arm_deadline(exchange);
    return next;
}
