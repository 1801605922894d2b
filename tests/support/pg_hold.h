/*
 * Locks of a session that holds them for as long as a test wants, whatever else the machine does meanwhile. Test thread.
 */
#ifndef SUPPORT_PG_HOLD_H
#define SUPPORT_PG_HOLD_H

struct pg;
struct pg_hold;

/* Runs `sql` ("LOCK TABLE …") in a transaction of a session of its own and returns when it has come through; a session
 * that does not get there ends the test. One at a time per database. */
struct pg_hold *pg_hold(struct pg *pg, const char *database, const char *sql);

/* The same, for one that lets go by itself as soon as another session has been seen waiting for a lock of its own. */
struct pg_hold *pg_hold_until_wanted(struct pg *pg, const char *database, const char *sql);

/* Ends the session, if it has not ended by itself; the transaction is rolled back. */
void pg_hold_end(struct pg_hold *hold);

#endif
