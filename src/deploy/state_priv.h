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

#include "base/check.h"
#include "base/text.h"
#include "deploy/change.h"
#include "deploy/decisions_priv.h"
#include "deploy/deploy.h"
#include "deploy/state.h"

enum {
    STATE_FORMAT = 3,          /* what we write */
    STATE_FORMAT_STEERING = 2, /* pins, canaries, holds, maintenance; nothing of the judgement */
    STATE_FORMAT_FIRST = 1,
    STATE_KEYS_MAX = 1024,
    STATE_TAIL_MAX = 1024,
    STATE_TARGETS_MAX = 1024, /* decisions about targets, per service */
    STATE_LOCKS_MAX = 64,
    STATE_WEIGHT_MAX = 1000,
};

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

struct state_key *state_find_key(const struct state *state, const char *key);
struct state_key *state_add_key(struct state *state, const char *key);
struct state_entry *state_add_entry(struct state *state, const struct history_entry *entry);

/* Takes back so many of the newest keys, and the entries behind `sequence`. */
void state_take_back(struct state *state, size_t key_count, uint64_t sequence);

/* Drops the oldest keys beyond the maximum, and tail entries up to and with `sequence`. */
void state_trim(struct state *state, uint64_t sequence);

#endif
