/* The body of struct deploy: desk.c runs the queue and writes, judge_* functions change only deploy->working and the
 * ticket. Control thread. */
#ifndef DEPLOY_DEPLOY_PRIV_H
#define DEPLOY_DEPLOY_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config/report.h"
#include "deploy/deploy.h"
#include "deploy/due_priv.h"
#include "deploy/forecast_priv.h"
#include "deploy/history_priv.h"
#include "deploy/measure_priv.h"
#include "deploy/registry_priv.h"
#include "deploy/state_priv.h"
#include "deploy/tenants_priv.h"
#include "deploy/ticket_priv.h"
#include "deploy/writer_priv.h"

struct names;
struct scope;

enum { BATCH_MAX = 512, QUEUE_MAX = 100 * 1000 }; /* changes in one durable write; that wait */

enum desk_state {
    DESK_IDLE,
    DESK_WRITING, /* a batch is with the writer */
    DESK_RESERVE, /* the rescues of a batch that could not be written are */
    DESK_SETTLING /* the disk is brought up to the memory; no tickets */
};

struct deploy {
    struct deploy_options options;
    struct config *config;
    struct contracts *contracts; /* of that configuration */
    struct migration_watch *migrations;
    struct backup *backup; /* NULL: nobody keeps snapshots */
    struct state *state;   /* decisions in force */
    struct registry registry;
    struct tenants *tenants;
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
    struct measures measures;
    struct due_orders due_orders;
    struct timer *due;
    struct forecast *forecasts; /* NULL: none yet; else FORECASTS_MAX */
    size_t waiting;             /* on queue and parked */
    uint64_t arrivals;          /* tickets so far */
    struct decisions working;
    struct plan plan;
    bool has_plan;
    size_t batch_keys;       /* that the batch has added to the state */
    uint64_t kept_sequence;  /* of the state before the batch */
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
void desk_refused(struct deploy *deploy, struct ticket *ticket); /* takes it; it has its result */
struct ticket *ticket_new(const struct change *change, change_done_fn *done, void *arg);
void ticket_free(struct ticket *ticket);

/* switching.c, targets.c, lock.c, reload.c */
enum judgement switching_judge(struct deploy *deploy, struct ticket *ticket);
enum judgement switching_judge_promotion(struct deploy *deploy, struct ticket *ticket);
enum judgement switching_judge_back(struct deploy *deploy, struct ticket *ticket);
enum judgement switching_move(struct deploy *deploy, struct ticket *ticket,
                              const struct scope *scope, const char *slot);
enum judgement switching_return(struct deploy *deploy, struct ticket *ticket,
                                const struct scope *scope);
enum judgement targets_judge(struct deploy *deploy, struct ticket *ticket);
bool targets_prepare(struct deploy *deploy, struct ticket *ticket); /* false: it waits for a name */
enum judgement lock_judge(struct deploy *deploy, struct ticket *ticket);
void lock_start(struct deploy *deploy); /* monotonic times of locks that were loaded */
const struct state_lock *lock_blocking(struct deploy *deploy, const struct ticket *ticket);
void lock_arm(struct deploy *deploy); /* the timer for the next end */
void lock_purge(struct deploy *deploy, struct decisions *decisions);
bool reload_prepare(struct deploy *deploy, struct ticket *ticket); /* false: it waits for names */
enum judgement reload_judge(struct deploy *deploy, struct ticket *ticket);
void trial_start(struct deploy *deploy); /* trial.c: monotonic times of switches that were loaded */

/* Decisions for this configuration: kept where they still fit, else from the configuration, with words. */
void reload_fit_decisions(const struct config *config, const struct decisions *was,
                          struct decisions *out, struct report *report);

#endif
