/*
 * The control thread's desk: the configuration in force, the objects that live (services, slots, targets),
 * the durable state, the queue of changes and the published snapshot. One writer: changes are carried out in the
 * order of their submission; several that wait become one durable write (group commit). Order of a change:
 * check gates, build the snapshot, make the new state durable (thread of its own), publish, wait for the grace
 * period, answer, write history. Thread: control, unless it says otherwise.
 */
#ifndef DEPLOY_DEPLOY_H
#define DEPLOY_DEPLOY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "deploy/change.h"
#include "deploy/history_entry.h"
#include "route/snapshot.h"

struct config;
struct deploy;
struct backup;
struct deploy_databases;
struct tunnel_drain;
struct health;
struct loop;
struct resolver;
struct report;
struct tls_dialer;

/* What deploy asks of the workers; app fills it in. */
struct deploy_ops {
    /* Every worker closes what it has with the target: idle connections now, busy ones too when `busy`.
     * done runs on the control thread when all have answered. */
    void (*evict)(void *arg, struct target *target, bool busy, void (*done)(void *done_arg),
                  void *done_arg);

    /* A reload was checked and published: listeners, logs and so on follow. 0, or ERR_* and words: then
     * nothing may have changed. Called before the snapshot is published (prepare) and after (commit). */
    int (*prepare)(void *arg, const struct config *config, char *words, unsigned words_size);
    void (*commit)(void *arg, const struct config *config);
    void (*cancel)(void *arg);

    /* The settings of TLS to the targets of that slot, which its block tls asks for; made ready by prepare, and good for as
     * long as the process lives. */
    struct tls_dialer *(*dialer)(void *arg, const char *service, const char *slot);

    /* A change that is worth an entry of the history was answered, or is about to be. NULL: nobody wants to know. */
    void (*settled)(void *arg, const struct change *change, const struct change_result *result);
    /* A picture was published in which a hold ended, a limit or a share changed: waiting requests look again. */
    void (*published)(void *arg);
    /* To every worker; per_second is the rate of all of them together and is shared out by the callee. */
    void (*drain_tunnels)(void *arg, const struct tunnel_drain *order);

    /* Every worker opens idle connections until `count` of them wait there, all workers together; done with the
     * number that is open, on the control thread. */
    void (*warm)(void *arg, struct target *target, unsigned count,
                 void (*done)(void *done_arg, unsigned open), void *done_arg);
};

struct deploy_options {
    struct loop *loop;
    struct health *health;
    struct resolver *resolver;
    const struct deploy_ops *ops;
    void *ops_arg;
    const struct deploy_databases *databases; /* NULL: nobody watches any */
    void *databases_arg;
    const char *config_path; /* read again by CHANGE_RELOAD */
    unsigned worker_count;
    bool accept_empty_state; /* --accept-empty-state: start although the state is damaged */
};

/*
 * Reads the state, resolves names (blocking: nothing is served yet), builds the first picture and publishes
 * it. Takes config, also when it fails. ERR_CORRUPT, ERR_VERSION: the state (words in report); ERR_*: the rest.
 */
MUST_CHECK int deploy_new(const struct deploy_options *options, struct config *config,
                          struct report *report, struct deploy **out);

/* Waits for the writer thread; the workers must have ended, the resolver must be gone and health must still be
 * there. Of those who wait only who keeps the record himself (change->is_witnessed) is told that the end is not known
 * (TIMEOUT, FAULT_SHUTTING_DOWN). Frees all objects. */
void deploy_free(struct deploy *deploy);
/* Who keeps snapshots, for the gate of that name; there until the loop has ended. */
void deploy_use_backup(struct deploy *deploy, struct backup *backup);

/* Queues a change (copied); done is called once. After deploy_stop every change is refused. */
void deploy_submit(struct deploy *deploy, const struct change *change, change_done_fn *done,
                   void *arg);
void deploy_stop(struct deploy *deploy);

/* The same for a change that the daemon itself finds necessary (change->trigger says why): a rollback, the end of a
 * canary, a step or phase of a rollout, a tenant's way back. No lock holds a way back up, and nothing is measured for it. */
void deploy_submit_own(struct deploy *deploy, const struct change *change, change_done_fn *done,
                       void *arg);

/* Withdraws the change that was submitted with arg, if it is not under way yet: true, and done is not called. */
bool deploy_cancel(struct deploy *deploy, const void *arg);
const struct config *deploy_config(const struct deploy *deploy);

/* Who makes the change of a plan, and why; reason NULL or "": as planned. */
struct deploy_approval {
    const char *token;
    const char *actor;
    const char *reason;
};

/* Whether a plan that is kept under this token brings traffic back to where it was good. */
bool deploy_plan_is_rescue(const struct deploy *deploy, const char *token);

/* Submits what a plan_only change described; CONFLICT when the token is unknown, older than ten minutes, used, or
 * the epoch or the configuration are others by now. */
void deploy_apply(struct deploy *deploy, const struct deploy_approval *approval,
                  change_done_fn *done, void *arg);

/* The service or group that a plan is for; false: there is no such plan, or it is worth nothing any more. */
bool deploy_plan_name(const struct deploy *deploy, const char *token, char out[64]);

#endif
