/*
 * What deploy can tell: the decisions in force beside the published snapshot (snapshot_current), the lock, the disk,
 * what drains, and the history. Copies; valid until the next turn where a pointer is given. Thread: control.
 */
#ifndef DEPLOY_DEPLOY_VIEW_H
#define DEPLOY_DEPLOY_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/history_entry.h"

struct deploy;
struct pins;
struct slot;

struct deploy_service_view {
    const char *group;         /* "" : none */
    const char *previous;      /* slot before the last switch, "" : none: what rollback goes to */
    uint64_t switched_wall_us; /* 0: never */
    uint64_t switch_count;
};
void deploy_view_service(const struct deploy *deploy, unsigned service_index,
                         struct deploy_service_view *out);

/* The canary of a service or group; is_running false: none. */
struct deploy_canary_view {
    bool is_running;
    bool is_paused;
    char candidate[64];
    uint32_t share; /* of SPLIT_WHOLE */
    unsigned step;  /* 1 is the first configured step; 0: the share is none of them */
    unsigned step_count;
    uint64_t started_wall_us;
    uint64_t next_step_us; /* from now; 0: no step by time is due */
    uint64_t salt;
};
void deploy_view_canary(const struct deploy *deploy, unsigned service_index,
                        struct deploy_canary_view *out);

/* What a service is being tried with: a candidate against the slot that it replaces. */
enum trial { TRIAL_NONE, TRIAL_CANARY, TRIAL_SWITCHED };
struct deploy_trial_view {
    enum trial kind;
    char candidate[64];        /* gets `share` of the users; TRIAL_SWITCHED: all but a holdback */
    char baseline[64];         /* what a rollback goes to; TRIAL_NONE: the live slot */
    char version[64];          /* of the candidate; its slot's name where none is configured */
    bool is_baseline_replaced; /* it is no more what it was: nothing goes back by itself */
    uint32_t share;            /* of SPLIT_WHOLE */
    uint64_t id; /* another one for every new trial; a canary's stays when it is promoted */
    uint64_t began_wall_us;
    uint64_t switched_wall_us; /* 0: not yet */
    uint64_t switched_age_us;  /* by the monotonic clock; what was before a start: by the wall's */
};
void deploy_view_trial(const struct deploy *deploy, unsigned service_index,
                       struct deploy_trial_view *out);

/* What automatic rollbacks of the service forbid. */
struct deploy_book_view {
    unsigned rollbacks;   /* that still count */
    uint64_t cooldown_us; /* nothing is begun for so long */
    bool is_limited;      /* nothing is begun before somebody says release */
    unsigned blocked;     /* versions that may not be started */
    char quarantined[64]; /* the newest of them; "" : none */
};
void deploy_view_book(const struct deploy *deploy, unsigned service_index,
                      struct deploy_book_view *out);

/* Hold and maintenance of a service. */
struct deploy_traffic_view {
    bool is_held;
    bool is_maint;
    uint64_t since_wall_us;
    uint64_t left_us; /* of a hold, until it ends by itself */
    char message[256];
};
void deploy_view_traffic(const struct deploy *deploy, unsigned service_index,
                         struct deploy_traffic_view *out);

/* The pins of the scope that the service belongs to; NULL: none and no tenants. Valid until the next turn. */
const struct pins *deploy_pins(const struct deploy *deploy, unsigned service_index);

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
