/*
 * Moves that are still being prepared (probed, warmed) or wait for a lock, and what comes behind them and is faster:
 * a rollback or the end of a canary calls them off, a later move takes their place. Control thread.
 */
#ifndef DEPLOY_OVERTAKE_PRIV_H
#define DEPLOY_OVERTAKE_PRIV_H

#include "deploy/ticket_priv.h"

struct deploy;

/* Before the judgement of a rollback or the end of a canary: refuses older moves of the same services that are not yet
 * judged. True: that was what it had to undo, and the ticket has its answer (JUDGED_SAME). */
bool overtake_undo(struct deploy *deploy, struct ticket *ticket, enum judgement *judgement);

/* After a move was accepted: older ones of the same services are refused, or they would undo it later. */
void overtake_replace(struct deploy *deploy, const struct ticket *ticket);

#endif
