/*
 * Tables of raw bytes: what a client sends, what it gets back, what the app server saw. One daemon and one
 * origin serve a whole table. After every case a canary request checks that no byte of the case was left
 * anywhere: on the same connection when it stays open, on a new one when it was closed.
 *
 * With SWITCHYARD_FRONT (address of another proxy) and SWITCHYARD_ORIGIN (the address it forwards to) the
 * tables run against that proxy, to see where it differs; SWITCHYARD_CASE runs the cases of that name only.
 */
#ifndef SUPPORT_RAW_H
#define SUPPORT_RAW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "support/daemon.h"
#include "support/origin.h"

/* Stands in patterns for any run of bytes within a line. */
#define RAW_ANY "\001"

/* A slice of a literal that may hold NUL. */
#define RAW(literal)                                                                               \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

enum { RAW_PARTS = 6 };

/* One response the client must get, interim ones counted. */
struct raw_want {
    int status;
    int or_status;     /* another one that is as good; 0: none */
    const char *body;  /* NULL: not looked at */
    const char *head;  /* the whole head without Date (see raw_tidy); NULL: not looked at */
    const char *has;   /* lines the head must have, each ended by "\n" */
    const char *lacks; /* field names it must not have, each ended by "\n" */
    bool to_head;      /* it answers HEAD */
    bool truncated;    /* it must be cut short */
};

enum raw_end {
    RAW_CLOSES, /* the connection is closed after the last response */
    RAW_KEEPS,  /* it stays open and takes another request */
    RAW_EITHER, /* both are right */
};

struct raw_case {
    const char *name;
    struct slice request;
    struct slice answer; /* of the origin; empty: 200 "ok" */
    enum origin_after after;
    const char
        *seen[RAW_PARTS]; /* the requests the origin must see, tidied; none: it must see nothing */
    struct raw_want want[RAW_PARTS]; /* status 0: the end of the list */
    enum raw_end end;
    bool bytewise;   /* one write per byte */
    bool half_close; /* FIN after the request */
    bool unseen;     /* what the origin saw does not matter */
};

struct raw_bench {
    struct daemon *daemon; /* NULL against another proxy */
    struct origin *origin;
    char front[160];
};

/* lines: more of the service's block ("limits { … }"); NULL: only what is needed. */
void raw_start(struct raw_bench *bench, const char *lines);

/* The same with a whole configuration; %s in it stands for the origin's address. */
void raw_start_config(struct raw_bench *bench, const char *config);

/* The end of the bench: NULL or what was wrong with the daemon (the caller frees). */
char *raw_stop(struct raw_bench *bench);

/* NULL, or in words what differed (the caller frees). */
char *raw_run(struct raw_bench *bench, const struct raw_case *one);

/* Whether SWITCHYARD_CASE picks it. */
bool raw_is_picked(const struct raw_case *one);

/*
 * Brings a message into the form of the tables: Content-Length, Transfer-Encoding, Connection and
 * Keep-Alive lines moved to the end of the head in that order; lines that the proxy adds (Via, X-Forwarded-*,
 * X-Request-Id, Date) taken out unless `pattern` has them; a chunked body decoded, with its trailer after
 * "[trailer]\r\n".
 */
void raw_tidy(struct slice message, const char *pattern, struct text *out);

#endif
