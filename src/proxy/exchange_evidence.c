/* One count per request: see exchange_evidence.h. */
#include "proxy/exchange_evidence.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "evidence/blame.h"
#include "proxy/exchange.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/worker_priv.h"
#include "route/cohort_cells.h"
#include "route/match.h"
#include "route/slot.h"
#include "route/slot_evidence.h"

static unsigned bin_of(struct slice key)
{
    return (unsigned)hash_bytes(0, key.ptr, key.len) % COUNTS_BINS;
}

static struct slice first_segment(struct slice path)
{
    struct slice segment = { NULL, 0 };

    (void)slice_next(&path, '/', &segment); /* in front of the first slash */
    (void)slice_next(&path, '/', &segment);
    return segment;
}

/* A request without the header or the tenant has the bin of its client: those without are not one key. */
static unsigned find_bin(const struct exchange *exchange, const struct route_answer *answer)
{
    const struct evidence_key *key = &answer->service->evidence_key;
    struct slice value = { NULL, 0 };

    switch (key->kind) {
    case EVIDENCE_CLIENT_IP: break;
    case EVIDENCE_HEADER: value = head_value(&exchange->head, slice_from(key->name)); break;
    case EVIDENCE_TENANT: value = answer->tenant; break;
    case EVIDENCE_PATH: return bin_of(first_segment(exchange->head.path));
    }
    return value.len > 0 ? bin_of(value) : exchange->session->client_bin;
}

static void count(struct exchange *exchange, struct slot *slot, bool is_error, uint64_t us)
{
    struct exchange_evidence *evidence = &exchange->evidence;
    unsigned worker = exchange->worker->id;

    evidence->is_over = true;
    if (is_error)
        slot_evidence_error(slot, worker, evidence->bin);
    else
        slot_evidence_success(slot, worker, evidence->bin, us);
    if (exchange->route.rule == RULE_TENANT && exchange->route.tenant.ptr != NULL)
        cohort_cells_count(slot, worker, exchange->route.tenant, is_error);
}

/* Another slot than before: what failed there stays there, if there still is such a slot. A kept connection that was
 * closed, or a target taken away, is no failure: as if the request had come now. */
static void leave_first(struct exchange *exchange, const struct route_answer *answer)
{
    struct exchange_evidence *evidence = &exchange->evidence;
    const struct slot *first = evidence->slot;

    evidence->slot = NULL;
    if (evidence->failed == FAULT_NONE)
        return;
    evidence->is_over = true;
    for (unsigned i = 0; i < answer->service->slot_count; i++)
        if (answer->service->slots[i].slot == first)
            count(exchange, answer->service->slots[i].slot, true, 0);
}

/* An alarm that rings too early, for an exchange before this one in the same memory, is set anew by then: so that
 * most requests find one that will do. */
static void watch(struct exchange *exchange)
{
    uint64_t us = exchange->policy.inflight_error_us;

    if (us == 0 || us >= exchange->stall_us)
        return;
    exchange->stall_us = us;
    deadline_arm(exchange->worker->wheel, &exchange->stall, us);
}

void exchange_evidence_route(struct exchange *exchange, const struct route_answer *answer,
                             enum fault fault)
{
    struct exchange_evidence *evidence = &exchange->evidence;

    if (evidence->slot != NULL && evidence->slot != answer->slot && !evidence->is_over)
        leave_first(exchange, answer);
    if (fault != FAULT_NONE || evidence->is_over || !exchange->policy.evidence ||
        answer->rule == RULE_PREVIEW)
        return;
    if (evidence->slot == NULL) {
        evidence->slot = answer->slot;
        evidence->bin = (uint8_t)find_bin(exchange, answer);
    }
    watch(exchange);
}

/* The slot's time; counted by whom it was pinned only. */
static bool is_countable(const struct exchange *exchange)
{
    return exchange->evidence.slot != NULL && exchange->evidence.slot == exchange->slot &&
           !exchange->evidence.is_over;
}

void exchange_evidence_shield(struct exchange *exchange)
{
    if (is_countable(exchange))
        count(exchange, exchange->slot, true, 0);
    exchange->evidence.is_over = true;
}

void exchange_evidence_end(struct exchange *exchange, uint64_t end_us)
{
    struct exchange_evidence *evidence = &exchange->evidence;

    if (!is_countable(exchange))
        return;
    if (evidence->target_us != 0)
        end_us = evidence->target_us;
    switch (blame_of(exchange->fault, exchange->status)) {
    case BLAME_NOBODY: count(exchange, exchange->slot, false, end_us - exchange->served_us); break;
    case BLAME_RELEASE: count(exchange, exchange->slot, true, 0); break;
    case BLAME_CLIENT: break;
    case BLAME_US:
        if (evidence->failed != FAULT_NONE)
            count(exchange, exchange->slot, true, 0);
        break;
    }
}

/* Since when the target could have answered; now while it has not got the whole request. */
static uint64_t asked_us(const struct exchange *exchange, uint64_t now_us)
{
    if (exchange->state != EX_RELAY)
        return exchange->served_us; /* it does not even take the connection */
    if (exchange->request_half != HALF_DONE && !exchange->request_broken)
        return now_us;
    return exchange->sent_us != 0 ? exchange->sent_us : exchange->served_us;
}

void exchange_evidence_on_stall(struct deadline *deadline)
{
    struct exchange *exchange = container_of(deadline, struct exchange, stall);
    struct exchange_evidence *evidence = &exchange->evidence;
    uint64_t limit_us = exchange->policy.inflight_error_us;
    uint64_t now_us = clock_monotonic_us();
    uint64_t age_us = 0;

    exchange->stall_us = UINT64_MAX;
    if (!is_countable(exchange) || exchange->response_half != HALF_HEAD ||
        exchange->state == EX_REPLY)
        return;
    age_us = now_us - asked_us(exchange, now_us);
    if (age_us < limit_us) {
        exchange->stall_us = limit_us - age_us;
        deadline_arm(exchange->worker->wheel, deadline, limit_us - age_us);
        return;
    }
    evidence->is_over = true;
    slot_evidence_stall(exchange->slot, exchange->worker->id, evidence->bin);
    if (exchange->route.rule == RULE_TENANT && exchange->route.tenant.ptr != NULL)
        cohort_cells_count(exchange->slot, exchange->worker->id, exchange->route.tenant, true);
}
