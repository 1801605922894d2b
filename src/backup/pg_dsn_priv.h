/*
 * Connection strings as text: another database in one, and whether a secret is in it, which would be seen by everybody
 * who lists processes. Pure, any thread.
 */
#ifndef BACKUP_PG_DSN_PRIV_H
#define BACKUP_PG_DSN_PRIV_H

#include <stdbool.h>

/* The same server, database `name`; the caller frees. Takes key=value and URI forms. */
char *pg_dsn_with_database(const char *dsn, const char *name);

/* The same role and database, on the server whose socket is in that folder; the caller frees. */
char *pg_dsn_with_socket(const char *dsn, const char *folder, unsigned port);

bool pg_dsn_has_password(const char *dsn);

/* "name" for SQL, with quotes doubled; the caller frees. */
char *pg_dsn_quote_name(const char *name);

#endif
