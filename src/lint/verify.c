/* The linter compared with a real server: see lint/verify.h. */
#include "lint/verify.h"

#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "lint/server_priv.h"

/* One file on its way through the scratch database. */
struct proof {
    PGconn *server;
    struct text *out;
    unsigned *differences;
    const struct lint_file *file;
    char *tables;           /* oids of what existed before the file, as an array */
    char *nodes;            /* and where their rows were before the statement */
    enum lint_lock claimed; /* the strongest lock that was said of this transaction */
    bool is_open;           /* a transaction goes on over statements */
    bool is_failed;         /* and has failed */
    bool was_refused;       /* something in the file was */
};

static bool run(PGconn *server, const char *sql)
{
    PGresult *result = PQexec(server, sql);
    ExecStatusType status = PQresultStatus(result);

    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* One value of one row; NULL when there is none. The caller frees. */
static char *ask(PGconn *server, const char *sql)
{
    PGresult *result = PQexec(server, sql);
    char *value = NULL;

    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
        value = mem_text(PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

static void differ(struct proof *proof, const struct lint_statement *at, const char *words,
                   const char *more)
{
    size_t len = strcspn(more, "\n");

    text_add_format(proof->out, "%s:%u:%u: %s%.*s\n", proof->file->path, at->line, at->column,
                    words, (int)(len < 300 ? len : 300), more);
    ++*proof->differences;
}

/* --- the schema to begin with --- */

/* Limits, and a time zone in which timestamps and their offsets differ. */
static void prepare_session(PGconn *server)
{
    (void)run(server,
              "SET statement_timeout = '60s'; SET client_min_messages = error; SET timezone "
              "= 'Asia/Kolkata'");
}

static void note_tables(struct proof *proof)
{
    free(proof->tables);
    proof->tables =
        ask(proof->server, "SELECT coalesce(array_agg(c.oid ORDER BY c.oid), '{}') FROM "
                           "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
                           "c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND "
                           "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')");
}

static char *read_nodes(struct proof *proof)
{
    char *sql =
        mem_format("SELECT string_agg(o || ':' || coalesce(pg_relation_filenode(o::regclass)"
                   "::text, ''), ',' ORDER BY o) FROM unnest('%s'::oid[]) o WHERE EXISTS "
                   "(SELECT FROM pg_catalog.pg_class c WHERE c.oid = o)",
                   proof->tables != NULL ? proof->tables : "{}");
    char *nodes = ask(proof->server, sql);

    free(sql);
    return nodes != NULL ? nodes : mem_text("");
}

/* An empty database again, and the schema in it. */
static int begin_anew(PGconn *server, struct slice baseline, struct text *out)
{
    static const char empty[] =
        "DO $$ DECLARE n text; BEGIN FOR n IN SELECT pubname FROM pg_catalog.pg_publication LOOP "
        "EXECUTE format('DROP PUBLICATION %I', n); END LOOP; FOR n IN SELECT nspname FROM "
        "pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP "
        "EXECUTE format('DROP SCHEMA %I CASCADE', n); END LOOP; CREATE SCHEMA public; END $$";

    (void)run(server, "RESET ALL");
    prepare_session(server);
    if (!run(server, empty)) {
        text_add_format(out, "the scratch database cannot be emptied: %s", PQerrorMessage(server));
        return ERR_IO;
    }
    return server_load(server, baseline, out);
}

/* --- one statement --- */

static enum lint_lock lock_of(const char *mode)
{
    static const char *const names[] = { "",
                                         "AccessShareLock",
                                         "RowShareLock",
                                         "RowExclusiveLock",
                                         "ShareUpdateExclusiveLock",
                                         "ShareLock",
                                         "ShareRowExclusiveLock",
                                         "ExclusiveLock",
                                         "AccessExclusiveLock" };

    for (unsigned i = 1; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(mode, names[i]) == 0)
            return (enum lint_lock)i;
    return LINT_LOCK_NONE;
}

/* The strongest lock of the open transaction on what existed before the file. */
static enum lint_lock read_lock(struct proof *proof)
{
    char *sql = mem_format("SELECT DISTINCT mode FROM pg_catalog.pg_locks WHERE pid = "
                           "pg_backend_pid() AND locktype = 'relation' AND relation = ANY "
                           "('%s'::oid[])",
                           proof->tables != NULL ? proof->tables : "{}");
    PGresult *result = PQexec(proof->server, sql);
    enum lint_lock strongest = LINT_LOCK_NONE;

    for (int i = 0; i < PQntuples(result); i++) {
        enum lint_lock lock = lock_of(PQgetvalue(result, i, 0));

        strongest = lock > strongest ? lock : strongest;
    }
    PQclear(result);
    free(sql);
    return strongest >= LINT_LOCK_ROW_EXCLUSIVE ? strongest : LINT_LOCK_NONE;
}

static enum lint_lock visible(enum lint_lock lock)
{
    return lock >= LINT_LOCK_ROW_EXCLUSIVE ? lock : LINT_LOCK_NONE;
}

/* Whether a table that is still there has its rows elsewhere: both lists are ordered alike. */
static bool was_rewritten(const char *before, const char *after)
{
    struct slice rest = slice_from(after);
    struct slice pair = { 0 };

    while (slice_next(&rest, ',', &pair)) {
        struct slice old = slice_from(before);
        struct slice other = { 0 };
        const char *colon = memchr(pair.ptr, ':', pair.len);
        size_t key = colon != NULL ? (size_t)(colon - pair.ptr) + 1 : pair.len;

        while (key > 0 && slice_next(&old, ',', &other))
            if (other.len >= key && memcmp(other.ptr, pair.ptr, key) == 0 &&
                !slice_is_equal(other, pair))
                return true;
    }
    return false;
}

static void compare_lock(struct proof *proof, const struct lint_statement *at)
{
    enum lint_lock seen = read_lock(proof);
    char words[120];

    if (visible(at->lock) > proof->claimed)
        proof->claimed = visible(at->lock);
    if (seen == proof->claimed)
        return;
    snprintf(words, sizeof words, "the lock was said to be %s, PostgreSQL takes ",
             rule_lock_name(proof->claimed));
    differ(proof, at, words, rule_lock_name(seen));
    proof->claimed = seen;
}

static void compare_rewrite(struct proof *proof, const struct lint_statement *at)
{
    char *after = read_nodes(proof);
    bool is_rewrite = was_rewritten(proof->nodes, after);

    if (is_rewrite != at->is_rewrite)
        differ(proof, at,
               is_rewrite ? "PostgreSQL writes a table anew, which was not said"
                          : "a rewrite was announced, PostgreSQL does none",
               "");
    free(proof->nodes);
    proof->nodes = after;
}

/* What PostgreSQL refuses and a parser can know. */
static bool is_refusal(const struct lint_finding *finding)
{
    return finding->class == LINT_INVALID && finding->rule != LINT_UNCOMMITTED_TRANSACTION &&
           finding->rule != LINT_CHANGED_AFTER_APPLY;
}

static bool was_called_invalid(const struct lint_file *file)
{
    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (const struct lint_finding *finding = at->findings; finding; finding = finding->next)
            if (is_refusal(finding))
                return true;
    return false;
}

static void note_failure(struct proof *proof, const struct lint_statement *at)
{
    proof->was_refused = true;
    if (!was_called_invalid(proof->file))
        differ(proof, at, "PostgreSQL refuses: ", PQerrorMessage(proof->server));
}

/* Some statements run in no transaction; their locks cannot be seen from inside. */
static bool must_stand_alone(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return state != NULL && strcmp(state, "25001") == 0;
}

static void run_alone(struct proof *proof, const struct lint_statement *at, const char *sql)
{
    PGresult *result = NULL;
    ExecStatusType status = PGRES_COMMAND_OK;
    bool is_alone = false;

    proof->claimed = LINT_LOCK_NONE;
    (void)run(proof->server, "BEGIN");
    result = PQexec(proof->server, sql);
    status = PQresultStatus(result);
    is_alone = must_stand_alone(result);
    PQclear(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        compare_lock(proof, at);
        if (!run(proof->server, "COMMIT"))
            note_failure(proof, at);
        compare_rewrite(proof, at);
        return;
    }
    if (!is_alone)
        note_failure(proof, at);
    (void)run(proof->server, "ROLLBACK");
    if (!is_alone)
        return;
    if (run(proof->server, sql))
        compare_rewrite(proof, at);
    else
        note_failure(proof, at);
}

/* Inside a transaction of the file, or as one of its borders. */
static void run_inside(struct proof *proof, const struct lint_statement *at, const char *sql)
{
    bool is_border = strcmp(at->kind, "TransactionStmt") == 0;

    if (proof->is_failed && !is_border)
        return;
    if (!run(proof->server, sql)) {
        note_failure(proof, at);
        proof->is_failed = true;
    } else if (PQtransactionStatus(proof->server) == PQTRANS_INTRANS) {
        compare_lock(proof, at);
        compare_rewrite(proof, at);
    }
    proof->is_open = PQtransactionStatus(proof->server) != PQTRANS_IDLE;
    if (!proof->is_open) {
        proof->is_failed = false;
        proof->claimed = LINT_LOCK_NONE;
    }
}

/* What would change more than the scratch database, or needs what is not there. */
static bool is_run(const char *kind)
{
    static const char *const never[] = {
        "AlterSystemStmt",
        "CreatedbStmt",
        "DropdbStmt",
        "AlterDatabaseStmt",
        "AlterDatabaseSetStmt",
        "CreateRoleStmt",
        "AlterRoleStmt",
        "AlterRoleSetStmt",
        "DropRoleStmt",
        "GrantRoleStmt",
        "CreateTableSpaceStmt",
        "DropTableSpaceStmt",
        "AlterTableMoveAllStmt",
        "CreateSubscriptionStmt",
        "AlterSubscriptionStmt",
        "DropSubscriptionStmt",
        "DropOwnedStmt",
        "ReassignOwnedStmt",
        "CopyStmt",
        "AlterDatabaseRefreshCollStmt",
        "LoadStmt",
        "CheckPointStmt",
        "MetaCommand",
    };

    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strcmp(kind, never[i]) == 0)
            return false;
    return true;
}

static void prove_statement(struct proof *proof, const struct lint_statement *at)
{
    char *sql = mem_text_of(proof->file->bytes + at->offset, at->length);

    if (!is_run(at->kind))
        text_add_format(proof->out, "%s:%u:%u: not run (%s)\n", proof->file->path, at->line,
                        at->column, at->kind);
    else if (proof->is_open || strcmp(at->kind, "TransactionStmt") == 0)
        run_inside(proof, at, sql);
    else
        run_alone(proof, at, sql);
    free(sql);
}

static bool has_variables(const struct lint_file *file)
{
    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        if (strcmp(at->kind, "Variable") == 0)
            return true;
    return false;
}

static void prove_file(struct proof *proof)
{
    const struct lint_statement *first = proof->file->statements;

    if (proof->file->trouble != LINT_READABLE || first == NULL)
        return;
    if (has_variables(proof->file)) {
        text_add_format(proof->out, "%s: not run: it has variables of psql\n", proof->file->path);
        return;
    }
    proof->was_refused = proof->is_open = proof->is_failed = false;
    proof->claimed = LINT_LOCK_NONE;
    note_tables(proof);
    free(proof->nodes);
    proof->nodes = read_nodes(proof);
    if (proof->file->wrap == LINT_WRAP)
        proof->is_open = run(proof->server, "BEGIN");
    for (const struct lint_statement *at = first; at != NULL; at = at->next)
        if (at->index > 0)
            prove_statement(proof, at);
    if (PQtransactionStatus(proof->server) != PQTRANS_IDLE)
        (void)run(proof->server, proof->file->wrap == LINT_WRAP ? "COMMIT" : "ROLLBACK");
    if (was_called_invalid(proof->file) && !proof->was_refused)
        differ(proof, first, "called invalid, but PostgreSQL takes all of it", "");
}

/* --- the scratch database --- */

static int prove_all(PGconn *server, const struct lint *lint, struct slice baseline,
                     struct text *out, unsigned *differences)
{
    struct proof proof = { .server = server, .out = out, .differences = differences };
    int err = 0;

    prepare_session(server);
    err = server_load(server, baseline, out);
    (void)run(server, "RESET search_path");
    for (proof.file = lint_report_of(lint)->files; proof.file != NULL && err == 0;
         proof.file = proof.file->next) {
        prove_file(&proof);
        if (lint_options_of(lint)->is_independent && proof.file->next != NULL)
            err = begin_anew(server, baseline, out);
    }
    free(proof.tables);
    free(proof.nodes);
    return err;
}

int verify_run(const struct lint *lint, const char *dsn, struct slice baseline, struct text *out,
               unsigned *differences)
{
    PGconn *owner = server_open(dsn, NULL, out);
    PGconn *server = NULL;
    struct timespec now = { 0 };
    char name[64];
    char sql[160];
    int err = ERR_UNREACHABLE;

    *differences = 0;
    if (owner == NULL)
        return err;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, sizeof name, "switchyard_lint_%d_%lx", (int)getpid(),
             (unsigned long)now.tv_nsec);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0", name);
    if (!run(owner, sql)) {
        text_add_format(out, "no scratch database: %s", PQerrorMessage(owner));
        PQfinish(owner);
        return ERR_DENIED;
    }
    server = server_open(dsn, name, out);
    if (server != NULL)
        err = prove_all(server, lint, baseline, out, differences);
    PQfinish(server);
    snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", name);
    if (!run(owner, sql)) {
        text_add_format(out, "the scratch database %s stays: %s", name, PQerrorMessage(owner));
        err = err != 0 ? err : ERR_IO;
    }
    PQfinish(owner);
    return err;
}
