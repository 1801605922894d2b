/*
 * REPLY: an answer of our own. The connection goes on only when the whole request was read, or none of its body
 * is awaited.
 */
#include "base/check.h"
#include "http/page.h"
#include "proxy/exchange.h"
#include "proxy/exchange_state.h"
#include "proxy/maintenance.h"
#include "proxy/session.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"
#include "route/service.h"
#include "route/slot.h"

/* PIECE_BYTES: of a page at a time; what the client does not take is copied. */
enum { RETRY_AFTER_S = 1, PIECE_BYTES = 32768 };

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

/* What the answer says, but for its body. */
static struct page_request describe_page(struct exchange *exchange)
{
    const struct head *head = &exchange->head;
    int status = fault_status(exchange->fault);
    struct page_request page = {
        .status = status,
        .fault = exchange->fault,
        .is_head = head->method == METHOD_HEAD,
        .minor = head->minor,
        .request_id = exchange->request_id,
        .retry_after_s = exchange->answer.retry_after_s,
        .date_text = worker_date(exchange->worker),
    };

    if (page.retry_after_s == 0 && exchange->fault != FAULT_MAINTENANCE &&
        ((status >= 502 && status <= 504) || status == 429))
        page.retry_after_s = RETRY_AFTER_S;
    if ((head->seen & 1ull << FIELD_ACCEPT) != 0)
        page.is_json = page_wants_json(head_value(head, SLICE("Accept")));
    if (status == 405 || exchange->fault == FAULT_NO_FURTHER)
        page.allow = SLICE("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    if (exchange->fault == FAULT_HTTPS_ONLY)
        set_location(head, &page);
    return page;
}

/* An operator's page goes out behind its head, in pieces; else the operator's words stand on our page. */
static size_t write_maintenance(struct exchange *exchange, struct page_request *page, char *out)
{
    struct service *service = exchange->slot->service;
    char message[MAINTENANCE_MESSAGE];

    atomic_fetch_add_explicit(&service->counts.maintenance, 1, memory_order_relaxed);
    if (!page->is_json)
        exchange->answer.page = maintenance_page_lease(&exchange->worker->pages, service);
    if (exchange->answer.page == NULL) {
        page->message = maintenance_message(service, message);
        return page_write(page, out);
    }
    exchange->answer.page_rest = maintenance_page_body(exchange->answer.page);
    return page_write_head(page, exchange->answer.page_rest.len, out);
}

static void write_page(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    struct page_request page = describe_page(exchange);
    struct buffer *out = lease_for(worker, page_bound(&page));

    skip_body(exchange);
    page.close = exchange->close_client;
    if (exchange->fault == FAULT_MAINTENANCE)
        out->end = (uint32_t)write_maintenance(exchange, &page, out->bytes);
    else
        out->end = (uint32_t)page_write(&page, out->bytes);
    if (page.is_head)
        exchange->answer.page_rest.len = 0;
    exchange->response.out = out;
    exchange->response.out_at = 0;
    exchange->response.in_done = true;
    exchange->status = (uint16_t)page.status;
    exchange->response_half = HALF_BODY;
    exchange->is_timed_out = false;
    exchange->progress = 0;
}

/* The client's time starts anew when it has taken something. */
static void arm_reply(struct exchange *exchange)
{
    uint64_t progress = 1 + exchange->response.written;

    if (progress == exchange->progress)
        return;
    exchange->progress = progress;
    deadline_arm(exchange->worker->wheel, &exchange->deadline, REPLY_US);
}

/* Sends on; what is left of an operator's page is given to the flow piece by piece. */
static enum flow_result send_page(struct exchange *exchange)
{
    struct flow *flow = &exchange->response;
    enum flow_result result = flow_step(flow, exchange->worker, NULL);

    while (result == FLOW_DONE && exchange->answer.page_rest.len > 0) {
        struct slice *rest = &exchange->answer.page_rest;
        size_t size = rest->len < PIECE_BYTES ? rest->len : PIECE_BYTES;

        flow->in_framing = FRAMING_LENGTH;
        flow->out_framing = FRAMING_LENGTH;
        flow->first = slice_of(rest->ptr, size);
        flow->left = size;
        flow->in_done = false;
        rest->ptr += size;
        rest->len -= size;
        result = flow_step(flow, exchange->worker, NULL);
    }
    return result;
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
    switch (send_page(exchange)) {
    case FLOW_DONE: break;
    case FLOW_WAIT_WRITE:
        if (!exchange->is_timed_out) {
            arm_reply(exchange);
            return STEP_WAIT;
        }
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
