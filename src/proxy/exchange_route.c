/*
 * ROUTE: from the request to service, slot and target in one read-side section, and the limits of the service
 * that only now is known.
 */
#include "base/check.h"
#include "base/hash.h"
#include "base/rcu.h"
#include "proxy/exchange.h"
#include "proxy/exchange_changes.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/worker_priv.h"
#include "route/match.h"
#include "route/slot.h"
#include "route/snapshot.h"
#include "route/target.h"

/* OPTIONS and TRACE may ask to go no further than here (RFC 9110 7.6.2); TRACE is never answered by us. */
static enum fault check_forwards(const struct head *head)
{
    if ((head->seen & 1ull << FIELD_MAX_FORWARDS) == 0 ||
        (head->method != METHOD_OPTIONS && head->method != METHOD_TRACE) ||
        !slice_is_equal(head_value(head, SLICE("Max-Forwards")), SLICE("0")))
        return FAULT_NONE;
    return head->method == METHOD_OPTIONS ? FAULT_NO_FURTHER : FAULT_METHOD_REFUSED;
}

/* The service's own limits, where they are stricter than the most that any service allows. */
static enum fault check_limits(const struct exchange *exchange)
{
    const struct policy *policy = &exchange->policy;
    const struct head *head = &exchange->head;

    if (head->target.len > policy->target_bytes)
        return FAULT_TARGET_TOO_LONG;
    if (head->size > policy->head_bytes)
        return FAULT_HEAD_TOO_LARGE;
    if (head->field_count > policy->fields)
        return FAULT_TOO_MANY_FIELDS;
    if (head->wants_upgrade)
        return FAULT_UPGRADE_REFUSED;
    if (policy->body_limit > 0 && head->framing == FRAMING_LENGTH &&
        head->length > policy->body_limit)
        return FAULT_BODY_TOO_LARGE;
    return check_forwards(head);
}

/* Looks and pins: what is found stays alive until it is unpinned. */
static enum fault find_and_pin(struct exchange *exchange)
{
    unsigned worker = exchange->worker->id;
    struct address client;
    struct route_query query = { .head = &exchange->head,
                                 .client = &client,
                                 .worker = worker,
                                 .random = hash_random(&exchange->worker->random) };
    struct route_answer answer = { .target = NULL };
    struct change_notes notes;
    enum fault fault = FAULT_NONE;

    session_peer(exchange->session, &client);
    for (unsigned i = 0; i < TRIED_MAX; i++)
        query.avoid[i] = exchange->tried[i];
    rcu_read_begin();
    fault = match_find(snapshot_current(), &query, &answer);
    if (fault != FAULT_NO_SERVICE) {
        exchange->policy = answer.service->policy;
        exchange->slot = answer.slot;
        slot_pin(answer.slot, worker);
        change_notes_take(&notes, exchange, &answer);
    }
    if (fault == FAULT_NONE) {
        exchange->target = answer.target;
        target_pin(answer.target, worker);
    }
    exchange->epoch = answer.epoch;
    rcu_read_end();
    if (exchange->slot != NULL && !change_notes_keep(&notes, exchange))
        return FAULT_OVERLOADED;
    return fault;
}

/* What came in the clear is sent to https; where a request names no host there is no place to send it to. */
static enum fault check_https(const struct exchange *exchange, enum fault fault)
{
    if (exchange->slot == NULL || !exchange->policy.https_redirect || exchange_is_https(exchange))
        return fault;
    return exchange->head.host_len > 0 ? FAULT_HTTPS_ONLY : FAULT_BAD_HOST;
}

enum step do_route(struct exchange *exchange)
{
    enum fault fault = check_https(exchange, find_and_pin(exchange));

    if (fault == FAULT_NONE)
        fault = check_limits(exchange);
    if (fault == FAULT_UPGRADE_REFUSED) /* what follows may be in the other protocol already */
        exchange->close_client = true;
    if (fault != FAULT_NONE)
        return exchange_fail(exchange, fault);
    exchange_enter(exchange, EX_LEASE);
    return STEP_AGAIN;
}
