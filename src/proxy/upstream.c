/* Connections to targets and the pools in which they wait: see upstream.h. */
#include "proxy/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/tls_dial.h"
#include "net/tls_sessions.h"
#include "net/tls_stream.h"
#include "proxy/exchange.h"
#include "proxy/session.h"
#include "proxy/tunnel.h"
#include "proxy/warm.h"
#include "proxy/worker_priv.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/target.h"

enum { UPSTREAM_MAGIC = 0x0b57ea31, TELL_US = 10000000 };

static struct target_cell *cell_of(struct worker *worker, struct target *target)
{
    return &target->cells[worker->id];
}

static void on_ready(struct stream *stream)
{
    struct upstream *upstream = container_of(stream, struct upstream, stream);
    struct session *session = NULL;

    CHECK(upstream->magic == UPSTREAM_MAGIC);
    if (upstream->warm != NULL) {
        warm_on_ready(upstream);
        return;
    }
    if (upstream->tunnel != NULL) {
        tunnel_on_ready(upstream->tunnel, stream);
        return;
    }
    if (upstream->exchange == NULL) {
        /* nothing may come on a waiting connection: the target has closed it, or is confused. The kernel is
         * asked, because this event may be of bytes that were read in this turn, for its last exchange. */
        if (stream->readable && stream_is_stale(stream))
            upstream_close(upstream);
        else
            stream->readable = false;
        return;
    }
    session = upstream->exchange->session;
    exchange_on_upstream(upstream->exchange);
    if (session->exchange == NULL)
        session_step(session);
}

static const struct stream_ops upstream_ops = { .on_ready = on_ready };

static void on_deadline(struct deadline *deadline)
{
    struct upstream *upstream = container_of(deadline, struct upstream, deadline);

    CHECK(upstream->magic == UPSTREAM_MAGIC);
    if (upstream->warm != NULL)
        warm_on_deadline(upstream);
    else if (upstream->is_idle)
        upstream_close(upstream);
}

int upstream_open(struct worker *worker, struct target *target, struct exchange *exchange,
                  struct upstream **out)
{
    struct upstream *upstream = pool_get(&worker->upstreams_pool);
    int err = ERR_OK;

    memset(upstream, 0, sizeof *upstream);
    err = stream_connect(&upstream->stream, worker->loop, &target->address, &upstream_ops);
    if (err != ERR_OK) {
        pool_put(&worker->upstreams_pool, upstream);
        return err;
    }
    upstream->magic = UPSTREAM_MAGIC;
    upstream->worker = worker;
    upstream->target = target;
    upstream->exchange = exchange;
    deadline_init(&upstream->deadline, on_deadline);
    LIST_INSERT_HEAD(&worker->upstreams, upstream, entry);
    count_add(&worker->counts.upstreams, 1);
    count_add(&cell_of(worker, target)->connects, 1);
    count_add(&cell_of(worker, target)->connections, 1);
    *out = upstream;
    return ERR_OK;
}

static void leave_pool(struct upstream *upstream)
{
    struct target_cell *cell = cell_of(upstream->worker, upstream->target);
    struct upstream_pool *pool = cell->pool;

    if (!upstream->is_idle)
        return;
    if (upstream->above != NULL)
        upstream->above->below = upstream->below;
    else
        pool->top = upstream->below;
    if (upstream->below != NULL)
        upstream->below->above = upstream->above;
    else
        pool->bottom = upstream->above;
    pool->count--;
    upstream->is_idle = false;
    upstream->above = upstream->below = NULL;
    atomic_store_explicit(&cell->idle, pool->count, memory_order_relaxed);
    count_add(&upstream->worker->counts.upstreams_idle, (uint64_t)-1);
}

/* The worker's pool of the target, made if it is the first time. */
static struct upstream_pool *pool_of(struct worker *worker, struct target *target)
{
    struct target_cell *cell = cell_of(worker, target);
    struct upstream_pool *pool = cell->pool;

    if (pool != NULL)
        return pool;
    pool = mem_zalloc(sizeof *pool);
    pool->target = target;
    cell->pool = pool;
    LIST_INSERT_HEAD(&worker->upstream_pools, pool, entry);
    return pool;
}

/* Says why, at most now and then: every request may fail at a target whose certificate is wrong. */
static void tell_failure(struct upstream_pool *pool, uint64_t now_us, enum fault fault)
{
    const struct target *target = pool->target;

    if (pool->told_us != 0 && now_us - pool->told_us < TELL_US) {
        pool->untold++;
        return;
    }
    LOG_WARN("target_tls", "service=%s slot=%s target=%s fault=%s reason=\"%s\" more=%u",
             target->slot->service->name, target->slot->name, target->name, fault_name(fault),
             tls_dial_words(), pool->untold);
    pool->told_us = now_us;
    pool->untold = 0;
}

