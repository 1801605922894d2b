/* The identity of an admin client: see peer_priv.h. */
#include "control/peer_priv.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

enum { GROUPS_MAX = 256 };

const char *level_name(enum level level)
{
    switch (level) {
    case LEVEL_USER: return "user";
    case LEVEL_OPERATOR: return "operator";
    case LEVEL_ADMIN: return "admin";
    }
    return "unknown";
}

enum level peer_level(const struct peer_rule *rule, uid_t uid, const gid_t *groups, unsigned count)
{
    if (uid == 0 || uid == rule->own_uid)
        return LEVEL_ADMIN;
    for (unsigned i = 0; rule->operators != (gid_t)-1 && i < count; i++)
        if (groups[i] == rule->operators)
            return LEVEL_OPERATOR;
    return LEVEL_USER;
}

/* The login name of uid in the local file, or "" : an unknown number is no error. */
static void find_login(uid_t uid, char *out, size_t size)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd *entry = NULL;

    out[0] = '\0';
    if (file == NULL)
        return;
    while ((entry = fgetpwent(file)) != NULL) {
        if (entry->pw_uid != uid)
            continue;
        snprintf(out, size, "(%.32s)", entry->pw_name);
        break;
    }
    fclose(file);
}

int peer_identify(int fd, gid_t operators, struct peer *out)
{
    struct peer_rule rule = { .own_uid = geteuid(), .operators = operators };
    struct ucred credentials = { 0 };
    socklen_t size = sizeof credentials;
    gid_t groups[GROUPS_MAX];
    socklen_t groups_size = sizeof groups - sizeof groups[0];
    unsigned count = 0;
    char login[40];

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return ERR_IO;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size) == 0)
        count = (unsigned)(groups_size / sizeof groups[0]);
    groups[count++] = credentials.gid;
    find_login(credentials.uid, login, sizeof login);
    *out = (struct peer){
        .uid = credentials.uid,
        .gid = credentials.gid,
        .pid = credentials.pid,
        .level = peer_level(&rule, credentials.uid, groups, count),
    };
    snprintf(out->actor, sizeof out->actor, "uid=%u%s pid=%d", (unsigned)credentials.uid, login,
             (int)credentials.pid);
    return 0;
}
