/*
 * The body of struct deploy and the inner borders of the room: desk.c runs the queue, judge_* functions say what
 * a change does to the decisions (they change only deploy->working and the ticket), commit and writing are the
 * desk's. Control thread.
 */
#ifndef DEPLOY_DEPLOY_PRIV_H
#define DEPLOY_DEPLOY_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config/report.h"
#include "deploy/deploy.h"
#include "deploy/history_priv.h"
#include "deploy/registry_priv.h"
#include "deploy/state_priv.h"
#include "deploy/writer_priv.h"

struct names;

enum {
    BATCH_MAX = 512,        /* changes in one durable write */
    QUEUE_MAX = 100 * 1000, /* changes that wait */
};

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
    enum judgement judgement;
    struct change_result result;
    struct config *config; /* RELOAD: read and checked; taken at commit */
    struct names *names;   /* RELOAD, TARGET_ADD: asked for */
    uint64_t read_us;      /* RELOAD: when the file was read */
    bool is_prepared;      /* RELOAD: ops->prepare was called */
    bool is_judged;        /* refused before its turn; the result says why */
    uint64_t sequence;     /* of its history entry, 0: none */
};
TAILQ_HEAD(tickets, ticket);

enum desk_state {
    DESK_IDLE,
    DESK_WRITING, /* a batch is with the writer */
    DESK_RESERVE, /* the rollbacks of a batch that could not be written are */
    DESK_SETTLING /* the disk is brought up to the memory; no tickets */
};

struct deploy {
    struct deploy_options options;
    struct config *config;
    struct state *state; /* decisions in force */
    struct registry registry;
    struct state_file *file;
    struct writer *writer;
    struct history history;
    char *history_path;
    bool is_appending; /* history lines are with the writer */

    enum desk_state desk;
    struct tickets queue;
    struct tickets parked;    /* wait for a lock */
    struct tickets preparing; /* wait for names */
    struct tickets batch;
    size_t waiting; /* on queue and parked */
    struct decisions working;
    struct plan plan;
    bool has_plan;
    size_t kept_keys; /* of the state before the batch */
    size_t kept_tail;
    uint64_t kept_sequence;
    struct timer *run;       /* 0 ms: look at the queue */
    struct timer *settle;    /* 1 s: try the disk again */
    struct timer *unlock;    /* the next lock ends */
    uint64_t config_read_us; /* when the configuration in force was read */
    uint64_t generation;     /* the last one given to the writer */
    uint64_t durable_generation;
    uint64_t writes;
    uint64_t write_errors;
    char last_error[160];
    bool is_volatile;
    bool is_unsure; /* the disk may hold something that was refused */
    bool is_stopped;
};

/* desk.c */
void desk_init(struct deploy *deploy);
void desk_fini(struct deploy *deploy);
void desk_wake(struct deploy *deploy);                           /* the queue is looked at soon */
void desk_enqueue(struct deploy *deploy, struct ticket *ticket); /* takes ticket */
void desk_prepared(struct ticket *ticket);                       /* it waits for no name any more */
void desk_on_written(void *arg, struct writer_job *job);
void desk_encode(struct deploy *deploy, const struct decisions *decisions, struct writer_job *job);
void ticket_free(struct ticket *ticket);

/* answer.c: filling results; each returns the judgement. */
enum judgement judge_refuse(struct ticket *ticket, enum outcome outcome, enum fault fault,
                            const char *gate, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
enum judgement judge_done(struct ticket *ticket, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum judgement judge_same(struct ticket *ticket, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* gate.c */
enum judgement gate_judge(struct deploy *deploy, struct ticket *ticket);

/* Services that a name means: a group's, or the one service. */
struct scope {
    size_t count;
    const size_t *services; /* indexes into config->services */
    size_t single;
    const struct config_group *group; /* NULL: a service */
};
MUST_CHECK bool gate_find_scope(struct deploy *deploy, struct ticket *ticket, struct scope *out);
size_t gate_scope_at(const struct scope *scope, size_t i);
bool gate_is_forced(const struct ticket *ticket);

struct gate_fit {
    unsigned up;
    unsigned unknown;
    unsigned down;
    unsigned not_ready;
};
void gate_count_fit(const struct deploy *deploy, size_t service, size_t slot, struct gate_fit *out);

/* The active slot of a service in the working decisions. */
size_t gate_active(const struct deploy *deploy, size_t service);
bool gate_is_switchable(const struct config_slot *slot);

/* switching.c, targets.c, lock.c, reload.c */
enum judgement switching_judge(struct deploy *deploy, struct ticket *ticket);
enum judgement switching_judge_back(struct deploy *deploy, struct ticket *ticket);
enum judgement targets_judge(struct deploy *deploy, struct ticket *ticket);
bool targets_prepare(struct deploy *deploy, struct ticket *ticket); /* false: it waits for a name */
enum judgement lock_judge(struct deploy *deploy, struct ticket *ticket);
void lock_start(struct deploy *deploy); /* monotonic times of locks that were loaded */
const struct state_lock *lock_blocking(struct deploy *deploy, const struct ticket *ticket);
void lock_arm(struct deploy *deploy); /* the timer for the next end */
void lock_purge(struct deploy *deploy, struct decisions *decisions);
bool reload_prepare(struct deploy *deploy, struct ticket *ticket); /* false: it waits for names */
enum judgement reload_judge(struct deploy *deploy, struct ticket *ticket);

/* Decisions for this configuration: kept where they still fit, else from the configuration, with words. */
void reload_fit_decisions(const struct config *config, const struct decisions *was,
                          struct decisions *out, struct report *report);

#endif
