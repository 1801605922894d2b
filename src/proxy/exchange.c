/* The life of a request: states, beginning, stepping, ending. See exchange.h. */
#include "proxy/exchange.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "proxy/access.h"
#include "proxy/exchange_selfprobe.h"
#include "proxy/exchange_state.h"
#include "proxy/maintenance.h"
#include "proxy/request_id.h"
#include "proxy/session.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"
#include "route/slot.h"
#include "route/target.h"

enum { EXCHANGE_MAGIC = 0x0e8c4a9e, ARENA_LIMIT = 65536 };

static const struct {
    const char *name;
    unsigned next;
} states[] = {
#define STATE(name, next) [EX_##name] = { #name, next },
    EXCHANGE_STATES(STATE)
#undef STATE
};

const char *exchange_state_name(enum exchange_state state)
{
    return states[state].name;
}

void exchange_enter(struct exchange *exchange, enum exchange_state state)
{
    CHECK((states[exchange->state].next & 1u << state) != 0);
    exchange->state = (uint8_t)state;
}

static void on_deadline(struct deadline *deadline)
{
    struct exchange *exchange = container_of(deadline, struct exchange, deadline);
    struct session *session = exchange->session;

    CHECK(exchange->magic == EXCHANGE_MAGIC);
    exchange->is_timed_out = true;
    exchange_step(exchange);
    if (session->exchange == NULL)
        session_step(session);
}

/* Everything that is not overwritten later; the deadline may still be filed from an earlier life. */
static struct exchange *make_exchange(struct session *session)
{
    struct worker *worker = session->worker;
    struct exchange *exchange = pool_get(&worker->exchanges_pool);

    if (exchange->deadline.fn == NULL) {
        deadline_init(&exchange->deadline, on_deadline);
        deadline_init(&exchange->stall, exchange_evidence_on_stall);
        exchange->stall_us = UINT64_MAX;
    }
    memset(&exchange->magic, 0, offsetof(struct exchange, deadline));
    exchange->magic = EXCHANGE_MAGIC;
    exchange->state = EX_ROUTE;
    exchange->session = session;
    exchange->worker = worker;
    exchange->head_in = session->in;
    exchange->read_us = session->first_us;
    exchange->response_in = NULL;
    exchange->searched = 0;
    exchange->changes.room = 0;
    exchange->begin_us = clock_monotonic_us();
    exchange->random = hash_random(&worker->random);
    exchange->served_us = exchange->begin_us;
    exchange->request_id = (struct slice){ NULL, 0 };
    flow_init(&exchange->request, &session->stream, NULL);
    flow_init(&exchange->response, NULL, &session->stream);
    arena_init(&exchange->arena, exchange->arena_first, sizeof exchange->arena_first, ARENA_LIMIT);
    session->in = NULL;
    count_add(&worker->counts.exchanges, 1);
    count_add(&worker->counts.exchanges_total, 1);
    return exchange;
}

struct exchange *exchange_begin(struct session *session, const struct head *head)
{
    struct exchange *exchange = make_exchange(session);
    size_t size = head->field_count * sizeof *head->fields;
    struct field *fields = exchange->fields;
    const struct buffer *in = exchange->head_in;

    exchange->head = *head;
    if (head->field_count > EXCHANGE_FIELDS)
        fields = arena_alloc(&exchange->arena, size);
    CHECK(fields != NULL); /* SCRATCH_FIELDS of them fit into the arena's limit */
    memcpy(fields, head->fields, size);
    exchange->head.fields = fields;
    exchange->request.first = slice_of(in->bytes + head->size, in->end - head->size);
    /* behind an upgrade that was refused may be bytes of the other protocol: never taken for a request */
    exchange->close_client = head->close || head->wants_upgrade || session->worker->is_draining;
    exchange->response_half = HALF_HEAD;
    exchange->request_half = HALF_BODY;
    if (head->framing == FRAMING_NONE || (head->framing == FRAMING_LENGTH && head->length == 0))
        exchange->request_half = HALF_DONE;
    exchange->request_id = request_id_of(exchange);
    exchange_selfprobe_know(exchange);
    return exchange;
}

