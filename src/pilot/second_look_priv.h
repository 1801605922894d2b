/*
 * While the candidate has all of the traffic there is nobody to compare it with, and what fails everywhere (a database
 * that both share) looks like a bad release. So before it is taken back by itself the other side is asked once more
 * how it does: a good answer, or none where nothing is known of it, and it goes back; a bad one, and it stays. Control
 * thread.
 */
#ifndef PILOT_SECOND_LOOK_PRIV_H
#define PILOT_SECOND_LOOK_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "pilot/pilot.h"

struct act_cause;
struct lookout;
struct snapshot_service;

/* A rollback that waits for the other side's answer. Owner: its lookout. A value. */
struct second_look {
    bool is_open;
    bool is_refused; /* it was bad: nothing is asked for before it recovers, or a minute is over */
    uint64_t since_us; /* older answers do not count */
    uint64_t until_us; /* no answer by then is none */
    uint64_t decision;
    char trigger[32];
    char words[sizeof((struct pilot_alert *)0)->words];
};

/* Asks the targets of the trial's baseline; the cause is copied. False: there is nothing to wait for (somebody is left
 * to compare with, or the service has no health checks). */
bool second_look_begin(struct pilot *pilot, unsigned service_index,
                       const struct snapshot_service *service, const struct act_cause *cause);

/* A rollback did not come about, or deploy has refused it: the judgement begins anew, where it is blocked only when the
 * other side is well or a minute is over. */
void second_look_rest(struct lookout *lookout);

/* The other side is known to be no better: the judgement begins anew in a minute, whatever its checks say. */
void second_look_wait(struct lookout *lookout);

/* In every tick: carries the rollback out, or gives it up, when the answer is there. */
void second_look_tick(struct pilot *pilot, unsigned service_index,
                      const struct snapshot_service *service, uint64_t now_us);

#endif
