/*
 * Every callback of the loop ends in one function per state, and nothing of the link is touched behind a callback of the
 * owner: it may be gone. See pg_link_priv.h.
 */
#include "store/pg_link_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/fd_watch.h"
#include "net/timer.h"
#include "store/db_spec_priv.h"
#include "store/name_lookup_priv.h"
#include "store/pg_params_priv.h"

enum state {
    LINK_CLOSED,
    LINK_FAILED, /* inside a verb: the owner is told in the next turn */
    LINK_NAMES,
    LINK_CONNECTING,
    LINK_SETTING,
    LINK_READY,
    LINK_ASKING
};

struct pg_link {
    const struct db_spec *spec;
    struct name_lookup *names;
    const struct pg_link_ops *ops;
    void *arg;
    enum state state;
    PGconn *pg;
    PGresult *result; /* the first of the answer */
    struct fd_watch *watch;
    struct timer *deadline;
    struct name_waiter waiter;
    struct pg_link_times times;
    struct pg_fault fault; /* of LINK_FAILED, or the last words of an idle session */
    bool has_words;
    uint64_t began_us; /* the opening */
    uint64_t resolved_us;
    uint64_t asked_us;
    bool is_late; /* half of the time is over: addresses of before will do */
};

/* Each session says for itself what it looks at; a pooler would not take it as a startup option. The server gives up
 * before we do, because only it can say what the question waited for. */
static const char settings_sql[] =
    "SELECT pg_catalog.set_config('search_path', $1, false), "
    "pg_catalog.set_config('statement_timeout', $2, false), "
    "pg_catalog.set_config('lock_timeout', $2, false), "
    "pg_catalog.set_config('idle_in_transaction_session_timeout', $2, false), "
    "pg_catalog.set_config('client_min_messages', 'error', false)";

/* An idle session is told of its end as a notice; all others are dropped. */
static void on_notice(void *arg, const PGresult *result)
{
    struct pg_link *link = arg;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity == NULL || strcmp(severity, "FATAL") != 0)
        return;
    pg_fault_read_result(&link->fault, "the session was ended", result);
    link->has_words = true;
}

void pg_link_close(struct pg_link *link)
{
    name_lookup_leave(link->names, &link->waiter);
    fd_watch_clear(link->watch);
    timer_disarm(link->deadline);
    PQclear(link->result);
    PQfinish(link->pg);
    link->result = NULL;
    link->pg = NULL;
    link->state = LINK_CLOSED;
}

static void fail(struct pg_link *link, const struct pg_fault *fault)
{
    struct pg_fault copy = *fault;

    pg_link_close(link);
    link->ops->on_fault(link->arg, &copy);
}

/* From inside a verb. */
static void fail_soon(struct pg_link *link, const struct pg_fault *fault)
{
    pg_link_close(link);
    link->fault = *fault;
    link->state = LINK_FAILED;
    timer_arm(link->deadline, 0);
}

static void fail_lost(struct pg_link *link)
{
    struct pg_fault fault = link->fault;

    if (PQresultErrorField(link->result, PG_DIAG_SQLSTATE) != NULL)
        pg_fault_read_result(&fault, "the session was ended", link->result);
    else if (!link->has_words)
        pg_fault_read(&fault, PG_FAULT_LOST, PQerrorMessage(link->pg));
    fail(link, &fault);
}

/* Reading always, so that the end of a session is noticed; writing while something is left. */
static int watch_session(struct pg_link *link, bool want_write)
{
    return fd_watch_set(link->watch, PQsocket(link->pg), true, want_write);
}

static bool send_question(struct pg_link *link, const char *sql, unsigned count,
                          const char *const *params)
{
    struct pg_fault fault;
    int left = 0;

    link->asked_us = clock_monotonic_us();
    if (PQsendQueryParams(link->pg, sql, (int)count, NULL, params, NULL, NULL, 0) != 1)
        left = -1;
    else
        left = PQflush(link->pg);
    if (left >= 0 && watch_session(link, left > 0) == ERR_OK)
        return true;
    pg_fault_read(&fault, PG_FAULT_LOST, PQerrorMessage(link->pg));
    fail_soon(link, &fault);
    return false;
}

void pg_link_ask(struct pg_link *link, const char *sql, unsigned param_count,
                 const char *const *params)
{
    CHECK(link->state == LINK_READY);
    link->state = LINK_ASKING;
    if (send_question(link, sql, param_count, params))
        timer_arm(link->deadline, link->spec->is.query_timeout_us / 1000);
}

/* The deadline of the connection goes on. */
static void make_settings(struct pg_link *link)
{
    char timeout[32];
    const char *params[2] = { link->spec->is.search_path, timeout };
    uint64_t ms = link->spec->is.query_timeout_us / 1000 * 4 / 5;

    snprintf(timeout, sizeof timeout, "%llu", (unsigned long long)(ms > 0 ? ms : 1));
    link->state = LINK_SETTING;
    PQsetErrorVerbosity(link->pg, PQERRORS_DEFAULT);
    (void)PQsetnonblocking(link->pg, 1);
    (void)send_question(link, settings_sql, 2, params);
}

