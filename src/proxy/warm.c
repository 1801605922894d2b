/* Opening connections ahead of the first request: see warm.h. */
#include "proxy/warm.h"

#include "base/err.h"
#include "base/rcu.h"
#include "net/mailbox.h"
#include "proxy/worker_priv.h"
#include "route/slot.h"
#include "route/snapshot.h"
#include "route/target.h"

/* The policy of the target's service in the present picture; false: it has gone. */
static bool find_policy(const struct target *target, struct policy *out)
{
    const struct snapshot *snapshot = NULL;
    bool is_found = false;

    rcu_read_begin();
    snapshot = snapshot_current();
    for (unsigned i = 0; snapshot != NULL && i < snapshot_service_count(snapshot); i++) {
        const struct snapshot_service *service = snapshot_service_at(snapshot, i);

        if (service->service == target->slot->service) {
            *out = service->policy;
            is_found = true;
            break;
        }
    }
    rcu_read_end();
    return is_found;
}

static unsigned count_idle(const struct worker *worker, const struct target *target)
{
    const struct upstream_pool *pool = target->cells[worker->id].pool;

    return pool != NULL ? pool->count : 0;
}

static void finish(struct worker *worker, struct warm_round *round)
{
    round->open = count_idle(worker, round->target);
    mailbox_post(worker->answers, &(struct mail){ .kind = ANSWER_WARM, .object = round });
}

static void end_one(struct upstream *upstream)
{
    struct warm_round *round = upstream->warm;

    upstream->warm = NULL;
    if (--round->left == 0)
        finish(upstream->worker, round);
}

static void keep(struct upstream *upstream)
{
    const struct warm_round *round = upstream->warm;

    target_report_connect(upstream->target, true);
    upstream->stream.readable = false;
    upstream_return(upstream, round->pool_max, round->pool_idle_us);
    end_one(upstream);
}

static void give_up(struct upstream *upstream)
{
    upstream_close(upstream);
    end_one(upstream);
}

void warm_on_ready(struct upstream *upstream)
{
    enum fault fault = FAULT_NONE;
    int err = stream_connect_result(&upstream->stream);

    if (err == ERR_OK)
        err = upstream_secure(upstream, &fault);
    if (err == ERR_AGAIN)
        return;
    /* tickets that came with the handshake are taken now */
    if (err == ERR_OK && (upstream->target->tls == NULL || !stream_is_stale(&upstream->stream)))
        keep(upstream);
    else
        give_up(upstream);
}

void warm_on_deadline(struct upstream *upstream)
{
    give_up(upstream);
}

void warm_start(struct worker *worker, struct warm_round *round)
{
    struct target *target = round->target;
    struct policy policy;
    unsigned idle = count_idle(worker, target);
    unsigned wanted = round->count > idle ? round->count - idle : 0;

    /* a PROXY header would have to name a client that is not known yet */
    if (worker->is_draining || target->proxy_protocol != 0 || !find_policy(target, &policy))
        wanted = 0;
    else if (round->count > policy.pool_max)
        wanted = policy.pool_max > idle ? policy.pool_max - idle : 0;
    round->left = 1; /* ours: it ends below whatever the others did */
    for (unsigned i = 0; i < wanted; i++) {
        struct upstream *upstream = NULL;

        if (upstream_open(worker, target, NULL, &upstream) != ERR_OK)
            break;
        round->pool_max = policy.pool_max;
        round->pool_idle_us = policy.pool_idle_us;
        round->left++;
        upstream->warm = round;
        deadline_arm(worker->wheel, &upstream->deadline, policy.connect_us);
    }
    if (--round->left == 0)
        finish(worker, round);
}

void warm_evict(struct worker *worker, const struct target *target)
{
    struct upstream *upstream = LIST_FIRST(&worker->upstreams);

    while (upstream != NULL) {
        struct upstream *next = LIST_NEXT(upstream, entry);

        if (upstream->warm != NULL && (target == NULL || upstream->target == target))
            give_up(upstream);
        upstream = next;
    }
}
