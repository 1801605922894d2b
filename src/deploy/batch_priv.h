/*
 * One batch of changes on its way to disk, memory and answers. begin, note each accepted change, write; the rest
 * follows from the writer's answers. Control thread.
 */
#ifndef DEPLOY_BATCH_PRIV_H
#define DEPLOY_BATCH_PRIV_H

#include <stdbool.h>

#include "deploy/change.h"

struct deploy;
struct ticket;

void batch_begin(struct deploy *deploy); /* working = the decisions in force */

/* The change is in the working decisions: it gets its place in the history. */
void batch_note(struct deploy *deploy, struct ticket *ticket);

/* Builds the picture and gives the state to the writer; answers at once when nothing changed. */
void batch_write(struct deploy *deploy);

/* Writes what is in memory, while the disk is behind or unsure. */
void batch_settle(struct deploy *deploy);
void batch_arm_settle(struct deploy *deploy);
void desk_unpark(struct deploy *deploy);

/* What brings traffic back to where it was good. */
bool batch_is_rescue(enum change_kind kind);

#endif