/* libpq may close its socket and open another one with the same number, so the watch ends before each step. */
static void step_connecting(struct pg_link *link)
{
    struct pg_fault fault;
    PostgresPollingStatusType next = PGRES_POLLING_FAILED;

    fd_watch_clear(link->watch);
    next = PQconnectPoll(link->pg);
    if (next == PGRES_POLLING_OK) {
        make_settings(link);
        return;
    }
    if (next != PGRES_POLLING_FAILED && PQsocket(link->pg) >= 0 &&
        fd_watch_set(link->watch, PQsocket(link->pg), next == PGRES_POLLING_READING,
                     next == PGRES_POLLING_WRITING) == ERR_OK)
        return;
    pg_fault_read(&fault, PG_FAULT_REFUSED, PQerrorMessage(link->pg));
    fail(link, &fault);
}

/* libpq would ignore such a file with a word on standard error, at every try. */
static bool is_passfile_fit(const struct db_spec *spec, struct pg_fault *fault)
{
    struct stat st;
    const char *path = spec->is.passfile;

    if (path == NULL)
        return true;
    if (stat(path, &st) != 0)
        pg_fault_set(fault, PG_FAULT_LOCAL, "passfile '%.150s': %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        pg_fault_set(fault, PG_FAULT_LOCAL,
                     "passfile '%.150s' is no plain file that its owner alone may read", path);
    else
        return true;
    snprintf(fault->remedy, sizeof fault->remedy, "chmod 0600 the passfile");
    return false;
}

/* What resolving has left. */
static void arm_connecting(struct pg_link *link)
{
    uint64_t spent_us = link->resolved_us - link->began_us;
    uint64_t all_us = link->spec->is.connect_timeout_us;

    timer_arm(link->deadline, spent_us < all_us ? (all_us - spent_us) / 1000 : 0);
}

/* From the loop, or from inside pg_link_open. */
static void start_connecting(struct pg_link *link)
{
    struct pg_params params;
    struct pg_fault fault;
    bool is_bad = true;

    name_lookup_leave(link->names, &link->waiter);
    link->resolved_us = clock_monotonic_us();
    link->has_words = false;
    arm_connecting(link);
    link->times.names_us = link->spec->has_names ? link->resolved_us - link->began_us : 0;
    pg_params_init(&params, link->spec, link->names);
    if (is_passfile_fit(link->spec, &fault)) {
        link->pg = PQconnectStartParams(params.keywords, params.values, 0);
        if (link->pg == NULL)
            pg_fault_set(&fault, PG_FAULT_LOCAL, "out of memory");
        else if (PQstatus(link->pg) == CONNECTION_BAD || PQsocket(link->pg) < 0)
            pg_fault_read(&fault, PG_FAULT_REFUSED, PQerrorMessage(link->pg));
        else
            is_bad = false;
    }
    pg_params_fini(&params);
    if (!is_bad) {
        PQsetErrorVerbosity(link->pg, PQERRORS_VERBOSE);
        PQsetNoticeReceiver(link->pg, on_notice, link);
        link->state = LINK_CONNECTING;
        is_bad = fd_watch_set(link->watch, PQsocket(link->pg), false, true) != ERR_OK;
        if (is_bad)
            pg_fault_set(&fault, PG_FAULT_LOCAL, "the socket cannot be watched");
    }
    if (is_bad)
        fail_soon(link, &fault);
}

static bool has_any_address(const struct pg_link *link)
{
    for (size_t i = 0; i < link->spec->host_count; i++)
        if (!link->spec->hosts[i].is_name || name_lookup_at(link->names, i)->count > 0)
            return true;
    return false;
}

static void step_names(struct pg_link *link)
{
    struct pg_fault fault;

    if (name_lookup_is_busy(link->names) && !(link->is_late && has_any_address(link)))
        return;
    if (has_any_address(link)) {
        start_connecting(link);
        return;
    }
    pg_fault_set(&fault, PG_FAULT_NAMES, "no address of %s", name_lookup_words(link->names));
    fail(link, &fault);
}

static void on_names(void *arg)
{
    struct pg_link *link = arg;

    if (link->state == LINK_NAMES)
        step_names(link);
}

void pg_link_open(struct pg_link *link)
{
    CHECK(link->state == LINK_CLOSED);
    link->times = (struct pg_link_times){ 0, 0, 0 };
    link->began_us = clock_monotonic_us();
    link->is_late = false;
    if (!link->spec->has_names) {
        start_connecting(link);
        return;
    }
    link->state = LINK_NAMES;
    timer_arm(link->deadline, link->spec->is.connect_timeout_us / 2000);
    name_lookup_ask(link->names, &link->waiter);
}

