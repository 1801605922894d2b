/*
 * Exchanges that wait: held because their service is paused, or queued because their slot or every target of it has
 * as much as it may. Per worker one line for each service and each slot, first in, first out; who comes later
 * stands behind those that still wait. Whether one may go on is asked of the routing each time (state ROUTE), so
 * that it goes where the picture then says. One thread: the worker's.
 *
 * A held exchange is in the counts of its service, a queued one in those of its slot: they keep both alive.
 */
#ifndef PROXY_WAITING_H
#define PROXY_WAITING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/fault.h"

struct exchange;
struct route_answer;
struct service;
struct slot;
struct timer;
struct worker;

/* The place of an exchange in a line, and what it has waited. */
struct wait_seat {
    struct wait_line *line; /* NULL: it does not wait */
    TAILQ_ENTRY(exchange) entry;
    uint64_t begin_us;  /* in this line */
    uint64_t waited_us; /* held and queued before, in all */
    uint32_t bytes;     /* counted as held */
    bool is_due;        /* fact: it may be its turn to go on */
};

/* Those who wait for the same thing. Ends when nobody is left in it. */
struct wait_line {
    TAILQ_ENTRY(wait_line) entry;
    struct service *service;
    struct slot *slot; /* NULL: held */
    TAILQ_HEAD(, exchange) members;
    unsigned count;
    bool is_releasing; /* the hold is over, they go one by one */
    bool is_blocked;   /* who was looked at last may not go, nor those behind it */
    bool is_kicked;    /* the picture changed: all are looked at */
    uint64_t next_us;  /* when the next one may go, releasing */
};

TAILQ_HEAD(wait_lines, wait_line);

struct waiting {
    struct worker *worker;
    struct timer *timer; /* armed while somebody waits for something that nobody tells */
    struct wait_lines lines;
    unsigned queued; /* in all lines of slots */
    bool is_looking;
};

/* What comes of an exchange at its turn. */
enum wait_kind {
    WAIT_NOT,    /* it goes on, to a target or to an answer of ours */
    WAIT_STAY,   /* in its line, at its place */
    WAIT_HELD,   /* at the end of the line of its service */
    WAIT_QUEUED, /* at the end of the line of its slot */
};

struct wait_place {
    enum wait_kind kind;
    struct service *service;
    struct slot *slot; /* WAIT_QUEUED */
    uint64_t us;       /* at most */
};

void waiting_init(struct waiting *waiting, struct worker *worker);
void waiting_fini(struct waiting *waiting);

/*
 * What a routed exchange does, in the read-side section that found the answer: nothing is allocated, but its place
 * is counted when it gets one. The fault is the one to answer with when it goes on; late: it has waited for as long
 * as it may.
 */
enum fault waiting_judge(struct exchange *exchange, const struct route_answer *answer,
                         enum fault fault, bool late, struct wait_place *place);

/* Behind the section: puts the exchange where waiting_judge said, and takes it out of where it was. */
void waiting_enter(struct exchange *exchange, const struct wait_place *place);

/* Out of its line, counted off. Nothing happens to one that does not wait. */
void waiting_leave(struct exchange *exchange);

/* A place in some slot of this worker became free: who is queued is looked at after this callback. */
void waiting_stir(struct waiting *waiting);

/* The picture changed: all are looked at, oldest first. Not from inside an exchange. */
void waiting_kick(struct waiting *waiting);

/* When the next of a line may go that has `own` of the `all` held requests of a service released at `rate` per
 * second in all: true, and *next_us is moved on. Pure. */
bool waiting_may_release(uint64_t *next_us, uint64_t now_us, uint32_t rate, uint64_t own,
                         uint64_t all);

#endif
