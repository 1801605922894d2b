/* The life of a tunnel: see tunnel.h. Callbacks step both lanes and then look at what has become of them. */
#include "proxy/tunnel.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"
#include "proxy/access.h"
#include "proxy/exchange.h"
#include "proxy/session.h"
#include "proxy/upstream.h"
#include "proxy/worker_priv.h"
#include "route/slot.h"
#include "route/target.h"

enum { TUNNEL_MAGIC = 0x7d4a3e11, CODE_GOING_AWAY = 1001, CODE_RESTART = 1012 };

#define IDLE_US 3600000000u /* when the policy says nothing */
#define ECHO_US 2000000u    /* for a peer's Close after ours */
#define ENDING_US                                                                                  \
    600000u /* for a peer's FIN after ours; with the wheel's ticks less than a second */

/* A peer that is gone without a word is found by the kernel. */
static const struct stream_keep keep = {
    .idle_s = 60, .interval_s = 10, .count = 6, .timeout_ms = 30000
};

static struct slot_cell *cell_of(const struct tunnel *tunnel)
{
    return &tunnel->slot->cells[tunnel->worker->id];
}

/* Memory, pins and counters; the streams have other owners by now. */
static void free_tunnel(struct tunnel *tunnel)
{
    struct worker *worker = tunnel->worker;

    lane_fini(&tunnel->up, worker);
    lane_fini(&tunnel->down, worker);
    deadline_fini(&tunnel->deadline);
    TAILQ_REMOVE(&worker->tunnels, tunnel, entry);
    count_add(&cell_of(tunnel)->tunnels, (uint64_t)-1);
    if (tunnel->ending == FAULT_TUNNEL_DRAINED)
        count_add(&cell_of(tunnel)->tunnels_closed, 1);
    count_add(&worker->counts.tunnels, (uint64_t)-1);
    count_add(&worker->counts.exchanges, (uint64_t)-1);
    target_unpin(tunnel->target, worker->id);
    slot_unpin(tunnel->slot, worker->id);
    free(tunnel->record);
    tunnel->magic = 0;
    pool_put(&worker->tunnels_pool, tunnel);
}

static void count_bytes(struct tunnel *tunnel)
{
    struct slot_cell *cell = cell_of(tunnel);
    uint64_t up = tunnel->up.bytes - tunnel->counted_up;
    uint64_t down = tunnel->down.bytes - tunnel->counted_down;

    if (up + down == 0)
        return;
    count_add(&cell->tunnel_bytes_in, up);
    count_add(&cell->tunnel_bytes_out, down);
    tunnel->counted_up += up;
    tunnel->counted_down += down;
    tunnel->last_us = loop_now_us(tunnel->worker->loop);
    if (tunnel->phase <= TUNNEL_CLOSING)
        deadline_arm(tunnel->worker->wheel, &tunnel->deadline, tunnel->idle_us);
}

/* The one way out. is_cut: what a peer still sends or should get is lost, and it is told so by a RST. */
static void finish(struct tunnel *tunnel, enum fault fault, bool is_cut)
{
    struct session *session = tunnel->session;
    struct upstream *upstream = tunnel->upstream;
    bool is_read = tunnel->up.ended || tunnel->phase == TUNNEL_ENDING;

    count_bytes(tunnel);
    tunnel->ending = (uint16_t)fault;
    access_record_tunnel(tunnel, clock_monotonic_us());
    session->tunnel = NULL;
    upstream->tunnel = NULL;
    if (is_cut)
        stream_reset(&upstream->stream);
    upstream_close(upstream);
    free_tunnel(tunnel);
    if (is_cut && session->phase != SESSION_CLOSED) {
        stream_reset(&session->stream);
        session_close(session);
        return;
    }
    session_exchange_done(session, is_read ? SESSION_END : SESSION_UNREAD);
    session_step(session);
}

/* A lane needs no more for the Closes to be complete: ours went out, or none can. */
static bool is_settled(const struct lane *lane)
{
    return !lane_can_close(lane) && !lane_has_output(lane);
}

