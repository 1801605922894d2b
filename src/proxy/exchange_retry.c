/* Whether a request may be tried again: the one place that knows (RFC 9110 9.2.2, 9112 9.3.1). */
#include "proxy/exchange.h"

#include "proxy/exchange_state.h"
#include "proxy/upstream.h"

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
    if (!fault_is_retryable(fault) || exchange->response_begun || exchange->policy.attempts == 0 ||
        exchange->slot == NULL)
        return false;
    if (fault != FAULT_TARGET_STALE) /* never connected: nothing of it has left us */
        return exchange->tries < exchange->policy.attempts;
    return exchange->stale_tries == 0 && is_repeatable(exchange) &&
           (exchange->request.written == 0 || is_idempotent(exchange));
}
