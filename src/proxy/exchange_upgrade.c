/*
 * From an exchange to a tunnel (RFC 9110 7.8): a 101 counts only when it was asked for and names what was offered;
 * then the connections and pins change hands and the exchange ends without a record: the tunnel writes it.
 */
#include <string.h>

#include "base/clock.h"
#include "http/upgrade.h"
#include "http/write_head.h"
#include "proxy/exchange.h"
#include "proxy/exchange_changes.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/tunnel.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"

/* Our 101 for the client waits in response.out until the tunnel has begun. */
static void keep_head(struct exchange *exchange, size_t size)
{
    struct worker *worker = exchange->worker;
    struct buffer *out =
        buffer_lease(&worker->shelf, size <= BUFFER_SMALL ? CLASS_SMALL : CLASS_LARGE);

    memcpy(out->bytes, worker->head_out, size);
    out->end = (uint32_t)size;
    exchange->response.out = out;
    exchange->response.out_at = 0;
}

enum step exchange_switch(struct exchange *exchange, const struct head *head)
{
    struct worker *worker = exchange->worker;
    struct buffer *in = exchange->response_in;
    const struct write_response how = {
        .epoch = exchange->policy.epoch_header ? exchange->epoch : 0,
        .client_minor = exchange->head.minor,
        .framing = FRAMING_NONE,
        .rules = exchange_response_rules(exchange),
        .line = exchange_response_line(exchange),
        .upgrade = true,
    };
    size_t rest = in->end - head->size;
    long size = 0;

    if (!upgrade_is_offered(&exchange->head, head) || flow_has_output(&exchange->request))
        return exchange_fail(exchange, FAULT_RESPONSE_UPGRADE);
    /* together they fit into one buffer, should the client take nothing */
    size = write_head_response(head, &how, worker->head_out, BUFFER_BODY + BUFFER_SLACK / 2 - rest);
    if (size < 0)
        return exchange_fail(exchange, FAULT_RESPONSE_TOO_LARGE);
    exchange->is_websocket = upgrade_is_websocket(head);
    exchange->status = head->status;
    exchange->first_us = clock_monotonic_us();
    exchange->response_begun = true;
    exchange->bytes_out += (uint64_t)size;
    exchange_evidence_end(exchange, exchange->first_us);
    keep_head(exchange, (size_t)size);
    memmove(in->bytes, in->bytes + head->size, rest);
    in->end = (uint32_t)rest;
    exchange_enter(exchange, EX_TUNNEL);
    return STEP_AGAIN;
}

enum step do_tunnel(struct exchange *exchange)
{
    struct session *session = exchange->session;
    struct tunnel *tunnel = NULL;

    tunnel = tunnel_begin(exchange);
    exchange_let_go(exchange);
    tunnel_on_ready(tunnel, &session->stream);
    return STEP_GONE;
}
