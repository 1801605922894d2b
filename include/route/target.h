/*
 * One app server address of a slot, shared by the snapshots that name it. The control thread owns it; workers
 * read the constant part and the verdict, and write their own cell only. See T5 and T6 of the style: a target
 * is freed when no snapshot holds it, the grace period has passed and every worker has evicted it.
 */
#ifndef ROUTE_TARGET_H
#define ROUTE_TARGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

struct slot;
struct tls_dialer;

/* What is: written by health (and by workers' passive findings through target_report_connect). A target that says
 * it is another slot is misdeployed and gets nothing, not even when no other is left. */
enum verdict { VERDICT_UNKNOWN, VERDICT_UP, VERDICT_DOWN, VERDICT_MISDEPLOYED };

/* What the operator wants; part of the snapshot (HAProxy's words). */
enum order { ORDER_READY, ORDER_DRAIN, ORDER_MAINT };

enum { ROUTE_WORKERS_MAX = 64 };

/* Written by one worker, read by control. */
struct target_cell {
    _Alignas(64) _Atomic uint64_t in_flight; /* exchanges that hold the target */
    _Atomic uint64_t idle;                   /* pooled connections */
    _Atomic uint64_t connections;            /* all of them, tunnels too */
    _Atomic uint64_t requests;               /* attempts that were answered or failed */
    _Atomic uint64_t connects;
    _Atomic uint64_t connect_errors;
    void *pool;              /* the worker's idle connections to this target; the worker's alone */
    int32_t current;         /* smooth weighted round-robin; the worker's alone */
    _Atomic uint32_t errors; /* answers 5xx and failures before one; goes round */
};

struct target {
    uint32_t magic;
    uint32_t worker_count;
    struct slot *slot;
    struct address address;
    char name[136];         /* "10.0.0.1:5000", as in configuration */
    char authority[136];    /* Host for probes when none is configured */
    uint8_t proxy_protocol; /* 0, 1, 2: version written to the target */
    struct tls_dialer *tls; /* connections to it speak TLS by these settings; NULL: plain */
    uint64_t key;           /* stable hash of the name, for rendezvous hashing */
    _Atomic int verdict;    /* enum verdict */
    _Atomic uint32_t connect_failures; /* in a row, by anybody */
    _Atomic uint32_t gateway_errors;   /* answers 5xx and failures in a row, by anybody */
    _Atomic uint64_t up_since_us;      /* monotonic; when the verdict became up; 0: it is not */
    void *probe;                       /* health's; the control thread's alone */
    struct target_cell cells[];        /* worker_count */
};

struct target *target_new(struct slot *slot, const char *name, const struct address *address,
                          unsigned worker_count);
void target_free(struct target *target);
enum verdict target_verdict(const struct target *target);
void target_set_verdict(struct target *target, enum verdict verdict);

/* When its verdict became up (monotonic), 0: it is not. Whoever sets the verdict says so before it. */
void target_set_up_since(struct target *target, uint64_t now_us);

/*
 * How a connection attempt to the target ended, for passive health: failures in a row, by all workers
 * together. Any worker; success is one load while there were no failures. Health judges (health/health.h).
 */
void target_report_connect(struct target *target, bool ok);

/* How an attempt at the target went: an answer below 500, or an error. Its worker; what the workers share is only loaded
 * while there are no errors. */
void target_report_answer(struct target *target, unsigned worker, bool ok);

/* By the worker, inside a read-side section (pin) and anywhere (unpin). */
void target_pin(struct target *target, unsigned worker);
void target_unpin(struct target *target, unsigned worker);

/* Exchanges that hold it, summed over workers; after publish and grace period it can only fall. */
uint64_t target_in_flight(const struct target *target);
uint64_t target_connections(const struct target *target); /* open ones of all kinds, likewise */
const char *verdict_name(enum verdict verdict); /* "unknown", "up", "down", "misdeployed" */
const char *order_name(enum order order);       /* "ready", "drain", "maint" */

#endif
