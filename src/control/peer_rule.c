/* Roles on unix sockets: see peer_rule_priv.h. */
#include "control/peer_rule_priv.h"

#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include "base/err.h"
#include "config/config.h"

/* The group's number, (gid_t)-1 for none. */
static int find_group(const char *name, gid_t *out)
{
    struct group *group = NULL;

    *out = (gid_t)-1;
    if (name == NULL)
        return 0;
    errno = 0;
    group = getgrnam(name);
    if (group == NULL) {
        errno = errno != 0 ? errno : ENOENT;
        return ERR_NOT_FOUND;
    }
    *out = group->gr_gid;
    return 0;
}

int peer_rule_read(const struct config_admin *config, struct peer_rules *out)
{
    const char *operators = config->operators != NULL ? config->operators : config->group;
    int err = 0;

    *out = (struct peer_rules){ .rule = { .own_uid = geteuid() } };
    err = find_group(config->group, &out->group);
    if (err == 0)
        err = find_group(operators, &out->rule.operators);
    if (err == 0)
        err = find_group(config->admins, &out->rule.admins);
    if (err == 0)
        err = find_group(config->deployers, &out->rule.deployers);
    if (err == 0)
        err = find_group(config->viewers, &out->rule.viewers);
    for (size_t i = 0; err == 0 && i < config->deployer_services.count; i++)
        err = peer_scope_add(out->scope, slice_from(config->deployer_services.items[i]));
    if (err == ERR_RANGE || err == ERR_INVALID)
        errno = E2BIG; /* of the services of deployers */
    return err;
}
