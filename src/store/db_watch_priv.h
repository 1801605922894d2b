/*
 * One database as it is watched: a session that is kept, a look at every interval, and what is told of it. Owner and
 * thread: the store's.
 */
#ifndef STORE_DB_WATCH_PRIV_H
#define STORE_DB_WATCH_PRIV_H

#include <stdint.h>

struct db_spec;
struct db_state;
struct db_watch;
struct loop;
struct name_lookup;

/* The state is a copy for whoever is told, who drops its share. */
typedef void db_watch_fn(void *arg, uint64_t id, const struct db_state *state);

/* Takes the spec. It begins in the loop. */
struct db_watch *db_watch_new(struct loop *loop, uint64_t id, struct db_spec *spec,
                              db_watch_fn *on_state, void *arg);
void db_watch_free(struct db_watch *watch);

/* The next look is begun now, or right behind the one that is under way; nothing while there is no session. */
void db_watch_hurry(struct db_watch *watch);

uint64_t db_watch_id(const struct db_watch *watch);
const struct db_spec *db_watch_spec(const struct db_watch *watch);
struct name_lookup *db_watch_names(struct db_watch *watch);

/* Microseconds until the next try, after so many that failed in a row; at_random is any number. Pure. */
uint64_t db_watch_backoff(unsigned failures, uint64_t at_random);

#endif
