/*
 * Who speaks on an admin connection: the kernel's word (SO_PEERCRED, SO_PEERGROUPS) as an actor's name and a
 * level. Never asks a name service, which could block: names come from /etc/passwd. Thread: control.
 */
#ifndef CONTROL_PEER_PRIV_H
#define CONTROL_PEER_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/check.h"

/* LEVEL_USER reads, LEVEL_OPERATOR changes traffic, LEVEL_ADMIN may do all. */
enum level { LEVEL_USER, LEVEL_OPERATOR, LEVEL_ADMIN };

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    enum level level;
    char actor[64]; /* "uid=1000(ann) pid=77" */
    char from[128]; /* "unix:/run/switchyard/admin.sock", "10.0.0.7:4711"; for the audit trail */
};

/* operators: the group whose members are operators; (gid_t)-1: none. ERR_*: the kernel did not say. */
MUST_CHECK int peer_identify(int fd, gid_t operators, struct peer *out);

/* The rule alone: root and the daemon's own user are admin, members of the group operators, the rest users. */
struct peer_rule {
    uid_t own_uid;
    gid_t operators;
};
enum level peer_level(const struct peer_rule *rule, uid_t uid, const gid_t *groups, unsigned count);
const char *level_name(enum level level); /* "user", "operator", "admin" */

#endif
