/*
 * Rollouts as decisions: judged like every change, entered through one function, fitted to configurations. What moves
 * them on by itself is the driver of the pilot room. Control thread.
 */
#ifndef DEPLOY_ROLLOUT_PRIV_H
#define DEPLOY_ROLLOUT_PRIV_H

#include "deploy/gate_priv.h"
#include "deploy/state_priv.h"
#include "deploy/ticket_priv.h"

struct report;

/* CHANGE_ROLLOUT_START and those behind it. */
enum judgement rollout_judge(struct deploy *deploy, struct ticket *ticket);

/* The running rollout that has a service of the scope, in these decisions; NULL: none. */
struct state_rollout *rollout_running(const struct config *config,
                                      const struct decisions *decisions, const struct scope *scope);

/* The only way into a phase; the words say why. The caller has asked rollout_may_follow. */
void rollout_enter(struct deploy *deploy, struct state_rollout *rollout, enum rollout_phase phase,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Traffic has gone to the new slot for all. */
bool rollout_has_moved(const struct state_rollout *rollout);

/* Where a step by hand leads to; RAMPING while ramping: the next share. */
enum rollout_phase rollout_next(const struct deploy *deploy, const struct decisions *decisions,
                                const struct state_rollout *rollout);

/* The slot whose targets are probed and warmed before the change; NULL: nothing is measured. */
const char *rollout_destination(const struct deploy *deploy, const struct decisions *decisions,
                                const struct change *change);

/* rollout_move.c: into the phase, with the traffic that belongs to it. */
enum judgement rollout_go(struct deploy *deploy, struct ticket *ticket,
                          struct state_rollout *rollout, enum rollout_phase phase);

/* rollout_move.c: everybody back to where the rollout began, and its end. */
enum judgement rollout_end(struct deploy *deploy, struct ticket *ticket,
                           struct state_rollout *rollout, enum rollout_phase phase);

/* rollout_guard.c: judges a change that others make while a rollout goes on or something is to be confirmed. */
typedef enum judgement judge_fn(struct deploy *deploy, struct ticket *ticket);
enum judgement rollout_guard(struct deploy *deploy, struct ticket *ticket, judge_fn *judge);

/* rollout_fit.c: after services were fitted to a configuration; and monotonic times of what was loaded. */
void rollout_fit(const struct config *config, const struct decisions *was, struct decisions *out,
                 struct report *report);
void rollout_start(struct deploy *deploy);

/* In whose name the driver goes on: locks of the starter do not stop it. */
const char *rollout_actor(const struct deploy *deploy, const struct ticket *ticket);

#endif
