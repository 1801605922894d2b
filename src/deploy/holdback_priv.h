/*
 * What a rollout leaves on the slot that it came from, after its cutover: a few users, so that the two slots can still be
 * compared. It begins with the cutover, belongs to the rollout, and ends with it. Control thread.
 */
#ifndef DEPLOY_HOLDBACK_PRIV_H
#define DEPLOY_HOLDBACK_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct decisions;
struct deploy;
struct scope;
struct state_rollout;

struct holdback {
    const char *slot; /* of the rollout */
    uint32_t share;   /* of SPLIT_WHOLE, never 0 */
    uint64_t salt;
};

/* Asked before the cutover ends the canary, whose users then are the first to be on the new slot. */
uint64_t holdback_salt(const struct deploy *deploy, const struct scope *scope);

/* As configured, of a rollout that has moved. */
void holdback_begin(const struct deploy *deploy, const struct scope *scope,
                    struct state_rollout *rollout, uint64_t salt);

/* True: there was one, so another picture is needed. */
bool holdback_end(struct state_rollout *rollout);

/* Of the service at index; false: none. */
bool holdback_find(const struct config *config, const struct decisions *decisions, size_t index,
                   struct holdback *out);

#endif
