/*
 * One request and its response. Every callback records a fact and calls exchange_step; the states are in
 * exchange_state.h. Sources: exchange.c (begin, step, finish), exchange_route.c, exchange_lease.c,
 * _request, _response, _reply, _retry, _upgrade, _changes, _evidence; waiting.c keeps those in WAIT.
 */
#ifndef PROXY_EXCHANGE_H
#define PROXY_EXCHANGE_H

#include "base/arena.h"
#include "base/fault.h"
#include "http/head.h"
#include "net/wheel.h"
#include "proxy/exchange_changes.h"
#include "proxy/exchange_evidence.h"
#include "proxy/exchange_route.h"
#include "proxy/flow.h"
#include "proxy/maintenance.h"
#include "proxy/pace.h"
#include "proxy/waiting.h"
#include "route/service.h"

struct buffer;
struct maintenance_page;
struct session;
struct slot;
struct target;
struct upstream;
struct worker;

enum half { HALF_NONE, HALF_HEAD, HALF_BODY, HALF_DONE };

enum { EXCHANGE_FIELDS = 24, EXCHANGE_ARENA = 192, INTERIM_MAX = 8, TRIED_MAX = 2 };

/* Owner: session. Thread: the worker's. Ends by state FINISH, or becomes a tunnel. */
struct exchange {
    uint32_t magic;
    uint8_t state;         /* enum exchange_state */
    uint8_t request_half;  /* enum half: BODY, DONE */
    uint8_t response_half; /* HEAD, BODY, DONE */
    uint8_t tries;         /* leases so far */
    uint8_t stale_tries;
    uint8_t interim_count;
    bool close_client;    /* the connection ends with this response */
    bool close_upstream;  /* the upstream cannot be used again */
    bool request_broken;  /* the target takes no more of the body */
    bool response_begun;  /* bytes of a final response went out */
    bool continue_sent;   /* our 100 Continue, or the target's */
    bool linger;          /* unread request bytes may be left */
    uint8_t request_wait; /* enum flow_result: what the request half waits for */
    uint8_t response_wait;
    bool is_timed_out; /* fact: the deadline passed */
    bool is_evicted;   /* fact: the target is being taken away */
    bool is_paced;     /* `pace` is in use */
    bool is_changed;   /* `changes` are in use */
    bool is_websocket; /* the 101 agreed on it */
    uint16_t status;   /* sent to the client; 0: none yet */
    enum fault fault;
    struct session *session;
    struct worker *worker;
    struct upstream *upstream;
    struct slot *slot;
    struct target *target;
    const struct target *tried[TRIED_MAX];
    uint64_t epoch;
    uint64_t random;     /* of this request, for all of its attempts: a new identity comes of it */
    uint64_t begin_us;   /* the head was complete */
    uint64_t served_us;  /* the slot's time begins: without waiting, or what another slot took */
    uint64_t read_us;    /* its first byte was there; 0: in the same read */
    uint64_t lease_us;   /* connecting began; 0: a kept connection */
    uint64_t connect_us; /* how long it took */
    uint64_t sent_us;    /* the request head was written */
    uint64_t first_us;   /* the response head was there */
    uint64_t progress;   /* what had moved when the deadline was armed last */
    uint64_t bytes_out;  /* of responses, heads included */
    struct exchange_route route;
    struct wait_seat seat;
    struct own_answer answer;
    struct exchange_evidence evidence;
    struct deadline deadline;
    struct deadline stall;      /* like the other it stays filed between lives */
    uint64_t stall_us;          /* it rings within this time of its last arming; UINT64_MAX: not */
    struct buffer *head_in;     /* the request head, and what came with it */
    struct buffer *response_in; /* the response head while it is read */
    size_t searched;            /* of the response head */
    struct flow request;
    struct flow response;
    struct slice request_id;
    struct pace pace; /* of the client, with policy.body_rate */
    struct exchange_changes changes;
    struct policy policy;
    struct head head;
    struct field fields[EXCHANGE_FIELDS];
    struct arena arena;
    char arena_first[EXCHANGE_ARENA];
};

/* Makes the exchange of a parsed head in session->in, which it takes over. _bad: only the fault is known. */
struct exchange *exchange_begin(struct session *session, const struct head *head);
struct exchange *exchange_begin_bad(struct session *session, enum fault fault);

/* Of one that has only begun: it is answered by us, and goes nowhere. */
void exchange_refuse(struct exchange *exchange, enum fault fault);

/* Goes on as far as it can; the exchange may be gone afterwards: session->exchange tells. on_*: facts, then a step. */
void exchange_step(struct exchange *exchange);
void exchange_on_client(struct exchange *exchange);
void exchange_on_upstream(struct exchange *exchange);

/* The session is being closed: ends without an answer. evict: the target goes away now, and busy exchanges with it. */
void exchange_abort(struct exchange *exchange, enum fault fault);
void exchange_evict(struct exchange *exchange);

#endif