/* The source of the lane has closed for its part. */
static bool has_echoed(const struct lane *lane)
{
    return lane->ended || (lane->frame.is_closing && ws_frame_is_between(&lane->frame));
}

/* Steps both lanes; the fault that ends the tunnel now, FAULT_COUNT: none. */
static enum fault step_lanes(struct tunnel *tunnel)
{
    struct worker *worker = tunnel->worker;
    enum lane_result up = lane_step(&tunnel->up, worker);
    enum lane_result down = lane_step(&tunnel->down, worker);

    /* a client that takes nothing may have said something before: it still goes on */
    if (down == LANE_WRITE_FAILED && up != LANE_READ_FAILED)
        up = lane_step(&tunnel->up, worker);
    if (up == LANE_TURN_OVER)
        stream_wake(tunnel->up.from);
    if (down == LANE_TURN_OVER)
        stream_wake(tunnel->down.from);
    if (up == LANE_READ_FAILED || (tunnel->down.is_deaf && up == LANE_OVER))
        return FAULT_CLIENT_GONE;
    if (down == LANE_READ_FAILED || (tunnel->up.is_deaf && down == LANE_OVER))
        return FAULT_TARGET_RESET;
    return up == LANE_OVER && down == LANE_OVER ? FAULT_NONE : FAULT_COUNT;
}

static void step(struct tunnel *tunnel)
{
    enum fault fault = step_lanes(tunnel);

    CHECK(tunnel->magic == TUNNEL_MAGIC);
    if (fault != FAULT_COUNT) {
        bool is_cut = fault != FAULT_NONE && tunnel->phase <= TUNNEL_CLOSING;

        finish(tunnel, tunnel->ending != FAULT_NONE ? tunnel->ending : fault, is_cut);
        return;
    }
    count_bytes(tunnel);
    if (tunnel->phase == TUNNEL_CLOSING && is_settled(&tunnel->up) && is_settled(&tunnel->down)) {
        tunnel->phase = TUNNEL_ECHO;
        deadline_arm(tunnel->worker->wheel, &tunnel->deadline, ECHO_US);
    }
    if (tunnel->phase == TUNNEL_ECHO && has_echoed(&tunnel->up) && has_echoed(&tunnel->down))
        finish(tunnel, tunnel->ending, false);
}

static void on_deadline(struct deadline *deadline)
{
    struct tunnel *tunnel = container_of(deadline, struct tunnel, deadline);

    CHECK(tunnel->magic == TUNNEL_MAGIC);
    finish(tunnel, tunnel->phase <= TUNNEL_CLOSING ? FAULT_TUNNEL_IDLE : tunnel->ending, false);
}

void tunnel_on_ready(struct tunnel *tunnel, const struct stream *stream)
{
    struct lane *lane = stream == tunnel->up.from ? &tunnel->up : &tunnel->down;

    CHECK(tunnel->magic == TUNNEL_MAGIC);
    /* a source that has ended is not read any more: whether it broke afterwards is asked for */
    if (lane->ended && stream_error(lane->from) != ERR_OK) {
        finish(tunnel, lane == &tunnel->up ? FAULT_CLIENT_GONE : FAULT_TARGET_RESET, true);
        return;
    }
    step(tunnel);
}

/* Everything but the streams' first bytes. */
static struct tunnel *make_tunnel(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    struct tunnel *tunnel = pool_get(&worker->tunnels_pool);

    memset(tunnel, 0, sizeof *tunnel);
    tunnel->magic = TUNNEL_MAGIC;
    tunnel->ending = FAULT_NONE;
    tunnel->method = exchange->head.method;
    tunnel->is_websocket = exchange->is_websocket;
    tunnel->worker = worker;
    tunnel->session = exchange->session;
    tunnel->upstream = exchange->upstream;
    tunnel->slot = exchange->slot;
    tunnel->target = exchange->target;
    tunnel->record = access_keep(exchange);
    tunnel->begin_us = exchange->begin_us;
    tunnel->epoch = exchange->epoch;
    tunnel->last_us = loop_now_us(worker->loop);
    tunnel->idle_us = exchange->policy.tunnel_us > 0 ? exchange->policy.tunnel_us : IDLE_US;
    lane_init(&tunnel->up, &exchange->session->stream, &exchange->upstream->stream);
    lane_init(&tunnel->down, &exchange->upstream->stream, &exchange->session->stream);
    tunnel->up.is_followed = tunnel->down.is_followed = exchange->is_websocket;
    tunnel->up.masks = true;
    deadline_init(&tunnel->deadline, on_deadline);
    deadline_arm(worker->wheel, &tunnel->deadline, tunnel->idle_us);
    TAILQ_INSERT_TAIL(&worker->tunnels, tunnel, entry);
    count_add(&cell_of(tunnel)->tunnels, 1);
    count_add(&cell_of(tunnel)->tunnels_total, 1);
    count_add(&worker->counts.tunnels, 1);
    return tunnel;
}

