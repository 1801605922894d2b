/*
 * Whether a request may be tried again, on the same slot or on the live one in place of the candidate, and the way
 * back to ROUTE: the one place that knows (RFC 9110 9.2.2, 9112 9.3.1).
 */
#include "proxy/exchange.h"

#include "base/clock.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"
#include "route/slot.h"
#include "route/steering.h"
#include "route/target.h"

/* The request can be sent again: nothing of its body was read beyond what still lies in the head's buffer. */
static bool is_repeatable(const struct exchange *exchange)
{
    return !exchange->request.lost_input && !exchange->continue_sent;
}

/* A target that has seen the request may have acted on it: only what is idempotent goes twice. */
static bool is_idempotent(const struct exchange *exchange)
{
    const struct head *head = &exchange->head;

    return head_is_idempotent(head) || (head->seen & 1ull << FIELD_IDEMPOTENCY_KEY) != 0;
}

bool exchange_retry_allowed(const struct exchange *exchange, enum fault fault)
{
    if (!fault_is_retryable(fault) || fault == FAULT_TARGET_STATUS || exchange->response_begun ||
        exchange->policy.attempts == 0 || exchange->slot == NULL)
        return false;
    /* with TLS 1.3 a target may refuse us after it was sent the request */
    if ((fault == FAULT_TARGET_TLS || fault == FAULT_TARGET_CERT) && exchange->state != EX_LEASE)
        return false;
    if (fault != FAULT_TARGET_STALE) /* never connected: nothing of it has left us */
        return exchange->tries < exchange->policy.attempts;
    return exchange->stale_tries == 0 && is_repeatable(exchange) &&
           (exchange->request.written == 0 || is_idempotent(exchange));
}

static bool is_of_connect(enum fault fault)
{
    return fault == FAULT_CONNECT_REFUSED || fault == FAULT_CONNECT_TIMEOUT ||
           fault == FAULT_CONNECT_FAILED || fault == FAULT_TARGET_TLS || fault == FAULT_TARGET_CERT;
}

bool exchange_shield_allowed(const struct exchange *exchange, enum fault fault)
{
    if (!exchange->policy.shield || exchange->route.is_shielded || exchange->route.is_selfprobe ||
        exchange->slot == NULL || !exchange->route.is_candidate ||
        exchange->route.rule != RULE_CANARY)
        return false;
    if (fault != FAULT_TARGET_STATUS && !is_of_connect(fault))
        return false;
    return !exchange->response_begun && exchange->interim_count == 0 && is_repeatable(exchange) &&
           head_is_idempotent(&exchange->head);
}

/* One attempt more out of the slot's budget. */
static bool spend(struct exchange *exchange)
{
    struct slot *slot = exchange->slot;
    struct budget *budget = &slot->cells[exchange->worker->id].budget;

    if (budget_take(budget, clock_monotonic_us(), exchange->policy.retry_budget))
        return true;
    atomic_fetch_add_explicit(&slot->service->counts.budget_spent, 1, memory_order_relaxed);
    return false;
}

/* Notes the target that failed, so that another is preferred, and lets go of it. */
static void leave_target(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;

    exchange_drop_upstream(exchange, false);
    if (exchange->target != NULL) {
        exchange->tried[exchange->tries % TRIED_MAX] = exchange->target;
        target_unpin(exchange->target, worker->id);
        exchange->target = NULL;
    }
    slot_unpin(exchange->slot, worker->id);
    exchange->slot = NULL;
    waiting_stir(&worker->waiting);
}

enum step exchange_reroute(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;

    buffer_return(&worker->shelf, exchange->response_in);
    exchange->response_in = NULL;
    exchange->searched = 0;
    exchange->is_timed_out = false;
    exchange->is_evicted = false;
    exchange->is_paced = false;
    exchange->close_upstream = false; /* what was found is true of the connection that is left */
    exchange->progress = 0;           /* the next attempt moves as many bytes: arm anew */
    flow_fini(&exchange->request, worker);
    leave_target(exchange);
    exchange_enter(exchange, EX_ROUTE);
    return STEP_AGAIN;
}

static void go_back(struct exchange *exchange, enum fault fault)
{
    struct slot_cell *cell = &exchange->slot->cells[exchange->worker->id];

    count_add(&cell->retries[slot_retry_cause(fault)], 1);
    (void)exchange_reroute(exchange);
}

/* The failure is the candidate's, and counted there; what comes now is the live slot's. */
static void turn_to_live(struct exchange *exchange, enum fault fault, unsigned status)
{
    uint64_t now_us = clock_monotonic_us();
    uint64_t took_us = now_us - exchange->served_us;
    struct slot *slot = exchange->slot;
    struct slot_sample sample = {
        .method = exchange->head.method,
        .code = (uint16_t)status,
        .fault = (uint16_t)fault,
        .duration_us = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX,
    };

    slot_count(slot, exchange->worker->id, &sample);
    exchange_evidence_shield(exchange);
    count_add(&slot->cells[exchange->worker->id].shielded, 1);
    atomic_fetch_add_explicit(&slot->service->counts.shielded, 1, memory_order_relaxed);
    exchange->route.is_shielded = true;
    exchange->served_us = now_us;
    exchange->lease_us = 0;
    exchange->connect_us = 0;
    exchange->sent_us = 0;
    go_back(exchange, fault);
}

/* A kept connection that had ended, and a target that we take away, are no errors of the app. */
void exchange_report(struct exchange *exchange, enum fault fault, unsigned status)
{
    bool is_error = fault_side(fault) == SIDE_TARGET && fault != FAULT_TARGET_STALE &&
                    fault != FAULT_TARGET_EVICTED;

    if (exchange->target == NULL || exchange->response_begun)
        return;
    if (fault == FAULT_NONE)
        target_report_answer(exchange->target, exchange->worker->id, status < 500);
    else if (is_error)
        target_report_answer(exchange->target, exchange->worker->id, false);
}

bool exchange_try_again(struct exchange *exchange, enum fault fault)
{
    bool is_retry = exchange_retry_allowed(exchange, fault);

    if (!is_retry && !exchange_shield_allowed(exchange, fault))
        return false;
    if (!spend(exchange))
        return false;
    if (!is_retry) {
        turn_to_live(exchange, fault, (unsigned)fault_status(fault));
        return true;
    }
    if (fault == FAULT_TARGET_STALE) {
        exchange->stale_tries++;
    } else {
        exchange->tries++;
        exchange->evidence.failed = (uint16_t)fault;
    }
    go_back(exchange, fault);
    return true;
}

bool exchange_shield(struct exchange *exchange, unsigned status)
{
    if (status < 502 || status > 504 || !exchange_shield_allowed(exchange, FAULT_TARGET_STATUS) ||
        !spend(exchange))
        return false;
    turn_to_live(exchange, FAULT_TARGET_STATUS, status);
    return true;
}
