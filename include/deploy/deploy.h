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
struct health;
struct loop;
struct resolver;
struct report;

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
};

struct deploy_options {
    struct loop *loop;
    struct health *health;
    struct resolver *resolver;
    const struct deploy_ops *ops;
    void *ops_arg;
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
 * there. Whoever waits is not answered any more. Frees all objects. */
void deploy_free(struct deploy *deploy);

/* Queues a change (copied); done is called once. After deploy_stop every change is refused. */
void deploy_submit(struct deploy *deploy, const struct change *change, change_done_fn *done,
                   void *arg);
void deploy_stop(struct deploy *deploy);

/* Withdraws the change that was submitted with arg, if it is not under way yet: true, and done is not called. */
bool deploy_cancel(struct deploy *deploy, const void *arg);
const struct config *deploy_config(const struct deploy *deploy);

/* The present picture is snapshot_current(); what it does not say: */
struct deploy_service_view {
    const char *group;         /* "" : none */
    const char *previous;      /* slot before the last switch, "" : none: what rollback goes to */
    uint64_t switched_wall_us; /* 0: never */
    uint64_t switch_count;
};
void deploy_view_service(const struct deploy *deploy, unsigned service_index,
                         struct deploy_service_view *out);

struct deploy_lock_view {
    bool is_held;
    char name[64]; /* service or group; "" : everything */
    char owner[96];
    char reason[256];
    uint64_t age_us;
    uint64_t left_us; /* 0: no end */
    char running[32]; /* the change under way, "" : none */
    unsigned waiting; /* changes in the queue */
};
void deploy_view_lock(const struct deploy *deploy, struct deploy_lock_view *out);

struct deploy_durability {
    uint64_t generation; /* of the last state on disk */
    uint64_t write_errors;
    uint64_t writes;
    bool is_volatile; /* memory is ahead of the disk */
    char last_error[160];
};
void deploy_view_durability(const struct deploy *deploy, struct deploy_durability *out);

/* Exchanges still on slots or targets that are live no more: of one slot, or of all (NULL). */
uint64_t deploy_draining(const struct deploy *deploy, const struct slot *slot);

/* Finished changes, newest first; false when index is beyond the end. */
bool deploy_history(const struct deploy *deploy, unsigned index, struct history_entry *out);

#endif
