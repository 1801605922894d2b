/* See audit/audit_filter.h. */
#include "audit/audit_filter.h"

#include <string.h>

static bool fits_trigger(const char *wanted, const char *trigger)
{
    size_t len = strlen(wanted);

    if (len > 0 && wanted[len - 1] == '*')
        return trigger[0] != '\0' && strncmp(wanted, trigger, len - 1) == 0;
    return len == 0 || strcmp(wanted, trigger) == 0;
}

static bool fits_verb(const char *wanted, const char *verb)
{
    size_t len = strlen(wanted);

    return strncmp(wanted, verb, len) == 0 && (verb[len] == '\0' || verb[len] == ' ');
}

bool audit_filter_fits(const struct audit_filter *filter, const struct audit_record *record)
{
    if (filter->before != 0 && record->seq >= filter->before)
        return false;
    if (record->time_us < filter->since_us)
        return false;
    if (filter->until_us != 0 && record->time_us > filter->until_us)
        return false;
    if (filter->service[0] != '\0' && strcmp(filter->service, record->service) != 0)
        return false;
    if (filter->verb[0] != '\0' && !fits_verb(filter->verb, record->verb))
        return false;
    if (filter->outcome[0] != '\0' && strcmp(filter->outcome, record->outcome) != 0)
        return false;
    if (filter->actor[0] != '\0' && strcasestr(record->actor, filter->actor) == NULL &&
        strcasestr(record->as, filter->actor) == NULL)
        return false;
    return fits_trigger(filter->trigger, record->trigger);
}

bool audit_filter_is_empty(const struct audit_filter *filter)
{
    return filter->service[0] == '\0' && filter->verb[0] == '\0' && filter->outcome[0] == '\0' &&
           filter->actor[0] == '\0' && filter->trigger[0] == '\0' && filter->since_us == 0 &&
           filter->until_us == 0 && filter->before == 0;
}
