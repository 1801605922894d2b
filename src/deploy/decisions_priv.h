/*
 * What was decided at run time, as a batch of changes works on it. A working copy is cheap: services are shared
 * between copies and copied when written to. Control thread.
 */
#ifndef DEPLOY_DECISIONS_PRIV_H
#define DEPLOY_DECISIONS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/address.h"
#include "deploy/state_pins_priv.h"
#include "deploy/state_rollout_priv.h"
#include "evidence/book.h"
#include "route/target.h"

struct state_target { /* a decision about one */
    TAILQ_ENTRY(state_target) link;
    char slot[64];
    char name[136];
    char address[ADDRESS_TEXT_SIZE]; /* of an added one, when it was resolved last; "" : unknown */
    bool is_added;                   /* not in the configuration */
    bool is_removed;                 /* in the configuration, but taken out */
    bool has_order;
    bool has_weight;
    enum order order;
    uint32_t weight;
};
TAILQ_HEAD(state_targets, state_target);

/* A share of users gets another slot. Without a candidate there is none. */
struct state_canary {
    char candidate[64];
    uint32_t share; /* of SPLIT_WHOLE */
    uint64_t salt;
    bool is_paused;
    char starter[96]; /* the actor; "" : not known, of an older program */
    uint64_t started_wall_us;
    uint64_t next_wall_us; /* the next step by time; 0: none is due */
    uint64_t next_us;      /* monotonic, not stored; set by canary_start */
};

struct state_hold {         /* new requests wait */
    uint64_t since_wall_us; /* 0: they do not */
    uint64_t until_wall_us;
    uint64_t until_us; /* monotonic, not stored; set by pause_start */
};

struct state_maint {
    uint64_t since_wall_us; /* 0: off */
    char message[256];      /* "" : the configured one */
};

struct state_service {
    unsigned refs;
    char name[64];
    char active[64];
    char previous[64];         /* slot before the last move; "" : none */
    char previous_version[64]; /* that it had then, its slot's name without one; "" : unknown */
    bool is_previous_tried;    /* a canary or rollout to it has begun since */
    bool is_rolled_back;       /* the last move was a rollback: there is nothing to roll back to */
    uint64_t switched_wall_us;
    int64_t switched_us;    /* monotonic, not stored; set by trial_start */
    uint64_t trial_wall_us; /* the live slot is on trial since then; 0: since the switch */
    uint64_t switch_count;
    struct book book; /* of automatic rollbacks; every service of a group has it */
    struct state_pins pins;
    struct state_canary canary;
    struct state_hold hold;
    struct state_maint maint;
    struct state_confirm confirm;
    struct state_targets targets;
    size_t target_count;
};

struct state_lock {
    TAILQ_ENTRY(state_lock) link;
    char name[64]; /* service or group; "" : all */
    char owner[96];
    char reason[256];
    uint64_t since_wall_us;
    uint64_t ttl_us;   /* 0: no end */
    uint64_t since_us; /* monotonic, not stored; set by lock_start */
    uint64_t until_us; /* monotonic; 0: no end */
};
TAILQ_HEAD(state_locks, state_lock);

struct decisions { /* what a batch of changes works on */
    uint64_t epoch;
    struct state_service **services;
    size_t service_count;
    struct state_locks locks;
    struct state_book book;
};

void decisions_init(struct decisions *decisions);
void decisions_fini(struct decisions *decisions);
void decisions_copy(struct decisions *to,
                    const struct decisions *from);                 /* to: initialised, empty */
void decisions_move(struct decisions *to, struct decisions *from); /* from is empty then */

/* Appends a new service; the pointer is valid until the next call of decisions_*. */
struct state_service *decisions_add(struct decisions *decisions, const char *name);

/* The service at index, for writing: a copy of its own when others share it. */
struct state_service *decisions_own(struct decisions *decisions, size_t index);
struct state_service *decisions_find(const struct decisions *decisions, const char *name);
struct state_lock *decisions_lock(const struct decisions *decisions, const char *name);
struct state_lock *decisions_add_lock(struct decisions *decisions, const char *name);
void decisions_drop_lock(struct decisions *decisions, struct state_lock *lock);

struct state_target *state_service_target(const struct state_service *service, const char *slot,
                                          const char *name);
struct state_target *state_service_add_target(struct state_service *service, const char *slot,
                                              const char *name);
void state_service_drop_target(struct state_service *service, struct state_target *target);

#endif
