/*
 * Whether the slot before the last move still is what it was then. A slot is only a name: somebody may have deployed
 * another release there meanwhile, and nothing but a person may give that to everybody. Control thread.
 */
#ifndef DEPLOY_WAY_BACK_PRIV_H
#define DEPLOY_WAY_BACK_PRIV_H

#include "deploy/gate_priv.h"
#include "deploy/state_priv.h"

enum way_back {
    WAY_BACK_OPEN,        /* as it was, as far as is known */
    WAY_BACK_OTHER,       /* the slot has another version by now */
    WAY_BACK_TRIED,       /* a canary or rollout towards it has begun since */
    WAY_BACK_QUARANTINED, /* its version was rolled back by itself */
};

/* Of a service that has a previous slot. */
enum way_back way_back_find(const struct deploy *deploy, const struct decisions *decisions,
                            size_t index);

/* The gate `previous` of a rollback: what the daemon does by itself needs an open way, a person the same version. */
enum judgement way_back_check(struct deploy *deploy, struct ticket *ticket, size_t index);

/* A canary or rollout to the slot begins: where that is the previous one nothing goes back by itself any more. */
void way_back_shut(struct deploy *deploy, const struct scope *scope, const char *slot);

#endif
