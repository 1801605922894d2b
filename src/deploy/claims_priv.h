/*
 * Which snapshots the deployments that go on rely on: told to the room that keeps them, so that no rule drops one that a
 * deployment was let through with. Control thread.
 */
#ifndef DEPLOY_CLAIMS_PRIV_H
#define DEPLOY_CLAIMS_PRIV_H

struct decisions;
struct deploy;

/* Those of the decisions in force, and of others that are about to be (NULL: there are none). */
void claims_tell(struct deploy *deploy, const struct decisions *coming);

#endif
