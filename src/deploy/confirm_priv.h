/*
 * Moves that go back by themselves unless somebody confirms them in time. due.c asks for the way back. Control thread.
 */
#ifndef DEPLOY_CONFIRM_PRIV_H
#define DEPLOY_CONFIRM_PRIV_H

#include "deploy/gate_priv.h"
#include "deploy/state_priv.h"

struct report;

/* CHANGE_CONFIRM. */
enum judgement confirm_judge(struct deploy *deploy, struct ticket *ticket);

/* What was just moved goes back after so long. */
void confirm_put(struct deploy *deploy, const struct scope *scope, uint64_t us);

bool confirm_is_waiting(const struct decisions *decisions, const struct scope *scope);

/* A rollback of the service was carried out; was_waiting: what it took back had to be confirmed. */
void confirm_note_return(struct deploy *deploy, const struct ticket *ticket, size_t index,
                         bool was_waiting);

/* All of the scope waits in the working decisions, and its time is over. */
bool confirm_is_due(const struct deploy *deploy, const struct scope *scope);

/* The gate of another move meanwhile. */
enum judgement confirm_check(struct deploy *deploy, struct ticket *ticket,
                             const struct scope *scope);

/* One that cannot go back any more is dropped, with words; monotonic times of those that were loaded. */
void confirm_fit(struct state_service *service, struct report *report);
void confirm_start(struct deploy *deploy);

#endif
