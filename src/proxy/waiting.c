/* Lines of exchanges that wait, their bounds and the order in which they go: see waiting.h. */
#include "proxy/waiting.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/timer.h"
#include "proxy/exchange.h"
#include "proxy/session.h"
#include "proxy/worker_priv.h"
#include "route/match.h"
#include "route/service.h"
#include "route/slot.h"

/* QUEUE_MS: for what other workers set free. RELEASE_MS: how evenly those go that are let go by a rate. */
enum { QUEUE_MS = 50, RELEASE_MS = 10, SECOND_US = 1000000 };

static void on_turn(void *arg);

void waiting_init(struct waiting *waiting, struct worker *worker)
{
    *waiting = (struct waiting){ .worker = worker };
    TAILQ_INIT(&waiting->lines);
    waiting->timer = timer_new(worker->loop, on_turn, waiting);
}

void waiting_fini(struct waiting *waiting)
{
    CHECK(TAILQ_EMPTY(&waiting->lines));
    timer_free(waiting->timer);
    waiting->timer = NULL;
}

bool waiting_may_release(uint64_t *next_us, uint64_t now_us, uint32_t rate, uint64_t own,
                         uint64_t all)
{
    uint64_t step_us = 0;
    uint64_t slack_us =
        2 * RELEASE_MS * 1000; /* a turn that comes late does not slow the line down */

    if (rate == 0)
        return true;
    if (now_us < *next_us)
        return false;
    if (own == 0 || all < own)
        all = own = 1; /* others have left meanwhile */
    step_us = SECOND_US * all / ((uint64_t)rate * own);
    if (*next_us + slack_us < now_us)
        *next_us = now_us > slack_us && *next_us != 0 ? now_us - slack_us : now_us;
    *next_us += step_us > 0 ? step_us : 1;
    return true;
}

static struct wait_line *find_line(const struct waiting *waiting, const struct service *service,
                                   const struct slot *slot)
{
    struct wait_line *line = NULL;

    TAILQ_FOREACH(line, &waiting->lines, entry)
    if (line->service == service && line->slot == slot)
        return line;
    return NULL;
}

/* Others wait for the same thing, and not behind this one. */
static bool is_behind(const struct waiting *waiting, const struct exchange *exchange,
                      const struct service *service, const struct slot *slot)
{
    const struct wait_line *line = find_line(waiting, service, slot);

    return line != NULL && line->count > 0 && TAILQ_FIRST(&line->members) != exchange;
}

/* Adds when the sum stays within the most: never beyond it, not even for a moment. */
static bool add_within(_Atomic uint64_t *count, uint64_t more, uint64_t most)
{
    uint64_t was = atomic_load_explicit(count, memory_order_relaxed);

    do {
        if (more > most || was > most - more)
            return false;
    } while (!atomic_compare_exchange_weak(count, &was, was + more));
    return true;
}

