/*
 * How tunnels are closed one by one: see tunnel_order.h. A deadline of the wheel comes when the next one is due; what
 * became due since the last time is closed then, oldest first. At the drain's deadline the rest ends.
 */
#include "proxy/tunnel_order.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "proxy/tunnel.h"
#include "proxy/worker_priv.h"
#include "route/tunnel_drain.h"

enum { CODE_GOING_AWAY = 1001, CODE_RESTART = 1012, SECOND_US = 1000000, CATCH_UP_US = 500000 };

/* After its deadline an order still looks for tunnels that came late, so often and so long. The slot may have gone by
 * then: it is compared and never looked into, and the epoch keeps another one at the same address apart. */
enum { LATE_US = 500000, LINGER_US = 60000000 };

/* Owner: worker->tunnel_orders. Ends with its deadline, when it is taken back, or with the worker. */
struct tunnel_order {
    LIST_ENTRY(tunnel_order) entry;
    struct worker *worker;
    struct tunnel_drain drain;
    uint64_t next_us; /* when the next tunnel is due */
    struct deadline deadline;
};

static struct tunnel_order *find_order(struct worker *worker, const struct slot *slot)
{
    struct tunnel_order *order = NULL;

    LIST_FOREACH(order, &worker->tunnel_orders, entry)
    if (order->drain.slot == slot)
        return order;
    return NULL;
}

static void drop_order(struct tunnel_order *order)
{
    if (order == NULL)
        return;
    deadline_fini(&order->deadline);
    LIST_REMOVE(order, entry);
    free(order);
}

/* Between two tunnels, drawn anew each time; 0: no pause at all. */
static uint64_t draw_distance(struct tunnel_order *order)
{
    const struct tunnel_drain *drain = &order->drain;
    uint64_t distance = drain->interval_us;
    uint64_t jitter = 0;

    if (distance == 0 && drain->per_second > 0)
        distance = SECOND_US / drain->per_second;
    jitter = distance * (drain->jitter < 100 ? drain->jitter : 100) / 100;
    if (jitter > 0)
        distance += hash_random(&order->worker->random) % (2 * jitter + 1) - jitter;
    return distance;
}

/* Those that were routed before the slot lost its traffic; pinned tenants and testers may still come there. */
static bool is_meant(const struct tunnel_drain *drain, const struct tunnel *tunnel)
{
    return tunnel->slot == drain->slot && (drain->epoch == 0 || tunnel->epoch < drain->epoch);
}

/* The oldest first, as many as are due; false: none is left to be closed. */
static bool close_due(struct tunnel_order *order, uint64_t now_us)
{
    struct tunnel *tunnel = TAILQ_FIRST(&order->worker->tunnels);

    if (order->next_us + CATCH_UP_US < now_us)
        order->next_us = now_us - CATCH_UP_US; /* a stop of ours is no reason for a flood */
    while (tunnel != NULL && order->next_us <= now_us) {
        struct tunnel *next = TAILQ_NEXT(tunnel, entry);

        if (is_meant(&order->drain, tunnel) && tunnel->phase == TUNNEL_OPEN &&
            tunnel_is_closable(tunnel)) {
            tunnel_close(tunnel, CODE_RESTART, FAULT_TUNNEL_DRAINED);
            order->next_us += draw_distance(order);
        }
        tunnel = next;
    }
    return tunnel != NULL;
}

/* drain NULL: every tunnel. */
static void end_all(struct worker *worker, const struct tunnel_drain *drain, unsigned code,
                    enum fault fault)
{
    struct tunnel *tunnel = TAILQ_FIRST(&worker->tunnels);

    while (tunnel != NULL) {
        struct tunnel *next = TAILQ_NEXT(tunnel, entry);

        if (drain == NULL || is_meant(drain, tunnel))
            tunnel_end(tunnel, code, fault);
        tunnel = next;
    }
}

static void pace(struct tunnel_order *order)
{
    struct worker *worker = order->worker;
    const struct tunnel_drain *drain = &order->drain;
    uint64_t now_us = clock_monotonic_us();
    uint64_t wake_us = drain->deadline_us;

    if (now_us >= drain->deadline_us) {
        end_all(worker, drain, CODE_RESTART, FAULT_TUNNEL_DRAINED);
        if (now_us >= drain->deadline_us + LINGER_US || drain->epoch == 0)
            drop_order(order);
        else /* a 101 that was asked for before may still come */
            deadline_arm(worker->wheel, &order->deadline, LATE_US);
        return;
    }
    if (now_us >= order->next_us && !close_due(order, now_us))
        order->next_us = now_us + draw_distance(order); /* one may still begin: looked at again */
    if (order->next_us <= now_us)
        order->next_us = now_us + SECOND_US / 10;
    if (order->next_us < wake_us)
        wake_us = order->next_us;
    deadline_arm(worker->wheel, &order->deadline, wake_us - now_us);
}

static void on_due(struct deadline *deadline)
{
    pace(container_of(deadline, struct tunnel_order, deadline));
}

static void let_stay(struct worker *worker, const struct slot *slot)
{
    struct tunnel *tunnel = NULL;

    TAILQ_FOREACH(tunnel, &worker->tunnels, entry)
    if (tunnel->slot == slot)
        tunnel_stay(tunnel);
}

void tunnel_order_obey(struct worker *worker, const struct tunnel_drain *drain)
{
    struct tunnel_order *order = NULL;

    if (drain->slot == NULL) {
        end_all(worker, NULL, CODE_GOING_AWAY, FAULT_SHUTTING_DOWN);
        return;
    }
    order = find_order(worker, drain->slot);
    if (drain->is_cancelled || drain->never) {
        drop_order(order);
        let_stay(worker, drain->slot);
        return;
    }
    if (order == NULL) {
        order = mem_zalloc(sizeof *order);
        order->worker = worker;
        deadline_init(&order->deadline, on_due);
        LIST_INSERT_HEAD(&worker->tunnel_orders, order, entry);
    }
    order->drain = *drain;
    order->next_us = drain->begin_us;
    pace(order);
}

void tunnel_order_forget(struct worker *worker, const struct slot *slot)
{
    const struct tunnel_order *order = find_order(worker, slot);
    const struct tunnel *tunnel = NULL;

    if (order == NULL || order->drain.epoch != 0)
        return;
    TAILQ_FOREACH(tunnel, &worker->tunnels, entry)
    if (tunnel->slot == slot)
        return;
    drop_order(find_order(worker, slot));
}

void tunnel_order_fini(struct worker *worker)
{
    struct tunnel_order *order = LIST_FIRST(&worker->tunnel_orders);

    while (order != NULL) {
        struct tunnel_order *next = LIST_NEXT(order, entry);

        drop_order(order);
        order = next;
    }
}