static struct slice rest_of(const struct buffer *buffer)
{
    return buffer != NULL ? slice_of(buffer->bytes, buffer->end) : slice_of(NULL, 0);
}

struct tunnel *tunnel_begin(struct exchange *exchange)
{
    struct tunnel *tunnel = make_tunnel(exchange);
    struct worker *worker = exchange->worker;

    exchange->session->tunnel = tunnel;
    exchange->session->phase = SESSION_TUNNEL;
    exchange->upstream->tunnel = tunnel;
    exchange->upstream->exchange = NULL;
    exchange->upstream = NULL;
    exchange->target = NULL;
    exchange->slot = NULL;
    stream_keep_alive(tunnel->up.from, &keep);
    stream_keep_alive(tunnel->down.from, &keep);
    /* what fails here is found by the step */
    (void)lane_put(&tunnel->down, worker, rest_of(exchange->response.out), true);
    (void)lane_put(&tunnel->down, worker, rest_of(exchange->response_in), false);
    (void)lane_put(&tunnel->up, worker, exchange->request.first, false);
    return tunnel;
}

bool tunnel_is_closable(const struct tunnel *tunnel)
{
    return tunnel->is_websocket && !tunnel->up.frame.is_broken && !tunnel->down.frame.is_broken;
}

void tunnel_close(struct tunnel *tunnel, unsigned code, enum fault fault)
{
    if (tunnel->phase != TUNNEL_OPEN)
        return;
    tunnel->phase = TUNNEL_CLOSING;
    tunnel->ending = (uint16_t)fault;
    lane_ask_close(&tunnel->up, code);
    lane_ask_close(&tunnel->down, code);
    step(tunnel);
}

void tunnel_stay(struct tunnel *tunnel)
{
    if (tunnel->phase != TUNNEL_CLOSING || tunnel->up.is_closed || tunnel->down.is_closed)
        return;
    tunnel->phase = TUNNEL_OPEN;
    tunnel->ending = FAULT_NONE;
    tunnel->up.close_code = tunnel->down.close_code = 0;
}

void tunnel_end(struct tunnel *tunnel, unsigned code, enum fault fault)
{
    if (tunnel->phase == TUNNEL_ENDING)
        return;
    tunnel->phase = TUNNEL_ENDING;
    tunnel->ending = (uint16_t)fault;
    lane_ask_end(&tunnel->up, tunnel->worker, code);
    lane_ask_end(&tunnel->down, tunnel->worker, code);
    deadline_arm(tunnel->worker->wheel, &tunnel->deadline, ENDING_US);
    step(tunnel);
}

void tunnel_evict(struct tunnel *tunnel)
{
    lane_ask_end(&tunnel->up, tunnel->worker, CODE_RESTART);
    lane_ask_end(&tunnel->down, tunnel->worker, CODE_RESTART);
    finish(tunnel, FAULT_TARGET_EVICTED, false);
}

void tunnel_abort(struct tunnel *tunnel)
{
    bool is_stopping = tunnel->worker->is_draining;

    lane_ask_end(&tunnel->up, tunnel->worker, CODE_GOING_AWAY);
    lane_ask_end(&tunnel->down, tunnel->worker, CODE_GOING_AWAY);
    finish(tunnel, is_stopping ? FAULT_SHUTTING_DOWN : FAULT_CLIENT_GONE, false);
}
