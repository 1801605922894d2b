/* See apply_priv.h. */
#include "lint/apply_priv.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

enum { BACKOFF_FIRST_MS = 200, BACKOFF_MOST_MS = 10000 };

/* One attempt at the whole file. */
enum attempt {
    ATTEMPT_DONE,
    ATTEMPT_LOCKED,    /* a lock was not to be had in time; nothing of it stays */
    ATTEMPT_NOT_WHOLE, /* it cannot run in a transaction; nothing of it stays */
    ATTEMPT_FAILED,
};

struct applying {
    PGconn *server;
    const struct apply_order *order;
    struct apply_result *result;
    uint64_t seed;
    uint64_t began_us;
};

static const char table_ddl[] =
    "CREATE SCHEMA IF NOT EXISTS switchyard_control; CREATE TABLE IF NOT EXISTS "
    "switchyard_control.schema_versions (environment text NOT NULL, version text NOT NULL, sha256 "
    "text NOT NULL, description text, class text, level text, contract_after text, success boolean "
    "NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp(), applied_by text NOT "
    "NULL, duration_ms bigint, PRIMARY KEY (environment, version))";

static const char record_sql[] =
    "INSERT INTO switchyard_control.schema_versions AS v (environment, version, sha256, "
    "description, class, level, contract_after, success, applied_by, duration_ms) VALUES ($1, $2, "
    "$3, $4, $5, $6, $7, $8::boolean, $9, $10::bigint) ON CONFLICT (environment, version) DO "
    "UPDATE SET sha256 = EXCLUDED.sha256, description = EXCLUDED.description, class = "
    "EXCLUDED.class, level = EXCLUDED.level, contract_after = EXCLUDED.contract_after, success = "
    "EXCLUDED.success, applied_at = clock_timestamp(), applied_by = EXCLUDED.applied_by, "
    "duration_ms = EXCLUDED.duration_ms";

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

static bool run(PGconn *server, const char *sql)
{
    PGresult *result = PQexec(server, sql);
    bool is_done = is_good(result);

    PQclear(result);
    return is_done;
}

static int fail(struct applying *applying, int err, const struct lint_statement *at,
                const char *words)
{
    struct apply_result *result = applying->result;
    const char *path = applying->order->file->path;

    if (at != NULL)
        snprintf(result->words, sizeof result->words, "%.200s:%u: %.*s", path, at->line,
                 (int)strcspn(words, "\n"), words);
    else
        snprintf(result->words, sizeof result->words, "%.200s: %.*s", path,
                 (int)strcspn(words, "\n"), words);
    return err;
}

/* --- the record --- */

static bool record(struct applying *applying, bool is_success)
{
    const struct lint_file *file = applying->order->file;
    char *unnamed = mem_format("emergency-%.12s", file->sha256);
    char *ms = mem_format("%" PRIu64, (clock_monotonic_us() - applying->began_us) / 1000);
    const char *const values[] = { applying->order->environment,
                                   file->version[0] != '\0' ? file->version : unnamed,
                                   file->sha256,
                                   file->description,
                                   rule_class_name(file->class),
                                   rule_level_name(file->level),
                                   file->contract_after,
                                   is_success ? "true" : "false",
                                   applying->order->actor,
                                   ms };
    PGresult *result = PQexecParams(applying->server, record_sql, sizeof values / sizeof values[0],
                                    NULL, values, NULL, NULL, 0);
    bool is_done = is_good(result);

    PQclear(result);
    free(ms);
    free(unnamed);
    return is_done;
}

/* --- statements --- */

static PGresult *run_statement(struct applying *applying, const struct lint_statement *at)
{
    char *sql = mem_text_of(applying->order->file->bytes + at->offset, at->length);
    PGresult *result = PQexec(applying->server, sql);

    free(sql);
    return result;
}

static bool has_state(const PGresult *result, const char *state)
{
    const char *is = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return is != NULL && strcmp(is, state) == 0;
}

