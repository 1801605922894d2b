/*
 * Changes that nobody asks for because their time has come: the next step of a canary, the end of a hold. They go
 * through the queue like all others, under the actor "switchyard". Control thread.
 */
#ifndef DEPLOY_DUE_PRIV_H
#define DEPLOY_DUE_PRIV_H

#include <sys/queue.h>

struct deploy;
struct due_order;
TAILQ_HEAD(due_orders, due_order);

void due_init(struct deploy *deploy);
void due_fini(struct deploy *deploy); /* its changes must be gone */

/* The timer for what is due first by the decisions in force. */
void due_arm(struct deploy *deploy);

#endif
