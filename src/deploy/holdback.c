/* See holdback_priv.h. Pictures are made from what holdback_find says, so that nothing is left of a rollout that is over. */
#include "deploy/holdback_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/num.h"
#include "deploy/deploy_priv.h"
#include "deploy/rollout_priv.h"
#include "route/split.h"

enum { MILLIONTHS = 1000000 };

uint64_t holdback_salt(const struct deploy *deploy, const struct scope *scope)
{
    uint64_t salt = deploy->working.services[gate_scope_at(scope, 0)]->canary.salt;

    if (salt == 0)
        CHECK(getrandom(&salt, sizeof salt, 0) == (ssize_t)sizeof salt);
    return salt;
}

void holdback_begin(const struct deploy *deploy, const struct scope *scope,
                    struct state_rollout *rollout, uint64_t salt)
{
    const struct config_rollout *configured =
        &deploy->config->services[gate_scope_at(scope, 0)].rollout;

    rollout->holdback = configured->holdback * SPLIT_WHOLE / MILLIONTHS;
    rollout->holdback_salt[0] = '\0';
    if (rollout->holdback != 0)
        snprintf(rollout->holdback_salt, sizeof rollout->holdback_salt, "%016" PRIx64, salt);
}

bool holdback_end(struct state_rollout *rollout)
{
    bool was_there = rollout->holdback != 0;

    rollout->holdback = 0;
    rollout->holdback_salt[0] = '\0';
    return was_there;
}

static bool has_service(const struct config *config, const struct state_rollout *rollout,
                        size_t index)
{
    struct scope scope;

    if (!gate_look_up(config, rollout->name, &scope))
        return false;
    for (size_t i = 0; i < scope.count; i++)
        if (gate_scope_at(&scope, i) == index)
            return true;
    return false;
}

bool holdback_find(const struct config *config, const struct decisions *decisions, size_t index,
                   struct holdback *out)
{
    const struct state_rollout *rollout = NULL;

    TAILQ_FOREACH(rollout, &decisions->book.rollouts, link)
    {
        uint64_t salt = 0;

        if (rollout->holdback == 0 || !rollout_has_moved(rollout) ||
            !has_service(config, rollout, index) ||
            num_parse_hex(slice_from(rollout->holdback_salt), UINT64_MAX, &salt) != 0)
            continue;
        *out = (struct holdback){
            .slot = rollout->from,
            .share = (uint32_t)(rollout->holdback < SPLIT_WHOLE ? rollout->holdback : 0),
            .salt = salt,
        };
        return out->share != 0;
    }
    return false;
}
