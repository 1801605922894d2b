/*
 * What the linter asks of a PostgreSQL server: the schema as DDL (through pg_dump) and how large its tables are. Blocks;
 * in the linter's own process only.
 */
#ifndef LINT_SERVER_PRIV_H
#define LINT_SERVER_PRIV_H

#include "base/check.h"
#include "base/text.h"
#include "lint/catalog_priv.h"

struct pg_conn; /* libpq's PGconn */

/* A connection to database (NULL: that of dsn) with a deadline for connecting; NULL, and words, when it fails. Of a dsn
 * with several hosts that does not say which (target_session_attrs) it is the primary. */
struct pg_conn *server_open(const char *dsn, const char *database, struct text *words);

/* `pg_dump -s` of the database; the connection's parts go through the environment, so that no password is shown by ps. */
MUST_CHECK int server_dump(const char *dsn, struct text *out, struct text *words);

/* Runs DDL statement by statement; ERR_INVALID with the statement in words. */
MUST_CHECK int server_load(struct pg_conn *server, struct slice ddl, struct text *words);

/* Row estimates for the tables that the catalog knows. */
MUST_CHECK int server_learn_rows(const char *dsn, struct catalog *catalog, struct text *words);

#endif
