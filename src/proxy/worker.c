/* The worker's thread, its messages, its listeners and its end: see proxy/worker.h. */
#include "proxy/worker.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/mailbox.h"
#include "proxy/exchange.h"
#include "proxy/ledger_fill.h"
#include "proxy/session.h"
#include "proxy/tunnel.h"
#include "proxy/tunnel_order.h"
#include "proxy/upstream.h"
#include "proxy/warm.h"
#include "proxy/worker_priv.h"
#include "route/target.h"
#include "route/tunnel_drain.h"

/* RESERVED_FDS: kept free of clients, or a quarter of a small limit. */
enum { RESERVED_FDS = 64, SHED_SESSIONS = 32, REFUSED_READS = 4, CEILING_CHECK_US = 50000 };

enum message {
    MAIL_LISTEN,
    MAIL_UNLISTEN,
    MAIL_EVICT,
    MAIL_TUNE,
    MAIL_KICK,
    MAIL_WARM,
    MAIL_TUNNELS,
    MAIL_LIST,
    MAIL_DRAIN,
    MAIL_QUIT
};

struct listen_message {
    unsigned id;
    int fd;
    const struct gate *gate;
};

struct evict_message {
    struct target *target;
    bool busy;
    void (*done)(void *arg);
    void *arg;
};

struct list_message {
    struct ledger *whole; /* control's */
    struct ledger part;
    void (*done)(void *arg);
    void *arg;
};

struct tune_message {
    uint64_t head_us;
    uint64_t keepalive_us;
    unsigned max_sessions;
};

struct slice worker_date(struct worker *worker)
{
    uint64_t second = clock_wall_us() / 1000000u;

