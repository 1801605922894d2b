/*
 * ROUTE: from the request to service, slot and target in one read-side section, and the limits of the service
 * that only now is known. What may not go on now goes to WAIT, and comes back here at its turn.
 */
#include "base/check.h"
#include "base/rcu.h"
#include "net/loop.h"
#include "proxy/exchange.h"
#include "proxy/exchange_changes.h"
#include "proxy/exchange_selfprobe.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/worker_priv.h"
#include "route/admit.h"
#include "route/match.h"
#include "route/rate.h"
#include "route/slot.h"
#include "route/snapshot.h"
#include "route/target.h"

enum { SECOND_US = 1000000 };

/* Whether the client may make one request more of this service now. */
static enum fault take_rate(struct exchange *exchange, const struct route_answer *answer)
{
    const struct policy *policy = &exchange->policy;
    struct service *service = answer->service->service;
    uint64_t now_us = loop_now_us(exchange->worker->loop);
    uint64_t retry_us = 0;
    struct address client;

    if (policy->client_rate == 0 || service->rate == NULL || exchange->route.is_rated)
        return FAULT_NONE;
    exchange->route.is_rated = true;
    session_peer(exchange->session, &client);
    retry_us = rate_take(service->rate, &client, policy->client_rate, policy->client_burst, now_us);
    if (retry_us == 0)
        return FAULT_NONE;
    exchange->answer.retry_after_s = (uint32_t)((retry_us + SECOND_US - 1) / SECOND_US);
    atomic_fetch_add_explicit(&service->counts.limited, 1, memory_order_relaxed);
    return FAULT_CLIENT_LIMITED;
}

/* What is asked of the request once its service is known, before it may wait or go on. */
static enum fault check_request(struct exchange *exchange, const struct route_answer *answer,
                                enum fault fault)
{
    enum fault limit = take_rate(exchange, answer);

    if (limit != FAULT_NONE)
        return limit;
    fault = admit_request(&exchange->policy, &exchange->head, exchange_is_https(exchange), fault);
    if (fault == FAULT_MAINTENANCE)
        exchange->answer.retry_after_s = answer->service->traffic.retry_after_s;
    return fault;
}

/* The slot and, when the request goes on, the target: they live until they are unpinned. */
static void pin(struct exchange *exchange, const struct route_answer *answer, enum fault fault)
{
    unsigned worker = exchange->worker->id;

    exchange->slot = answer->slot;
    slot_pin(answer->slot, worker);
    exchange_evidence_route(exchange, answer, fault);
    if (fault != FAULT_NONE)
        return;
    exchange->target = answer->target;
    target_pin(answer->target, worker);
    if (exchange->tries + exchange->stale_tries == 0 && !exchange->route.is_shielded)
        budget_count(&answer->slot->cells[worker].budget, exchange->begin_us);
}

/* Keeps what the answer says beside slot and target. */
static void take_answer(struct exchange *exchange, const struct route_answer *answer)
{
    exchange->policy = answer->service->policy;
    exchange->route.rule = (uint8_t)answer->rule;
    exchange->route.is_candidate = answer->is_candidate;
    if (answer->is_preview_refused && !exchange->route.is_preview_refused)
        atomic_fetch_add_explicit(&answer->service->service->counts.preview_refused, 1,
                                  memory_order_relaxed);
    exchange->route.is_preview_refused = answer->is_preview_refused;
    exchange->route.tenant = answer->tenant;
}

/* Looks, and pins or counts in: what is found stays alive until it is let go. */
static enum fault find_and_pin(struct exchange *exchange, struct wait_place *place)
{
    struct address client;
    struct route_query query = { .head = &exchange->head,
                                 .client = &client,
                                 .worker = exchange->worker->id,
                                 .random = exchange->random,
                                 .now_us = loop_now_us(exchange->worker->loop),
                                 .is_repeat = exchange->route.is_counted,
                                 .live_only =
                                     exchange->route.is_shielded || exchange->route.is_selfprobe };
    struct route_answer answer = { .target = NULL };
    struct change_notes notes;
    struct selfprobe_note note;
    bool is_late = exchange->is_timed_out;
    enum fault fault = FAULT_NONE;

    session_peer(exchange->session, &client);
    for (unsigned i = 0; i < TRIED_MAX; i++)
        query.avoid[i] = exchange->tried[i];
    rcu_read_begin();
    fault = match_find(snapshot_current(), &query, &answer);
    if (fault != FAULT_NO_SERVICE) {
        take_answer(exchange, &answer);
        exchange->route.is_counted |= fault != FAULT_HELD && fault != FAULT_MAINTENANCE;
        fault = check_request(exchange, &answer, fault);
        fault = waiting_judge(exchange, &answer, fault, is_late, place);
        if (place->kind == WAIT_NOT) {
            pin(exchange, &answer, fault);
            change_notes_take(&notes, exchange, &answer);
            selfprobe_note_take(&note, exchange, &answer);
        }
    }
    exchange->epoch = answer.epoch;
    rcu_read_end();
    if (exchange->slot != NULL &&
        (!change_notes_keep(&notes, exchange) || !selfprobe_note_keep(&note, exchange)))
        return FAULT_OVERLOADED;
    return fault;
}

enum step do_route(struct exchange *exchange)
{
    struct wait_place place = { .kind = WAIT_NOT };
    enum fault fault = find_and_pin(exchange, &place);

    exchange->seat.is_due = false;
    exchange->is_timed_out = false;
    if (place.kind != WAIT_NOT) {
        waiting_enter(exchange, &place);
        exchange_enter(exchange, EX_WAIT);
        return STEP_WAIT;
    }
    waiting_leave(exchange);
    if (fault != FAULT_NONE)
        return exchange_fail(exchange, fault);
    exchange_enter(exchange, EX_LEASE);
    return STEP_AGAIN;
}
