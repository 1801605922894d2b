/*
 * What the pilot decides is put into the casebook, with the recorder's bytes of that moment where there are any, and
 * gets the number by which history and alerts name it. Control thread.
 */
#ifndef PILOT_REMEMBER_PRIV_H
#define PILOT_REMEMBER_PRIV_H

#include <stdint.h>

#include "base/check.h"
#include "pilot/decision.h"

struct engine_event;
struct pilot;

/* The casebook in state_dir. ERR_* and words. */
MUST_CHECK int remember_start(struct pilot *pilot, char *words, unsigned words_size);
void remember_stop(struct pilot *pilot);

/* What the judgement said; 0: it is nothing that is kept (a warning, or that one is over). is_shared: it will not be
 * done, because the other side is known to be no better. */
uint64_t remember_event(struct pilot *pilot, unsigned service_index,
                        const struct engine_event *event, bool is_shared, const char *words);

/* What was decided otherwise: by a signal, a drill, a rollout that goes on. */
uint64_t remember_case(struct pilot *pilot, unsigned service_index, enum decision_action action,
                       const char *trigger, const char *words);

/* A step that a rollout takes by itself, with what the judgement knew then, if there is a trial: trigger is one of
 * those below. */
#define REMEMBER_PROVEN "proven" /* the evidence allowed it */
#define REMEMBER_INCONCLUSIVE                                                                      \
    "inconclusive"             /* its time was over, and the configuration says to go on */
#define REMEMBER_READY "ready" /* there was nothing to judge yet */
uint64_t remember_step(struct pilot *pilot, unsigned service_index, enum decision_action action,
                       const char *trigger, const char *words);

#endif
