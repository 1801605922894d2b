/* The one rule for trying again, as a table: exchange_retry_allowed. */
#include <criterion/criterion.h>

#include "proxy/exchange.h"
#include "proxy/exchange_state.h"

/* What is known of an exchange when its attempt fails. */
struct attempt {
    enum fault fault;
    enum method method;
    bool has_key;     /* Idempotency-Key */
    uint64_t written; /* bytes of the request that the connection took */
    bool lost_input;  /* of the body, more was read than lies in the head's buffer */
    bool continue_sent;
    bool response_begun;
    bool unrouted;
    uint8_t tries;
    uint8_t stale_tries;
    uint8_t attempts; /* of the policy */
    uint8_t state;    /* enum exchange_state */
    bool is_allowed;
};

static const struct attempt attempts[] = {
    /* never connected: anything goes once more */
    { FAULT_CONNECT_REFUSED, METHOD_GET, .attempts = 1, .is_allowed = true },
    { FAULT_CONNECT_REFUSED, METHOD_POST, .attempts = 1, .is_allowed = true },
    { FAULT_CONNECT_TIMEOUT, METHOD_POST, .attempts = 1, .is_allowed = true },
    { FAULT_CONNECT_FAILED, METHOD_OTHER, .attempts = 1, .is_allowed = true },
    { FAULT_CONNECT_REFUSED, METHOD_GET, .attempts = 1, .tries = 1 },
    { FAULT_CONNECT_REFUSED, METHOD_GET, .attempts = 3, .tries = 2, .is_allowed = true },
    { FAULT_CONNECT_REFUSED, METHOD_GET, .attempts = 0 },
    { FAULT_CONNECT_REFUSED, METHOD_GET, .attempts = 1, .unrouted = true },
    /* a handshake that failed never sent the request; a refusal of TLS 1.3 may come behind it */
    { FAULT_TARGET_TLS, METHOD_POST, .attempts = 1, .state = EX_LEASE, .is_allowed = true },
    { FAULT_TARGET_CERT, METHOD_POST, .attempts = 1, .state = EX_LEASE, .is_allowed = true },
    { FAULT_TARGET_CERT, METHOD_GET, .attempts = 1, .tries = 1, .state = EX_LEASE },
    { FAULT_TARGET_TLS, METHOD_GET, .written = 99, .attempts = 1, .state = EX_RELAY },
    /* written by an attempt before: this one has sent nothing */
    { FAULT_TARGET_TLS, METHOD_POST, .written = 99, .attempts = 2, .tries = 1, .state = EX_LEASE,
      .is_allowed = true },
    /* a kept connection that was ended: what may have arrived goes twice only when that is harmless */
    { FAULT_TARGET_STALE, METHOD_GET, .written = 99, .attempts = 1, .is_allowed = true },
    { FAULT_TARGET_STALE, METHOD_HEAD, .written = 99, .attempts = 1, .is_allowed = true },
    { FAULT_TARGET_STALE, METHOD_PUT, .written = 99, .attempts = 1, .is_allowed = true },
    { FAULT_TARGET_STALE, METHOD_DELETE, .written = 99, .attempts = 1, .is_allowed = true },
    { FAULT_TARGET_STALE, METHOD_POST, .written = 1, .attempts = 1 },
    { FAULT_TARGET_STALE, METHOD_PATCH, .written = 99, .attempts = 1 },
    { FAULT_TARGET_STALE, METHOD_OTHER, .written = 99, .attempts = 1 },
    { FAULT_TARGET_STALE, METHOD_POST, .written = 99, .has_key = true, .attempts = 1,
      .is_allowed = true },
    { FAULT_TARGET_STALE, METHOD_POST, .written = 0, .attempts = 1, .is_allowed = true },
    { FAULT_TARGET_STALE, METHOD_GET, .attempts = 1, .stale_tries = 1 },
    { FAULT_TARGET_STALE, METHOD_GET, .attempts = 0 },
    { FAULT_TARGET_STALE, METHOD_PUT, .attempts = 1, .lost_input = true },
    { FAULT_TARGET_STALE, METHOD_PUT, .attempts = 1, .continue_sent = true },
    /* the app had it, or the client has something */
    { FAULT_TARGET_CLOSED, METHOD_GET, .attempts = 1 },
    { FAULT_TARGET_RESET, METHOD_GET, .attempts = 1 },
    { FAULT_TARGET_TIMEOUT, METHOD_GET, .attempts = 1 },
    { FAULT_RESPONSE_BAD, METHOD_GET, .attempts = 1 },
    { FAULT_TARGET_EVICTED, METHOD_GET, .attempts = 1 },
    { FAULT_NO_TARGET, METHOD_GET, .attempts = 1 },
    { FAULT_OVERLOADED, METHOD_GET, .attempts = 1 },
    { FAULT_CLIENT_GONE, METHOD_GET, .attempts = 1 },
    { FAULT_CONNECT_REFUSED, METHOD_GET, .attempts = 1, .response_begun = true },
    { FAULT_TARGET_STALE, METHOD_GET, .attempts = 1, .response_begun = true },
};

Test(retry, table)
{
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        const struct attempt *attempt = &attempts[i];
        static struct exchange exchange;
        char slot = 0; /* only that there is one matters */

        exchange = (struct exchange){ .tries = attempt->tries,
                                      .stale_tries = attempt->stale_tries,
                                      .continue_sent = attempt->continue_sent,
                                      .response_begun = attempt->response_begun };
        exchange.state = attempt->state;
        exchange.head.method = (uint8_t)attempt->method;
        exchange.head.seen = attempt->has_key ? 1ull << FIELD_IDEMPOTENCY_KEY : 0;
        exchange.request.written = attempt->written;
        exchange.request.lost_input = attempt->lost_input;
        exchange.policy.attempts = attempt->attempts;
        exchange.slot = attempt->unrouted ? NULL : (struct slot *)(void *)&slot;
        cr_assert_eq(exchange_retry_allowed(&exchange, attempt->fault), attempt->is_allowed,
                     "%zu: %s", i, fault_name(attempt->fault));
    }
}