int upstream_secure(struct upstream *upstream, enum fault *fault)
{
    struct worker *worker = upstream->worker;
    const struct target *target = upstream->target;
    struct upstream_pool *pool = NULL;
    int err = ERR_OK;

    if (target->tls == NULL)
        return ERR_OK;
    pool = pool_of(worker, upstream->target);
    if (pool->sessions == NULL)
        pool->sessions = tls_sessions_new();
    if (!tls_stream_is_on(&upstream->stream))
        tls_dial_begin(&upstream->stream, target->tls, slice_from(target->authority),
                       pool->sessions);
    err = tls_dial_handshake(&upstream->stream, fault);
    if (err == ERR_OK) {
        count_add(&worker->counts.dials, 1);
        if (tls_stream_is_resumed(&upstream->stream))
            count_add(&worker->counts.dials_resumed, 1);
    } else if (err != ERR_AGAIN) {
        tell_failure(pool, loop_now_us(worker->loop), *fault);
    }
    return err;
}

/* Opened under settings that a reload has replaced since. */
static bool is_outdated(const struct upstream *upstream)
{
    const struct target *target = upstream->target;

    return target->tls != NULL && !tls_dial_is_current(&upstream->stream, target->tls);
}

struct upstream *upstream_lease(struct worker *worker, struct target *target, bool checked)
{
    struct upstream_pool *pool = cell_of(worker, target)->pool;

    while (pool != NULL && pool->top != NULL) {
        struct upstream *upstream = pool->top;

        leave_pool(upstream);
        deadline_disarm(&upstream->deadline);
        upstream->is_kept = true;
        if (!is_outdated(upstream) && (!checked || !stream_is_stale(&upstream->stream)))
            return upstream;
        upstream_close(upstream);
    }
    return NULL;
}

void upstream_return(struct upstream *upstream, unsigned max, uint64_t idle_us)
{
    struct worker *worker = upstream->worker;
    struct target_cell *cell = cell_of(worker, upstream->target);
    struct upstream_pool *pool = NULL;

    upstream->exchange = NULL;
    if (max == 0 || idle_us == 0 || worker->is_draining || is_outdated(upstream)) {
        upstream_close(upstream);
        return;
    }
    pool = pool_of(worker, upstream->target);
    if (pool->count >= max)
        upstream_close(pool->bottom);
    upstream->below = pool->top;
    upstream->above = NULL;
    if (pool->top != NULL)
        pool->top->above = upstream;
    else
        pool->bottom = upstream;
    pool->top = upstream;
    pool->count++;
    upstream->is_idle = true;
    atomic_store_explicit(&cell->idle, pool->count, memory_order_relaxed);
    count_add(&worker->counts.upstreams_idle, 1);
    deadline_arm(worker->wheel, &upstream->deadline, idle_us);
}

static void free_upstream(void *arg)
{
    struct upstream *upstream = arg;

    pool_put(&upstream->worker->upstreams_pool, upstream);
}

void upstream_close(struct upstream *upstream)
{
    struct worker *worker = upstream->worker;

    if (upstream->magic != UPSTREAM_MAGIC)
        return;
    leave_pool(upstream);
    upstream->magic = 0;
    upstream->exchange = NULL;
    stream_close(&upstream->stream);
    deadline_fini(&upstream->deadline);
    LIST_REMOVE(upstream, entry);
    count_add(&worker->counts.upstreams, (uint64_t)-1);
    count_add(&cell_of(worker, upstream->target)->connections, (uint64_t)-1);
    loop_reap(worker->loop, free_upstream, upstream);
}

void upstream_pool_evict(struct worker *worker, struct target *target)
{
    struct target_cell *cell = cell_of(worker, target);
    struct upstream_pool *pool = cell->pool;

    if (pool == NULL)
        return;
    while (pool->top != NULL)
        upstream_close(pool->top);
    cell->pool = NULL;
    tls_sessions_unpin(pool->sessions);
    LIST_REMOVE(pool, entry);
    free(pool);
}

static void close_outdated(struct upstream_pool *pool)
{
    struct upstream *upstream = pool->target->tls != NULL ? pool->top : NULL;

    while (upstream != NULL) {
        struct upstream *below = upstream->below;

        if (is_outdated(upstream))
            upstream_close(upstream);
        upstream = below;
    }
}

void upstream_pools_share(struct worker *worker)
{
    struct upstream_pool *pool = NULL;

    LIST_FOREACH(pool, &worker->upstream_pools, entry)
    {
        const struct slot *slot = pool->target->slot;
        uint64_t wanted = pool->count > 0 ? slot_queued(slot) : 0;

        close_outdated(pool);
        /* who queues for that slot here will use them */
        if (atomic_load_explicit(&slot->cells[worker->id].queued, memory_order_relaxed) > 0)
            continue;

        for (; wanted > 0 && pool->bottom != NULL; wanted--)
            upstream_close(pool->bottom);
    }
}
