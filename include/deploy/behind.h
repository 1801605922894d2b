/*
 * A slot that still holds the release from before the last switch: in the end it wants the new one, too, so that the
 * two copies are alike again. Said while both versions are configured. Control thread.
 */
#ifndef DEPLOY_BEHIND_H
#define DEPLOY_BEHIND_H

#include <stdbool.h>
#include <stdint.h>

struct deploy;

/* The texts live until the next reload. */
struct deploy_behind_view {
    bool is_behind;
    bool is_due;      /* for longer than rollout { sync_after } */
    const char *slot; /* that is behind */
    const char *version;
    const char *live;
    const char *live_version;
    uint64_t age_us; /* since the switch, by the wall clock, which a restart does not end */
    uint64_t switched_wall_us;
};
void deploy_view_behind(const struct deploy *deploy, unsigned service_index,
                        struct deploy_behind_view *out);

#endif