struct exchange *exchange_begin_bad(struct session *session, enum fault fault)
{
    struct exchange *exchange = make_exchange(session);

    memset(&exchange->head, 0, sizeof exchange->head);
    exchange->head.method = METHOD_OTHER;
    exchange->head.minor = 1;
    exchange->fault = fault;
    exchange->close_client = true;
    exchange->linger = true;
    exchange->request_half = HALF_BODY;
    exchange->state = EX_REPLY;
    return exchange;
}

void exchange_refuse(struct exchange *exchange, enum fault fault)
{
    exchange->fault = fault;
    exchange->state = EX_REPLY;
}

/* Its turn, or the end of its patience: the routing knows which. */
enum step do_wait(struct exchange *exchange)
{
    if (!exchange->seat.is_due && !exchange->is_timed_out)
        return STEP_WAIT;
    exchange_enter(exchange, EX_ROUTE);
    return STEP_AGAIN;
}

static enum step do_finish(struct exchange *exchange);

void exchange_step(struct exchange *exchange)
{
    enum step next = STEP_GONE;

    CHECK(exchange->magic == EXCHANGE_MAGIC);
    do {
        switch ((enum exchange_state)exchange->state) { /* no default: the compiler counts */
        case EX_ROUTE: next = do_route(exchange); break;
        case EX_WAIT: next = do_wait(exchange); break;
        case EX_LEASE: next = do_lease(exchange); break;
        case EX_SEND: next = do_send(exchange); break;
        case EX_RELAY: next = do_relay(exchange); break;
        case EX_REPLY: next = do_reply(exchange); break;
        case EX_TUNNEL: next = do_tunnel(exchange); break;
        case EX_FINISH: next = do_finish(exchange); break;
        }
    } while (next == STEP_AGAIN);
}

void exchange_on_client(struct exchange *exchange)
{
    bool is_reading = exchange->state == EX_RELAY && exchange->request_half != HALF_DONE &&
                      !exchange->request_broken && exchange->request_wait != FLOW_WAIT_WRITE;
    bool is_waiting =
        exchange->state == EX_WAIT || (!is_reading && !flow_has_output(&exchange->response));

    /* with nothing to read or write for the client, what woke us is more of its bytes, its FIN, or its end */
    if (is_waiting && stream_error(&exchange->session->stream) != 0) {
        session_close(exchange->session);
        return;
    }
    exchange_step(exchange);
}

void exchange_on_upstream(struct exchange *exchange)
{
    exchange_step(exchange);
}

void exchange_drop_upstream(struct exchange *exchange, bool reusable)
{
    struct upstream *upstream = exchange->upstream;

    if (upstream == NULL)
        return;
    exchange->upstream = NULL;
    exchange->request.to = NULL;
    exchange->response.from = NULL;
    upstream->exchange = NULL;
    /* bytes behind a complete response would be taken for the next one */
    if (reusable && upstream->stream.readable)
        reusable = !upstream->stream.hung_up && !stream_is_stale(&upstream->stream);
    upstream->stream.readable = false;
    upstream->requests++;
    if (exchange->policy.pool_requests > 0 && upstream->requests >= exchange->policy.pool_requests)
        reusable = false;
    if (reusable)
        upstream_return(upstream, exchange->policy.pool_max, exchange->policy.pool_idle_us);
    else
        upstream_close(upstream);
}

enum step exchange_end(struct exchange *exchange, enum fault fault)
{
    exchange->fault = fault;
    if (fault != FAULT_NONE) {
        exchange->close_upstream = true;
        exchange->close_client = exchange->close_client || exchange->response_half != HALF_DONE;
    }
    exchange_enter(exchange, EX_FINISH);
    return STEP_AGAIN;
}

enum step exchange_fail(struct exchange *exchange, enum fault fault)
{
    exchange_report(exchange, fault, 0);
    if (exchange_try_again(exchange, fault))
        return STEP_AGAIN;
    exchange->close_upstream = true;
    /* behind a part of an interim response no answer of ours would be understood */
    if (exchange->response_begun || fault_status(fault) == 0 ||
        flow_has_output(&exchange->response))
        return exchange_end(exchange, fault);
    exchange->fault = fault;
    exchange_enter(exchange, EX_REPLY);
    return STEP_AGAIN;
}

