/* The gate `drill`: nothing goes to another slot unless a way back was tried lately. Control thread. */
#ifndef DEPLOY_DRILL_AGE_PRIV_H
#define DEPLOY_DRILL_AGE_PRIV_H

#include "deploy/gate_priv.h"

/* JUDGED_DONE: a good drill of the scope is young enough, or none is asked for, or this is one. */
enum judgement drill_age_check(struct deploy *deploy, struct ticket *ticket,
                               const struct scope *scope);

#endif
