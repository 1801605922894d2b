/* The identity of an admin client: see peer_priv.h. */
#include "control/peer_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "control/args_priv.h"
#include "control/logins_priv.h"

enum { GROUPS_MAX = 256 };

const char *level_name(enum level level)
{
    switch (level) {
    case LEVEL_NONE: return "none";
    case LEVEL_USER: return "viewer";
    case LEVEL_DEPLOYER: return "deployer";
    case LEVEL_OPERATOR: return "operator";
    case LEVEL_ADMIN: return "admin";
    }
    return "unknown";
}

static bool is_member(gid_t group, const gid_t *groups, unsigned count)
{
    for (unsigned i = 0; group != (gid_t)-1 && i < count; i++)
        if (groups[i] == group)
            return true;
    return false;
}

enum level peer_level(const struct peer_rule *rule, uid_t uid, const gid_t *groups, unsigned count)
{
    if (uid == 0 || uid == rule->own_uid || is_member(rule->admins, groups, count))
        return LEVEL_ADMIN;
    if (is_member(rule->operators, groups, count))
        return LEVEL_OPERATOR;
    if (is_member(rule->deployers, groups, count))
        return LEVEL_DEPLOYER;
    if (rule->viewers == (gid_t)-1 || is_member(rule->viewers, groups, count))
        return LEVEL_USER;
    return LEVEL_NONE;
}

int peer_scope_add(char scope[PEER_SCOPE_MAX], struct slice name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(scope);
    char text[64];

    if (name.len == 0 || !slice_copy(name, text, sizeof text) ||
        text[strspn(text, letters)] != '\0' || strlen(text) != name.len)
        return ERR_INVALID;
    if (len + name.len + 3 > PEER_SCOPE_MAX)
        return ERR_RANGE;
    snprintf(scope + len, PEER_SCOPE_MAX - len, "%s%s ", len == 0 ? " " : "", text);
    return 0;
}

bool peer_scope_has(const char *scope, const char *name)
{
    char word[72];

    return args_is_name(name) && snprintf(word, sizeof word, " %s ", name) < (int)sizeof word &&
           strstr(scope, word) != NULL;
}

int peer_identify(int fd, const struct peer_rule *rule, const char *scope, struct logins *logins,
                  struct peer *out)
{
    struct ucred credentials = { 0 };
    socklen_t size = sizeof credentials;
    gid_t groups[GROUPS_MAX];
    socklen_t groups_size = sizeof groups - sizeof groups[0];
    unsigned count = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return ERR_IO;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size) == 0)
        count = (unsigned)(groups_size / sizeof groups[0]);
    groups[count++] = credentials.gid;
    *out = (struct peer){
        .uid = credentials.uid,
        .gid = credentials.gid,
        .pid = credentials.pid,
        .level = peer_level(rule, credentials.uid, groups, count),
    };
    if (out->level == LEVEL_DEPLOYER)
        snprintf(out->scope, sizeof out->scope, "%s", scope);
    snprintf(out->actor, sizeof out->actor, "uid=%u%s pid=%d", (unsigned)credentials.uid,
             logins_find(logins, credentials.uid, clock_monotonic_us()), (int)credentials.pid);
    return 0;
}
