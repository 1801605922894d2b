/* See deploy/rollout.h and rollout_priv.h. Control thread; the names are pure. */
#include "deploy/rollout.h"

#include <string.h>

#include "deploy/deploy_priv.h"
#include "deploy/rollout_priv.h"

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

enum judgement rollout_judge(struct deploy *deploy, struct ticket *ticket)
{
    (void)deploy;
    return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "",
                        "there is no rollout of %s", ticket->change.name);
}

void deploy_view_rollout(const struct deploy *deploy, unsigned service_index,
                         struct deploy_rollout_view *out)
{
    (void)deploy;
    (void)service_index;
    memset(out, 0, sizeof *out);
}
