/*
 * A PostgreSQL 15 server of the test's own: data and socket in a private folder, no TCP port, started as an ordinary
 * user (initdb refuses to run as root: then the user postgres, or nobody, does it). It dies with the test. Programs are
 * those of /usr/lib/postgresql/15/bin, or of $SWITCHYARD_PG_BIN. A server that does not come up ends the test: without
 * one there is no result (scripts/install-deps --test installs it). Test thread.
 */
#ifndef SUPPORT_PG_H
#define SUPPORT_PG_H

#include <stdbool.h>
#include <sys/types.h>

struct pg;

/* Starts one and waits until it takes connections. settings: "wal_level=logical" and such, NULL at the end; may be NULL. */
struct pg *pg_start(const char *const *settings);

/* "host=… port=5432 user=postgres dbname=…"; of the database "postgres" when it is NULL. Valid until the next call. */
const char *pg_dsn(struct pg *pg, const char *database);
const char *pg_folder(const struct pg *pg);
pid_t pg_pid(const struct pg *pg); /* of the postmaster */

/* Runs SQL through psql in one session that stops at the first error: what it printed, unaligned and without headers
 * (the caller frees); NULL when there was an error, whose words are on standard error. Any thread. */
char *pg_psql(struct pg *pg, const char *database, const char *sql);

/* Sends the signal to the server and to every process of it: SIGSTOP, SIGCONT. */
void pg_signal(struct pg *pg, int number);

/* Ends it as a crash would (an immediate shutdown), and starts it again with the same settings, on the same data. */
void pg_crash(struct pg *pg);
void pg_restart(struct pg *pg);

/* Ends it by its pid and removes the folder; true: it ended by itself, with status 0. */
bool pg_stop(struct pg *pg);

#endif
