/*
 * More of what deploy can tell of deployments: what is to be confirmed, who agreed, what a slot is called meanwhile.
 * Copies. Thread: control.
 */
#ifndef DEPLOY_ROLLOUT_VIEW_H
#define DEPLOY_ROLLOUT_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct deploy;

/* A move that goes back by itself. */
struct deploy_confirm_view {
    bool is_waiting;
    uint64_t until_wall_us;
    uint64_t left_us;
};
void deploy_view_confirm(const struct deploy *deploy, unsigned service_index,
                         struct deploy_confirm_view *out);

/* Who agreed to a move of the service or its group, and which items of the checklist are done. */
struct deploy_consent_view {
    bool is_approval; /* else an item */
    bool counts;      /* false: too old, or of another version of the slot */
    char who[96];
    char item[64];
    char slot[64];
    char note[256];
    uint64_t at_wall_us;
};

/* False behind the last one. */
bool deploy_view_consent(const struct deploy *deploy, unsigned service_index, unsigned index,
                         struct deploy_consent_view *out);

/* The slot of the service in one word of a deployment: "LIVE", "STANDBY", "DEPLOYING", "VALIDATING" or "IDLE". */
const char *deploy_slot_label(const struct deploy *deploy, unsigned service_index,
                              const char *slot);

/* The driver's word about a rollout that goes on, in memory alone: what it waits for; NULL: nothing. */
struct deploy_rollout_note {
    const char *waits_for;
    bool is_manual; /* for people: the time is counted apart */
    bool is_held;
};
void deploy_note_rollout(struct deploy *deploy, uint64_t id,
                         const struct deploy_rollout_note *note);

#endif
