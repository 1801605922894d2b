/*
 * What of an exchange is evidence about a release. A client's request is counted once, for the slot that was asked
 * first: when it ends (evidence/blame.h says as what), when the candidate failed and the live slot is asked instead,
 * or when its target has had all of it for policy.inflight_error_us and has sent no response head: a slot that hangs
 * completes nothing, and would else be judged on nothing. What hangs is counted then and not again at its end; a
 * response that has begun (a large download, server-sent events) is no hanging, however long it takes.
 * Previews, requests of our own and what never reached a slot are not counted. On the worker's thread.
 */
#ifndef PROXY_EXCHANGE_EVIDENCE_H
#define PROXY_EXCHANGE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

struct deadline;
struct exchange;
struct route_answer;
struct slot;

struct exchange_evidence {
    struct slot *
        slot; /* asked first; NULL: none was, or it was counted. Alive while the exchange has pinned it */
    uint64_t
        target_us; /* the target's last byte was there while the client still reads; 0: at the end */
    uint16_t failed; /* enum fault that its first attempt came to */
    uint8_t bin;
    bool is_over; /* it was counted */
};

/* Within the section of the routing: the exchange goes to this slot, or, with a fault, no further. */
void exchange_evidence_route(struct exchange *exchange, const struct route_answer *answer,
                             enum fault fault);

/* The slot, still pinned, has failed and another one is asked in its place. */
void exchange_evidence_shield(struct exchange *exchange);

/* The end, or the 101 of a tunnel; the slot is still pinned. */
void exchange_evidence_end(struct exchange *exchange, uint64_t end_us);

/* Of exchange->stall: looks whether what is in flight now hangs. */
void exchange_evidence_on_stall(struct deadline *deadline);

#endif
