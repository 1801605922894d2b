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

/* What the judgement said; 0: it is nothing that is kept (a warning, or that one is over). */
uint64_t remember_event(struct pilot *pilot, unsigned service_index,
                        const struct engine_event *event, const char *words);

/* What was decided otherwise: by a signal, a drill, a rollout that goes on. */
uint64_t remember_case(struct pilot *pilot, unsigned service_index, enum decision_action action,
                       const char *trigger, const char *words);

#endif
