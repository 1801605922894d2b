/*
 * Names of a database's hosts to addresses, on a thread that lives for one question: a resolver that does not answer
 * holds up nobody but who asked it, and at the end nobody waits for it. Addresses that were known are kept, so that a
 * database stays in reach while the resolver is gone. Thread: the loop's.
 */
#ifndef STORE_NAME_LOOKUP_PRIV_H
#define STORE_NAME_LOOKUP_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

struct db_spec;
struct loop;
struct name_lookup;

/* Somebody who wants to be told; in its owner's memory. */
struct name_waiter {
    struct name_waiter *next;
    bool is_waiting;
    void (*fn)(void *arg); /* something new is known, or nothing more will be */
    void *arg;
};

enum { NAME_LOOKUP_ADDRESSES = 4 };

struct name_addresses {
    size_t count;
    char texts[NAME_LOOKUP_ADDRESSES][ADDRESS_TEXT_SIZE];
};

struct name_lookup *name_lookup_new(struct loop *loop, const struct db_spec *spec);
void name_lookup_free(struct name_lookup *lookup); /* never waits; NULL is allowed */

/* Asks for all names anew, unless they are being asked for. The waiter is told from the loop, until it is left. */
void name_lookup_ask(struct name_lookup *lookup, struct name_waiter *waiter);
void name_lookup_leave(struct name_lookup *lookup, struct name_waiter *waiter);

/* A question is under way. */
bool name_lookup_is_busy(const struct name_lookup *lookup);

/* What is known of the host of that index, from this question or one before. */
const struct name_addresses *name_lookup_at(const struct name_lookup *lookup, size_t index);

/* Of a name that could not be resolved: "'db.internal': Name or service not known"; "". */
const char *name_lookup_words(const struct name_lookup *lookup);

#endif
