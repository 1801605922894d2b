/*
 * Why a server of PostgreSQL cannot be asked: what it said, in one line that can be shown, and what to do about it. What
 * comes from a server is not trusted: any part of it may be missing, or anything. Pure, any thread.
 */
#ifndef STORE_PG_FAULT_PRIV_H
#define STORE_PG_FAULT_PRIV_H

#include <libpq-fe.h>
#include <stdbool.h>

enum pg_fault_kind {
    PG_FAULT_NAMES,   /* no address is known of any of its hosts */
    PG_FAULT_SILENT,  /* it did not answer in time */
    PG_FAULT_REFUSED, /* it, or the system, said no */
    PG_FAULT_LOST,    /* the session ended */
    PG_FAULT_LOCAL    /* on our side */
};

struct pg_fault {
    enum pg_fault_kind kind;
    char sqlstate[6]; /* "" when it did not tell */
    char words[240];
    char remedy[160];
};

/* Words of our own; the remedy is that of the kind and sqlstate. */
void pg_fault_set(struct pg_fault *fault, enum pg_fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* From libpq's text with the verbosity PQERRORS_VERBOSE, the only place where it shows the state of a refused login. */
void pg_fault_read(struct pg_fault *fault, enum pg_fault_kind kind, const char *message);

/* From a result that is an error; what was asked is put in front. */
void pg_fault_read_result(struct pg_fault *fault, const char *question, const PGresult *result);

/* One line without control bytes, cut between characters; out is terminated. */
void pg_fault_clean(const char *text, char *out, size_t size);

/* The server ends the session, or will not have one now: shutdown, crash, start. */
bool pg_fault_is_end(const char *sqlstate);

#endif
