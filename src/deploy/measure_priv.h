/*
 * What is measured before a switch, a promotion or the start of a canary has its turn, without holding up other
 * changes: the targets of the new slot are probed now, and warmed. A list of steps, each done for all places before
 * the next begins; the judgement then asks what was found. Forced changes are not measured. Control thread.
 */
#ifndef DEPLOY_MEASURE_PRIV_H
#define DEPLOY_MEASURE_PRIV_H

#include <stdbool.h>
#include <sys/queue.h>

#include "deploy/ticket_priv.h"

struct deploy;
struct measure;
TAILQ_HEAD(measures, measure);

/* Whether changes of this kind are measured at all. */
bool measure_is_wanted(enum change_kind kind);

/* True: there is nothing to wait for; else desk_prepared comes later. What was measured before is forgotten. */
bool measure_prepare(struct deploy *deploy, struct ticket *ticket);

/* Something would go to a slot now that was not measured, because another change came first. */
bool measure_is_stale(const struct deploy *deploy, const struct ticket *ticket);

/* The gates of what was measured there. JUDGED_DONE: passed, or there was nothing to measure. */
enum judgement measure_check(struct ticket *ticket, const char *service, const char *slot);

/* The ticket goes; answers that still come find nobody. NULL is fine. */
void measure_drop(struct measure *measure);

/* Nobody answers any more. */
void measure_fini(struct deploy *deploy);

#endif
