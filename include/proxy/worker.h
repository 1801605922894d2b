/*
 * A worker: one thread with its own loop, sessions, pools and counters. The control thread makes it, speaks to
 * it by messages and joins it; it reads the published snapshot and the verdicts of targets, nothing else.
 */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/fault.h"

struct lag;
struct ledger;
struct loop;
struct rate;
struct ring;
struct target;
struct tls_keeper;
struct tunnel_drain;
struct worker;

struct gate_cell { /* written by one worker, read by control */
    _Alignas(64) _Atomic uint64_t sessions;
};

/* What a listening address asks of its sessions. Owner: control; outlives every session of it. */
struct gate {
    char name[64];
    bool proxy_protocol;    /* a PROXY header is required */
    unsigned trusted_count; /* peers whose X-Forwarded-* and PROXY header are believed */
    struct address_net *trusted;
    uint32_t client_connections; /* per client address; 0: any number */
    uint32_t handshake_rate;     /* per second and client address; 0: any number */
    uint32_t handshake_burst;
    struct rate *rate;       /* counts them; NULL with 0 of both */
    struct tls_keeper *tls;  /* NULL: plain */
    struct gate_cell *cells; /* one per worker; NULL: not counted */
    bool hides_plain;        /* plain HTTP to a TLS port gets no page */
    bool strips_client;      /* X-SSL-Client-* of clients that are not trusted go no further */
};

struct worker_options {
    unsigned id;
    struct loop *control;  /* where answers to messages arrive */
    struct ring *access;   /* NULL: no access log */
    uint64_t head_us;      /* a whole request head, from its first byte or from accept */
    uint64_t keepalive_us; /* until the first service is known */
    uint64_t linger_us;    /* for a client to read our last answer */
    unsigned max_sessions;
    const char *nonce; /* of requests of our own (exchange_selfprobe); copied; NULL: none */
};
enum { WORKER_NONCE_SIZE = 65 };
enum { TLS_FAULTS = FAULT_TLS_PLAIN - FAULT_TLS_HANDSHAKE + 1 }; /* of a handshake */

/* Written by the worker, read by control. */
struct worker_counts {
    _Atomic uint64_t sessions; /* open now */
    _Atomic uint64_t sessions_total;
    _Atomic uint64_t sessions_refused;
    _Atomic uint64_t sessions_limited; /* 429: more connections than a client may have */
    _Atomic uint64_t exchanges;        /* in flight now, tunnels among them */
    _Atomic uint64_t exchanges_total;
    _Atomic uint64_t tunnels;   /* open now */
    _Atomic uint64_t upstreams; /* connections to targets now */
    _Atomic uint64_t upstreams_idle;
    _Atomic uint64_t starved;        /* rests of a listener for want of descriptors */
    _Atomic uint64_t tls_handshakes; /* done; of them resumed */
    _Atomic uint64_t tls_resumed;
    _Atomic uint64_t tls_failed[TLS_FAULTS]; /* by fault, from TLS_HANDSHAKE on */
    _Atomic uint64_t dials; /* handshakes with targets that were done; of them resumed */
    _Atomic uint64_t dials_resumed;
    _Atomic uint64_t unrouted[600]; /* answers without a service, by status */
};

struct worker *worker_new(const struct worker_options *options);
void worker_start(struct worker *worker); /* the thread */

/* Messages; from the control thread. A listener's descriptor is taken; fd -1 only changes the gate. */
void worker_listen(struct worker *worker, unsigned listener_id, int fd, const struct gate *gate);
void worker_unlisten(struct worker *worker, unsigned listener_id);

/* Closes what the worker has with the target: idle connections, busy ones too when `busy`; done runs on the
 * control thread afterwards. */
void worker_evict(struct worker *worker, struct target *target, bool busy, void (*done)(void *arg),
                  void *arg);

/* New settings for what starts from now on. */
void worker_tune(struct worker *worker, uint64_t head_us, uint64_t keepalive_us,
                 unsigned max_sessions);

/* The picture has changed for requests that wait (held, queued): they are routed again, oldest first. */
void worker_kick(struct worker *worker);

/* How the tunnels of a slot are to end; copied. */
void worker_drain_tunnels(struct worker *worker, const struct tunnel_drain *order);

/* What the worker has of a slot (ledger->slot; NULL: of all) is appended to the ledger, which must live until done,
 * on the control thread. The entries are on the heap, the caller's. Never started: done is called by join. */
void worker_list(struct worker *worker, struct ledger *ledger, void (*done)(void *arg), void *arg);

/* Opens connections to the target until `count` wait in this worker's pool (within its maximum); done on the
 * control thread when all are open or have failed, with the number of those that are open. */
void worker_warm(struct worker *worker, struct target *target, unsigned count,
                 void (*done)(void *arg, unsigned open), void *arg);

/* No more listeners; every answer closes its connection; idle clients go after grace_us. */
void worker_drain(struct worker *worker, uint64_t grace_us);

/* Closes everything and ends the thread; join waits for it and frees. Never started: join only frees. Evictions
 * that were not answered yet are answered by join. */
void worker_quit(struct worker *worker);
void worker_join(struct worker *worker);
const struct worker_counts *worker_counts(const struct worker *worker);
const struct lag *worker_lag(const struct worker *worker); /* of its loop */

#endif
