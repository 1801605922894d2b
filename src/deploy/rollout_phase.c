/* The table of phases: names, and which may follow which. See deploy/rollout.h. Pure. */
#include "deploy/rollout.h"

static const struct {
    const char *word;
    const char *people;
    unsigned next;
} phases[ROLLOUT_PHASE_COUNT] = {
#define PHASE(name, word, people, next) [ROLLOUT_##name] = { word, people, next },
    ROLLOUT_PHASES(PHASE)
#undef PHASE
};

const char *rollout_phase_name(enum rollout_phase phase)
{
    return phases[phase].word;
}

const char *rollout_phase_people(enum rollout_phase phase)
{
    return phases[phase].people;
}

bool rollout_is_running(enum rollout_phase phase)
{
    return phases[phase].next != 0;
}

bool rollout_may_follow(enum rollout_phase from, enum rollout_phase to)
{
    return (phases[from].next & 1u << to) != 0;
}
