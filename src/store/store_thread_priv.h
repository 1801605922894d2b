/*
 * The thread that speaks to databases. The control thread sends it what there is to watch and what to test; it sends back
 * states and what tests found. Owner and thread: control; what runs inside is in store_thread.c.
 */
#ifndef STORE_STORE_THREAD_PRIV_H
#define STORE_STORE_THREAD_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/mailbox.h"

struct db_spec;
struct store_thread;

/* Letters to the control thread; number is the id of the database. Whoever receives one frees the object (the share of a
 * state is dropped first). */
enum store_letter {
    STORE_STATE, /* struct db_state */
    STORE_TESTED /* struct store_test */
};

/* One database of a set; the spec is taken. */
struct store_wanted {
    uint64_t id;
    struct db_spec *spec; /* NULL: one that is watched already */
};

struct store_thread *store_thread_new(struct mailbox *control);

/* Waits a few seconds at most. A thread that hangs is left alone, with its memory: false. */
bool store_thread_free(struct store_thread *thread);

/* What is watched from now on: ids that are not among these are dropped. The array is copied. */
void store_thread_set(struct store_thread *thread, const struct store_wanted *wanted, size_t count);

/* A look at it is wanted now. */
void store_thread_hurry(struct store_thread *thread, uint64_t id);

/* Answered by STORE_TESTED, also when there is no such database any more. */
void store_thread_test(struct store_thread *thread, uint64_t id);

#endif
