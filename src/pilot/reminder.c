/* See reminder_priv.h. */
#include "pilot/reminder_priv.h"

#include <stdio.h>

#include "base/num.h"
#include "config/config.h"
#include "deploy/behind.h"
#include "deploy/deploy.h"
#include "pilot/pilot_priv.h"

void reminder_look(struct pilot *pilot, unsigned service_index)
{
    struct lookout *lookout = &pilot->lookouts[service_index];
    char words[sizeof((struct pilot_alert *)0)->words];
    struct act_cause cause = { .trigger = "behind", .words = words };
    struct deploy_behind_view view;
    char sync_after[32];

    deploy_view_behind(pilot->options.deploy, service_index, &view);
    if (!view.is_due || view.switched_wall_us == lookout->reminded_us)
        return;
    lookout->reminded_us = view.switched_wall_us;
    num_format_duration(
        deploy_config(pilot->options.deploy)->services[service_index].rollout.sync_after,
        sync_after);
    snprintf(
        words, sizeof words,
        "%s still holds %s, %s has been live with %s for more than %s: bring %s up to date, or "
        "take its version out of the configuration",
        view.slot, view.version, view.live, view.live_version, sync_after, view.slot);
    act_alert(pilot, service_index, PILOT_WARN, &cause);
}