    if (second != worker->date_second) {
        time_t now = (time_t)second;
        struct tm tm = { 0 };

        gmtime_r(&now, &tm);
        strftime(worker->date, sizeof worker->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        worker->date_second = second;
    }
    return slice_from(worker->date);
}

/* Beyond the bound a client is told so at once, and nothing is kept. What it has sent already is read, since
 * closing over unread bytes sends a RST, which may overtake the answer. */
static void refuse(struct worker *worker, int fd, const struct gate *gate)
{
    static const char words[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                "Retry-After: 1\r\nConnection: close\r\n\r\n";

    count_add(&worker->counts.sessions_refused, 1);
    if (gate->tls != NULL) { /* words in clear would not be understood */
        close(fd);
        return;
    }
    (void)!send(fd, words, sizeof words - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < REFUSED_READS; i++)
        if (recv(fd, worker->gather, GATHER_BYTES, MSG_DONTWAIT) <= 0)
            break;
    close(fd);
}

/* Descriptors are given out from the lowest: one near the limit tells that the rest is nearly used up. What
 * is above the ceiling stays for control (admin, probes, state) and for connections to targets. */
static void set_ceiling(struct worker *worker)
{
    struct rlimit limit = { 0, 0 };
    uint64_t spare = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    spare = limit.rlim_cur / 4 < RESERVED_FDS ? limit.rlim_cur / 4 : RESERVED_FDS;
    worker->fd_ceiling = (int)(limit.rlim_cur - spare < INT_MAX ? limit.rlim_cur - spare : INT_MAX);
}

/* The limit may be changed from outside at any time; what other workers wait for is not told, either. */
static void on_ceiling_check(struct deadline *deadline)
{
    struct worker *worker = container_of(deadline, struct worker, ceiling_check);

    set_ceiling(worker);
    upstream_pools_share(worker);
    deadline_arm(worker->wheel, &worker->ceiling_check, CEILING_CHECK_US);
}

/* Closes clients that wait without having sent anything, so that those who have something to say can. */
static void shed_idle(struct worker *worker)
{
    struct session *session = LIST_FIRST(&worker->sessions);
    unsigned left = SHED_SESSIONS;

    while (session != NULL && left > 0) {
        struct session *next = LIST_NEXT(session, entry);

        if (session->phase == SESSION_HEAD && session->in == NULL &&
            session->stream.fd >= worker->fd_ceiling) {
            session_close(session);
            left--;
        }
        session = next;
    }
}

static void on_accept(void *arg, int fd, const struct address *peer)
{
    struct worker_listener *entry = arg;
    struct worker *worker = entry->worker;

    if (fd >= worker->fd_ceiling ||
        atomic_load_explicit(&worker->counts.sessions, memory_order_relaxed) >=
            worker->max_sessions)
        refuse(worker, fd, entry->gate);
    else
        session_start(worker, fd, peer, entry->gate);
}

static void on_starved(void *arg, int err)
{
    struct worker_listener *entry = arg;

    (void)err;
    count_add(&entry->worker->counts.starved, 1);
    set_ceiling(entry->worker);
    shed_idle(entry->worker);
}

static const struct listener_ops accept_ops = { .on_accept = on_accept, .on_starved = on_starved };

static struct worker_listener *find_listener(struct worker *worker, unsigned id)
{
    struct worker_listener *entry = NULL;

    LIST_FOREACH(entry, &worker->listeners, entry)
    if (entry->id == id)
        return entry;
    return NULL;
}

static void do_listen(struct worker *worker, struct listen_message *message)
{
    struct worker_listener *entry = find_listener(worker, message->id);

    if (entry == NULL && message->fd >= 0) {
        entry = mem_zalloc(sizeof *entry);
        entry->worker = worker;
        entry->id = message->id;
        entry->listener = listener_new(worker->loop, message->fd, &accept_ops, entry);
        LIST_INSERT_HEAD(&worker->listeners, entry, entry);
    } else if (message->fd >= 0) {
        close(message->fd); /* this one is open already */
    }
    if (entry != NULL)
        entry->gate = message->gate;
    free(message);
}

static void drop_listener(struct worker_listener *entry)
{
    listener_free(entry->listener);
    LIST_REMOVE(entry, entry);
    free(entry);
}

static void do_evict(struct worker *worker, struct evict_message *message)
{
    struct session *session = LIST_FIRST(&worker->sessions);

    warm_evict(worker, message->target);
    upstream_pool_evict(worker, message->target);
    while (message->busy && session != NULL) {
        struct session *next = LIST_NEXT(session, entry);

        if (session->exchange != NULL && session->exchange->target == message->target)
            exchange_evict(session->exchange);
        else if (session->tunnel != NULL && session->tunnel->target == message->target)
            tunnel_evict(session->tunnel);
        session = next;
    }
    upstream_pool_evict(worker, message->target);
    tunnel_order_forget(worker, message->target->slot);
    mailbox_post(worker->answers, &(struct mail){ .kind = ANSWER_EVICT, .object = message });
}

static void do_drain(struct worker *worker, uint64_t grace_us)
{
    struct session *session = NULL;

    worker->is_draining = true;
    while (!LIST_EMPTY(&worker->listeners))
        drop_listener(LIST_FIRST(&worker->listeners));
    LIST_FOREACH(session, &worker->sessions, entry)
    session_drain(session, grace_us);
    waiting_kick(&worker->waiting); /* nobody will end a hold any more */
}

static void answer_evict(struct evict_message *message)
{
    message->done(message->arg);
    free(message);
}

static void answer_warm(struct warm_round *round)
{
    round->done(round->arg, round->open);
    free(round);
}

/* On the control thread: a list is whole. */
static void end_list(struct list_message *message)
{
    ledger_join(message->whole, &message->part);
    message->done(message->arg);
    free(message);
}

/* A message that came too late: the thread has ended, or never was. */
static void drop_mail(const struct mail *mail)
{
    struct listen_message *listen = NULL;

    switch ((enum message)mail->kind) {
    case MAIL_LISTEN:
        listen = mail->object;
        if (listen->fd >= 0)
            close(listen->fd);
        free(listen);
        break;
    case MAIL_EVICT: answer_evict(mail->object); break;
    case MAIL_WARM: answer_warm(mail->object); break;
    case MAIL_TUNE:
    case MAIL_TUNNELS: free(mail->object); break;
    case MAIL_LIST: end_list(mail->object); break;
    case MAIL_UNLISTEN:
    case MAIL_KICK:
    case MAIL_DRAIN:
    case MAIL_QUIT: break;
    }
}

static void on_mail(void *arg, const struct mail *mail)
{
    struct worker *worker = arg;
    struct worker_listener *entry = NULL;
    struct tune_message *tune = NULL;
    struct list_message *list = NULL;

    if (worker->is_over) {
        drop_mail(mail);
        return;
    }
    switch ((enum message)mail->kind) {
    case MAIL_LISTEN: do_listen(worker, mail->object); break;
    case MAIL_UNLISTEN:
        entry = find_listener(worker, (unsigned)mail->number);
        if (entry != NULL)
            drop_listener(entry);
        break;
    case MAIL_EVICT: do_evict(worker, mail->object); break;
    case MAIL_TUNE:
        tune = mail->object;
        worker->head_us = tune->head_us;
        worker->keepalive_us = tune->keepalive_us;
        worker->max_sessions = tune->max_sessions;
        free(tune);
        break;
    case MAIL_KICK:
        maintenance_pages_drop(&worker->pages);
        waiting_kick(&worker->waiting);
        break;
    case MAIL_WARM: warm_start(worker, mail->object); break;
    case MAIL_TUNNELS:
        tunnel_order_obey(worker, mail->object);
        free(mail->object);
        break;
    case MAIL_LIST:
        list = mail->object;
        ledger_fill(worker, &list->part);
        mailbox_post(worker->answers, &(struct mail){ .kind = ANSWER_LIST, .object = list });
        break;
    case MAIL_DRAIN: do_drain(worker, mail->number); break;
    case MAIL_QUIT: loop_stop(worker->loop); break;
    }
}

/* On the control thread. */
static void on_answer(void *arg, const struct mail *mail)
{
    (void)arg;
    switch ((enum worker_answer)mail->kind) {
    case ANSWER_EVICT: answer_evict(mail->object); break;
    case ANSWER_WARM: answer_warm(mail->object); break;
    case ANSWER_LIST: end_list(mail->object); break;
    }
}

struct worker *worker_new(const struct worker_options *options)
{
    struct worker *worker = mem_zalloc_aligned(64, sizeof *worker);

    worker->id = options->id;
    worker->access = options->access;
    worker->head_us = options->head_us;
    worker->keepalive_us = options->keepalive_us;
    worker->linger_us = options->linger_us;
    worker->max_sessions = options->max_sessions;
    CHECK(slice_copy(slice_from(options->nonce), worker->nonce, sizeof worker->nonce));
    worker->random =
        (clock_monotonic_us() << 8 ^ clock_wall_us()) + options->id * 0x9e3779b97f4aull;
    worker->random |= 1;
    worker->loop = loop_new();
    worker->wheel = wheel_new(worker->loop);
    deadline_init(&worker->ceiling_check, on_ceiling_check);
    on_ceiling_check(&worker->ceiling_check);
    pool_init(&worker->sessions_pool, sizeof *LIST_FIRST(&worker->sessions));
    pool_init(&worker->exchanges_pool, sizeof *LIST_FIRST(&worker->sessions)->exchange);
    pool_init(&worker->upstreams_pool, sizeof *LIST_FIRST(&worker->upstreams));
    pool_init(&worker->tunnels_pool, sizeof *TAILQ_FIRST(&worker->tunnels));
    buffer_shelf_init(&worker->shelf);
    LIST_INIT(&worker->sessions);
    LIST_INIT(&worker->upstreams);
    TAILQ_INIT(&worker->tunnels);
    LIST_INIT(&worker->tunnel_orders);
    LIST_INIT(&worker->upstream_pools);
    LIST_INIT(&worker->listeners);
    waiting_init(&worker->waiting, worker);
    maintenance_pages_init(&worker->pages);
    worker->fields = mem_zalloc(SCRATCH_FIELDS * sizeof *worker->fields);
    worker->head_out = mem_zalloc(SCRATCH_HEAD);
    worker->gather = mem_zalloc(GATHER_BYTES);
    worker->mailbox = mailbox_new(worker->loop, on_mail, worker);
    worker->answers = mailbox_new(options->control, on_answer, worker);
    return worker;
}

/* On the worker's thread, after its loop has ended. */
static void close_all(struct worker *worker)
{
    while (!LIST_EMPTY(&worker->listeners))
        drop_listener(LIST_FIRST(&worker->listeners));
    while (!LIST_EMPTY(&worker->sessions))
        session_close(LIST_FIRST(&worker->sessions));
    warm_evict(worker, NULL);
    tunnel_order_fini(worker);
    while (!LIST_EMPTY(&worker->upstream_pools))
        upstream_pool_evict(worker, LIST_FIRST(&worker->upstream_pools)->target);
    CHECK(LIST_EMPTY(&worker->upstreams)); /* every busy one went with its session */
}

static void *run_worker(void *arg)
{
    struct worker *worker = arg;

    rcu_thread_begin();
    loop_run(worker->loop);
    worker->is_draining = true;
    close_all(worker);
    rcu_thread_end();
    return NULL;
}

void worker_start(struct worker *worker)
{
    sigset_t all;
    sigset_t before;
    char name[16];

    /* signals belong to the control thread */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    CHECK(pthread_create(&worker->thread, NULL, run_worker, worker) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    snprintf(name, sizeof name, "worker-%u", worker->id % 100);
    (void)pthread_setname_np(worker->thread, name);
    worker->is_started = true;
}

void worker_listen(struct worker *worker, unsigned listener_id, int fd, const struct gate *gate)
{
    struct listen_message *message = mem_zalloc(sizeof *message);

    message->id = listener_id;
    message->fd = fd;
    message->gate = gate;
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_LISTEN, .object = message });
}

void worker_unlisten(struct worker *worker, unsigned listener_id)
{
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_UNLISTEN, .number = listener_id });
}