/* The settings are made: they are a question, too. */
static void take_settings(struct pg_link *link, PGresult *result)
{
    struct pg_fault fault;
    bool is_good = PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!is_good)
        pg_fault_read_result(&fault, "settings of the session", result);
    PQclear(result);
    if (!is_good) {
        fail(link, &fault);
        return;
    }
    link->state = LINK_READY;
    link->times.connect_us = clock_monotonic_us() - link->resolved_us;
    timer_disarm(link->deadline);
    link->ops->on_ready(link->arg);
}

static void finish_answer(struct pg_link *link)
{
    PGresult *result = link->result;

    if (result == NULL || PQstatus(link->pg) == CONNECTION_BAD ||
        pg_fault_is_end(PQresultErrorField(result, PG_DIAG_SQLSTATE))) {
        fail_lost(link);
        return;
    }
    link->result = NULL;
    if (link->state == LINK_SETTING) {
        take_settings(link, result);
        return;
    }
    link->state = LINK_READY;
    link->times.query_us = clock_monotonic_us() - link->asked_us;
    timer_disarm(link->deadline);
    link->ops->on_result(link->arg, result);
    PQclear(result);
}

static bool is_answer(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status != PGRES_COPY_IN && status != PGRES_COPY_OUT && status != PGRES_COPY_BOTH;
}

/* The whole answer is read, up to the end that libpq shows as NULL; of several results the first one counts. */
static void step_asking(struct pg_link *link)
{
    int left = 0;

    while (PQisBusy(link->pg) == 0) {
        PGresult *result = PQgetResult(link->pg);

        if (result == NULL) {
            finish_answer(link);
            return;
        }
        if (link->result == NULL)
            link->result = result;
        else
            PQclear(result);
        if (!is_answer(link->result)) { /* it would come again and again */
            fail_lost(link);
            return;
        }
    }
    left = PQflush(link->pg);
    if (left < 0 || PQstatus(link->pg) == CONNECTION_BAD || watch_session(link, left > 0) != ERR_OK)
        fail_lost(link);
}

static void on_socket(void *arg)
{
    struct pg_link *link = arg;
    PGnotify *notify = NULL;
    bool is_open = false;

    if (link->state == LINK_CONNECTING) {
        step_connecting(link);
        return;
    }
    is_open = PQconsumeInput(link->pg) == 1;
    while ((notify = PQnotifies(link->pg)) != NULL)
        PQfreemem(notify);
    if (link->state == LINK_SETTING || link->state == LINK_ASKING)
        step_asking(link);
    else if (!is_open || PQstatus(link->pg) == CONNECTION_BAD)
        fail_lost(link);
}

static void on_deadline(void *arg)
{
    struct pg_link *link = arg;
    const struct store_database *is = &link->spec->is;
    uint64_t connect_ms = is->connect_timeout_us / 1000;
    struct pg_fault fault = { .kind = PG_FAULT_SILENT };

    switch (link->state) {
    case LINK_CLOSED:
    case LINK_READY: return;
    case LINK_FAILED: fault = link->fault; break;
    case LINK_NAMES:
        if (!link->is_late) {
            link->is_late = true;
            timer_arm(link->deadline, connect_ms - connect_ms / 2);
            step_names(link);
            return;
        }
        pg_fault_set(&fault, PG_FAULT_NAMES, "the resolver did not answer within %llu ms",
                     (unsigned long long)connect_ms);
        break;
    case LINK_CONNECTING:
    case LINK_SETTING:
        pg_fault_set(&fault, PG_FAULT_SILENT, "no login within %llu ms",
                     (unsigned long long)connect_ms);
        break;
    case LINK_ASKING:
        pg_fault_set(&fault, PG_FAULT_SILENT, "no answer to a question within %llu ms",
                     (unsigned long long)(is->query_timeout_us / 1000));
        break;
    }
    fail(link, &fault);
}

struct pg_link *pg_link_new(struct loop *loop, const struct db_spec *spec,
                            struct name_lookup *names, const struct pg_link_ops *ops, void *arg)
{
    struct pg_link *link = mem_zalloc(sizeof *link);

    link->spec = spec;
    link->names = names;
    link->ops = ops;
    link->arg = arg;
    link->watch = fd_watch_new(loop, on_socket, link);
    link->deadline = timer_new(loop, on_deadline, link);
    link->waiter = (struct name_waiter){ .fn = on_names, .arg = link };
    return link;
}

void pg_link_free(struct pg_link *link)
{
    if (link == NULL)
        return;
    pg_link_close(link);
    fd_watch_free(link->watch);
    timer_free(link->deadline);
    free(link);
}

const struct pg_link_times *pg_link_times(const struct pg_link *link)
{
    return &link->times;
}

PGconn *pg_link_pg(const struct pg_link *link)
{
    return link->pg;
}
