/* Which entry fits a filter; see deploy/history_filter.h. Pure; the commands and deploy_history_page call it. */
#include "deploy/history_filter.h"

#include <string.h>

#include "base/err.h"

static bool fits_trigger(const char *wanted, const char *trigger)
{
    size_t len = strlen(wanted);

    if (len == 0)
        return true;
    if (wanted[len - 1] == '*')
        return trigger[0] != '\0' && strncmp(wanted, trigger, len - 1) == 0;
    return strcmp(wanted, trigger) == 0;
}

bool history_filter_fits(const struct history_filter *filter, const struct history_entry *entry)
{
    if (filter->before != 0 && entry->sequence >= filter->before)
        return false;
    if (filter->has_kind && entry->kind != filter->kind)
        return false;
    if (filter->has_outcome && entry->outcome != filter->outcome)
        return false;
    if (entry->wall_us < filter->since_wall_us)
        return false;
    if (filter->until_wall_us != 0 && entry->wall_us > filter->until_wall_us)
        return false;
    if (filter->name[0] != '\0' && strcmp(filter->name, entry->name) != 0)
        return false;
    if (filter->actor[0] != '\0' && strcasestr(entry->actor, filter->actor) == NULL)
        return false;
    return fits_trigger(filter->trigger, entry->trigger);
}

int history_filter_kind(const char *name, enum change_kind *out)
{
    for (int kind = CHANGE_SWITCH; kind <= CHANGE_RELEASE; kind++)
        if (strcmp(change_kind_name((enum change_kind)kind), name) == 0) {
            *out = (enum change_kind)kind;
            return 0;
        }
    return ERR_NOT_FOUND;
}

int history_filter_outcome(const char *name, enum outcome *out)
{
    for (int outcome = OUTCOME_DONE; outcome <= OUTCOME_VOLATILE; outcome++)
        if (strcmp(outcome_name((enum outcome)outcome), name) == 0) {
            *out = (enum outcome)outcome;
            return 0;
        }
    return ERR_NOT_FOUND;
}
