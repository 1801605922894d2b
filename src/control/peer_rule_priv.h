/*
 * Who is what on a unix socket, by the groups that the configuration names: for the admin socket, and for the API when it
 * listens on one. Thread: control, at start.
 */
#ifndef CONTROL_PEER_RULE_PRIV_H
#define CONTROL_PEER_RULE_PRIV_H

#include "base/check.h"
#include "control/logins_priv.h"
#include "control/peer_priv.h"

struct config_admin;

struct peer_rules {
    struct peer_rule rule;
    gid_t group;                /* that owns the socket; (gid_t)-1: the process's own */
    char scope[PEER_SCOPE_MAX]; /* of deployers */
    struct logins logins;
};

/* Asks the system for the numbers. ERR_*: errno tells; a group that does not exist is ENOENT. */
MUST_CHECK int peer_rule_read(const struct config_admin *config, struct peer_rules *out);

#endif