static bool is_locked(const PGresult *result)
{
    return has_state(result, "55P03") || has_state(result, "40P01");
}

/* "cannot run inside a transaction block", or "unsafe use of new value" of an enum that was made in it. */
static bool is_not_whole(const PGresult *result)
{
    return has_state(result, "25001") || has_state(result, "55P04");
}

static bool is_run(const struct lint_statement *at)
{
    return at->index > 0;
}

static enum attempt end_whole(struct applying *applying)
{
    if (!record(applying, true)) {
        (void)fail(applying, ERR_IO, NULL, PQerrorMessage(applying->server));
        (void)run(applying->server, "ROLLBACK");
        return ATTEMPT_FAILED;
    }
    if (run(applying->server, "COMMIT"))
        return ATTEMPT_DONE;
    (void)fail(applying, ERR_IO, NULL, PQerrorMessage(applying->server));
    return ATTEMPT_FAILED;
}

/* All or nothing, the record with it. */
static enum attempt try_whole(struct applying *applying)
{
    enum attempt attempt = ATTEMPT_DONE;

    if (!run(applying->server, "BEGIN")) {
        (void)fail(applying, ERR_IO, NULL, PQerrorMessage(applying->server));
        return ATTEMPT_FAILED;
    }
    for (const struct lint_statement *at = applying->order->file->statements;
         at != NULL && attempt == ATTEMPT_DONE; at = at->next) {
        PGresult *result = is_run(at) ? run_statement(applying, at) : NULL;

        if (result != NULL && !is_good(result)) {
            attempt = is_locked(result)      ? ATTEMPT_LOCKED
                      : is_not_whole(result) ? ATTEMPT_NOT_WHOLE
                                             : ATTEMPT_FAILED;
            (void)fail(applying, ERR_IO, at, PQresultErrorMessage(result));
        }
        PQclear(result);
    }
    if (attempt == ATTEMPT_DONE)
        return end_whole(applying);
    (void)run(applying->server, "ROLLBACK");
    return attempt;
}

/* Equal jitter: half of the time for sure. */
static void back_off(struct applying *applying, unsigned try)
{
    uint64_t ms = (uint64_t)BACKOFF_FIRST_MS << (try < 6 ? try : 6);
    struct timespec pause = { 0 };

    ms = ms < BACKOFF_MOST_MS ? ms : BACKOFF_MOST_MS;
    ms = ms / 2 + hash_random(&applying->seed) % (ms / 2);
    pause.tv_sec = (time_t)(ms / 1000);
    pause.tv_nsec = (long)(ms % 1000) * 1000000;
    (void)nanosleep(&pause, NULL);
}

/* What works in several transactions of its own may leave a part behind, an invalid index for one, which a second try would
 * take for the whole. A word too many costs a retry. */
static bool is_in_parts(const struct applying *applying, const struct lint_statement *at)
{
    static const char word[] = "concurrently";
    const char *sql = applying->order->file->bytes + at->offset;

    for (size_t i = 0; i + sizeof word - 1 <= at->length; i++)
        if (strncasecmp(sql + i, word, sizeof word - 1) == 0)
            return true;
    return false;
}

/* One by one: what was done stays. */
static int run_one(struct applying *applying, const struct lint_statement *at)
{
    for (unsigned try = 0;; try++) {
        PGresult *result = run_statement(applying, at);
        bool is_alone = PQtransactionStatus(applying->server) == PQTRANS_IDLE;
        bool is_again = is_locked(result) && is_alone && try < applying->order->retries &&
                        !is_in_parts(applying, at);
        int err = is_good(result) ? 0 : is_locked(result) ? ERR_TIMEOUT : ERR_IO;

        if (err == ERR_TIMEOUT && is_in_parts(applying, at))
            (void)fail(
                applying, err, at,
                "no lock in time; what is invalid now must be dropped before it is tried again");
        else if (err != 0)
            (void)fail(applying, err, at, PQresultErrorMessage(result));
        PQclear(result);
        applying->result->tries++;
        if (err == 0 || !is_again)
            return err;
        back_off(applying, try);
    }
}

