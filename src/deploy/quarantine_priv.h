/*
 * What automatic rollbacks leave behind: the version is not started again, nothing is started for a while, and after
 * several not at all, before an operator says `release`. Manual rollbacks leave nothing. Control thread.
 */
#ifndef DEPLOY_QUARANTINE_PRIV_H
#define DEPLOY_QUARANTINE_PRIV_H

#include "deploy/gate_priv.h"
#include "deploy/state_priv.h"

/* The gates quarantine, limit and cooldown of a start (switch, canary, rollout) towards the slot. */
enum judgement quarantine_check(struct deploy *deploy, struct ticket *ticket,
                                const struct scope *scope, const char *slot);

/* The rollback or abort in the ticket was carried out on the working decisions: into the books, if it was ours. */
void quarantine_note(struct deploy *deploy, const struct ticket *ticket, const struct scope *scope);

/* What a book knows a release by: the slot's version, or its name where none is configured. */
const char *quarantine_version(const struct deploy *deploy, size_t index, const char *slot_name);

/* Whether what is in the slot was rolled back by itself. */
bool quarantine_has(const struct deploy *deploy, const struct state_service *service, size_t index,
                    const char *slot_name);

/* CHANGE_RELEASE */
enum judgement quarantine_release(struct deploy *deploy, struct ticket *ticket);

#endif
