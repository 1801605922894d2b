/* The workers as one: see crew.h. */
#include "app/crew.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "control/stats.h"
#include "http/header_rules.h"
#include "proxy/worker.h"
#include "route/slot.h"
#include "route/tunnel_drain.h"

/* What a configuration may add to a message has room in it. */
_Static_assert((int)CONFIG_HEADER_LINES_BYTES <= (int)HEADER_RULES_BYTES, "lines of headers");

/* RESERVED_FDS stay for control: admin, probes, state, logs. A database has a session, a test and its letters. */
enum {
    RESERVED_FDS = 64,
    DATABASE_FDS = 4,
    LINGER_US = 1000000,
    SECOND_US = 1000000,
    NONCE_BYTES = 16
};

struct crew {
    unsigned count;
    uint64_t nofile;
    char nonce[NONCE_BYTES * 2 + 1];
    char names[ROUTE_WORKERS_MAX][20];
    struct worker *workers[ROUTE_WORKERS_MAX];
};

unsigned crew_size_of(const struct config *config)
{
    cpu_set_t cpus;
    int count = 1;

    if (config->workers > 0)
        return config->workers < ROUTE_WORKERS_MAX ? (unsigned)config->workers : ROUTE_WORKERS_MAX;
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        count = CPU_COUNT(&cpus);
    return count < ROUTE_WORKERS_MAX ? (unsigned)count : ROUTE_WORKERS_MAX;
}

static uint64_t read_nofile(void)
{
    struct rlimit limit = { 0, 0 };

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (uint64_t)limit.rlim_cur : 1024;
}

/* A session needs two descriptors at most, its own and one to a target. */
static unsigned sessions_per_worker(const struct crew *crew, const struct config *config)
{
    uint64_t reserved = RESERVED_FDS + (uint64_t)DATABASE_FDS * config->database_count;
    uint64_t most = crew->nofile > reserved + 2 ? (crew->nofile - reserved) / 2 : 1;

    if (config->max_connections > 0 && config->max_connections < most)
        most = config->max_connections;
    most = most / crew->count;
    return most > 0 ? (unsigned)(most < UINT32_MAX ? most : UINT32_MAX) : 1;
}

