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

static uint8_t bin_of(struct slice key)
{
    return (uint8_t)(hash_bytes(0, key.ptr, key.len) % COUNTS_BINS);
}

static struct slice first_segment(struct slice path)
{
    struct slice segment = { NULL, 0 };

    (void)slice_next(&path, '/', &segment); /* in front of the first slash */
    (void)slice_next(&path, '/', &segment);
    return segment;
}

/* Of another key than the client; a request without the header or the tenant keeps the bin of its client: those
 * without are not one key. */
static void choose_bin(struct exchange *exchange, const struct route_answer *answer)
{
    const struct evidence_key *key = &answer->service->evidence_key;
    struct slice value = { NULL, 0 };

    switch (key->kind) {
    case EVIDENCE_CLIENT_IP: return;
    case EVIDENCE_HEADER: value = head_value(&exchange->head, slice_from(key->name)); break;
    case EVIDENCE_TENANT: value = answer->tenant; break;
    case EVIDENCE_PATH: exchange->evidence.bin = bin_of(first_segment(exchange->head.path)); return;
    }
    if (value.len > 0)
        exchange->evidence.bin = bin_of(value);
}

static void count_tenant(struct exchange *exchange, struct slot *slot, bool is_error)
{
    if (exchange->route.tenant.ptr != NULL)
        cohort_cells_count(slot, exchange->worker->id, exchange->route.tenant, is_error);
}

/* Counted: nothing of this exchange is any more. */
static void close_count(struct exchange *exchange, struct slot *slot, bool is_error)
{
    exchange->evidence.slot = NULL;
    exchange->evidence.is_over = true;
    if (exchange->route.rule == RULE_TENANT)
        count_tenant(exchange, slot, is_error);
}

static void count_error(struct exchange *exchange, struct slot *slot)
{
    slot_evidence_error(slot, exchange->worker->id, exchange->evidence.bin);
    close_count(exchange, slot, true);
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
            count_error(exchange, answer->service->slots[i].slot);
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

    if (evidence->slot != NULL && evidence->slot != answer->slot)
        leave_first(exchange, answer);
    if (fault != FAULT_NONE || evidence->is_over || !exchange->policy.evidence ||
        answer->rule == RULE_PREVIEW || exchange->route.is_selfprobe)
        return;
    if (evidence->slot == NULL) {
        evidence->slot = answer->slot;
        evidence->bin = exchange->session->client_bin;
        if (answer->service->evidence_key.kind != EVIDENCE_CLIENT_IP)
            choose_bin(exchange, answer);
    }
    watch(exchange);
}

/* Its slot is pinned, and it was not counted yet. */
static bool is_countable(const struct exchange *exchange)
{
    return exchange->evidence.slot != NULL && exchange->evidence.slot == exchange->slot;
}

void exchange_evidence_shield(struct exchange *exchange)
{
    if (is_countable(exchange))
        count_error(exchange, exchange->slot);
    exchange->evidence.is_over = true;
}

static void end_other(struct exchange *exchange, enum blame blame)
{
    if (blame == BLAME_RELEASE || (blame == BLAME_US && exchange->evidence.failed != FAULT_NONE))
        count_error(exchange, exchange->slot);
}

void exchange_evidence_end(struct exchange *exchange, uint64_t end_us)
{
    struct exchange_evidence *evidence = &exchange->evidence;
    enum blame blame = BLAME_NOBODY;

    if (!is_countable(exchange))
        return;
    blame = blame_of(exchange->fault, exchange->status);
    if (blame != BLAME_NOBODY) {
        end_other(exchange, blame);
        return;
    }
    if (evidence->target_us != 0)
        end_us = evidence->target_us;
    slot_evidence_success(exchange->slot, exchange->worker->id, evidence->bin,
                          end_us - exchange->served_us);
    close_count(exchange, exchange->slot, false);
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
    slot_evidence_stall(exchange->slot, exchange->worker->id, exchange->evidence.bin);
    close_count(exchange, exchange->slot, true);
}
