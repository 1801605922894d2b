/*
 * REPLY: an answer of our own. The connection goes on only when the whole request was read, or none of its body
 * is awaited.
 */
#include "base/check.h"
#include "http/page.h"
#include "proxy/exchange.h"
#include "proxy/exchange_state.h"
#include "proxy/session.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"

enum { RETRY_AFTER_S = 1 };

#define REPLY_US 10000000 /* for the client to take an answer of ours */

/* Steps over a body that is there already; else what is left of it would be taken for a request. */
static void skip_body(struct exchange *exchange)
{
    struct flow *flow = &exchange->request;
    const struct head *head = &exchange->head;

    if (exchange->request_half == HALF_DONE)
        return;
    if (flow->in_done) {
        exchange->request_half = HALF_DONE;
        return;
    }
    if (flow->moved == 0 && head->framing == FRAMING_LENGTH && flow->first.len >= head->length &&
        !exchange->close_client) {
        flow->first.ptr += head->length;
        flow->first.len -= head->length;
        exchange->request_half = HALF_DONE;
        return;
    }
    exchange->close_client = true;
    exchange->linger = true;
}

/* The same place by https (RFC 9110 15.4.9); on the port that https has. */
static void set_location(const struct head *head, struct page_request *page)
{
    page->https_host = head_host(head);
    page->https_path = head->path;
    page->https_query = head->query;
}

/* Room for a page: a Location may be as long as a target. */
static struct buffer *lease_for(struct worker *worker, size_t size)
{
    CHECK(size <= BUFFER_BODY + BUFFER_SLACK);
    if (size <= BUFFER_SMALL)
        return buffer_lease(&worker->shelf, CLASS_SMALL);
    return buffer_lease(&worker->shelf, size <= BUFFER_MEDIUM ? CLASS_MEDIUM : CLASS_LARGE);
}

static void write_page(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    const struct head *head = &exchange->head;
    int status = fault_status(exchange->fault);
    struct page_request page = {
        .status = status,
        .fault = exchange->fault,
        .is_head = head->method == METHOD_HEAD,
        .minor = head->minor,
        .request_id = exchange->request_id,
        .retry_after_s = status >= 502 && status <= 504 ? RETRY_AFTER_S : 0,
        .date_text = worker_date(worker),
    };
    struct buffer *out = NULL;

    if ((head->seen & 1ull << FIELD_ACCEPT) != 0)
        page.is_json = page_wants_json(head_value(head, SLICE("Accept")));
    if (status == 405 || exchange->fault == FAULT_NO_FURTHER)
        page.allow = SLICE("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    if (exchange->fault == FAULT_HTTPS_ONLY)
        set_location(head, &page);
    skip_body(exchange);
    page.close = exchange->close_client;
    out = lease_for(worker, page_bound(&page));
    out->end = (uint32_t)page_write(&page, out->bytes);
    exchange->response.out = out;
    exchange->response.out_at = 0;
    exchange->response.in_done = true;
    exchange->status = (uint16_t)status;
    exchange->response_half = HALF_BODY;
    exchange->is_timed_out = false;
    deadline_arm(worker->wheel, &exchange->deadline, REPLY_US);
}

enum step do_reply(struct exchange *exchange)
{
    struct flow *flow = &exchange->response;

    if (!exchange->response_begun) {
        exchange_drop_upstream(exchange, false);
        exchange->bytes_out += flow->written; /* of interim responses */
        flow_fini(flow, exchange->worker);
        flow_init(flow, NULL, &exchange->session->stream);
        write_page(exchange);
        exchange->response_begun = true;
    }
    switch (flow_step(flow, exchange->worker, NULL)) {
    case FLOW_DONE: break;
    case FLOW_WAIT_WRITE:
        if (!exchange->is_timed_out)
            return STEP_WAIT;
        exchange->close_client = true;
        break;
    case FLOW_WRITE_FAILED:
    case FLOW_WAIT_READ:
    case FLOW_ENDED:
    case FLOW_READ_FAILED:
    case FLOW_BAD:
    case FLOW_TOO_LARGE:
    case FLOW_TURN_OVER: exchange->close_client = true; break;
    }
    exchange->response_half = HALF_DONE;
    return exchange_end(exchange, exchange->fault);
}