void worker_evict(struct worker *worker, struct target *target, bool busy, void (*done)(void *arg),
                  void *arg)
{
    struct evict_message *message = mem_zalloc(sizeof *message);

    message->target = target;
    message->busy = busy;
    message->done = done;
    message->arg = arg;
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_EVICT, .object = message });
}

void worker_warm(struct worker *worker, struct target *target, unsigned count,
                 void (*done)(void *arg, unsigned open), void *arg)
{
    struct warm_round *round = mem_zalloc(sizeof *round);

    round->target = target;
    round->count = count;
    round->done = done;
    round->arg = arg;
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_WARM, .object = round });
}

void worker_tune(struct worker *worker, uint64_t head_us, uint64_t keepalive_us,
                 unsigned max_sessions)
{
    struct tune_message *message = mem_zalloc(sizeof *message);

    message->head_us = head_us;
    message->keepalive_us = keepalive_us;
    message->max_sessions = max_sessions;
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_TUNE, .object = message });
}

void worker_kick(struct worker *worker)
{
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_KICK });
}

void worker_drain_tunnels(struct worker *worker, const struct tunnel_drain *order)
{
    struct tunnel_drain *message = mem_alloc(sizeof *message);

    *message = *order;
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_TUNNELS, .object = message });
}

void worker_list(struct worker *worker, struct ledger *ledger, void (*done)(void *arg), void *arg)
{
    struct list_message *message = mem_zalloc(sizeof *message);

    message->whole = ledger;
    message->part.slot = ledger->slot;
    message->done = done;
    message->arg = arg;
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_LIST, .object = message });
}

