/*
 * The states of an exchange and their transitions in one table, the functions of the states, and what they use
 * of each other. For the exchange's own sources; everybody else sees exchange.h only.
 */
#ifndef PROXY_EXCHANGE_STATE_H
#define PROXY_EXCHANGE_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

struct exchange;
struct head;

/* STATE(name, may be followed by) */
#define EXCHANGE_STATES(STATE)                                                                     \
    STATE(ROUTE, 1u << EX_LEASE | 1u << EX_WAIT | 1u << EX_REPLY)                                  \
    STATE(WAIT, 1u << EX_ROUTE)                                                                    \
    STATE(LEASE, 1u << EX_ROUTE | 1u << EX_SEND | 1u << EX_REPLY | 1u << EX_FINISH)                \
    STATE(SEND, 1u << EX_ROUTE | 1u << EX_RELAY | 1u << EX_REPLY | 1u << EX_FINISH)                \
    STATE(RELAY, 1u << EX_ROUTE | 1u << EX_REPLY | 1u << EX_TUNNEL | 1u << EX_FINISH)              \
    STATE(TUNNEL, 0)                                                                               \
    STATE(REPLY, 1u << EX_FINISH)                                                                  \
    STATE(FINISH, 0)

enum exchange_state {
#define STATE(name, next) EX_##name,
    EXCHANGE_STATES(STATE)
#undef STATE
};

/* What a state function answers: go on with the next state, wait for a fact, or the object is gone. */
enum step { STEP_AGAIN, STEP_WAIT, STEP_GONE };

void exchange_enter(struct exchange *exchange, enum exchange_state state);
enum step exchange_fail(struct exchange *exchange, enum fault fault);

/* Leaves the target and begins anew with ROUTE; while nothing of a final response has left us. */
enum step exchange_reroute(struct exchange *exchange);
enum step exchange_end(struct exchange *exchange, enum fault fault);
void exchange_drop_upstream(struct exchange *exchange, bool reusable);
enum step do_route(struct exchange *exchange);
enum step do_wait(struct exchange *exchange);
enum step do_lease(struct exchange *exchange);
enum step do_send(struct exchange *exchange);
enum step do_relay(struct exchange *exchange);
enum step do_reply(struct exchange *exchange);
enum step do_tunnel(struct exchange *exchange);
const char *exchange_state_name(enum exchange_state state);

/* A 101: on to TUNNEL, or a failure. */
enum step exchange_switch(struct exchange *exchange, const struct head *head);

/* The PROXY header for a new connection at out (PROXY_HEADER_SIZE bytes); its size, 0 when the target wants none. */
size_t exchange_proxy_header(const struct exchange *exchange, char *out);

/* Its own memory goes; connections and pins have another owner. */
void exchange_let_go(struct exchange *exchange);

/* RELAY, in two halves. WAIT: nothing to do now; GONE is never answered. */
enum step relay_request(struct exchange *exchange);
enum step relay_response(struct exchange *exchange);

/* The one rule for trying again (DESIGN "Retry", RFC 9110 9.2.2). */
bool exchange_retry_allowed(const struct exchange *exchange, enum fault fault);

/* The rule for asking the live slot instead of the candidate: once, by the canary's hash only (who asked for a slot by
 * preview, chain, host or pin wants to see what it does), and only what is idempotent and can be sent again. */
bool exchange_shield_allowed(const struct exchange *exchange, enum fault fault);

/* What an attempt says of its target, for ejection: a final response head with this status, or the fault in its place. */
void exchange_report(struct exchange *exchange, enum fault fault, unsigned status);

/* A failed attempt: true when the exchange goes back to ROUTE, within the rules and the slot's budget. */
bool exchange_try_again(struct exchange *exchange, enum fault fault);

/* A response head with this status has come and nothing of it went on: true when the live slot is asked instead. */
bool exchange_shield(struct exchange *exchange, unsigned status);

#endif