static int run_pieces(struct applying *applying)
{
    int err = 0;
    unsigned open = 0; /* in a transaction of the file's own */

    applying->result->is_whole = false;
    for (const struct lint_statement *at = applying->order->file->statements;
         at != NULL && err == 0; at = at->next) {
        if (!is_run(at))
            continue;
        err = run_one(applying, at);
        open++;
        if (err == 0 && PQtransactionStatus(applying->server) == PQTRANS_IDLE) {
            applying->result->done += open;
            open = 0;
        }
    }
    if (PQtransactionStatus(applying->server) != PQTRANS_IDLE)
        (void)run(applying->server, "ROLLBACK");
    if (err == 0 && open > 0)
        err = fail(applying, ERR_IO, NULL, "a transaction is left open at its end; rolled back");
    if (!record(applying, err == 0) && err == 0)
        err = fail(applying, ERR_IO, NULL, "applied, but not recorded");
    return err;
}

static bool has_borders(const struct lint_file *file)
{
    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        if (strcmp(at->kind, "TransactionStmt") == 0)
            return true;
    return false;
}

/* What only psql understands. */
static int check_statements(struct applying *applying)
{
    const struct lint_file *file = applying->order->file;

    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next) {
        if (strcmp(at->kind, "Variable") == 0 || strcmp(at->kind, "MetaCommand") == 0)
            return fail(applying, ERR_INVALID, at, "only psql can run this; nothing was done");
        if (strcmp(at->kind, "CopyStmt") == 0)
            return fail(applying, ERR_INVALID, at, "COPY is not run from a file; nothing was done");
        applying->result->count += is_run(at);
    }
    return applying->result->count > 0
               ? 0
               : fail(applying, ERR_INVALID, NULL, "there is no statement in it");
}

static int prepare(struct applying *applying)
{
    char *sql = mem_format("SET lock_timeout = '%" PRIu64 "ms'; SET client_min_messages = warning; "
                           "SET default_transaction_read_only = off",
                           applying->order->lock_timeout_us / 1000);
    bool is_done = run(applying->server, sql) && run(applying->server, table_ddl);

    free(sql);
    return is_done ? 0 : fail(applying, ERR_IO, NULL, PQerrorMessage(applying->server));
}

static int run_whole(struct applying *applying)
{
    struct apply_result *result = applying->result;
    enum attempt attempt = ATTEMPT_LOCKED;

    result->is_whole = true;
    for (unsigned try = 0; attempt == ATTEMPT_LOCKED && try <= applying->order->retries; try++) {
        if (try > 0)
            back_off(applying, try - 1);
        attempt = try_whole(applying);
        result->tries++;
    }
    switch (attempt) {
    case ATTEMPT_DONE: result->done = result->count; return 0;
    case ATTEMPT_NOT_WHOLE: return run_pieces(applying);
    case ATTEMPT_LOCKED: (void)record(applying, false); return ERR_TIMEOUT;
    case ATTEMPT_FAILED: break;
    }
    (void)record(applying, false);
    return ERR_IO;
}

int apply_run(PGconn *server, const struct apply_order *order, struct apply_result *out)
{
    struct applying applying = { .server = server,
                                 .order = order,
                                 .result = out,
                                 .seed = clock_wall_us(),
                                 .began_us = clock_monotonic_us() };
    int err = 0;

    *out = (struct apply_result){ .words = "" };
    err = check_statements(&applying);
    if (err == 0)
        err = prepare(&applying);
    if (err == 0)
        err = has_borders(order->file) || order->file->wrap == LINT_NO_WRAP ? run_pieces(&applying)
                                                                            : run_whole(&applying);
    out->duration_us = clock_monotonic_us() - applying.began_us;
    return err;
}
