/* Actions: programs that must be named by their whole path, services that must exist. See crosscheck_priv.h. */
#include <string.h>

#include "config/config.h"
#include "config/crosscheck_priv.h"
#include "config/origin_priv.h"

/* It is a part of paths of the API and of lines of the admin socket. */
static bool is_plain_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return name[0] != '-' && name[strspn(name, allowed)] == '\0' && strlen(name) < 64;
}

static bool is_known(const struct config *config, const char *name)
{
    if (config_find_service(config, slice_from(name)) != NULL)
        return true;
    for (size_t i = 0; i < config->group_count; i++)
        if (strcmp(config->groups[i].name, name) == 0)
            return true;
    return false;
}

void crosscheck_action(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->action_count; i++) {
        const struct config_action *action = &config->actions[i];

        if (!is_plain_name(action->name))
            origin_error(
                origin, action, NULL,
                "action '%s': a name is up to 63 letters, digits, '-', '_' and '.'; choose "
                "another one",
                action->name);
        if (action->command != NULL && action->command[0] != '/')
            origin_error(origin, &action->command, action,
                         "action '%s': '%s' does not begin with an absolute path; write the whole "
                         "path of the program",
                         action->name, action->command);
        if (action->service != NULL && !is_known(config, action->service))
            origin_error(origin, &action->service, action,
                         "action '%s': there is no service or group '%s'", action->name,
                         action->service);
    }
}
