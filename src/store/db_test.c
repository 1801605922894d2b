/* See db_test_priv.h. */
#include "store/db_test_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/timer.h"
#include "store/db_spec_priv.h"
#include "store/pg_link_priv.h"
#include "store/store_test.h"

struct db_test {
    const struct db_spec *spec;
    struct pg_link *link;
    struct timer *deadline; /* of the question */
    uint64_t began_us;
    struct store_test found;
    db_test_fn *done;
    void *arg;
};

/* Counts of what is left leave out what is reserved for superusers. */
static const char facts_sql[] =
    "SELECT current_setting('server_version_num'), current_database(), current_user, "
    "pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool, "
    "r.rolsuper, r.rolreplication OR r.rolsuper, pg_has_role(r.oid, 'pg_monitor', 'MEMBER'), "
    "current_setting('wal_level'), "
    "current_setting('max_connections')::int "
    "- current_setting('superuser_reserved_connections')::int "
    "- (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
    "current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots), "
    "current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_stat_replication), "
    "current_setting('max_logical_replication_workers'), current_setting('max_worker_processes') "
    "FROM pg_roles r WHERE r.rolname = current_user";

enum {
    COLUMN_VERSION,
    COLUMN_DATABASE,
    COLUMN_USER,
    COLUMN_STANDBY,
    COLUMN_READ_ONLY,
    COLUMN_SUPERUSER,
    COLUMN_REPLICATION,
    COLUMN_MONITOR,
    COLUMN_WAL_LEVEL,
    COLUMN_CONNECTIONS,
    COLUMN_SLOTS,
    COLUMN_SENDERS,
    COLUMN_APPLY_WORKERS,
    COLUMN_PROCESSES,
    COLUMN_COUNT
};

static void answer(struct db_test *test)
{
    struct store_test found = test->found;

    pg_link_close(test->link);
    timer_disarm(test->deadline);
    test->done(test->arg, &found);
}

static void answer_fault(struct db_test *test, const struct pg_fault *fault)
{
    snprintf(test->found.words, sizeof test->found.words, "%s", fault->words);
    snprintf(test->found.remedy, sizeof test->found.remedy, "%s", fault->remedy);
    snprintf(test->found.sqlstate, sizeof test->found.sqlstate, "%s", fault->sqlstate);
    answer(test);
}

static void on_fault(void *arg, const struct pg_fault *fault)
{
    struct db_test *test = arg;

    test->found.names_us = pg_link_times(test->link)->names_us;
    answer_fault(test, fault);
}

static void on_deadline(void *arg)
{
    struct db_test *test = arg;
    struct pg_fault fault;

    pg_fault_set(&fault, PG_FAULT_SILENT, "logged in, but no answer to a question within %llu ms",
                 (unsigned long long)(test->spec->is.connect_timeout_us / 1000));
    answer_fault(test, &fault);
}

static void read_tls(struct db_test *test, PGconn *pg)
{
    const char *protocol = PQsslAttribute(pg, "protocol");
    const char *cipher = PQsslAttribute(pg, "cipher");

    if (PQsslInUse(pg) != 0)
        snprintf(test->found.tls, sizeof test->found.tls, "%s %s",
                 protocol != NULL ? protocol : "TLS", cipher != NULL ? cipher : "");
}

static void on_ready(void *arg)
{
    struct db_test *test = arg;
    const struct pg_link_times *times = pg_link_times(test->link);
    PGconn *pg = pg_link_pg(test->link);
    const char *host = PQhost(pg);
    uint64_t spent_us = clock_monotonic_us() - test->began_us;
    uint64_t all_us = test->spec->is.connect_timeout_us;

    test->found.names_us = times->names_us;
    test->found.connect_us = times->connect_us;
    pg_fault_clean(host != NULL ? host : "", test->found.host, sizeof test->found.host);
    read_tls(test, pg);
    timer_arm(test->deadline, spent_us < all_us ? (all_us - spent_us) / 1000 : 0);
    pg_link_ask(test->link, facts_sql, 0, NULL);
}

static void read_text(const PGresult *result, int column, char *out, size_t size)
{
    pg_fault_clean(PQgetvalue(result, 0, column), out, size);
}

static bool read_bool(const PGresult *result, int column)
{
    return strcmp(PQgetvalue(result, 0, column), "t") == 0;
}

/* More than there may be, by those that came in between, is none. */
static int64_t read_count(const PGresult *result, int column)
{
    uint64_t value = 0;

    if (num_parse_u64(slice_from(PQgetvalue(result, 0, column)), INT32_MAX, &value) != ERR_OK)
        return 0;
    return (int64_t)value;
}

static void read_facts(struct store_test *found, const PGresult *result)
{
    found->is_ok = true;
    found->server_version = (unsigned)read_count(result, COLUMN_VERSION);
    read_text(result, COLUMN_DATABASE, found->database, sizeof found->database);
    read_text(result, COLUMN_USER, found->user, sizeof found->user);
    found->is_standby = read_bool(result, COLUMN_STANDBY);
    found->is_read_only = read_bool(result, COLUMN_READ_ONLY);
    found->is_superuser = read_bool(result, COLUMN_SUPERUSER);
    found->may_replicate = read_bool(result, COLUMN_REPLICATION);
    found->may_monitor = read_bool(result, COLUMN_MONITOR);
    read_text(result, COLUMN_WAL_LEVEL, found->wal_level, sizeof found->wal_level);
    found->connections_free = read_count(result, COLUMN_CONNECTIONS);
    found->slots_free = read_count(result, COLUMN_SLOTS);
    found->senders_free = read_count(result, COLUMN_SENDERS);
    found->apply_workers = read_count(result, COLUMN_APPLY_WORKERS);
    found->worker_processes = read_count(result, COLUMN_PROCESSES);
}

static void on_result(void *arg, const PGresult *result)
{
    struct db_test *test = arg;
    struct pg_fault fault;

    test->found.query_us = pg_link_times(test->link)->query_us;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
        PQnfields(result) == COLUMN_COUNT) {
        read_facts(&test->found, result);
        answer(test);
        return;
    }
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        pg_fault_set(&fault, PG_FAULT_REFUSED, "the answer about the role is not understood");
    else
        pg_fault_read_result(&fault, "facts of the role", result);
    answer_fault(test, &fault);
}

static const struct pg_link_ops link_ops = {
    .on_ready = on_ready,
    .on_result = on_result,
    .on_fault = on_fault,
};

struct db_test *db_test_new(struct loop *loop, const struct db_spec *spec,
                            struct name_lookup *names, db_test_fn *done, void *arg)
{
    struct db_test *test = mem_zalloc(sizeof *test);

    test->spec = spec;
    test->done = done;
    test->arg = arg;
    test->began_us = clock_monotonic_us();
    test->deadline = timer_new(loop, on_deadline, test);
    test->link = pg_link_new(loop, spec, names, &link_ops, test);
    pg_link_open(test->link);
    return test;
}

void db_test_free(struct db_test *test)
{
    if (test == NULL)
        return;
    pg_link_free(test->link);
    timer_free(test->deadline);
    free(test);
}
