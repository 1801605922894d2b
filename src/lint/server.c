/* What is asked of a server: see server_priv.h. */
#include "lint/server_priv.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "lint/lexer_priv.h"

static const char connect_seconds[] = "10";

/* Which of several hosts is asked would otherwise change from one connection to the next. */
static bool has_several_hosts(const char *dsn)
{
    PQconninfoOption *parts = PQconninfoParse(dsn, NULL);
    const char *hosts = NULL;
    bool is_chosen = false;

    for (const PQconninfoOption *at = parts; at != NULL && at->keyword != NULL; at++) {
        if (at->val != NULL && strchr(at->val, ',') != NULL &&
            (strcmp(at->keyword, "host") == 0 || strcmp(at->keyword, "hostaddr") == 0))
            hosts = at->val;
        is_chosen =
            is_chosen || (at->val != NULL && strcmp(at->keyword, "target_session_attrs") == 0);
    }
    PQconninfoFree(parts);
    return hosts != NULL && !is_chosen;
}

PGconn *server_open(const char *dsn, const char *database, struct text *words)
{
    const char *const names[] = { "dbname",
                                  "connect_timeout",
                                  "application_name",
                                  "target_session_attrs",
                                  database != NULL ? "dbname" : NULL,
                                  NULL };
    /* What is empty is as if it were not there. */
    const char *const values[] = { dsn,
                                   connect_seconds,
                                   "switchctl db lint",
                                   has_several_hosts(dsn) ? "primary" : "",
                                   database,
                                   NULL };
    PGconn *connection = PQconnectdbParams(names, values, 1);

    if (PQstatus(connection) == CONNECTION_OK)
        return connection;
    text_add_format(words, "the server cannot be used: %s", PQerrorMessage(connection));
    PQfinish(connection);
    return NULL;
}

/* In the child: the parts of the DSN as environment, then pg_dump. */
_Noreturn static void run_dump(const PQconninfoOption *parts, int out)
{
    char *const arguments[] = {
        (char *)(uintptr_t) "pg_dump", (char *)(uintptr_t) "--schema-only",
        (char *)(uintptr_t) "--no-password",
        /* A copy of one cannot be dropped with its database, or drops the slot of the live one. */
        (char *)(uintptr_t) "--no-subscriptions", (char *)(uintptr_t) "--lock-wait-timeout=10s",
        NULL
    };

    for (; parts->keyword != NULL; parts++)
        if (parts->val != NULL && parts->envvar != NULL)
            (void)setenv(parts->envvar, parts->val, 1);
    (void)setenv("PGCONNECT_TIMEOUT", connect_seconds, 1);
    if (dup2(out, STDOUT_FILENO) < 0)
        _exit(126);
    execvp(arguments[0], arguments);
    _exit(127);
}

static void read_all(int fd, struct text *out)
{
    char bytes[65536];
    ssize_t count = 0;

    while ((count = read(fd, bytes, sizeof bytes)) != 0)
        if (count > 0)
            text_add_slice(out, slice_of(bytes, (size_t)count));
        else if (errno != EINTR)
            return;
}

static int await_dump(pid_t pid, struct text *words)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        text_add(words, "pg_dump is not installed (package postgresql-client); --baseline FILE "
                        "works without it\n");
    else
        text_add(words, "pg_dump failed\n");
    return ERR_IO;
}

int server_dump(const char *dsn, struct text *out, struct text *words)
{
    PGconn *connection = server_open(dsn, NULL, words); /* whose words are better than pg_dump's */
    PQconninfoOption *parts = NULL;
    int ends[2] = { -1, -1 };
    pid_t pid = -1;
    int err = ERR_IO;

    if (connection == NULL)
        return ERR_UNREACHABLE;
    parts = PQconninfo(connection);
    PQfinish(connection);
    if (parts == NULL)
        return ERR_FULL;
    if (pipe(ends) == 0)
        pid = fork();
    if (pid == 0)
        run_dump(parts, ends[1]);
    PQconninfoFree(parts);
    if (ends[1] >= 0)
        close(ends[1]);
    if (pid > 0) {
        read_all(ends[0], out);
        err = await_dump(pid, words);
    } else {
        text_add_format(words, "pg_dump cannot be started: %s\n", strerror(errno));
    }
    if (ends[0] >= 0)
        close(ends[0]);
    if (err == 0 && text_is_cut(out)) {
        text_add(words, "the schema is too large\n");
        return ERR_RANGE;
    }
    return err;
}

int server_learn_rows(const char *dsn, struct catalog *catalog, struct text *words)
{
    static const char query[] =
        "SELECT n.nspname, c.relname, c.reltuples FROM pg_catalog.pg_class c JOIN "
        "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') "
        "AND "
        "c.reltuples >= 0 AND n.nspname !~ '^pg_'";
    PGconn *connection = server_open(dsn, NULL, words);
    PGresult *result = NULL;
    int err = 0;

    if (connection == NULL)
        return ERR_UNREACHABLE;
    result = PQexec(connection, query);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        text_add_format(words, "row counts cannot be read: %s", PQerrorMessage(connection));
        err = ERR_IO;
    }
    for (int i = 0; err == 0 && i < PQntuples(result); i++) {
        struct sql_name name = { .schema = PQgetvalue(result, i, 0),
                                 .name = PQgetvalue(result, i, 1) };
        struct entry *entry = catalog_find(catalog, SPACE_RELATION, name);

        if (entry != NULL)
            entry->rows = strtod(PQgetvalue(result, i, 2), NULL);
    }
    PQclear(result);
    PQfinish(connection);
    return err;
}

int server_load(PGconn *server, struct slice ddl, struct text *words)
{
    struct lexer lexer;
    int err = 0;

    lexer_run(&lexer, ddl);
    for (size_t i = 0; i < lexer.piece_count && err == 0; i++) {
        const struct lex_piece *piece = &lexer.pieces[i];
        PGresult *result = NULL;
        ExecStatusType status = PGRES_COMMAND_OK;

        lexer.text[piece->end] = '\0';
        result = PQexec(server, lexer.text + piece->start);
        status = PQresultStatus(result);
        PQclear(result);
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
            continue;
        text_add_format(words, "the baseline cannot be loaded: %sin: %.200s\n",
                        PQerrorMessage(server), lexer.text + piece->start);
        err = ERR_INVALID;
    }
    lexer_fini(&lexer);
    return err;
}
