/* See rule_state_priv.h. Pure. */
#include "control/rule_state_priv.h"

#include <math.h>
#include <string.h>

static const char *const names[] = { "off", "waits", "judges", "suspects", "reached", "silent" };

const char *rule_state_name(enum rule_state state)
{
    return names[state];
}

static enum rule_state judge_row(const struct pilot_trial *trial, const struct engine_row_view *row)
{
    if (row->muted_ms > 0)
        return RULE_SILENT;
    if (!trial->is_watched || (!row->is_active && !(row->evidence >= 0)))
        return RULE_WAITS;
    if (row->evidence >= row->threshold)
        return RULE_REACHED;
    return row->evidence >= 0 ? RULE_SUSPECTS : RULE_JUDGES;
}

static enum rule_state judge_guard(const struct pilot_trial *trial,
                                   const struct engine_guard_view *guard)
{
    if (!guard->is_on)
        return RULE_OFF;
    if (guard->muted_ms > 0)
        return RULE_SILENT;
    if (!trial->is_watched)
        return RULE_WAITS;
    if (guard->run >= guard->needed)
        return RULE_REACHED;
    return guard->run > 0 ? RULE_SUSPECTS : RULE_JUDGES;
}

static const char *find_unit(const char *guard)
{
    if (strcmp(guard, "guard_mean") == 0)
        return "us";
    return strcmp(guard, "guard_slow") == 0 ? "ratio" : "share";
}

unsigned rule_state_list(const struct pilot_trial *trial, struct rule_view out[RULES_MAX])
{
    const struct engine_view *engine = &trial->engine;
    unsigned count = 0;

    for (unsigned i = 0; i < engine->row_count; i++) {
        const struct engine_row_view *row = &engine->rows[i];

        out[count++] = (struct rule_view){ .name = row->name,
                                           .unit = "nats",
                                           .value = row->evidence,
                                           .threshold = row->threshold,
                                           .state = judge_row(trial, row) };
    }
    for (unsigned i = 0; trial->is_judged && i < ENGINE_GUARDS_MAX; i++) {
        const struct engine_guard_view *guard = &engine->guards[i];

        out[count++] = (struct rule_view){ .name = guard->name,
                                           .unit = find_unit(guard->name),
                                           .value = guard->value,
                                           .threshold = guard->is_on ? guard->limit : NAN,
                                           .state = judge_guard(trial, guard) };
    }
    return count;
}

const struct engine_row_view *rule_state_leading(const struct pilot_trial *trial)
{
    const struct engine_row_view *leading = NULL;
    double most = -INFINITY;

    for (unsigned i = 0; trial->is_watched && i < trial->engine.row_count; i++) {
        const struct engine_row_view *row = &trial->engine.rows[i];
        double way = row->evidence - row->threshold;

        if (way <= most)
            continue;
        most = way;
        leading = row;
    }
    return leading;
}
