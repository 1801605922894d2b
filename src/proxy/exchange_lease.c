/*
 * LEASE: a kept connection of this worker to the target, or a new one. What connecting yields is reported as
 * a passive finding about the target.
 */
#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "http/proxy_header.h"
#include "net/tls_stream.h"
#include "proxy/exchange.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"
#include "route/target.h"

static void report_failure(struct exchange *exchange)
{
    struct target *target = exchange->target;

    count_add(&target->cells[exchange->worker->id].connect_errors, 1);
    if (exchange->policy.health)
        target_report_connect(target, false);
}

static enum fault fault_of_connect(int err)
{
    if (err == ERR_REFUSED || err == ERR_NOT_FOUND)
        return FAULT_CONNECT_REFUSED;
    if (err == ERR_TIMEOUT)
        return FAULT_CONNECT_TIMEOUT;
    return err == ERR_NO_FD ? FAULT_OVERLOADED : FAULT_CONNECT_FAILED;
}

static enum step fail_connect(struct exchange *exchange, enum fault fault)
{
    if (fault != FAULT_OVERLOADED)
        report_failure(exchange);
    return exchange_fail(exchange, fault);
}

static enum step begin_lease(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    struct upstream *upstream = NULL;
    int err = ERR_OK;

    /* after one kept connection proved dead the others are no better: a new one then. A request that must
     * not go twice is not risked on a connection that the kernel already knows to be ended. */
    if (exchange->stale_tries == 0)
        upstream = upstream_lease(worker, exchange->target, !head_is_idempotent(&exchange->head));
    if (upstream != NULL) {
        upstream->exchange = exchange;
        exchange->upstream = upstream;
        exchange_enter(exchange, EX_SEND);
        return STEP_AGAIN;
    }
    exchange->lease_us = clock_monotonic_us();
    err = upstream_open(worker, exchange->target, exchange, &upstream);
    if (err != ERR_OK)
        return fail_connect(exchange, fault_of_connect(err));
    exchange->upstream = upstream;
    deadline_arm(worker->wheel, &exchange->deadline, exchange->policy.connect_us);
    return STEP_WAIT;
}

/* Connected: a PROXY header goes in clear in front of TLS. */
static int secure(struct exchange *exchange, enum fault *fault)
{
    struct upstream *upstream = exchange->upstream;

    if (exchange->target->tls != NULL && !tls_stream_is_on(&upstream->stream)) {
        char bytes[PROXY_HEADER_SIZE];
        struct iovec piece = { bytes, exchange_proxy_header(exchange, bytes) };

        /* a new connection takes so little at once */
        if (piece.iov_len > 0 &&
            stream_send(&upstream->stream, &piece, 1, true) != (ssize_t)piece.iov_len) {
            *fault = FAULT_CONNECT_FAILED;
            return ERR_IO;
        }
    }
    return upstream_secure(upstream, fault);
}

enum step do_lease(struct exchange *exchange)
{
    enum fault fault = FAULT_NONE;
    int err = ERR_OK;

    /* the target did nothing wrong, and nothing was sent: as if it had come now */
    if (exchange->is_evicted)
        return exchange_reroute(exchange);
    if (exchange->upstream == NULL)
        return begin_lease(exchange);
    err = stream_connect_result(&exchange->upstream->stream);
    if (err == ERR_OK) {
        err = secure(exchange, &fault);
        if (err != ERR_OK && err != ERR_AGAIN)
            return fail_connect(exchange, fault);
    }
    if (err == ERR_AGAIN && exchange->is_timed_out)
        return fail_connect(exchange, FAULT_CONNECT_TIMEOUT);
    if (err == ERR_AGAIN)
        return STEP_WAIT;
    if (err != ERR_OK)
        return fail_connect(exchange, fault_of_connect(err));
    exchange->connect_us = clock_monotonic_us() - exchange->lease_us;
    target_report_connect(exchange->target, true);
    exchange->is_timed_out = false;
    exchange_enter(exchange, EX_SEND);
    return STEP_AGAIN;
}
