/*
 * One session with a PostgreSQL server: connected without waiting, asked one question at a time, every step with a deadline
 * of its own. What goes wrong ends it. No callback comes from inside a verb. Owner: who made it. Thread: the loop's.
 */
#ifndef STORE_PG_LINK_PRIV_H
#define STORE_PG_LINK_PRIV_H

#include <libpq-fe.h>
#include <stdint.h>

#include "store/pg_fault_priv.h"

struct db_spec;
struct loop;
struct name_lookup;
struct pg_link;

/* Each may close or free the link. */
struct pg_link_ops {
    void (*on_ready)(void *arg); /* logged in, settings made: it can be asked */
    void (*on_result)(void *arg, const PGresult *result); /* good or bad; valid during the call */
    void (*on_fault)(void *arg, const struct pg_fault *fault); /* it is closed */
};

/* How long things took, in microseconds; 0: they were not. */
struct pg_link_times {
    uint64_t names_us;
    uint64_t connect_us;
    uint64_t query_us; /* the last one */
};

/* spec and names are borrowed for as long as the link lives. */
struct pg_link *pg_link_new(struct loop *loop, const struct db_spec *spec,
                            struct name_lookup *names, const struct pg_link_ops *ops, void *arg);
void pg_link_free(struct pg_link *link); /* NULL is allowed */

/* Of a closed link: on_ready or on_fault comes within the connect timeout. */
void pg_link_open(struct pg_link *link);
void pg_link_close(struct pg_link *link);

/* Of a link that is ready: on_result or on_fault comes within the query timeout. Texts are copied. */
void pg_link_ask(struct pg_link *link, const char *sql, unsigned param_count,
                 const char *const *params);

const struct pg_link_times *pg_link_times(const struct pg_link *link);

/* libpq's session, to look at; NULL while there is none. */
PGconn *pg_link_pg(const struct pg_link *link);

#endif
