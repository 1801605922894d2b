/*
 * Whether services may go to a slot: what a switch, a rollback and a canary have in common. Control thread.
 */
#ifndef DEPLOY_MOVE_PRIV_H
#define DEPLOY_MOVE_PRIV_H

#include "base/check.h"
#include "deploy/gate_priv.h"

struct state_service;

/* A member of a group moves with its group, unless somebody insists. JUDGED_DONE: go on. */
enum judgement move_check_group(struct deploy *deploy, struct ticket *ticket,
                                const struct scope *scope);

/* Where a change without a slot goes: to the candidate, else the other one of two, else back to the previous one.
 * NULL: it is unclear. */
const char *move_default(const struct config_service *service, const struct state_service *decided);

/* The one slot that all services of the scope go to; false: the result says why not. */
MUST_CHECK bool move_find_slot(struct deploy *deploy, struct ticket *ticket,
                               const struct scope *scope, const char **out);

/* Whether the service may go to the slot: its role, its targets, and what was measured there. JUDGED_DONE: yes. */
enum judgement move_check(struct deploy *deploy, struct ticket *ticket, size_t index,
                          const char *slot_name);

#endif
