/* Rollouts as decisions, approvals, the checklist and confirmations. Control thread. */
#ifndef DEPLOY_ROLLOUT_PRIV_H
#define DEPLOY_ROLLOUT_PRIV_H

#include "deploy/ticket_priv.h"

/* CHANGE_ROLLOUT_START and those behind it. */
enum judgement rollout_judge(struct deploy *deploy, struct ticket *ticket);

#endif
