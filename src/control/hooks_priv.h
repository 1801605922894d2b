/*
 * Programs that are run for events (blocks `hook`): one at a time for each block. Which event, when and how often is the
 * postman's, who keeps the queue; this runs the child and says what became of it. Owner: the outbox. Thread: control.
 */
#ifndef CONTROL_HOOKS_PRIV_H
#define CONTROL_HOOKS_PRIV_H

struct config;
struct hooks;
struct loop;
struct post_result;
struct post_run;

/* The end of a run, later, from the loop. */
typedef void hooks_ran_fn(void *arg, const char *name, const char *id,
                          const struct post_result *result);

struct hooks *hooks_new(struct loop *loop, hooks_ran_fn *on_ran, void *arg);
void hooks_free(struct hooks *hooks); /* ends what runs, without a word; NULL: nothing */

/* The blocks from now on; what runs for a name that stays goes on. Nothing of config is kept. */
void hooks_apply(struct hooks *hooks, const struct config *config);

/* Runs the program of that name; borrowed. One that is gone is not run, and nobody is told. */
void hooks_run(struct hooks *hooks, const struct post_run *run);

#endif
