/*
 * The content of a state: what was decided at run time. A working copy for a batch of changes is cheap:
 * services are shared between copies and copied when written to. Keys (idempotency) and the tail (history
 * entries that may not be in history.jsonl yet) are not part of a copy: there is one list of each.
 */
#ifndef DEPLOY_STATE_PRIV_H
#define DEPLOY_STATE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/address.h"
#include "base/check.h"
#include "base/text.h"
#include "deploy/change.h"
#include "deploy/deploy.h"
#include "deploy/state.h"
#include "route/target.h"

enum {
    STATE_FORMAT = 1, /* what we write */
    STATE_KEYS_MAX = 1024,
    STATE_TAIL_MAX = 1024,
    STATE_TARGETS_MAX = 1024, /* decisions about targets, per service */
    STATE_LOCKS_MAX = 64,
    STATE_WEIGHT_MAX = 1000,
};

/* A decision about one target. */
struct state_target {
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

struct state_service {
    unsigned refs;
    char name[64];
    char active[64];
    char previous[64];   /* slot before the last move; "" : none */
    bool is_rolled_back; /* the last move was a rollback: there is nothing to roll back to */
    uint64_t switched_wall_us;
    uint64_t switch_count;
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

/* The outcome of a change that came with an idempotency key. */
struct state_key {
    TAILQ_ENTRY(state_key) link;
    char key[64];
    uint64_t fingerprint; /* of the change */
    enum outcome outcome;
    bool changed;
    uint64_t epoch_before;
    uint64_t epoch;
    char from[64];
    char to[64];
};
TAILQ_HEAD(state_keys, state_key);

struct state_entry {
    TAILQ_ENTRY(state_entry) link;
    struct history_entry entry;
};
TAILQ_HEAD(state_tail, state_entry);

/* What a batch of changes works on. */
struct decisions {
    uint64_t epoch;
    struct state_service **services;
    size_t service_count;
    struct state_locks locks;
};

struct state {
    uint64_t generation;
    uint64_t saved_wall_us;
    uint64_t config_hash;
    uint64_t sequence; /* of the last history entry */
    struct decisions decisions;
    struct state_keys keys; /* oldest first */
    size_t key_count;
    struct state_tail tail; /* oldest first */
    size_t tail_count;
};

struct state *state_new(void);

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

struct state_key *state_find_key(const struct state *state, const char *key);
struct state_key *state_add_key(struct state *state, const char *key);
struct state_entry *state_add_entry(struct state *state, const struct history_entry *entry);

/* Takes back so many of the newest keys, and the entries behind `sequence`. */
void state_take_back(struct state *state, size_t key_count, uint64_t sequence);

/* Drops the oldest keys beyond the maximum, and tail entries up to and with `sequence`. */
void state_trim(struct state *state, uint64_t sequence);

/*
 * The bytes of a state file: envelope, content, checksum. `decisions` may be a working copy; at most so many
 * of the newest keys and tail entries are written.
 */
struct state_picture {
    const struct state *state;
    const struct decisions *decisions;
    uint64_t generation;
    uint64_t saved_wall_us;
    size_t keys_max;
    size_t tail_max;
};
void state_encode(const struct state_picture *picture, struct text *out);

/* One history entry as a JSON object without line feed, and back. */
void state_encode_entry(const struct history_entry *entry, struct text *out);
struct cJSON;
MUST_CHECK int state_decode_entry(const struct cJSON *item, struct history_entry *out);

#endif