void worker_drain(struct worker *worker, uint64_t grace_us)
{
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_DRAIN, .number = grace_us });
}

void worker_quit(struct worker *worker)
{
    mailbox_post(worker->mailbox, &(struct mail){ .kind = MAIL_QUIT });
}

void worker_join(struct worker *worker)
{
    if (worker == NULL)
        return;
    if (worker->is_started)
        pthread_join(worker->thread, NULL);
    worker->is_over = true;
    mailbox_receive(worker->mailbox);
    mailbox_receive(worker->answers);
    mailbox_free(worker->mailbox);
    mailbox_free(worker->answers);
    waiting_fini(&worker->waiting);
    maintenance_pages_drop(&worker->pages);
    wheel_free(worker->wheel);
    loop_free(worker->loop);
    pool_fini(&worker->sessions_pool);
    pool_fini(&worker->exchanges_pool);
    pool_fini(&worker->upstreams_pool);
    pool_fini(&worker->tunnels_pool);
    buffer_shelf_fini(&worker->shelf);
    free(worker->fields);
    free(worker->head_out);
    free(worker->gather);
    free(worker);
}

const struct lag *worker_lag(const struct worker *worker)
{
    return wheel_lag(worker->wheel);
}

const struct worker_counts *worker_counts(const struct worker *worker)
{
    return &worker->counts;
}