/* Bytes behind this request stay with the session as the beginning of the next one. */
static void hand_back_input(struct exchange *exchange, bool keep)
{
    struct session *session = exchange->session;
    struct flow *request = &exchange->request;
    struct buffer *rest = NULL;
    size_t size = 0;

    if (keep && request->first.len > 0) {
        rest = exchange->head_in;
        size = request->first.len;
        memmove(rest->bytes, request->first.ptr, size);
        exchange->head_in = NULL;
    } else if (keep && request->in != NULL && request->in_at < request->in->end) {
        rest = request->in;
        size = rest->end - request->in_at;
        memmove(rest->bytes, rest->bytes + request->in_at, size);
        request->in = NULL;
    }
    if (rest != NULL)
        rest->end = (uint32_t)size;
    session->in = rest;
}

static void give_memory_back(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;

    flow_fini(&exchange->request, worker);
    flow_fini(&exchange->response, worker);
    buffer_return(&worker->shelf, exchange->head_in);
    buffer_return(&worker->shelf, exchange->response_in);
    arena_reset(&exchange->arena);
    exchange->evidence.slot = NULL; /* the alarm may still ring */
    if (pool_recycles()) {
        deadline_disarm(&exchange->deadline);
        return;
    }
    deadline_fini(&exchange->deadline);
    deadline_fini(&exchange->stall);
}

void exchange_let_go(struct exchange *exchange)
{
    give_memory_back(exchange);
    exchange->session->exchange = NULL;
    exchange->magic = 0;
    pool_put(&exchange->worker->exchanges_pool, exchange);
}

static enum step do_finish(struct exchange *exchange)
{
    struct session *session = exchange->session;
    struct worker *worker = exchange->worker;
    uint64_t end_us = clock_monotonic_us();
    bool keep = !exchange->close_client;
    bool is_read = !exchange->linger && exchange->request_half == HALF_DONE &&
                   exchange->request.first.len == 0 && exchange->request.in == NULL;
    bool is_cut = exchange->response_begun && exchange->response_half != HALF_DONE &&
                  exchange->response.out_framing == FRAMING_CLOSE;

    exchange->bytes_out += exchange->response.written;
    exchange_evidence_end(exchange, end_us);
    access_record(exchange, end_us);
    waiting_leave(exchange);
    exchange_drop_upstream(exchange, !exchange->close_upstream);
    if (exchange->target != NULL)
        target_unpin(exchange->target, worker->id);
    if (exchange->slot != NULL)
        slot_unpin(exchange->slot, worker->id);
    waiting_stir(&worker->waiting);
    maintenance_page_return(exchange->answer.page);
    hand_back_input(exchange, keep && session->phase != SESSION_CLOSED);
    give_memory_back(exchange);
    if (keep && session->in == NULL && session->phase != SESSION_CLOSED)
        deadline_arm(worker->wheel, &session->deadline,
                     worker->is_draining      ? worker->linger_us
                     : exchange->slot != NULL ? exchange->policy.keepalive_us
                                              : worker->keepalive_us);
    count_add(&worker->counts.exchanges, (uint64_t)-1);
    exchange->magic = 0;
    pool_put(&worker->exchanges_pool, exchange);
    session->exchange = NULL;
    if (is_cut && session->phase != SESSION_CLOSED) {
        stream_reset(&session->stream); /* a FIN would be taken for the end of the body */
        session_close(session);
        return STEP_GONE;
    }
    session_exchange_done(session, keep ? SESSION_KEEP : is_read ? SESSION_END : SESSION_UNREAD);
    return STEP_GONE;
}

void exchange_abort(struct exchange *exchange, enum fault fault)
{
    exchange->close_upstream = true;
    exchange->close_client = true;
    if (exchange->fault == FAULT_NONE)
        exchange->fault = fault;
    exchange->state = EX_FINISH; /* the one way in from any state */
    exchange_step(exchange);
}

void exchange_evict(struct exchange *exchange)
{
    struct session *session = exchange->session;

    exchange->is_evicted = true;
    exchange_step(exchange);
    if (session->exchange == NULL)
        session_step(session);
}
