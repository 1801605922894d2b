/*
 * Who agreed that traffic goes to a slot, and which items of the checklist are done: approve, reject, check, and the
 * gates `approval` and `checklist`. A consent is for one slot with one version and is used up by the move. Control
 * thread.
 */
#ifndef DEPLOY_CONSENT_PRIV_H
#define DEPLOY_CONSENT_PRIV_H

#include "deploy/gate_priv.h"
#include "deploy/state_priv.h"

/* CHANGE_APPROVE, REJECT, CHECK. */
enum judgement consent_judge(struct deploy *deploy, struct ticket *ticket);

/* Which part of a move is asked for: its beginning, its end, or all of it at once. */
enum consent_stage { CONSENT_START, CONSENT_CUTOVER, CONSENT_WHOLE };

struct consent_ask {
    const char *name; /* of the scope */
    const char *slot;
    const char *actor; /* who moves */
    enum consent_stage stage;
};

/* JUDGED_DONE: everybody has agreed, or nobody is asked, or it is forced. */
enum judgement consent_check(struct deploy *deploy, struct ticket *ticket,
                             const struct scope *scope, const struct consent_ask *ask);

/* What is there of what is needed. */
struct consent_count {
    unsigned approvals;
    unsigned approvals_needed;
    unsigned checks;
    unsigned checks_needed;
    char missing[160]; /* items, or "" */
};
void consent_count(const struct deploy *deploy, const struct decisions *decisions,
                   const struct scope *scope, const struct consent_ask *ask,
                   struct consent_count *out);

/* It is not too old, and the slot still has the version that it was for. */
bool consent_counts(const struct deploy *deploy, const struct state_consent *consent);

/* The move was made or given up: what was agreed to is used up. */
void consent_use(struct deploy *deploy, const char *name);

/* Consents of names that are there no more are dropped; monotonic times of those that were loaded. */
void consent_fit(const struct config *config, struct decisions *out);
void consent_start(struct deploy *deploy);

#endif
