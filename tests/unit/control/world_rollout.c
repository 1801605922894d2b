/* Rollouts, confirmations and consents in the world of these tests: as a test put them there. See world.h. */
#include "deploy/rollout_view.h"
#include "unit/control/world.h"

void deploy_view_rollout(const struct deploy *deploy, unsigned service_index,
                         struct deploy_rollout_view *out)
{
    *out = (struct deploy_rollout_view){ .id = 0 };
    if (service_index < WORLD_SERVICES)
        *out = deploy->rollout[service_index];
}

bool deploy_rollout_at(const struct deploy *deploy, unsigned index, unsigned *service_index,
                       struct deploy_rollout_view *out)
{
    for (unsigned i = 0; i < WORLD_SERVICES; i++)
        if (deploy->rollout[i].id != 0 && index-- == 0) {
            *out = deploy->rollout[i];
            if (service_index != NULL)
                *service_index = i;
            return true;
        }
    return false;
}

void deploy_view_confirm(const struct deploy *deploy, unsigned service_index,
                         struct deploy_confirm_view *out)
{
    *out = (struct deploy_confirm_view){ .is_waiting = false };
    if (service_index < WORLD_SERVICES)
        *out = deploy->confirm[service_index];
}

bool deploy_view_consent(const struct deploy *deploy, unsigned service_index, unsigned index,
                         struct deploy_consent_view *out)
{
    *out = (struct deploy_consent_view){ .counts = false };
    if (service_index < WORLD_SERVICES)
        *out = deploy->consent[service_index];
    return index == 0 && out->who[0] != '\0';
}
