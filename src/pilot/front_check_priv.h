/*
 * The checks through the front door that are under way: a list in the pilot. Control thread.
 */
#ifndef PILOT_FRONT_CHECK_PRIV_H
#define PILOT_FRONT_CHECK_PRIV_H

#include <sys/queue.h>

struct front_check;
TAILQ_HEAD(front_checks, front_check);

/* Each gets its answer: it is not known. */
void front_checks_stop(struct front_checks *checks);

#endif