static void count_shared(_Atomic uint64_t *count, uint64_t more)
{
    atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

static uint64_t waited_here(const struct exchange *exchange)
{
    return clock_monotonic_us() - exchange->seat.begin_us;
}

static bool is_held(const struct exchange *exchange, const struct service *service)
{
    const struct wait_line *line = exchange->seat.line;

    return line != NULL && line->slot == NULL && line->service == service;
}

static bool is_queued(const struct exchange *exchange, const struct slot *slot)
{
    return exchange->seat.line != NULL && exchange->seat.line->slot == slot;
}

static enum fault refuse_hold(struct exchange *exchange, struct service_counts *counts)
{
    if (exchange->seat.line != NULL && exchange->seat.line->slot == NULL)
        count_shared(&counts->hold_expired, 1);
    else
        count_shared(&counts->hold_refused, 1);
    return FAULT_HELD;
}

/* The hold goes on, or others are still in it: the exchange keeps its place or gets one at the end. */
static enum fault judge_hold(struct exchange *exchange, const struct route_answer *answer,
                             bool late, struct wait_place *place)
{
    const struct traffic *traffic = &answer->service->traffic;
    struct service *service = answer->service->service;
    uint64_t bytes = exchange->head_in->end;

    if (exchange->worker->is_draining)
        return FAULT_SHUTTING_DOWN; /* nobody will end the hold any more */
    if (is_held(exchange, service)) {
        if (late || waited_here(exchange) >= traffic->hold_us)
            return refuse_hold(exchange, &service->counts);
        place->kind = WAIT_STAY;
        return FAULT_HELD;
    }
    if (traffic->hold_us == 0 || !add_within(&service->counts.held, 1, traffic->hold_count))
        return refuse_hold(exchange, &service->counts);
    if (!add_within(&service->counts.held_bytes, bytes, traffic->hold_bytes)) {
        atomic_fetch_sub(&service->counts.held, 1);
        return refuse_hold(exchange, &service->counts);
    }
    *place = (struct wait_place){ .kind = WAIT_HELD, .service = service, .us = traffic->hold_us };
    return FAULT_HELD;
}

/* The slot takes no more now. Who was counted in is seen by all others before they count (both are sequentially
 * consistent): there is never one too many in the queue. */
static enum fault judge_queue(struct exchange *exchange, const struct route_answer *answer,
                              enum fault fault, bool late, struct wait_place *place)
{
    const struct circuit *circuit = &answer->place->circuit;
    struct slot *slot = answer->slot;
    struct slot_cell *cell = &slot->cells[exchange->worker->id];

    if (is_queued(exchange, slot) && !late) {
        exchange->seat.line->is_blocked = true;
        place->kind = WAIT_STAY;
        return fault;
    }
    if (!is_queued(exchange, slot) && circuit->queue > 0 && circuit->queue_us > 0) {
        atomic_fetch_add(&cell->queued, 1);
        if (slot_queued(slot) <= circuit->queue) {
            *place = (struct wait_place){
                .kind = WAIT_QUEUED, .service = slot->service, .slot = slot, .us = circuit->queue_us
            };
            return fault;
        }
        atomic_fetch_sub(&cell->queued, 1);
    }
    count_add(&cell->queue_refused, 1);
    return fault;
}

/* The hold is over for a held exchange: whether it is its turn. */
static bool may_leave_hold(struct exchange *exchange, const struct traffic *traffic)
{
    struct wait_line *line = exchange->seat.line;
    uint64_t all = atomic_load_explicit(&line->service->counts.held, memory_order_relaxed);

    line->is_releasing = true;
    if (waiting_may_release(&line->next_us, loop_now_us(exchange->worker->loop),
                            traffic->release_rate, line->count, all))
        return true;
    line->is_blocked = true;
    return false;
}

/* A hold lets these pass, so they need not wait for those whom it did not. */
static bool passes_hold(const struct exchange *exchange, const struct route_answer *answer)
{
    const struct traffic *traffic = &answer->service->traffic;

    return traffic->mode == TRAFFIC_HELD || exchange->tries + exchange->stale_tries > 0 ||
           exchange->route.is_shielded || (traffic->pass_safe && head_is_safe(&exchange->head));
}

enum fault waiting_judge(struct exchange *exchange, const struct route_answer *answer,
                         enum fault fault, bool late, struct wait_place *place)
{
    const struct waiting *waiting = &exchange->worker->waiting;
    const struct service *service = answer->service->service;

    if (fault == FAULT_HELD) {
        if (is_held(exchange, service))
            exchange->seat.line->is_releasing = false;
        return judge_hold(exchange, answer, late, place);
    }
    if (fault != FAULT_NONE && fault != FAULT_SLOT_BUSY && fault != FAULT_TARGET_BUSY)
        return fault;
    if (is_held(exchange, service)) {
        if (!may_leave_hold(exchange, &answer->service->traffic)) {
            place->kind = WAIT_STAY;
            return FAULT_HELD;
        }
        late = false; /* what the hold took is not the queue's */
    } else if (!TAILQ_EMPTY(&waiting->lines) && exchange->seat.line == NULL &&
               is_behind(waiting, exchange, service, NULL) && !passes_hold(exchange, answer)) {
        find_line(waiting, service, NULL)->is_releasing = true;
        return judge_hold(exchange, answer, false, place);
    }
    if (fault == FAULT_NONE && waiting->queued > 0 &&
        is_behind(waiting, exchange, service, answer->slot))
        fault = FAULT_SLOT_BUSY;
    return fault == FAULT_NONE ? fault : judge_queue(exchange, answer, fault, late, place);
}

/* The exchange goes out of its line; what it counted for is counted off. */
void waiting_leave(struct exchange *exchange)
{
    struct waiting *waiting = &exchange->worker->waiting;
    struct wait_line *line = exchange->seat.line;
    struct service_counts *counts = NULL;
    uint64_t us = 0;

    if (line == NULL)
        return;
    us = waited_here(exchange);
    exchange->seat.line = NULL;
    exchange->seat.waited_us += us;
    exchange->served_us += us;
    TAILQ_REMOVE(&line->members, exchange, seat.entry);
    line->count--;
    if (line->slot != NULL) {
        waiting->queued--;
        atomic_fetch_sub(&line->slot->cells[exchange->worker->id].queued, 1);
    } else {
        counts = &line->service->counts;
        service_note_hold(counts, us);
        atomic_fetch_sub(&counts->held_bytes, exchange->seat.bytes);
        atomic_fetch_sub_explicit(&counts->held, 1, memory_order_release);
    }
    if (line->count > 0 || waiting->is_looking)
        return;
    TAILQ_REMOVE(&waiting->lines, line, entry);
    free(line);
}

static struct wait_line *make_line(struct waiting *waiting, const struct wait_place *place)
{
    struct wait_line *line = find_line(waiting, place->service, place->slot);

    if (line != NULL)
        return line;
    line = mem_zalloc(sizeof *line);
    line->service = place->service;
    line->slot = place->slot;
    TAILQ_INIT(&line->members);
    TAILQ_INSERT_TAIL(&waiting->lines, line, entry);
    return line;
}

/* What is not told wakes us by time: places that other workers set free, and the next of a line with a rate. */
static void arm_timer(struct waiting *waiting)
{
    const struct wait_line *line = NULL;
    uint64_t ms = waiting->queued > 0 ? QUEUE_MS : 0;

    TAILQ_FOREACH(line, &waiting->lines, entry)
    if (line->is_releasing && line->count > 0)
        ms = RELEASE_MS;
    if (ms > 0)
        timer_arm(waiting->timer, ms);
}

void waiting_enter(struct exchange *exchange, const struct wait_place *place)
{
    struct waiting *waiting = &exchange->worker->waiting;
    struct wait_line *line = NULL;

    if (place->kind == WAIT_STAY)
        return;
    waiting_leave(exchange);
    line = make_line(waiting, place);
    exchange->seat.line = line;
    exchange->seat.begin_us = clock_monotonic_us();
    TAILQ_INSERT_TAIL(&line->members, exchange, seat.entry);
    line->count++;
    if (place->kind == WAIT_HELD) {
        exchange->seat.bytes = exchange->head_in->end;
        count_shared(&place->service->counts.held_total, 1);
    } else {
        waiting->queued++;
    }
    deadline_arm(exchange->worker->wheel, &exchange->deadline, place->us);
    if (!waiting->is_looking && !timer_is_armed(waiting->timer))
        arm_timer(waiting);
}

void waiting_stir(struct waiting *waiting)
{
    if (waiting->queued > 0)
        timer_arm(waiting->timer, 0);
}

/* One exchange asks the routing again. It may be gone afterwards. */
static void wake(struct exchange *exchange)
{
    struct session *session = exchange->session;

    exchange->seat.is_due = true;
    exchange_step(exchange);
    if (session->exchange == NULL)
        session_step(session);
}

/* Each at most once, from the oldest on, until one may not go and so those behind it may not either; all of them after
 * a change, which may send those behind elsewhere. A step of one takes no other out of the line; it may add some at the
 * end. */
static void look_at(struct wait_line *line, bool all)
{
    struct exchange *exchange = TAILQ_FIRST(&line->members);

    line->is_blocked = false;
    for (unsigned left = line->count; left > 0 && exchange != NULL && (all || !line->is_blocked);
         left--) {
        struct exchange *next = TAILQ_NEXT(exchange, seat.entry);

        wake(exchange);
        exchange = next;
    }
}

static void look_at_all(struct waiting *waiting)
{
    struct wait_line *line = NULL;
    struct wait_line *next = NULL;

    waiting->is_looking = true;
    TAILQ_FOREACH(line, &waiting->lines, entry)
    if (line->slot != NULL || line->is_releasing || line->is_kicked) {
        bool is_kicked = line->is_kicked;

        line->is_kicked = false;
        look_at(line, is_kicked);
    }
    waiting->is_looking = false;
    for (line = TAILQ_FIRST(&waiting->lines); line != NULL; line = next) {
        next = TAILQ_NEXT(line, entry);
        if (line->count > 0)
            continue;
        TAILQ_REMOVE(&waiting->lines, line, entry);
        free(line);
    }
    arm_timer(waiting);
}

static void on_turn(void *arg)
{
    look_at_all(arg);
}

void waiting_kick(struct waiting *waiting)
{
    struct wait_line *line = NULL;

    TAILQ_FOREACH(line, &waiting->lines, entry)
    line->is_kicked = true;
    look_at_all(waiting);
}
