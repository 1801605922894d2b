/* The body of a worker, for the sources of room proxy. */
#ifndef PROXY_WORKER_PRIV_H
#define PROXY_WORKER_PRIV_H

#include <pthread.h>
#include <sys/queue.h>

#include "http/head.h"
#include "net/wheel.h"
#include "proxy/buffer.h"
#include "proxy/maintenance.h"
#include "proxy/pool.h"
#include "proxy/waiting.h"
#include "proxy/worker.h"

struct exchange;
struct listener;
struct mailbox;
struct session;
struct tunnel;
struct tunnel_order;
struct upstream;
struct upstream_pool;

enum { SCRATCH_FIELDS = 1024, SCRATCH_HEAD = 160 * 1024, GATHER_BYTES = 16 * 1024 };

/* Kinds of mail in worker->answers. */
enum worker_answer { ANSWER_EVICT, ANSWER_WARM, ANSWER_LIST };

struct worker_listener {
    LIST_ENTRY(worker_listener) entry;
    struct worker *worker;
    struct listener *listener;
    const struct gate *gate;
    unsigned id;
};

LIST_HEAD(session_list, session);
LIST_HEAD(upstream_list, upstream);
LIST_HEAD(upstream_pool_list, upstream_pool);
TAILQ_HEAD(tunnel_list, tunnel);
LIST_HEAD(tunnel_order_list, tunnel_order);

struct worker {
    unsigned id;
    bool is_started;
    bool is_draining;
    bool is_over; /* joined: what is still in the mailbox is only given back */
    struct loop *loop;
    struct wheel *wheel;
    struct ring *access;
    uint64_t head_us;
    uint64_t keepalive_us;
    uint64_t linger_us;
    unsigned max_sessions;
    int fd_ceiling; /* a client's descriptor from here on is refused: the rest is for others */
    struct deadline ceiling_check;
    uint64_t random; /* state of hash_random */
    struct pool sessions_pool;
    struct pool exchanges_pool;
    struct pool upstreams_pool;
    struct pool tunnels_pool;
    struct buffer_shelf shelf;
    struct session_list sessions;
    struct upstream_list upstreams;
    struct tunnel_list tunnels; /* the oldest first */
    struct tunnel_order_list tunnel_orders;
    struct upstream_pool_list upstream_pools;
    LIST_HEAD(, worker_listener) listeners;
    struct waiting waiting;
    struct maintenance_pages pages;
    struct mailbox *mailbox; /* to us */
    struct mailbox *answers; /* to control */
    pthread_t thread;
    char date[32]; /* "Sat, 21 Nov 2026 09:00:00 GMT" */
    uint64_t date_second;
    struct field *fields;          /* SCRATCH_FIELDS: heads are parsed into it */
    char *head_out;                /* SCRATCH_HEAD: heads are written into it */
    char *gather;                  /* GATHER_BYTES: small spans of chunked bodies */
    char nonce[WORKER_NONCE_SIZE]; /* "": no request is our own */
    struct worker_counts counts;
};

/* The present Date, made once per second. */
struct slice worker_date(struct worker *worker);

/* One writer: no locked instruction is needed. */
static inline void count_add(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t was = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, was + more, memory_order_relaxed);
}

#endif
