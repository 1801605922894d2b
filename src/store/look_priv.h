/*
 * One pass over a database: what is asked and what was found. A value that the store's thread fills query by query and
 * hands over whole; nothing changes it afterwards. Each query is one statement in a transaction of its own
 * (statistics are cached inside one), parameterised, bounded by the session's timeout. Pure but for libpq's result type.
 */
#ifndef STORE_LOOK_PRIV_H
#define STORE_LOOK_PRIV_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "store/look.h"

struct look_query {
    const char *name; /* "facts", "columns": in words about what went wrong */
    const char *sql;
    unsigned param_count;
    const char *params[4]; /* texts, owned by the look */
};

/* wishes are copied. */
struct look *look_new(const struct look_wishes *wishes);
void look_free(struct look *look); /* NULL is allowed */

unsigned look_query_count(const struct look *look);

/* Asked in their order, one after the answer to the one before: what is asked may follow from it. */
void look_query_at(const struct look *look, unsigned index, struct look_query *out);

/* The answer to a query; NULL or a result with an error: it is unknown, with the words of the server. False: nothing that
 * is asked behind it can be answered either (the facts themselves are missing), the look is over. */
bool look_take(struct look *look, unsigned index, const PGresult *result);

/* The look is done: what needs the one before it of the same database (NULL: there is none), elapsed_us later. */
void look_follow(struct look *look, const struct look *before, uint64_t elapsed_us);

#endif