static void draw_nonce(char *out)
{
    unsigned char bytes[NONCE_BYTES];

    CHECK(getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes);
    for (unsigned i = 0; i < NONCE_BYTES; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

const char *crew_nonce(const struct crew *crew)
{
    return crew->nonce;
}

struct crew *crew_new(struct loop *loop, const struct config *config, struct ring **rings)
{
    struct crew *crew = mem_zalloc(sizeof *crew);

    crew->count = crew_size_of(config);
    crew->nofile = read_nofile();
    draw_nonce(crew->nonce);
    for (unsigned i = 0; i < crew->count; i++) {
        struct worker_options options = {
            .id = i,
            .control = loop,
            .access = rings != NULL ? rings[i] : NULL,
            .head_us = config->widest_head_timeout,
            .keepalive_us = config->timeouts.keepalive,
            .linger_us = LINGER_US,
            .max_sessions = sessions_per_worker(crew, config),
            .nonce = crew->nonce,
        };

        snprintf(crew->names[i], sizeof crew->names[i], "worker-%u", i);
        crew->workers[i] = worker_new(&options);
    }
    return crew;
}

void crew_start(struct crew *crew)
{
    for (unsigned i = 0; i < crew->count; i++)
        worker_start(crew->workers[i]);
}

unsigned crew_size(const struct crew *crew)
{
    return crew->count;
}

void crew_listen(struct crew *crew, unsigned listener_id, const int *fds, const struct gate *gate)
{
    for (unsigned i = 0; i < crew->count; i++)
        worker_listen(crew->workers[i], listener_id, fds != NULL ? fds[i] : -1, gate);
}

void crew_unlisten(struct crew *crew, unsigned listener_id)
{
    for (unsigned i = 0; i < crew->count; i++)
        worker_unlisten(crew->workers[i], listener_id);
}

void crew_tune(struct crew *crew, const struct config *config)
{
    for (unsigned i = 0; i < crew->count; i++)
        worker_tune(crew->workers[i], config->widest_head_timeout, config->timeouts.keepalive,
                    sessions_per_worker(crew, config));
}

void crew_check_limits(struct crew *crew, const struct config *config)
{
    uint64_t now = read_nofile();

    if (now == crew->nofile)
        return;
    LOG_WARN("descriptor_limit", "was=%llu is=%llu", (unsigned long long)crew->nofile,
             (unsigned long long)now);
    crew->nofile = now;
    crew_tune(crew, config);
}

/* One question to all workers. */
struct round {
    unsigned left;
    void (*done)(void *arg);
    void *arg;
};

static void on_answered(void *arg)
{
    struct round *round = arg;

    if (--round->left > 0)
        return;
    round->done(round->arg);
    free(round);
}

static struct round *begin_round(const struct crew *crew, void (*done)(void *done_arg),
                                 void *done_arg)
{
    struct round *round = mem_zalloc(sizeof *round);

    round->left = crew->count;
    round->done = done;
    round->arg = done_arg;
    return round;
}

void crew_evict(void *arg, struct target *target, bool busy, void (*done)(void *done_arg),
                void *done_arg)
{
    struct crew *crew = arg;
    struct round *round = begin_round(crew, done, done_arg);

    for (unsigned i = 0; i < crew->count; i++)
        worker_evict(crew->workers[i], target, busy, on_answered, round);
}

void crew_list(struct crew *crew, struct ledger *ledger, void (*done)(void *done_arg),
               void *done_arg)
{
    struct round *round = begin_round(crew, done, done_arg);

    for (unsigned i = 0; i < crew->count; i++)
        worker_list(crew->workers[i], ledger, on_answered, round);
}

void crew_kick(struct crew *crew)
{
    for (unsigned i = 0; i < crew->count; i++)
        worker_kick(crew->workers[i]);
}

/* One warming at all workers. */
struct warm_all {
    unsigned left;
    unsigned open;
    void (*done)(void *arg, unsigned open);
    void *arg;
};

static void on_warm(void *arg, unsigned open)
{
    struct warm_all *all = arg;

    all->open += open;
    if (--all->left > 0)
        return;
    all->done(all->arg, all->open);
    free(all);
}

void crew_warm(void *arg, struct target *target, unsigned count,
               void (*done)(void *done_arg, unsigned open), void *done_arg)
{
    struct crew *crew = arg;
    struct warm_all *all = mem_zalloc(sizeof *all);

    all->left = crew->count;
    all->done = done;
    all->arg = done_arg;
    for (unsigned i = 0; i < crew->count; i++)
        worker_warm(crew->workers[i], target, (count + crew->count - 1) / crew->count, on_warm,
                    all);
}

void crew_drain(struct crew *crew, uint64_t grace_us)
{
    for (unsigned i = 0; i < crew->count; i++)
        worker_drain(crew->workers[i], grace_us);
}

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void crew_drain_tunnels(void *arg, const struct tunnel_drain *order)
{
    struct crew *crew = arg;
    uint64_t all = 0;

    for (unsigned i = 0; i < crew->count; i++)
        all += load(&order->slot->cells[i].tunnels);
    for (unsigned i = 0; i < crew->count; i++) {
        struct tunnel_drain part = *order;
        uint64_t have = load(&order->slot->cells[i].tunnels);

        /* a worker that has none now gets the whole rate for one that may still begin */
        if (order->per_second > 0)
            part.interval_us =
                SECOND_US / order->per_second * (have > 0 ? all : 1) / (have > 0 ? have : 1);
        if (order->per_second > 0 && all > 0) /* not all workers at the same moment */
            part.begin_us += SECOND_US / order->per_second * i / crew->count;
        worker_drain_tunnels(crew->workers[i], &part);
    }
}

void crew_end_tunnels(struct crew *crew)
{
    const struct tunnel_drain order = { .slot = NULL };

    for (unsigned i = 0; i < crew->count; i++)
        worker_drain_tunnels(crew->workers[i], &order);
}

uint64_t crew_tunnels(const struct crew *crew)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < crew->count; i++)
        sum += load(&worker_counts(crew->workers[i])->tunnels);
    return sum;
}

void crew_free(struct crew *crew)
{
    if (crew == NULL)
        return;
    for (unsigned i = 0; i < crew->count; i++)
        worker_quit(crew->workers[i]);
    for (unsigned i = 0; i < crew->count; i++)
        worker_join(crew->workers[i]);
    free(crew);
}

void crew_sum(const struct crew *crew, struct control_stats *out)
{
    for (unsigned i = 0; i < crew->count; i++) {
        const struct worker_counts *counts = worker_counts(crew->workers[i]);

        out->connections += load(&counts->sessions);
        out->connections_total += load(&counts->sessions_total);
        out->connections_refused += load(&counts->sessions_refused) +
                                    load(&counts->sessions_limited) + load(&counts->starved);
        out->exchanges += load(&counts->exchanges);
        out->exchanges_total += load(&counts->exchanges_total);
        out->upstreams += load(&counts->upstreams);
        out->upstreams_idle += load(&counts->upstreams_idle);
        out->tls_handshakes += load(&counts->tls_handshakes);
        out->tls_resumed += load(&counts->tls_resumed);
        out->dials += load(&counts->dials);
        out->dials_resumed += load(&counts->dials_resumed);
        for (unsigned k = 0; k < TLS_FAULTS; k++)
            out->tls_failed[FAULT_TLS_HANDSHAKE + k] += load(&counts->tls_failed[k]);
        for (unsigned status = 0; status < 600; status++)
            out->unrouted[status] += load(&counts->unrouted[status]);
    }
}

uint64_t crew_sessions(const struct crew *crew)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < crew->count; i++)
        sum += load(&worker_counts(crew->workers[i])->sessions);
    return sum;
}

const char *crew_name(const struct crew *crew, unsigned index)
{
    return crew->names[index];
}

const struct lag *crew_lag(const struct crew *crew, unsigned index)
{
    return worker_lag(crew->workers[index]);
}
