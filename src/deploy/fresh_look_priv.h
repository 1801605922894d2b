/*
 * Looks at databases that were begun after a change was asked for: a migration that ran a moment ago must be seen before
 * traffic follows it. Waits for what is up, and not for long. Control thread.
 */
#ifndef DEPLOY_FRESH_LOOK_PRIV_H
#define DEPLOY_FRESH_LOOK_PRIV_H

#include <stdbool.h>

struct change;
struct deploy;
struct fresh_look;

/* For all databases of the services that the change names; done comes once, later. NULL: there is nothing to wait for. */
struct fresh_look *fresh_look_new(struct deploy *deploy, const struct change *change,
                                  void (*done)(void *arg), void *arg);
void fresh_look_free(struct fresh_look *fresh); /* NULL is allowed; also from done */

#endif
