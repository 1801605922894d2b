/* How old the last good drill is; see drill_age_priv.h. What was in the history counts, so no start forgets it. */
#include "deploy/drill_age_priv.h"

#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "deploy/deploy_priv.h"
#include "deploy/drill_view.h"

static const char *scope_name(const struct config *config, size_t service)
{
    size_t group = config_group_of(config, &config->services[service]);

    return group < config->group_count ? config->groups[group].name
                                       : config->services[service].name;
}

void deploy_view_drill(const struct deploy *deploy, unsigned service_index,
                       struct deploy_drill_view *out)
{
    const struct history_drill *drill =
        history_drill(&deploy->history, scope_name(deploy->config, service_index));

    *out = (struct deploy_drill_view){ .last_wall_us = 0 };
    if (drill == NULL)
        return;
    out->last_wall_us = drill->last_wall_us;
    out->good_wall_us = drill->good_wall_us;
    out->was_good = drill->last_wall_us != 0 && drill->last_wall_us == drill->good_wall_us;
    out->is_open = drill->is_open;
}

enum judgement drill_age_check(struct deploy *deploy, struct ticket *ticket,
                               const struct scope *scope)
{
    struct deploy_drill_view view;
    uint64_t now_us = clock_wall_us();
    uint64_t most_us = 0;
    char most[32];

    for (size_t i = 0; i < scope->count; i++) {
        uint64_t us = deploy->config->services[gate_scope_at(scope, i)].gate.drill_age;

        if (us > 0 && (most_us == 0 || us < most_us))
            most_us = us;
    }
    if (most_us == 0 || strcmp(ticket->change.trigger, DRILL_TRIGGER) == 0)
        return JUDGED_DONE;
    deploy_view_drill(deploy, (unsigned)gate_scope_at(scope, 0), &view);
    num_format_duration(most_us, most);
    return judge_gate(ticket, "drill",
                      view.good_wall_us != 0 && now_us < view.good_wall_us + most_us,
                      "%s: the way back must have been tried in the last %s, and %s; \"drill %s\" "
                      "tries it",
                      ticket->change.name, most,
                      view.good_wall_us != 0 ? "the last good drill is older" : "no drill was good",
                      ticket->change.name);
}
