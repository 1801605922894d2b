/*
 * Who speaks on an admin connection: the kernel's word (SO_PEERCRED, SO_PEERGROUPS) as an actor's name and a
 * level. Never asks a name service, which could block: names come from /etc/passwd. Thread: control.
 */
#ifndef CONTROL_PEER_PRIV_H
#define CONTROL_PEER_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/check.h"
#include "base/slice.h"

/*
 * The roles, each of which may what those before it may. NONE: nothing. USER, a viewer: reads. DEPLOYER: changes the traffic
 * of the services in its scope. OPERATOR: that of all, and what concerns all. ADMIN: everything.
 */
enum level { LEVEL_NONE, LEVEL_USER, LEVEL_DEPLOYER, LEVEL_OPERATOR, LEVEL_ADMIN };

enum { PEER_SCOPE_MAX = 512 };

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    enum level level;
    char actor[64];             /* "uid=1000(ann) pid=77"; the first word is the user */
    char scope[PEER_SCOPE_MAX]; /* of a deployer: " shop api ", names of services and groups */
    char from[128]; /* "unix:/run/switchyard/admin.sock", "10.0.0.7:4711"; for the audit trail */
};

struct logins;

/* Which groups make what on the socket; (gid_t)-1: none. */
struct peer_rule {
    uid_t own_uid;
    gid_t admins;
    gid_t operators;
    gid_t deployers;
    gid_t viewers; /* none: everybody */
};

/* scope: of the deployers, as in struct peer. ERR_*: the kernel did not say. */
MUST_CHECK int peer_identify(int fd, const struct peer_rule *rule, const char *scope,
                             struct logins *logins, struct peer *out);

/* The rule alone: root, the daemon's own user and the group of admins are admin, members of the others what they say. */
enum level peer_level(const struct peer_rule *rule, uid_t uid, const gid_t *groups, unsigned count);
const char *level_name(enum level level); /* "none", "viewer", "deployer", "operator", "admin" */

/* Adds the name of a service or group; ERR_INVALID: it cannot be one; ERR_RANGE: no more fit. */
MUST_CHECK int peer_scope_add(char scope[PEER_SCOPE_MAX], struct slice name);
bool peer_scope_has(const char *scope, const char *name);

#endif
