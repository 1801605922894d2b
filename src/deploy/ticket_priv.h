/*
 * A change in the house and what was judged of it. Control thread.
 */
#ifndef DEPLOY_TICKET_PRIV_H
#define DEPLOY_TICKET_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "deploy/change.h"
#include "deploy/deploy.h"

struct config;
struct contracts;
struct measure;
struct names;

enum judgement {
    JUDGED_DONE,    /* the working decisions have it */
    JUDGED_SAME,    /* it was so already */
    JUDGED_REFUSED, /* the result says why */
    JUDGED_WAIT,    /* the lock is held by somebody else */
};

/* A change in the house. Owner: the list it is on. Ends by its answer or by deploy_cancel. */
struct ticket {
    TAILQ_ENTRY(ticket) link;
    struct deploy *deploy;
    struct change change;
    change_done_fn *done; /* NULL: nobody waits any more */
    void *arg;
    uint64_t submitted_us;
    uint64_t arrival; /* in the order of submission, from 1 */
    enum judgement judgement;
    struct change_result result;
    struct config *config;         /* RELOAD: read and checked; taken at commit */
    struct contracts *contracts;   /* RELOAD: read with it */
    struct names *names;           /* RELOAD, TARGET_ADD: asked for */
    uint64_t read_us;              /* RELOAD: when the file was read */
    bool is_prepared;              /* RELOAD: ops->prepare was called */
    bool is_judged;                /* refused before its turn; the result says why */
    bool is_internal;              /* nobody asked: it was due (due.c) */
    struct measure *measure;       /* of where it goes; NULL: nothing was to be measured */
    unsigned measure_count;        /* how often */
    struct change_result *refusal; /* plan_only: of the first gate that did not pass */
    uint64_t sequence;             /* of its history entry, 0: none */
};
TAILQ_HEAD(tickets, ticket);

/* judge.c: filling results; each returns the judgement. A gate that is named is noted for a plan. */
enum judgement judge_refuse(struct ticket *ticket, enum outcome outcome, enum fault fault,
                            const char *gate, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A gate that the change has come to, and what was found there. Passed: JUDGED_DONE, which here means go on. Not
 * passed: refused; but a plan goes on, so that it sees all gates, and is refused in the end. */
enum judgement judge_gate(struct ticket *ticket, const char *gate, bool is_passed,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));
enum judgement judge_done(struct ticket *ticket, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum judgement judge_same(struct ticket *ticket, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
