/* The end of an exchange as counters and as a record for the log thread: see access.h. */
#include "proxy/access.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "base/ring.h"
#include "proxy/exchange.h"
#include "proxy/session.h"
#include "proxy/tunnel.h"
#include "proxy/worker_priv.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/snapshot.h"
#include "route/status_tally.h"
#include "route/target.h"

static uint32_t short_us(uint64_t us)
{
    return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static uint64_t bytes_in(const struct exchange *exchange)
{
    return exchange->head.size + exchange->request.moved;
}

static uint64_t response_us(const struct exchange *exchange)
{
    bool is_known =
        exchange->first_us != 0 && exchange->sent_us != 0 && exchange->first_us > exchange->sent_us;

    return is_known ? exchange->first_us - exchange->sent_us : 0;
}

/* Few services have rules on statuses. */
static void count_status(const struct exchange *exchange)
{
    struct status_tally *tally = atomic_load_explicit(&exchange->slot->tally, memory_order_acquire);

    if (tally != NULL)
        status_tally_count(tally, exchange->worker->id, exchange->status, exchange->head.path);
}

static void count_exchange(const struct exchange *exchange, uint64_t end_us)
{
    struct worker_counts *counts = &exchange->worker->counts;
    struct slot_sample sample = {
        .method = exchange->head.method,
        .code = exchange->status,
        .fault = (uint16_t)exchange->fault,
        .duration_us = short_us(end_us - exchange->served_us),
        .response_us = short_us(response_us(exchange)),
        .connect_us = short_us(exchange->connect_us),
        .bytes_in = bytes_in(exchange),
        .bytes_out = exchange->bytes_out,
    };

    if (exchange->route.is_selfprobe)
        return;
    if (exchange->slot != NULL && exchange->route.rule == RULE_PREVIEW) {
        count_add(&exchange->slot->cells[exchange->worker->id].previews, 1);
    } else if (exchange->slot != NULL) {
        slot_count(exchange->slot, exchange->worker->id, &sample);
        count_status(exchange);
    } else if (exchange->status < sizeof counts->unrouted / sizeof counts->unrouted[0]) {
        count_add(&counts->unrouted[exchange->status], 1);
    }
}

static struct slice field_text(const struct exchange *exchange, enum field_id id)
{
    unsigned index = 0;
    const struct field *field = NULL;

    if ((exchange->head.seen & 1ull << id) == 0)
        return slice_of(NULL, 0);
    field = head_find(&exchange->head, id, &index);
    return field != NULL ? head_field_value(&exchange->head, field) : slice_of(NULL, 0);
}

/* Also of one that ends while it waits, and so has no slot. */
static const struct service *service_of(const struct exchange *exchange)
{
    if (exchange->slot != NULL)
        return exchange->slot->service;
    return exchange->seat.line != NULL ? exchange->seat.line->service : NULL;
}

/* Collects the texts of the line; returns their bytes in all. */
static size_t collect_texts(const struct exchange *exchange, struct slice *texts)
{
    const struct session *session = exchange->session;
    const struct service *service = service_of(exchange);
    size_t total = 0;

    texts[ACCESS_CLIENT] = slice_of(session->host, session->host_len);
    texts[ACCESS_METHOD] = exchange->head.method_text;
    texts[ACCESS_TARGET] = exchange->head.target;
    texts[ACCESS_HOST] = exchange->head.authority;
    texts[ACCESS_USER_AGENT] = field_text(exchange, FIELD_USER_AGENT);
    texts[ACCESS_REFERER] = field_text(exchange, FIELD_REFERER);
    texts[ACCESS_REQUEST_ID] = exchange->request_id;
    texts[ACCESS_SERVICE] = slice_from(service != NULL ? service->name : NULL);
    texts[ACCESS_SLOT] = slice_from(exchange->slot != NULL ? exchange->slot->name : NULL);
    texts[ACCESS_UPSTREAM] = slice_from(exchange->target != NULL ? exchange->target->name : NULL);
    texts[ACCESS_LISTENER] = slice_from(exchange->session->gate->name);
    for (int i = 0; i < ACCESS_TEXTS; i++) {
        if (texts[i].len > ACCESS_TEXT_MAX)
            texts[i].len = ACCESS_TEXT_MAX;
        total += texts[i].len;
    }
    return total;
}

static uint64_t waited_us(const struct exchange *exchange, uint64_t end_us)
{
    return exchange->seat.waited_us +
           (exchange->seat.line != NULL ? end_us - exchange->seat.begin_us : 0);
}

static void fill_record(const struct exchange *exchange, uint64_t end_us, const struct slice *texts,
                        struct access_record *record)
{
    char *at = record->texts;

    memset(record, 0, sizeof *record);
    record->wall_us = clock_wall_us();
    record->epoch = exchange->epoch;
    record->bytes_in = bytes_in(exchange);
    record->bytes_out = exchange->bytes_out;
    record->total_us = end_us - exchange->begin_us;
    record->head_us = exchange->read_us != 0 ? exchange->begin_us - exchange->read_us : 0;
    record->connect_us = exchange->connect_us;
    record->response_us = response_us(exchange);
    record->fault = (uint16_t)exchange->fault;
    record->waited_us = waited_us(exchange, end_us);
    record->rule =
        exchange->slot != NULL || exchange->seat.line != NULL ? exchange->route.rule : RULE_COUNT;
    record->status = exchange->status;
    record->minor = exchange->head.minor;
    record->tries =
        (uint8_t)(exchange->tries + exchange->stale_tries + exchange->route.is_shielded);
    record->worker = (uint8_t)exchange->worker->id;
    for (int i = 0; i < ACCESS_TEXTS; i++) {
        record->sizes[i] = (uint16_t)texts[i].len;
        if (texts[i].len > 0)
            memcpy(at, texts[i].ptr, texts[i].len);
        at += texts[i].len;
    }
}

static void put_record(const struct exchange *exchange, uint64_t end_us)
{
    struct slice texts[ACCESS_TEXTS];
    struct access_record *record = NULL;
    size_t size = sizeof *record + collect_texts(exchange, texts);

    record = ring_reserve(exchange->worker->access, size);
    if (record == NULL)
        return; /* counted by the ring */
    fill_record(exchange, end_us, texts, record);
    ring_commit(exchange->worker->access, size);
}

/* A request of a pinned tenant that failed, if the service still has its pins. */
static void count_tenant_error(const struct exchange *exchange)
{
    const struct snapshot *snapshot = NULL;

    if (exchange->route.rule != RULE_TENANT || exchange->slot == NULL ||
        exchange->route.tenant.ptr == NULL ||
        (exchange->status < 500 && fault_side(exchange->fault) != SIDE_TARGET))
        return;
    rcu_read_begin();
    snapshot = snapshot_current();
    for (unsigned i = 0; i < snapshot_service_count(snapshot); i++) {
        const struct snapshot_service *at = snapshot_service_at(snapshot, i);

        if (at->service == exchange->slot->service && at->steering != NULL &&
            at->steering->pins != NULL)
            pins_count_error(at->steering->pins, exchange->route.tenant, exchange->worker->id);
    }
    rcu_read_end();
}

void access_record(const struct exchange *exchange, uint64_t end_us)
{
    count_exchange(exchange, end_us);
    count_tenant_error(exchange);
    if (exchange->worker->access != NULL)
        put_record(exchange, end_us);
}

struct access_record *access_keep(const struct exchange *exchange)
{
    struct slice texts[ACCESS_TEXTS];
    struct access_record *record = NULL;
    size_t size = sizeof *record + collect_texts(exchange, texts);

    record = mem_alloc(size);
    fill_record(exchange, exchange->first_us, texts, record);
    return record;
}

struct slice access_text(const struct access_record *record, enum access_text which)
{
    const char *at = record->texts;

    for (enum access_text i = 0; i < which; i++)
        at += record->sizes[i];
    return slice_of(at, record->sizes[which]);
}

/* The duration that is counted is that of the request, up to its 101: hours of a tunnel are no latency. */
static void count_tunnel(const struct tunnel *tunnel)
{
    const struct access_record *record = tunnel->record;
    struct slot_sample sample = {
        .method = tunnel->method,
        .code = record->status,
        .fault = tunnel->ending,
        .duration_us = short_us(record->total_us - record->waited_us),
        .response_us = short_us(record->response_us),
        .connect_us = short_us(record->connect_us),
        .bytes_in = record->bytes_in,
        .bytes_out = record->bytes_out,
    };

    if (record->rule == RULE_PREVIEW)
        count_add(&tunnel->slot->cells[tunnel->worker->id].previews, 1);
    else
        slot_count(tunnel->slot, tunnel->worker->id, &sample);
}

void access_record_tunnel(const struct tunnel *tunnel, uint64_t end_us)
{
    const struct access_record *kept = tunnel->record;
    struct slice last = access_text(kept, ACCESS_TEXTS - 1);
    size_t size = (size_t)(last.ptr + last.len - (const char *)kept);
    struct access_record *record = NULL;

    count_tunnel(tunnel);
    if (tunnel->worker->access != NULL)
        record = ring_reserve(tunnel->worker->access, size);
    if (record == NULL)
        return;
    memcpy(record, kept, size);
    record->wall_us = clock_wall_us();
    record->total_us = end_us - tunnel->begin_us;
    record->bytes_in += tunnel->up.bytes;
    record->bytes_out += tunnel->down.bytes;
    record->fault = tunnel->ending;
    ring_commit(tunnel->worker->access, size);
}
