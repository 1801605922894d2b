/*
 * Hold and maintenance as decisions. Control thread.
 */
#ifndef DEPLOY_PAUSE_PRIV_H
#define DEPLOY_PAUSE_PRIV_H

#include "deploy/gate_priv.h"
#include "deploy/state_priv.h"

struct report;

/* CHANGE_PAUSE, RESUME, MAINT_ON, MAINT_OFF. */
enum judgement pause_judge(struct deploy *deploy, struct ticket *ticket);

/* Monotonic times of holds that were loaded; those that are over are dropped, with words. */
void pause_start(struct deploy *deploy, struct report *report);

#endif
