/*
 * The canary as others of the room see it: changes of its own, what a switch has to know of it, its steps by
 * time, and what becomes of it with another configuration. Control thread.
 */
#ifndef DEPLOY_CANARY_PRIV_H
#define DEPLOY_CANARY_PRIV_H

#include "base/check.h"
#include "deploy/gate_priv.h"
#include "deploy/state_priv.h"

struct report;

/* CHANGE_CANARY_*, but PROMOTE. */
enum judgement canary_judge(struct deploy *deploy, struct ticket *ticket);

/* Whether any service of the scope has one in the working decisions. */
bool canary_is_running(const struct deploy *deploy, const struct scope *scope);

/* Who began the canary that leads to the slot; "" : there is none, or nobody knows. */
const char *canary_starter(const struct deploy *deploy, const struct scope *scope,
                           const char *slot);

/* The gate of a switch: a canary leads to its candidate or nowhere, unless somebody insists. */
enum judgement canary_check_switch(struct deploy *deploy, struct ticket *ticket,
                                   const struct scope *scope, const char *slot);

/* The candidate of the canaries in the scope; false: the result says why there is none. */
MUST_CHECK bool canary_find_candidate(struct deploy *deploy, struct ticket *ticket,
                                      const struct scope *scope, const char **out);

/* Takes the canaries of the scope away; whether there were any. The epoch is the caller's. */
bool canary_end(struct deploy *deploy, const struct scope *scope);

/* Everybody back to the live slot, as an answer. */
enum judgement canary_abort(struct deploy *deploy, struct ticket *ticket,
                            const struct scope *scope);

/* What a rollout does: its canary begins, and moves. The gates and the epoch are the caller's. */
uint32_t canary_next_share(const struct deploy *deploy, const struct scope *scope, uint32_t share);
void canary_put(struct deploy *deploy, const struct scope *scope,
                const struct state_rollout *rollout, uint32_t share);
void canary_put_share(struct deploy *deploy, const struct scope *scope, uint32_t share);

/* After a canary was copied to the decisions for this configuration: it goes, with words, when its candidate
 * cannot be one any more. */
void canary_fit(const struct config_service *configured, struct state_service *service,
                struct report *report);

/* Monotonic times of canaries that were loaded. */
void canary_start(struct deploy *deploy);

/* "12.5%" into out. */
enum { CANARY_SHARE_TEXT = 16 };
const char *canary_share_text(uint32_t share, char out[CANARY_SHARE_TEXT]);

#endif
